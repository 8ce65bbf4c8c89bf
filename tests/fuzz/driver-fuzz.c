/* SPDX-License-Identifier: BSD-3-Clause
 *
 * driver-fuzz.c -- one packet: the program's scout, which must change nothing, then the program.
 */
#include "driver-fuzz.h"

void ebpf_driver(struct ebpf_env *env, void *packet);

void ebpf_driver(struct ebpf_env *env, void *packet)
{
	struct fuzz_packet *p = packet;

	if (ebpf_program_looks_ahead(env))
		ebpf_program_fetch(env, ebpf_program_scout(env, p->ctx));
	p->verdict = (uint32_t)ebpf_program_entry(env, p->ctx);
}
