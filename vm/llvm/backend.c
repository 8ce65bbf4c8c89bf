/* SPDX-License-Identifier: BSD-3-Clause
 *
 * backend.c -- the module's one door: compile requests in, objects or text out.
 *
 * The request is not believed: the program in it is verified again, here, and the facts the
 * compiler relies on are its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/DebugInfo.h>

#include "../core/backend.h"
#include "../verifier/offload.h"
#include "compile.h"

enum stage { STAGE_LINKED, STAGE_OPTIMISED };

/* Without a handler LLVM prints errors and ends the process. */
static void keep_diagnostic(LLVMDiagnosticInfoRef info, void *user)
{
	struct compilation *c = user;

	if (LLVMGetDiagInfoSeverity(info) == LLVMDSError && !c->diagnostic) {
		char *text = LLVMGetDiagInfoDescription(info);

		c->diagnostic = strdup(text);
		LLVMDisposeMessage(text);
	}
}

static void open_context(struct compilation *c)
{
	c->context = LLVMContextCreate();
	LLVMContextSetDiagnosticHandler(c->context, keep_diagnostic, c);
	c->module = LLVMModuleCreateWithNameInContext(c->view->name, c->context);
	c->void_type = LLVMVoidTypeInContext(c->context);
	c->i1 = LLVMInt1TypeInContext(c->context);
	c->i8 = LLVMInt8TypeInContext(c->context);
	c->i16 = LLVMInt16TypeInContext(c->context);
	c->i32 = LLVMInt32TypeInContext(c->context);
	c->i64 = LLVMInt64TypeInContext(c->context);
	c->ptr = LLVMPointerTypeInContext(c->context, 0);
}

static void close_context(struct compilation *c)
{
	free(c->insns);
	free(c->funcs);
	free(c->maps);
	free(c->blocks);
	free(c->diagnostic);
	if (c->machine)
		LLVMDisposeTargetMachine(c->machine);
	if (c->lines)
		LLVMDisposeDIBuilder(c->lines);
	LLVMDisposeModule(c->module);
	LLVMContextDispose(c->context);
}

/* A mistake of the translator's becomes a sentence instead of a crash. */
static int check_module(struct compilation *c)
{
	char *why = NULL;
	int err = 0;

	if (LLVMVerifyModule(c->module, LLVMReturnStatusAction, &why))
		err = error__set(
			c->errmsg, -EINVAL, "%s: translated badly: %s", c->view->name, why);
	LLVMDisposeMessage(why);
	return err;
}

static int translate(struct compilation *c)
{
	int err = compilation__translate(c);

	return err ? err : check_module(c);
}

static int run_stages(struct compilation *c, enum stage last)
{
	static const struct {
		enum compile_step step;
		int (*run)(struct compilation *c);
	} stages[] = {{STEP_PREPARE, compilation__make_machine}, {STEP_TRANSLATE, translate},
		{STEP_LINK, compilation__link}, {STEP_OPTIMISE, compilation__optimise}};
	unsigned n = last == STAGE_OPTIMISED ? 4 : 3;
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++) {
		err = stages[i].run(c);
		compile_stats__end(c->stats, stages[i].step, &c->since);
	}
	return err;
}

/* The translator notes what may be noted, and relies on there being nothing else. */
static int check_kernel(
	const struct compile_request *req, const struct verifier_result *res, char **errmsg)
{
	struct offload_needs needs;
	int err = offload__examine(&req->view, &res->facts, &needs, errmsg);

	if (!err)
		free(needs.use);
	return err;
}

/* Facts of a typed program are a must, those of a raw one a gift. */
static int analyse(const struct compile_request *req, struct verifier_result *res, char **errmsg)
{
	struct verifier_opts opts = {0};
	int err;

	if (req->view.type == EBPF_PROGRAM_RAW) {
		err = verifier__check_structure(&req->view, errmsg);
		if (!err && verifier__analyse_raw(&req->view, &res->facts))
			res->facts.insn = NULL;
		return err;
	}
	err = verifier__run(&req->view, &opts, res);
	if (err)
		return error__set(errmsg, err, "%s: %s", req->view.name,
			res->reason ? res->reason : "it cannot be verified");
	return req->flags & COMPILE_KERNEL ? check_kernel(req, res, errmsg) : 0;
}

