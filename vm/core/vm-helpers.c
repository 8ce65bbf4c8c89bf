/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm-helpers.c -- the helpers that a VM's programs may call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "vm.h"

void vm__forget_helpers(struct ebpf_vm *vm)
{
	while (vm->n_helpers)
		free((char *)vm->helpers[--vm->n_helpers].name);
	free(vm->helpers);
	free(vm->helper_fns);
}

static bool is_registered(const struct ebpf_vm *vm, uint32_t at, unsigned id)
{
	return at < vm->n_helpers && vm->helpers[at].id == id;
}

static int insert(struct ebpf_vm *vm, uint32_t at, const struct raw_helper *helper,
	ebpf_helper_fn fn, char **why)
{
	uint32_t n = vm->n_helpers;
	struct raw_helper *helpers = realloc(vm->helpers, (n + 1) * sizeof(*helpers));
	ebpf_helper_fn *fns = realloc(vm->helper_fns, (n + 1) * sizeof(*fns));
	char *name = strdup(helper->name);

	if (helpers)
		vm->helpers = helpers;
	if (fns)
		vm->helper_fns = fns;
	if (!helpers || !fns || !name) {
		free(name);
		return error__set(why, -ENOMEM, "helper %u: no memory for it", helper->id);
	}
	memmove(helpers + at + 1, helpers + at, (n - at) * sizeof(*helpers));
	memmove(fns + at + 1, fns + at, (n - at) * sizeof(*fns));
	helpers[at] = *helper;
	helpers[at].name = name;
	fns[at] = fn;
	vm->n_helpers++;
	return 0;
}

static int add(struct ebpf_vm *vm, const struct raw_helper *helper, ebpf_helper_fn fn, char **why)
{
	uint32_t at = raw_helpers__place(vm->helpers, vm->n_helpers, helper->id);

	if (vm->prog)
		return error__set(why, -EBUSY, "helper %u: code is loaded already", helper->id);
	if (helper->id >= vm->limits.helpers)
		return error__set(why, -EINVAL, "helper %u: numbers must be below %u", helper->id,
			vm->limits.helpers);
	if (!fn)
		return error__set(why, -EINVAL, "helper %u: there is no function", helper->id);
	if (!helper_type__is_valid(&helper->type))
		return error__set(why, -EINVAL,
			"helper %u: its type has a pointer without a size, or no check that there "
			"is",
			helper->id);
	if (is_registered(vm, at, helper->id))
		return error__set(why, -EEXIST, "helper %u: it is registered already as '%s'",
			helper->id, vm->helpers[at].name);
	return insert(vm, at, helper, fn, why);
}

int ebpf_register_typed(struct ebpf_vm *vm, unsigned idx, const char *name, ebpf_helper_fn fn,
	const struct ebpf_helper_type *type)
{
	struct raw_helper helper = {.id = idx, .name = name ? name : ""};
	char *why = NULL;

	if (type)
		helper.type = *type;
	return vm__result(vm, add(vm, &helper, fn, &why), &why, NULL);
}

int ebpf_register(struct ebpf_vm *vm, unsigned idx, const char *name, ebpf_helper_fn fn)
{
	return ebpf_register_typed(vm, idx, name, fn, NULL);
}

static int forget(struct ebpf_vm *vm, unsigned id, char **why)
{
	uint32_t at = raw_helpers__place(vm->helpers, vm->n_helpers, id), behind;

	if (vm->prog)
		return error__set(why, -EBUSY, "helper %u: code is loaded that may call it", id);
	if (!is_registered(vm, at, id))
		return error__set(why, -ENOENT, "helper %u: it is not registered", id);
	free((char *)vm->helpers[at].name);
	behind = --vm->n_helpers - at;
	memmove(vm->helpers + at, vm->helpers + at + 1, behind * sizeof(*vm->helpers));
	memmove(vm->helper_fns + at, vm->helper_fns + at + 1, behind * sizeof(*vm->helper_fns));
	return 0;
}

int ebpf_unregister(struct ebpf_vm *vm, unsigned idx)
{
	char *why = NULL;

	return vm__result(vm, forget(vm, idx, &why), &why, NULL);
}
