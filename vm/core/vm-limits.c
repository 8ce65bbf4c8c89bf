/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm-limits.c -- how much a VM lets its programs have.
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

static int set_limits(struct ebpf_vm *vm, const struct ebpf_limits *l, char **why)
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
	if ((l->stack_size && l->stack_size != vm->limits.stack_size) ||
		(l->frames && l->frames != vm->limits.frames) ||
		(l->budget && l->budget != vm->limits.budget))
		return error__set(why, -EINVAL, "limits: those of a run cannot be changed");
	vm->limits.insns = l->insns ? l->insns : vm->limits.insns;
	vm->limits.helpers = l->helpers ? l->helpers : vm->limits.helpers;
	return 0;
}

int ebpf_set_limits(struct ebpf_vm *vm, const struct ebpf_limits *limits)
{
	char *why = NULL;

	return vm__result(vm, set_limits(vm, limits, &why), &why, NULL);
}

void ebpf_get_limits(const struct ebpf_vm *vm, struct ebpf_limits *limits)
{
	*limits = vm->limits;
}