typedef int (*output_fn)(struct compilation *c, void *to);

static int with_module(const uint8_t *blob, size_t size, enum stage last, output_fn output,
	void *to, struct compile_stats *stats, char **errmsg)
{
	struct verifier_result verified = {0};
	struct compile_request req;
	struct compilation c = {.req = &req,
		.view = &req.view,
		.errmsg = errmsg,
		.stats = stats,
		.since = compile_stats__now()};
	int err = compile_request__open(blob, size, &req, errmsg);

	if (err)
		return err;
	err = analyse(&req, &verified, errmsg);
	compile_stats__end(stats, STEP_VERIFY, &c.since);
	if (!err) {
		c.facts = verified.facts.insn;
		c.ctx_table = ctx_table__of(req.view.type);
		c.is_raw = req.view.type == EBPF_PROGRAM_RAW;
		open_context(&c);
		err = run_stages(&c, last);
		if (!err)
			err = output(&c, to);
		close_context(&c);
		compile_stats__end(stats, STEP_EMIT, &c.since);
	}
	verifier__release(&verified);
	compile_request__close(&req);
	return err;
}

struct bytes {
	uint8_t *data;
	size_t size;
};

/* One byte longer than it says, and that byte NUL: text is a string. */
static int copy_out(struct compilation *c, const char *from, size_t size, struct bytes *to)
{
	to->data = malloc(size + 1);
	if (!to->data)
		return error__set(c->errmsg, -ENOMEM, "%s: no memory for its code", c->view->name);
	memcpy(to->data, from, size);
	to->data[size] = '\0';
	to->size = size;
	return 0;
}

static int emit(struct compilation *c, LLVMCodeGenFileType what, struct bytes *to)
{
	LLVMMemoryBufferRef buf;
	int err = compilation__emit(c, what, &buf);

	if (err)
		return err;
	err = copy_out(c, LLVMGetBufferStart(buf), LLVMGetBufferSize(buf), to);
	LLVMDisposeMemoryBuffer(buf);
	return err;
}

static int emit_object(struct compilation *c, void *to)
{
	return emit(c, c->is_ptx ? LLVMAssemblyFile : LLVMObjectFile, to);
}

static int emit_assembly(struct compilation *c, void *to)
{
	struct bytes *listing = to, text;
	int err = emit(c, LLVMAssemblyFile, &text);

	if (err)
		return err;
	err = compilation__list(c, (const char *)text.data, (char **)&listing->data);
	free(text.data);
	return err;
}

static int print_ir(struct compilation *c, void *to)
{
	char *text = LLVMPrintModuleToString(c->module);
	int err = copy_out(c, text, strlen(text), to);

	LLVMDisposeMessage(text);
	return err;
}

static int compile(const uint8_t *request, size_t size, uint8_t **elf, size_t *elf_size,
	struct compile_stats *stats, char **errmsg)
{
	struct bytes object;
	int err = with_module(request, size, STAGE_OPTIMISED, emit_object, &object, stats, errmsg);

	if (err)
		return err;
	*elf = object.data;
	*elf_size = object.size;
	return 0;
}

static int dump(
	const uint8_t *request, size_t size, enum ebpf_dump what, char **text, char **errmsg)
{
	struct bytes out;
	int err;

	switch (what) {
	case EBPF_DUMP_IR:
		err = with_module(request, size, STAGE_LINKED, print_ir, &out, NULL, errmsg);
		break;
	case EBPF_DUMP_IR_OPT:
		err = with_module(request, size, STAGE_OPTIMISED, print_ir, &out, NULL, errmsg);
		break;
	case EBPF_DUMP_ASM:
		err = with_module(
			request, size, STAGE_OPTIMISED, emit_assembly, &out, NULL, errmsg);
		break;
	default: return error__set(errmsg, -ENOTSUP, "the llvm backend has no such dump");
	}
	if (!err)
		*text = (char *)out.data;
	return err;
}

__attribute__((visibility("default"))) const struct ebpf_backend *ebpf_backend_init(void);

const struct ebpf_backend *ebpf_backend_init(void)
{
	static const struct ebpf_backend backend = {
		.abi = EBPF_BACKEND_ABI, .name = "llvm", .compile = compile, .dump = dump};

	return &backend;
}
