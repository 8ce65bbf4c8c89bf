/* SPDX-License-Identifier: BSD-3-Clause
 *
 * examination.h -- what the parts of an examination (offload.h) share.
 */
#ifndef VM_VERIFIER_EXAMINATION_H
#define VM_VERIFIER_EXAMINATION_H

#include "internal.h"
#include "offload.h"

struct examination {
	struct program prog;
	const struct ebpf_facts *facts;
	struct offload_needs *needs;
	struct arena arena;
	char **errmsg;
	uint32_t insn; /* at hand */
	bool whole;    /* the packet's bytes may be read wherever they are */
};

static inline const struct ebpf_fact *examination__fact(const struct examination *e)
{
	return &e->facts->insn[e->insn];
}

/* -ENOTSUP, with the instruction, its source line and why. */
__attribute__((format(printf, 2, 3))) int examination__refuse(
	const struct examination *e, const char *fmt, ...);
/* -ENOMEM */
int examination__no_memory(const struct examination *e);

/* counters.c: is every change of a map's value one that may be noted, and of a map one that may be
 * left to the CPU? */
int examination__check_changes(struct examination *e);

#endif
