/* SPDX-License-Identifier: BSD-3-Clause
 *
 * emit.c -- machine code, as an object or as assembly text.
 */
#include <errno.h>

#include "compile.h"

int compilation__emit(struct compilation *c, LLVMCodeGenFileType what, LLVMMemoryBufferRef *out)
{
	char *why = NULL;
	int err = c->is_ptx ? compilation__check_kernel(c) : 0;

	if (err)
		return err;
	if (!LLVMTargetMachineEmitToMemoryBuffer(c->machine, c->module, what, &why, out))
		return 0;
	err = error__set(c->errmsg, -EINVAL, "%s: code generator: %s", c->view->name, why);
	LLVMDisposeMessage(why);
	return err;
}
