/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "execute.h"
#include "input.h"

static int run(const struct command_line *line, char **errmsg)
{
	const char *mem_arg = line->options['m'];
	uint8_t *code = NULL, *mem = NULL;
	size_t code_size, mem_len = 0;
	int status = EXIT_UNUSABLE;
	uint64_t result;

	if (!input__bytes(line->argv[0], &code, &code_size, errmsg) &&
		(!mem_arg || !input__bytes(mem_arg, &mem, &mem_len, errmsg)))
		status = execute(line->options['b'], code, code_size, mem_len ? mem : NULL, mem_len,
			&result, errmsg);
	if (status == EXIT_GOOD)
		printf("0x%" PRIx64 "\n", result);
	free(code);
	free(mem);
	return status;
}

const struct command run_command = {
	.name = "run",
	.args = "FILE|HEX",
	.summary = "run raw bytecode and print r0",
	.details = "r1 is the memory's address, r2 its length. FILE holds bytes or hex, - is "
		   "standard input;\nor it is an image that `compile` has made of bytecode.\n",
	.options =
		(const struct command_option[]){
			OPTION_BACKEND,
			{'m', "mem", "FILE|HEX", "the program's memory; default: none"},
			{0},
		},
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
