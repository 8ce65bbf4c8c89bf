/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm.c -- the plain door (ebpf-vm.h): load, run and compile a raw program.
 *
 * A VM has an instance of its own with one worker. Raw programs run in an environment on the
 * caller's stack, so runs may nest and threads need nothing of each other; only the last fault
 * is kept per thread.
 */
#include <errno.h>
#include <inttypes.h>
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
	env->regions = self->raw.regions;
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
	vm->limits = vm__default_limits;
	pthread_mutex_init(&vm->compile_lock, NULL);
	ebpf_regions__init(&vm->regions);
	vm->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, NULL);
	if (!vm->inst) {
		ebpf_destroy(vm);
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
	pthread_mutex_destroy(&vm->compile_lock);
	ebpf_regions__release(&vm->regions);
	free(vm);
}

const char *ebpf_get_vm_name(const struct ebpf_vm *vm)
{
	return vm->backend;
}

int vm__load(
	struct ebpf_vm *vm, const void *code, size_t code_len, struct ebpf_image *image, char **why)
{
	size_t n = code_len / sizeof(struct ebpf_insn);
	struct ebpf_program_spec spec = {.name = "raw",
		.type = EBPF_PROGRAM_RAW,
		.insns = code,
		.n_insns = (uint32_t)n,
		.image = image};
	struct raw_binding raw = {.helpers = vm->helpers,
		.helper_fns = vm->helper_fns,
		.n_helpers = vm->n_helpers,
		.regions = &vm->regions,
		.limits = {.stack_size = vm->limits.stack_size,
			.frames = vm->limits.frames,
			.budget = vm->limits.budget == UINT64_MAX ? 0 : vm->limits.budget},
		.secret = vm->secret};
	int err;

	if (vm->prog)
		return error__set(why, -EBUSY, "code is loaded already: unload it first");
	if (!code_len || code_len % sizeof(struct ebpf_insn))
		return error__set(
			why, -EINVAL, "%zu bytes of code: not a positive multiple of 8", code_len);
	if (n > vm->limits.insns)
		return error__set(why, -E2BIG, "%zu instructions: at most %u are allowed", n,
			vm->limits.insns);
	err = vm__resolve_lddw(vm, code, (uint32_t)n, why);
	if (!err) {
		raw.lddw = vm->lddw;
		vm->prog = program__load(vm->inst, &spec, &raw, NULL, why);
		err = vm->prog ? 0 : -errno;
	}
	if (err)
		ebpf_unload_code(vm);
	return err;
}

int ebpf_load(struct ebpf_vm *vm, const void *code, uint32_t code_len, char **errmsg)
{
	char *why = NULL;

	return vm__result(vm, vm__load(vm, code, code_len, NULL, &why), &why, errmsg);
}

void ebpf_unload_code(struct ebpf_vm *vm)
{
	ebpf_program__unref(vm->prog);
	free(vm->lddw);
	vm->prog = NULL;
	vm->lddw = NULL;
	vm->jit = NULL;
}

struct compile_opts vm__compile_opts(const struct ebpf_vm *vm)
{
	return (struct compile_opts){.backend = vm->backend,
		.cpu = "native",
		.flags = vm->check_access ? COMPILE_CHECK_ACCESS : 0};
}

void vm__use(struct ebpf_vm *vm, const struct ebpf_code *code, ebpf_jit_fn jit)
{
	ebpf_program__install(vm->prog, code);
	atomic_store_explicit(&vm->jit, jit, memory_order_release);
}

static int compile(struct ebpf_vm *vm, char **why)
{
	struct compile_opts opts = vm__compile_opts(vm);
	const struct ebpf_code *code;
	ebpf_jit_fn jit;

	if (!vm->prog)
		return error__set(why, -ENOENT, "%s: no code is loaded", vm->backend);
	if (!vm->compiles)
		return error__set(why, -ENOTSUP, "the %s backend does not compile", vm->backend);
	code = program__compile(vm->prog, &opts, &jit, why);
	if (!code)
		return -errno;
	vm__use(vm, code, jit);
	return 0;
}

ebpf_jit_fn ebpf_compile(struct ebpf_vm *vm, char **errmsg)
{
	ebpf_jit_fn jit = atomic_load_explicit(&vm->jit, memory_order_acquire);
	char *why = NULL;
	int err = 0;

	if (!jit) {
		pthread_mutex_lock(&vm->compile_lock);
		if (!vm->jit)
			err = compile(vm, &why);
		jit = vm->jit;
		pthread_mutex_unlock(&vm->compile_lock);
	}
	vm__result(vm, err, &why, errmsg);
	return jit;
}

static int describe_fault(const struct ebpf_env *env, char **why)
{
	static const char *const reasons[] = {
		[EBPF_FAULT_ACCESS] = "access outside of the program's memory",
		[EBPF_FAULT_BUDGET] = "the budget of instructions is used up",
		[EBPF_FAULT_DEPTH] = "call of a function too many",
		[EBPF_FAULT_HELPER] = "call of a helper that does not exist",
		[EBPF_FAULT_INSN] = "there is no such instruction",
		[EBPF_FAULT_ARGUMENT] = "argument that the helper does not take",
	};
	bool at_memory =
		env->fault_reason == EBPF_FAULT_ACCESS || env->fault_reason == EBPF_FAULT_ARGUMENT;

	if (at_memory)
		return error__set(why, -EFAULT, "instruction %u: %s: %u bytes at 0x%" PRIx64,
			env->fault_insn, reasons[env->fault_reason], env->fault_size,
			env->fault_address);
	return error__set(
		why, -EFAULT, "instruction %u: %s", env->fault_insn, reasons[env->fault_reason]);
}

int ebpf_exec(struct ebpf_vm *vm, void *mem, size_t mem_len, uint64_t *result)
{
	struct ebpf_raw_ctx ctx = {.mem = mem, .len = mem_len};
	struct ebpf_env env;
	char *why = NULL;

	if (!vm->prog)
		return vm__result(
			vm, error__set(&why, -ENOENT, "there is no code to run"), &why, NULL);
	if (vm->compiles && !ebpf_compile(vm, NULL))
		return -errno;
	ebpf_jit_enter(&env, vm->prog, mem, mem_len);
	*result = ebpf_program__run(vm->prog, &env, &ctx);
	ebpf_jit_leave(&env);
	if (env.fault_reason == EBPF_FAULT_NONE)
		return 0;
	if (vm->error_hook) /* runs may fault often */
		describe_fault(&env, &why);
	return vm__result(vm, -EFAULT, &why, NULL);
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

const char *ebpf_version(void)
{
	return XDPK_VERSION;
}
