/* SPDX-License-Identifier: BSD-3-Clause
 *
 * driver-replay.c -- the loop around a program that replays a burst. Compiled natively, and to
 * bitcode that the compiler inlines the program into. `burst` is struct replay_burst.
 */
#include "driver-replay.h"

void ebpf_driver(struct ebpf_env *env, void *burst);

void ebpf_driver(struct ebpf_env *env, void *burst)
{
	struct replay_burst *b = burst;

	if (ebpf_program_looks_ahead(env))
		for (uint32_t i = 0; i < b->n; i++)
			ebpf_program_fetch(env, ebpf_program_scout(env, &b->packets[i].ctx));
	for (uint32_t i = 0; i < b->n; i++) {
		struct replay_packet *p = &b->packets[i];

		env->redirect.kind = EBPF_REDIRECT_NONE;
		env->tail_calls = 0;
		env->fault_reason = 0;
		p->verdict = ebpf_program_entry(env, &p->ctx);
		p->redirect = env->redirect;
		p->fault_reason = env->fault_reason;
		p->fault_insn = env->fault_insn;
	}
}
