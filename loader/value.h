/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value.h -- keys and values as text: JSON out; JSON, or a word as one types it, in. What one
 * writes the other reads back to the same bytes:
 *
 *	number, bool       5  -1  true                      also "0x1f", "5"; beyond 63 bits always
 *	                                                    in quotes
 *	enumeration        "STATE_OPEN"                     also its number
 *	char[]             "eth0"                           numbers, where it is no text
 *	addresses          "10.0.0.1"  "2001:db8::1"  "02:00:00:00:00:01"
 *	LPM trie's key     "10.0.0.0/8"                     also {"prefixlen":8,"data":"10.0.0.0"}
 *	struct, union      {"src":"10.0.0.1","port":80}     members left out are zero; of two in
 *	                                                    the same place the last counts
 *	array              [1,2,3]
 *	not known          "hex 0a 00 00 01"                of numbers' sizes also a number
 *
 * Numbers of the network (__be16, __be32) are written and read as the host's. A word may stand for
 * anything of its size: 10.0.0.1 for any four bytes, and for a struct with one member that member.
 * A struct whose padding is not zero is "hex ...": as a key it would be another one without it.
 *
 * `bytes` are layout->size many. Errors: -EINVAL, -ERANGE, -ENOMEM with what was expected where.
 */
#ifndef LOADER_VALUE_H
#define LOADER_VALUE_H

#include "json-reader.h"
#include "json-text.h"
#include "layout.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

void ebpf_value__print(struct ebpf_json *t, const struct ebpf_layout *l, const void *bytes);
/* What to write where, in its shape: {"src":"an IPv4 address","port":"a number of 2 bytes"}. */
void ebpf_layout__print(struct ebpf_json *t, const struct ebpf_layout *l);

/* The JSON value that comes next. */
int ebpf_value__read(
	const struct ebpf_layout *l, struct ebpf_json_reader *r, void *bytes, char **errmsg);
/* JSON if it begins with { or [ or ", else a word. */
int ebpf_value__parse(const struct ebpf_layout *l, const char *text, void *bytes, char **errmsg);

/* Is it of numbers only, so that the sum of two makes sense? */
bool ebpf_value__has_sum(const struct ebpf_layout *l);
/* Adds number by number, modulo their sizes. */
void ebpf_value__add(const struct ebpf_layout *l, void *sum, const void *bytes);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
