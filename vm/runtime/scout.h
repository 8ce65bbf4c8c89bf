/* SPDX-License-Identifier: BSD-3-Clause
 *
 * scout.h -- what scouts (ebpf-env.h) have instead of what they may not change: a copy of the
 * packet's beginning, and of the state of the generator of random numbers.
 *
 * Random numbers are those that the programs of the burst will draw, if each draws as often as its
 * scout. Where a program draws more or less, the scouts behind it guess wrong.
 */
#ifndef VM_RUNTIME_SCOUT_H
#define VM_RUNTIME_SCOUT_H

#include "ebpf-env.h"

#define RT_SCOUT_BYTES 128 /* headers, as deep as lookups' keys come from */

struct rt_scout {
	struct ebpf_xdp_ctx ctx;
	uint8_t packet[RT_SCOUT_BYTES];
};

/* Once for a burst: the first scout's numbers are the next ones. */
void rt_scout__begin(struct ebpf_env *env);
uint64_t rt_scout__draw(struct ebpf_env *env);
/* s->ctx: of a packet that ends where the copy does. */
void rt_scout__copy(struct rt_scout *s, const struct ebpf_xdp_ctx *ctx);

#endif
