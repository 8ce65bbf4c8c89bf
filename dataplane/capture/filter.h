/* SPDX-License-Identifier: BSD-3-Clause
 *
 * filter.h -- which packets, in the words of pcap-filter(7). (Apart from everything that includes
 * <linux/bpf.h>: libpcap has another struct bpf_insn.)
 */
#ifndef DATAPLANE_CAPTURE_FILTER_H
#define DATAPLANE_CAPTURE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct capture_filter;

/* For Ethernet. NULL with *errmsg that names the expression. */
struct capture_filter *capture_filter__compile(const char *expression, char **errmsg);
void capture_filter__free(struct capture_filter *filter); /* NULL is fine */

/* len: of the bytes that are there; wire_len: of the whole packet. Any thread. */
bool capture_filter__accepts(
	const struct capture_filter *filter, const uint8_t *bytes, uint32_t len, uint32_t wire_len);

#endif
