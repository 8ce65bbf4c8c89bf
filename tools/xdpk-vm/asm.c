/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/error.h"
#include "input.h"
#include "isa/isa.h"

static int write_file(const char *path, const void *bytes, size_t n, char **errmsg)
{
	FILE *f = fopen(path, "wb");
	bool written = f && fwrite(bytes, 1, n, f) == n;

	if (f && fclose(f))
		written = false;
	return written ? 0 : error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
}

static int assemble(const struct command_line *line, char **errmsg)
{
	const char *path = line->argc ? line->argv[0] : "-";
	struct ebpf_insn *insns;
	uint8_t *text;
	size_t n, i;
	uint32_t n_insns;
	int err;

	if (input__file(path, &text, &n, errmsg))
		return EXIT_UNUSABLE;
	err = isa__assemble((char *)text, &insns, &n_insns, errmsg);
	free(text);
	if (err) {
		error__prefix(errmsg, "%s", path);
		return EXIT_UNUSABLE;
	}
	n = n_insns * sizeof(*insns);
	if (line->options['o'])
		err = write_file(line->options['o'], insns, n, errmsg);
	for (i = 0; !line->options['o'] && i < n; i++)
		printf("%02x%c", ((uint8_t *)insns)[i], i + 1 < n ? ' ' : '\n');
	free(insns);
	return err ? EXIT_UNUSABLE : EXIT_GOOD;
}

const struct command asm_command = {
	.name = "asm",
	.args = "[FILE]",
	.summary = "assemble text to bytecode, in hex",
	.details = "The text is that of bpf_conformance vectors: `mov %r0, 1`, `exit`. Without "
		   "FILE it is\nstandard input.\n",
	.options =
		(const struct command_option[]){
			{'o', "output", "FILE", "write bytes there instead"},
			{0},
		},
	.max_args = 1,
	.run = assemble,
};
