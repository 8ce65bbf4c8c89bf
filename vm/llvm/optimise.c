/* SPDX-License-Identifier: BSD-3-Clause
 *
 * optimise.c -- LLVM's own pipeline, told the CPU so that it vectorises for it. O3 gains
 * nothing over O2 here.
 */
#include <errno.h>

#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "compile.h"

/* First the choices that the maps' geometries make, and what was not chosen is gone before
 * anything is spent on it. */
static const char pipeline[] = "always-inline,"
			       "function(lower-expect,simplifycfg,sroa<modify-cfg>,early-cse),"
			       "globaldce,default<O2>";

int compilation__optimise(struct compilation *c)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMErrorRef failed = LLVMRunPasses(c->module, pipeline, c->machine, options);
	int err = 0;

	LLVMDisposePassBuilderOptions(options);
	if (failed) {
		char *why = LLVMGetErrorMessage(failed);

		err = error__set(c->errmsg, -EINVAL, "%s: optimiser: %s", c->view->name, why);
		LLVMDisposeErrorMessage(why);
	}
	return err;
}
