/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm.h -- inside a VM of ebpf-vm.h.
 */
#ifndef VM_CORE_VM_H
#define VM_CORE_VM_H

#include "ebpf-image.h"
#include "program.h"
#include "regions.h"

#define MAX_NAME 16

struct ebpf_vm {
	char backend[MAX_NAME];
	bool compiles;
	bool check_access;
	struct ebpf_instance *inst;
	struct ebpf_program *prog; /* NULL: nothing loaded */
	uint64_t *lddw;
	/* Of the first ebpf_compile(), which runs that many threads begin at once may all come to.
	 */
	pthread_mutex_t compile_lock;
	_Atomic(ebpf_jit_fn) jit;
	struct ebpf_limits limits;
	ebpf_error_fn error_hook;
	void *error_user;
	struct ebpf_image_check aot_check; /* .check NULL: none */
	struct ebpf_lddw_helpers lddw_helpers;
	/* Sorted by id, one array per field as the machine wants them. */
	struct raw_helper *helpers;
	ebpf_helper_fn *helper_fns;
	uint32_t n_helpers;
	struct ebpf_regions regions;
	uint64_t secret;
};

/* The values of the LDDWs that ask a callback, by instruction: vm->lddw. */
int vm__resolve_lddw(struct ebpf_vm *vm, const struct ebpf_insn *insns, uint32_t n, char **errmsg);
/* ebpf_load(), of code that may have been compiled already: image may be NULL. */
int vm__load(struct ebpf_vm *vm, const void *code, size_t code_len, struct ebpf_image *image,
	char **why);
struct compile_opts vm__compile_opts(const struct ebpf_vm *vm);
/* What runs from now on. */
void vm__use(struct ebpf_vm *vm, const struct ebpf_code *code, ebpf_jit_fn jit);
void vm__forget_helpers(struct ebpf_vm *vm);

extern const struct ebpf_limits vm__default_limits;

/* The end of every call that may fail: err goes back to the caller, and the hook is told. The
 * sentence *why, which may be NULL, is given away: to *errmsg, or freed. */
int vm__result(const struct ebpf_vm *vm, int err, char **why, char **errmsg);

#endif
