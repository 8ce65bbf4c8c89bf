/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-number.h -- a number where its layout says, of whole bytes or bits, in either order.
 * NUMBER, BOOL, ENUM and IPV4 (a number of the network) are kept as numbers.
 */
#ifndef LOADER_VALUE_NUMBER_H
#define LOADER_VALUE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "layout.h"

/* Sign-extended. */
uint64_t number__read(const struct ebpf_layout *l, const uint8_t *at);
void number__write(const struct ebpf_layout *l, uint8_t *at, uint64_t value);
/* Is there room for the number, written as -magnitude or magnitude? What is unsigned takes -1 for
 * all ones, as C does; what is signed takes no more than its greatest. */
bool number__fits(const struct ebpf_layout *l, bool negative, uint64_t magnitude);

static inline uint32_t number__bits(const struct ebpf_layout *l)
{
	return l->bits ? l->bits : l->size * 8;
}

#endif
