/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-word.h -- a word as one types it, or a JSON string, into bytes.
 */
#ifndef LOADER_VALUE_WORD_H
#define LOADER_VALUE_WORD_H

#include "layout.h"

/* `at` is zeroed and layout->size long; after a failure it may hold anything. */
int ebpf_value__parse_word(
	const struct ebpf_layout *l, const char *word, uint8_t *at, char **errmsg);
/* What is expected there, for sentences: "a number of 4 bytes", "an IPv4 address". */
void ebpf_layout__describe(const struct ebpf_layout *l, char *text, size_t size);

#endif
