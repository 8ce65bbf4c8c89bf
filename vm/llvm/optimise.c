/* SPDX-License-Identifier: BSD-3-Clause
 *
 * optimise.c -- LLVM's own pipeline, told the CPU so that it vectorises for it. O3 gains
 * nothing over O2 here.
 */
#include <errno.h>

#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "compile.h"

/* The choices that the maps' geometries make; what was not chosen is gone before anything is spent
 * on it. And the program while there is one of it. */
static const char first[] =
	"always-inline,"
	"function(lower-expect,simplifycfg,sroa<modify-cfg>,early-cse,sroa<modify-cfg>),"
	"globaldce";

/* The program is where packets are opened. */
static const char inlined[] = "always-inline,function(sroa<modify-cfg>,early-cse)";

static int run_passes(struct compilation *c, const char *passes)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMErrorRef failed = LLVMRunPasses(c->module, passes, c->machine, options);
	int err = 0;

	LLVMDisposePassBuilderOptions(options);
	if (failed) {
		char *why = LLVMGetErrorMessage(failed);

		err = error__set(c->errmsg, -EINVAL, "%s: optimiser: %s", c->view->name, why);
		LLVMDisposeErrorMessage(why);
	}
	return err;
}

int compilation__optimise(struct compilation *c)
{
	int err = run_passes(c, first);

	if (!err && !c->is_ptx)
		err = compilation__permute(c);
	if (err)
		return err;
	compilation__inline_program(c);
	if (c->req->driver_bitcode)
		err = run_passes(c, inlined);
	if (err)
		return err;
	compilation__compare_offsets(c);
	err = run_passes(c, "default<O2>");
	if (!err && c->is_ptx)
		compilation__widen_clears(c);
	/* How a value is aligned is known once it is known to lie in a map; else GPUs read bytes.
	 */
	if (!err && c->is_ptx)
		err = run_passes(c, "function(infer-address-spaces,infer-alignment)");
	return err;
}
