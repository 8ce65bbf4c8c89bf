/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm.c -- the plain door (ebpf-vm.h): load, run and compile a raw program.
 *
 * A VM has an instance of its own with one worker. Raw programs run in an environment on the
 * caller's stack, so runs may nest and threads need nothing of each other; only the last fault
 * is kept per thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "error.h"
#include "jit-entry.h"
#include "program.h"
#include "vm.h"

static _Thread_local struct ebpf_fault last_fault;

static void keep_fault(const struct ebpf_env *env)
{
	last_fault = (struct ebpf_fault){.reason = env->fault_reason,
		.insn = env->fault_insn,
		.address = env->fault_address,
		.size = env->fault_size};
}

void ebpf_jit_enter(
	struct ebpf_env *env, const struct ebpf_program *self, uint8_t *mem, uint64_t len)
{
	ebpf_env__init(env, self->inst, 0);
	env->prog = self;
	env->mem = mem;
	env->mem_len = len;
}

void ebpf_jit_leave(struct ebpf_env *env)
{
	keep_fault(env);
}

struct ebpf_vm *ebpf_create(const char *backend)
{
	bool best = *backend == '\0';
	struct ebpf_vm *vm;

	if (strlen(backend) >= MAX_NAME) {
		errno = ENOENT;
		return NULL;
	}
	if (best)
		backend = backend__get("llvm", NULL) ? "llvm" : "interp";
	else if (strcmp(backend, "interp") != 0 && !backend__get(backend, NULL))
		return NULL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	strcpy(vm->backend, backend);
	vm->compiles = strcmp(backend, "interp") != 0;
	vm->check_access = true;
	vm->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, NULL);
	if (!vm->inst) {
		free(vm);
		return NULL;
	}
	return vm;
}

void ebpf_destroy(struct ebpf_vm *vm)
{
	if (!vm)
		return;
	ebpf_unload_code(vm);
	vm__forget_helpers(vm);
	ebpf_instance__destroy(vm->inst);
	free(vm);
}

const char *ebpf_get_vm_name(const struct ebpf_vm *vm)
{
	return vm->backend;
}

int ebpf_load(struct ebpf_vm *vm, const void *code, uint32_t code_len, char **errmsg)
{
	uint32_t n = code_len / sizeof(struct ebpf_insn);
	struct ebpf_program_spec spec = {
		.name = "raw", .type = EBPF_PROGRAM_RAW, .insns = code, .n_insns = n};
	struct raw_binding raw = {
		.helpers = vm->helpers, .helper_fns = vm->helper_fns, .n_helpers = vm->n_helpers};
	int err;

	if (errmsg)
		*errmsg = NULL;
	if (vm->prog)
		return error__set(errmsg, -EBUSY, "code is loaded already: unload it first");
	if (!code_len || code_len % sizeof(struct ebpf_insn))
		return error__set(errmsg, -EINVAL, "%u bytes of code: not a positive multiple of 8",
			code_len);
	if (n > EBPF_MAX_INSNS)
		return error__set(errmsg, -E2BIG, "%u instructions: at most %d are allowed", n,
			EBPF_MAX_INSNS);
	err = vm__resolve_lddw(vm, code, n, errmsg);
	if (!err) {
		raw.lddw = vm->lddw;
		vm->prog = program__load(vm->inst, &spec, &raw, NULL, errmsg);
		err = vm->prog ? 0 : -errno;
	}
	if (err)
		ebpf_unload_code(vm);
	return err;
}

void ebpf_unload_code(struct ebpf_vm *vm)
{
	ebpf_program__unref(vm->prog);
	free(vm->lddw);
	vm->prog = NULL;
	vm->lddw = NULL;
	vm->jit = NULL;
	vm->compiled = NULL;
}

int ebpf_exec(struct ebpf_vm *vm, void *mem, size_t mem_len, uint64_t *result)
{
	struct ebpf_raw_ctx ctx = {.mem = mem, .len = mem_len};
	struct ebpf_env env;

	if (!vm->prog)
		return -ENOENT;
	if (vm->compiles && !ebpf_compile(vm, NULL))
		return -errno;
	ebpf_jit_enter(&env, vm->prog, mem, mem_len);
	*result = ebpf_program__run(vm->prog, &env, &ctx);
	ebpf_jit_leave(&env);
	return env.fault_reason ? -EFAULT : 0;
}

ebpf_jit_fn ebpf_compile(struct ebpf_vm *vm, char **errmsg)
{
	struct compile_opts opts = {.backend = vm->backend,
		.cpu = "native",
		.flags = vm->check_access ? COMPILE_CHECK_ACCESS : 0};

	if (errmsg)
		*errmsg = NULL;
	if (vm->jit)
		return vm->jit;
	if (!vm->prog || !vm->compiles) {
		error__set(errmsg, vm->prog ? -ENOTSUP : -ENOENT,
			vm->prog ? "the %s backend does not compile" : "%s: no code is loaded",
			vm->backend);
		return NULL;
	}
	vm->compiled = program__compile(vm->prog, &opts, &vm->jit, errmsg);
	if (!vm->compiled)
		return NULL;
	ebpf_program__install(vm->prog, vm->compiled);
	return vm->jit;
}

int ebpf_last_fault(struct ebpf_vm *vm, struct ebpf_fault *f)
{
	if (last_fault.reason == EBPF_FAULT_NONE)
		return -ENOENT;
	*f = last_fault;
	return 0;
}

bool ebpf_toggle_bounds_check(struct ebpf_vm *vm, bool enable)
{
	bool was = vm->check_access;

	vm->check_access = enable;
	return was;
}
