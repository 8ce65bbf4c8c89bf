/* SPDX-License-Identifier: BSD-3-Clause
 *
 * interp.h -- the interpreter. Checks every memory access of every program at run time,
 * verified or not: an access must lie within the program's stack frames, the packet
 * [data_meta, data_end) as it is now, the raw memory, a value of one of the program's maps,
 * or the context by a field of its table. It uses no facts, so it is an oracle for them.
 *
 * A stopped program leaves its fault in env and returns UINT64_MAX (raw) or 0, which is
 * XDP_ABORTED (XDP).
 */
#ifndef VM_INTERP_INTERP_H
#define VM_INTERP_INTERP_H

#include "../core/view.h"

/* What the interpreter needs of a loaded program. Owned by vm/core's struct ebpf_program;
 * must outlive the code. */
struct interp_binding {
	const struct program_view *view;
	const struct rt_map *const *maps; /* n_maps of them: what LDDW of a map gives */
	const uint64_t *lddw;             /* raw: n_insns values, or NULL */
	/* raw: registered helpers, sorted as view->helpers */
	const ebpf_helper_fn *helper_fns;
	uint64_t budget; /* instructions one run may take; 0: no limit */
	uint64_t secret; /* that operations are kept combined with; 0: none */
};

struct interp_code;

/* Predecodes. The view must have passed verifier__check_structure(). */
struct interp_code *interp__prepare(const struct interp_binding *b, char **errmsg);
void interp__release(struct interp_code *code);
uint64_t interp__run(struct interp_code *code, struct ebpf_env *env, void *ctx);

/* Counts per instruction, for coverage; `hits` has n_insns counters, NULL stops counting. */
void interp__count_into(struct interp_code *code, uint64_t *hits);

#endif
