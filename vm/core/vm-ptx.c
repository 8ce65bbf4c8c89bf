/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm-ptx.c -- a raw program as text for GPUs. The llvm backend writes it, whichever runs the
 * program here.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "error.h"
#include "vm.h"

#define LEAST_OPTIONS \
	(offsetof(struct ebpf_ptx_options, cpu) + sizeof(((struct ebpf_ptx_options *)0)->cpu))

static int get_ptx(struct ebpf_vm *vm, const struct ebpf_ptx_options *o, char **ptx, char **errmsg)
{
	struct compile_opts opts = {.backend = "llvm",
		.cpu = o && o->cpu ? o->cpu : COMPILE_CPU_PTX,
		.flags = COMPILE_KERNEL | (vm->check_access ? COMPILE_CHECK_ACCESS : 0)};
	struct compiled_object text;
	int err;

	if (o && o->size < LEAST_OPTIONS)
		return error__set(errmsg, -EINVAL, "options of %zu bytes: at least %zu", o->size,
			LEAST_OPTIONS);
	if (!vm->prog)
		return error__set(errmsg, -ENOENT, "there is no code to be PTX");
	if (strcmp(opts.cpu, COMPILE_CPU_PTX) != 0)
		return error__set(errmsg, -ENOTSUP,
			"PTX for %s: there is PTX for " COMPILE_CPU_PTX
			", which drivers compile for all later GPUs",
			opts.cpu);
	err = program__make_object(vm->prog, &opts, &text, errmsg);
	if (!err)
		*ptx = (char *)text.elf; /* and it ends with NUL */
	return err;
}

int ebpf_get_ptx(struct ebpf_vm *vm, const struct ebpf_ptx_options *o, char **ptx, char **errmsg)
{
	char *why = NULL;

	*ptx = NULL;
	return vm__result(vm, get_ptx(vm, o, ptx, &why), &why, errmsg);
}
