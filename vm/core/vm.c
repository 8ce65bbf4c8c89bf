/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm.c -- the plain door (ebpf-vm.h): a raw program, its helpers and its LDDW values.
 *
 * A VM has an instance of its own with one worker. Raw programs run in an environment on the
 * caller's stack, so runs may nest and threads need nothing of each other; only the last fault
 * is kept per thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../isa/isa.h"
#include "backend.h"
#include "error.h"
#include "jit-entry.h"
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
	while (vm->n_helpers)
		free((char *)vm->helpers[--vm->n_helpers].name);
	free(vm->helpers);
	free(vm->helper_fns);
	ebpf_instance__destroy(vm->inst);
	free(vm);
}

const char *ebpf_get_vm_name(const struct ebpf_vm *vm)
{
	return vm->backend;
}

/* The value a 64-bit immediate load with source field `src` gives. */
static int lddw_value(
	struct ebpf_vm *vm, const struct ebpf_insn *p, uint32_t at, uint64_t *value, char **errmsg)
{
	const struct ebpf_lddw_helpers *h = &vm->lddw_helpers;
	uint32_t imm = (uint32_t)p[0].imm;
	uint64_t next = (uint32_t)p[1].imm;
	/* What each source field asks of the callbacks, RFC 9669 section 5.4. */
	const struct {
		uint64_t (*first)(void *user, uint32_t arg);
		const char *name;
		bool value; /* then map_val of it, plus the second immediate */
	} kinds[] = {
		[EBPF_LDDW_MAP_FD] = {h->map_by_fd, "map_by_fd", false},
		[EBPF_LDDW_MAP_FD_VALUE] = {h->map_by_fd, "map_by_fd", true},
		[EBPF_LDDW_VAR] = {h->var_addr, "var_addr", false},
		[EBPF_LDDW_CODE] = {h->code_addr, "code_addr", false},
		[EBPF_LDDW_MAP_IDX] = {h->map_by_idx, "map_by_idx", false},
		[EBPF_LDDW_MAP_IDX_VALUE] = {h->map_by_idx, "map_by_idx", true},
	};

	if (!kinds[p->src].first || (kinds[p->src].value && !h->map_val))
		return error__set(errmsg, -EINVAL,
			"instruction %u: lddw with source %u needs the callback %s, which is not "
			"set",
			at, p->src, kinds[p->src].first ? "map_val" : kinds[p->src].name);
	*value = kinds[p->src].first(h->user, imm);
	if (kinds[p->src].value)
		*value = h->map_val(h->user, *value) + next;
	return 0;
}

static int resolve_lddw(
	struct ebpf_vm *vm, const struct ebpf_insn *insns, uint32_t n, char **errmsg)
{
	struct isa_insn in;

	vm->lddw = calloc(n, sizeof(*vm->lddw));
	if (!vm->lddw)
		return error__set(errmsg, -ENOMEM, "no memory for %u instructions", n);
	for (uint32_t i = 0; i < n; i++) {
		const char *why;
		int err;

		if (isa__decode(insns + i, n - i, &in, &why))
			continue; /* the structure check says what is wrong with it */
		if (in.op != ISA_LDDW)
			continue;
		if (insns[i].src != EBPF_LDDW_IMM &&
			(err = lddw_value(vm, insns + i, i, &vm->lddw[i], errmsg)))
			return err;
		i++;
	}
	return 0;
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
	err = resolve_lddw(vm, code, n, errmsg);
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

/* Index of the first helper whose id is not below. */
static uint32_t helper_place(const struct ebpf_vm *vm, unsigned id)
{
	uint32_t i = 0;

	while (i < vm->n_helpers && vm->helpers[i].id < id)
		i++;
	return i;
}

int ebpf_register(struct ebpf_vm *vm, unsigned idx, const char *name, ebpf_helper_fn fn)
{
	uint32_t at = helper_place(vm, idx), n = vm->n_helpers;
	struct raw_helper *helpers;
	ebpf_helper_fn *fns;
	char *copy;

	if (vm->prog)
		return -EBUSY;
	if (idx >= EBPF_MAX_HELPERS || !fn)
		return -EINVAL;
	if (at < n && vm->helpers[at].id == idx)
		return -EEXIST;
	helpers = realloc(vm->helpers, (n + 1) * sizeof(*helpers));
	if (helpers)
		vm->helpers = helpers;
	fns = realloc(vm->helper_fns, (n + 1) * sizeof(*fns));
	if (fns)
		vm->helper_fns = fns;
	copy = strdup(name ? name : "");
	if (!helpers || !fns || !copy) {
		free(copy);
		return -ENOMEM;
	}
	memmove(helpers + at + 1, helpers + at, (n - at) * sizeof(*helpers));
	memmove(fns + at + 1, fns + at, (n - at) * sizeof(*fns));
	helpers[at] = (struct raw_helper){.id = idx, .name = copy};
	fns[at] = fn;
	vm->n_helpers++;
	return 0;
}

int ebpf_unregister(struct ebpf_vm *vm, unsigned idx)
{
	uint32_t at = helper_place(vm, idx);

	if (vm->prog)
		return -EBUSY;
	if (at == vm->n_helpers || vm->helpers[at].id != idx)
		return -ENOENT;
	free((char *)vm->helpers[at].name);
	vm->n_helpers--;
	memmove(vm->helpers + at, vm->helpers + at + 1,
		(vm->n_helpers - at) * sizeof(*vm->helpers));
	memmove(vm->helper_fns + at, vm->helper_fns + at + 1,
		(vm->n_helpers - at) * sizeof(*vm->helper_fns));
	return 0;
}

int ebpf_set_lddw_helpers(struct ebpf_vm *vm, const struct ebpf_lddw_helpers *h)
{
	if (vm->prog)
		return -EBUSY;
	vm->lddw_helpers = h ? *h : (struct ebpf_lddw_helpers){0};
	return 0;
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
