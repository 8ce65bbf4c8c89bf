/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm.h -- inside a VM of ebpf-vm.h.
 */
#ifndef VM_CORE_VM_H
#define VM_CORE_VM_H

#include "program.h"

#define MAX_NAME 16

struct ebpf_vm {
	char backend[MAX_NAME];
	bool compiles;
	bool check_access;
	struct ebpf_instance *inst;
	struct ebpf_program *prog; /* NULL: nothing loaded */
	uint64_t *lddw;
	ebpf_jit_fn jit;
	const struct ebpf_code *compiled;
	struct ebpf_lddw_helpers lddw_helpers;
	/* Sorted by id, one array per field as the machine wants them. */
	struct raw_helper *helpers;
	ebpf_helper_fn *helper_fns;
	uint32_t n_helpers;
};

/* The values of the LDDWs that ask a callback, by instruction: vm->lddw. */
int vm__resolve_lddw(struct ebpf_vm *vm, const struct ebpf_insn *insns, uint32_t n, char **errmsg);
void vm__forget_helpers(struct ebpf_vm *vm);

#endif
