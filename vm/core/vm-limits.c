/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm-limits.c -- what a VM's programs may take and touch, and how their code is kept.
 */
#include <errno.h>

#include "error.h"
#include "vm.h"

#define MOST (1u << 24) /* of what a compile request counts */

const struct ebpf_limits vm__default_limits = {
	.insns = EBPF_MAX_INSNS,
	.helpers = EBPF_MAX_HELPERS,
	.stack_size = EBPF_STACK_SIZE,
	.frames = EBPF_MAX_FRAMES,
	.budget = UINT64_MAX,
};

static int check(const struct ebpf_vm *vm, const struct ebpf_limits *l, char **why)
{
	const struct raw_helper *last = vm->n_helpers ? &vm->helpers[vm->n_helpers - 1] : NULL;

	if (vm->prog)
		return error__set(why, -EBUSY, "limits: code is loaded already");
	if (l->insns > MOST || l->helpers > MOST)
		return error__set(
			why, -EINVAL, "limits: at most %u instructions and %u helpers", MOST, MOST);
	if (l->helpers && last && last->id >= l->helpers)
		return error__set(
			why, -EINVAL, "limits: helper %u is registered already", last->id);
	if (l->stack_size % EBPF_STACK_ALIGN || l->stack_size > EBPF_MAX_STACK_SIZE)
		return error__set(why, -EINVAL,
			"limits: %u bytes of stack: not a multiple of %d, at most %d",
			l->stack_size, EBPF_STACK_ALIGN, EBPF_MAX_STACK_SIZE);
	if (l->frames > EBPF_MAX_FRAMES)
		return error__set(
			why, -EINVAL, "limits: %u frames: at most %d", l->frames, EBPF_MAX_FRAMES);
	return 0;
}

int ebpf_set_limits(struct ebpf_vm *vm, const struct ebpf_limits *l)
{
	struct ebpf_limits *own = &vm->limits;
	char *why = NULL;
	int err = check(vm, l, &why);

	if (!err) {
		own->insns = l->insns ? l->insns : own->insns;
		own->helpers = l->helpers ? l->helpers : own->helpers;
		own->stack_size = l->stack_size ? l->stack_size : own->stack_size;
		own->frames = l->frames ? l->frames : own->frames;
		own->budget = l->budget ? l->budget : own->budget;
	}
	return vm__result(vm, err, &why, NULL);
}

void ebpf_get_limits(const struct ebpf_vm *vm, struct ebpf_limits *limits)
{
	*limits = vm->limits;
}

int ebpf_add_region(struct ebpf_vm *vm, void *base, size_t size, bool writable)
{
	int err = ebpf_regions__add(&vm->regions, (uintptr_t)base, size, writable);
	char *why = NULL;

	if (err)
		error__set(&why, err, "region of %zu bytes at %p: %s", size, base,
			err == -EEXIST   ? "one begins there already"
			: err == -ENOSPC ? "there are too many"
					 : "it is empty, or goes beyond the last address");
	return vm__result(vm, err, &why, NULL);
}

int ebpf_remove_region(struct ebpf_vm *vm, void *base)
{
	int err = ebpf_regions__remove(&vm->regions, (uintptr_t)base);
	char *why = NULL;

	if (err)
		error__set(&why, err, "no region begins at %p", base);
	return vm__result(vm, err, &why, NULL);
}

int ebpf_set_pointer_secret(struct ebpf_vm *vm, uint64_t secret)
{
	char *why = NULL;

	if (vm->prog)
		return vm__result(
			vm, error__set(&why, -EBUSY, "secret: code is loaded already"), &why, NULL);
	vm->secret = secret;
	return 0;
}
