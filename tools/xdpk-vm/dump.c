/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ebpf-vm.h>

#include "command.h"
#include "core/error.h"
#include "input.h"
#include "kernel.h"
#include "object-program.h"

static const struct form {
	const char *name;
	enum ebpf_dump what;
	bool is_ptx; /* of a kernel; `what` says nothing */
} forms[] = {
	{"bytecode", EBPF_DUMP_BYTECODE, false},
	{"ir", EBPF_DUMP_IR, false},
	{"ir-opt", EBPF_DUMP_IR_OPT, false},
	{"asm", EBPF_DUMP_ASM, false},
	{"ptx", 0, true},
};

static const struct form *find_form(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(name, forms[i].name) == 0)
			return &forms[i];
	return NULL;
}

/* EXIT_BAD: it cannot be a kernel. */
static int print_ptx(struct ebpf_program *prog, char **errmsg)
{
	const struct ebpf_kernel_driver driver = kernel_driver();
	struct ebpf_kernel *k = ebpf_program__offload(prog, EBPF_TARGET_PTX, &driver, errmsg);
	size_t size;

	if (!k)
		return errno == ENOTSUP ? EXIT_BAD : EXIT_UNUSABLE;
	fputs(ebpf_kernel__ptx(k, &size), stdout);
	ebpf_kernel__destroy(k);
	return EXIT_GOOD;
}

static int print_text(struct ebpf_program *prog, enum ebpf_dump what, char **errmsg)
{
	char *text = ebpf_program__dump(prog, what, NULL, errmsg);

	if (!text)
		return EXIT_UNUSABLE;
	fputs(text, stdout);
	free(text);
	return EXIT_GOOD;
}

static int print_program(
	struct opened_object *o, const char *name, const struct form *form, char **errmsg)
{
	const struct ebpf_object_program *p = ebpf_object__find_program(o->obj, name, errmsg);
	struct ebpf_program *prog =
		p ? ebpf_object__load_program(o->obj, p->name, NULL, errmsg) : NULL;
	int status = EXIT_UNUSABLE;

	if (prog)
		status = form->is_ptx ? print_ptx(prog, errmsg)
				      : print_text(prog, form->what, errmsg);
	ebpf_program__unref(prog);
	return status;
}

/* Instructions as bytes or hex, and no ELF object. */
static bool is_raw(const char *path, uint8_t **code, size_t *size)
{
	if (input__bytes(path, code, size, NULL))
		return false;
	if (*size && *size % sizeof(struct ebpf_insn) == 0 && !input__is_elf(*code, *size))
		return true;
	free(*code);
	return false;
}

static int print_raw_ptx(const uint8_t *code, size_t size, char **errmsg)
{
	struct ebpf_vm *vm = ebpf_create("interp");
	int status = EXIT_UNUSABLE;
	char *ptx;

	if (!vm)
		error__set(errmsg, -errno, "out of memory");
	else if (size > UINT32_MAX)
		error__set(errmsg, -E2BIG, "the program is too large");
	else if (!ebpf_load(vm, code, (uint32_t)size, errmsg))
		status = ebpf_get_ptx(vm, NULL, &ptx, errmsg) ? EXIT_BAD : EXIT_GOOD;
	if (status == EXIT_GOOD) {
		fputs(ptx, stdout);
		free(ptx);
	}
	ebpf_destroy(vm);
	return status;
}

static int dump(const struct command_line *line, char **errmsg)
{
	const struct form *form = find_form(line->argv[0]);
	struct opened_object o;
	uint8_t *code;
	size_t size;
	int status;

	if (!form) {
		error__set(errmsg, -EINVAL, "%s is none of bytecode, ir, ir-opt, asm, ptx",
			line->argv[0]);
		return EXIT_UNUSABLE;
	}
	if (is_raw(line->argv[1], &code, &size)) {
		status = EXIT_UNUSABLE;
		if (form->is_ptx)
			status = print_raw_ptx(code, size, errmsg);
		else
			error__set(errmsg, -EINVAL,
				"of raw bytecode there is ptx, and text by `xdpk-vm disasm`");
		free(code);
		return status;
	}
	if (opened_object__open(&o, line->argv[1], line->options['i'], NULL, errmsg))
		return EXIT_UNUSABLE;
	status = print_program(&o, line->options['p'], form, errmsg);
	opened_object__close(&o);
	return status;
}

const struct command dump_command = {
	.name = "dump",
	.args = "FORM PROG.o|FILE|HEX",
	.summary = "print a program as bytecode, ir, ir-opt (optimised), asm or ptx (of a kernel)",
	.details = "The ptx of raw bytecode, given as bytes or hex, is a kernel "
		   "ebpf_kernel(mem, len, stride, n,\nresults), which runs it once for each of n "
		   "pieces "
		   "of memory.\n",
	.options = (const struct command_option[]){OPTION_PROG, OPTION_INIT, {0}},
	.min_args = 2,
	.max_args = 2,
	.run = dump,
};
