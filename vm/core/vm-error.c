/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm-error.c -- who is told what went wrong: the caller that asked, and the VM's error hook.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

int vm__result(const struct ebpf_vm *vm, int err, char **why, char **errmsg)
{
	if (err && vm->error_hook)
		vm->error_hook(vm->error_user, *why ? *why : strerror(-err));
	if (errmsg)
		*errmsg = *why;
	else
		free(*why);
	if (err)
		errno = -err;
	return err;
}

void ebpf_set_error_hook(struct ebpf_vm *vm, ebpf_error_fn fn, void *user)
{
	vm->error_hook = fn;
	vm->error_user = user;
}
