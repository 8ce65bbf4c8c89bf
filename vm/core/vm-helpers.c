/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm-helpers.c -- the helpers that a VM's programs may call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

void vm__forget_helpers(struct ebpf_vm *vm)
{
	while (vm->n_helpers)
		free((char *)vm->helpers[--vm->n_helpers].name);
	free(vm->helpers);
	free(vm->helper_fns);
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
