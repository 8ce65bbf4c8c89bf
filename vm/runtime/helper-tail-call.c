/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-tail-call.c -- bpf_tail_call: names the program that goes on. The caller's code then
 * leaves, and whoever called it runs the other (ebpf_tail_call__follow()), so a chain of tail
 * calls needs the stack of one program.
 */
#include "helpers.h"
#include "map-types.h"

#define MAX_TAIL_CALLS 33 /* as in the kernel; per packet, of whatever function */

/* 1: the program ends here. */
rt_hot uint64_t helper_tail_call(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, const struct rt_map *m, uint64_t index)
{
	const struct ebpf_program *next = rt_handles__get(m, (uint32_t)index);

	if (!next || env->tail_calls >= MAX_TAIL_CALLS)
		return 0;
	env->tail_calls++;
	env->next = next;
	env->next_ctx = ctx;
	return 1;
}
