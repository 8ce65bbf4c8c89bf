/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lines.c -- where code comes from, as DWARF: for debuggers, profilers and readers of assembly.
 *
 * Only for requests with COMPILE_LINES, of programs that tell their lines. A function of the
 * program and the doors that lead to it are described, so that code of the program that is inlined
 * in the driver's loop is found there. The driver's description is its own; what has none, the
 * runtime's functions, takes the place it is called from when it is inlined. So do scouts.
 */
#include <string.h>

#include <llvm-c/DebugInfo.h>

#include "translate.h"

#define DWARF_VERSION 4 /* its line tables hold all they need: vm/native/line-table.c */

static LLVMMetadataRef file_of(const struct compilation *c, const struct ebpf_line *line)
{
	return LLVMDIBuilderCreateFile(c->lines, line->file, strlen(line->file), "", 0);
}

static const struct ebpf_line *line_at(const struct compilation *c, uint32_t insn)
{
	const struct ebpf_line *line = program_view__line(c->view, insn);

	return line ? line : &c->view->lines[0];
}

static void set_flag(struct compilation *c, const char *flag, unsigned value)
{
	LLVMAddModuleFlag(c->module, LLVMModuleFlagBehaviorOverride, flag, strlen(flag),
		LLVMValueAsMetadata(LLVMConstInt(c->i32, value, false)));
}

void compilation__open_lines(struct compilation *c)
{
	if (!(c->req->flags & COMPILE_LINES) || c->is_ptx || !c->view->n_lines)
		return;
	set_flag(c, "Dwarf Version", DWARF_VERSION);
	set_flag(c, "Debug Info Version", LLVMDebugMetadataVersion());
	c->lines = LLVMCreateDIBuilder(c->module);
	LLVMDIBuilderCreateCompileUnit(c->lines, LLVMDWARFSourceLanguageC99,
		file_of(c, line_at(c, 0)), "xdpk", 4, true, "", 0, 0, "", 0, LLVMDWARFEmissionFull,
		0, false, false, "", 0, "", 0);
}

void compilation__describe(
	struct compilation *c, LLVMValueRef fn, const char *name, uint32_t insn, LLVMBuilderRef b)
{
	const struct ebpf_line *line;
	LLVMMetadataRef file, described;

	if (!c->lines)
		return;
	line = line_at(c, insn);
	file = file_of(c, line);
	described = LLVMDIBuilderCreateFunction(c->lines, file, name, strlen(name), "", 0, file,
		line->line, LLVMDIBuilderCreateSubroutineType(c->lines, file, NULL, 0, 0), true,
		true, line->line, LLVMDIFlagZero, true);
	LLVMSetSubprogram(fn, described);
	LLVMSetCurrentDebugLocation2(b, LLVMDIBuilderCreateDebugLocation(c->context, line->line,
						line->column, described, NULL));
}

/* Code of another file than the function's, an inlined one's of a header, has a scope in between.
 */
void function__set_line(struct function *f)
{
	struct compilation *c = f->c;
	LLVMMetadataRef scope = c->lines ? LLVMGetSubprogram(f->fn) : NULL;
	const struct ebpf_line *line;

	if (!scope)
		return;
	line = line_at(c, f->pc);
	scope = LLVMDIBuilderCreateLexicalBlockFile(c->lines, scope, file_of(c, line), 0);
	LLVMSetCurrentDebugLocation2(f->b, LLVMDIBuilderCreateDebugLocation(c->context, line->line,
						   line->column, scope, NULL));
}

void compilation__close_lines(struct compilation *c)
{
	if (c->lines)
		LLVMDIBuilderFinalize(c->lines);
	else
		LLVMStripModuleDebugInfo(c->module);
}
