/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dump.c -- a program as text: bytecode with its source lines here, the rest by the backend.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../isa/isa.h"
#include "backend.h"
#include "compile-child.h"
#include "error.h"
#include "program.h"

static void print_insn(FILE *f, const struct program_view *v, uint32_t i)
{
	char text[128];

	isa__disassemble(v->insns + i, v->n_insns - i, i, text, sizeof(text));
	fprintf(f, "%5u: %s", i, text);
	if (v->insns[i].opcode == 0x18 && v->insns[i].src >= EBPF_LDDW_MAP_IDX &&
		(uint32_t)v->insns[i].imm < v->n_maps)
		fprintf(f, "  # map %s", v->maps[v->insns[i].imm].name);
	fputc('\n', f);
}

static char *dump_bytecode(const struct program_view *v)
{
	const struct ebpf_line *last = NULL;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	uint32_t func = 0;

	if (!f)
		return NULL;
	for (uint32_t i = 0; i < v->n_insns; i++) {
		const struct ebpf_line *line = program_view__line(v, i);

		if (func < v->n_funcs && v->funcs[func].insn == i)
			fprintf(f, "%s:\n", v->funcs[func++].name);
		if (line && line != last)
			fprintf(f, "; %s @ %s:%u\n", line->text, line->file, line->line);
		last = line;
		print_insn(f, v, i);
		if (v->insns[i].opcode == 0x18)
			i++;
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static char *dump_by_child(struct ebpf_program *prog, enum ebpf_dump what, const uint8_t *request,
	size_t size, char **errmsg)
{
	static const char *const outputs[] = {
		[EBPF_DUMP_IR] = "ir", [EBPF_DUMP_IR_OPT] = "ir-opt", [EBPF_DUMP_ASM] = "asm"};
	struct compile_order order = {.program = prog->view.name,
		.backend = "llvm",
		.output = outputs[what],
		.request = request,
		.request_size = size};
	uint8_t *text;
	size_t length;

	if (compile_child__run(prog->inst->compiler, &order, &text, &length, errmsg))
		return NULL;
	return (char *)text;
}

static char *dump_by_module(enum ebpf_dump what, const uint8_t *request, size_t size, char **errmsg)
{
	const struct ebpf_backend *b = backend__get("llvm", errmsg);
	char *text;

	return b && !b->dump(request, size, what, &text, errmsg) ? text : NULL;
}

static char *dump_by_backend(struct ebpf_program *prog, enum ebpf_dump what,
	const struct ebpf_driver *driver, char **errmsg)
{
	uint32_t flags = what == EBPF_DUMP_ASM ? COMPILE_LINES : 0;
	uint8_t *blob;
	size_t size;
	char *text;

	if (program__build_request(prog, flags, driver, "native", &blob, &size)) {
		error__set(errmsg, -ENOMEM, "%s: no memory for a dump", prog->view.name);
		return NULL;
	}
	text = prog->inst->compiler ? dump_by_child(prog, what, blob, size, errmsg)
				    : dump_by_module(what, blob, size, errmsg);
	program__drop_request(prog, blob, size);
	return text;
}

char *ebpf_program__dump(struct ebpf_program *prog, enum ebpf_dump what,
	const struct ebpf_driver *driver, char **errmsg)
{
	char *text;

	if (errmsg)
		*errmsg = NULL;
	if (what != EBPF_DUMP_BYTECODE)
		return dump_by_backend(prog, what, driver, errmsg);
	text = dump_bytecode(&prog->view);
	if (!text)
		error__set(errmsg, -ENOMEM, "%s: no memory for a dump", prog->view.name);
	return text;
}
