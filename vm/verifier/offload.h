/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload.h -- can a program be a kernel (ebpf-offload.h), and what does it need then?
 */
#ifndef VM_VERIFIER_OFFLOAD_H
#define VM_VERIFIER_OFFLOAD_H

#include "../core/view.h"
#include "facts.h"

struct offload_needs {
	uint32_t window; /* as in struct ebpf_kernel_info */
	bool writes_packet, moves_packet, grows_packet, redirects;
	uint32_t n_notes; /* instructions that note */
	bool repeats;     /* and may do so more than once */
	uint32_t *use;    /* of each map: enum ebpf_map_use; malloc'ed */
};

/* What a kernel does where the program calls a helper. */
enum offload_call {
	OFFLOAD_REFUSED, /* there is no such kernel */
	OFFLOAD_RUNS,
	OFFLOAD_NOTES, /* notes it for the host */
	OFFLOAD_AGAIN, /* gives the packet back: the CPU is to judge it */
};

enum offload_call offload__call(uint32_t helper);

/* Of a verified program with its facts. 0; -ENOTSUP with a sentence: it cannot be a kernel;
 * -ENOMEM. On success needs->use is the caller's. */
int offload__examine(const struct program_view *view, const struct ebpf_facts *facts,
	struct offload_needs *needs, char **errmsg);

#endif
