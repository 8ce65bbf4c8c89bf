/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "core/error.h"
#include "input.h"
#include "isa/isa.h"

static int disassemble(const struct command_line *line, char **errmsg)
{
	struct ebpf_insn *insns;
	struct isa_insn insn;
	char text[128];
	const char *why;
	size_t size, n, i;
	bool good = true;

	if (input__bytes(line->argv[0], (uint8_t **)&insns, &size, errmsg))
		return EXIT_UNUSABLE;
	if (input__check_bytecode((uint8_t *)insns, size, errmsg)) {
		free(insns);
		return EXIT_UNUSABLE;
	}
	n = size / sizeof(*insns);
	for (i = 0; i < n; i += insn.words) {
		if (isa__decode(insns + i, n - i, &insn, &why)) {
			good = false;
			insn.words = 1;
		}
		isa__disassemble(insns + i, n - i, i, text, sizeof(text));
		printf("%s\n", text);
	}
	free(insns);
	if (size % sizeof(*insns)) {
		error__set(errmsg, -EINVAL, "%zu bytes are no whole number of instructions", size);
		return EXIT_UNUSABLE;
	}
	return good ? EXIT_GOOD : EXIT_BAD;
}

const struct command disasm_command = {
	.name = "disasm",
	.args = "FILE|HEX",
	.summary = "disassemble raw bytecode to text that asm takes",
	.details = "FILE holds bytes or hex, - is standard input.\n",
	.min_args = 1,
	.max_args = 1,
	.run = disassemble,
};
