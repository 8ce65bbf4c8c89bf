/* SPDX-License-Identifier: BSD-3-Clause
 *
 * conformance.c -- the plugin protocol of the bpf_conformance test runner.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "execute.h"
#include "input.h"

static int conformance(const struct command_line *line, char **errmsg)
{
	uint8_t *text = NULL, *code = NULL, *mem = NULL;
	size_t text_size, code_size, mem_len = 0;
	int status = EXIT_UNUSABLE;
	uint64_t result;

	if (!input__file("-", &text, &text_size, errmsg) &&
		!input__hex((char *)text, &code, &code_size, errmsg) &&
		(!line->argc || !input__hex(line->argv[0], &mem, &mem_len, errmsg)))
		status = execute(line->options['b'], code, code_size, mem_len ? mem : NULL, mem_len,
			&result, errmsg);
	if (status == EXIT_GOOD)
		printf("%" PRIx64 "\n", result);
	free(text);
	free(code);
	free(mem);
	return status;
}

const struct command conformance_command = {
	.name = "conformance",
	.args = "[MEMORY]",
	.summary = "run a program as the bpf_conformance runner asks its plugin to",
	.details = "MEMORY is one argument of bytes in hex, the program is one line of them on "
		   "standard input.\nr0 is printed in hex.\n",
	.options = (const struct command_option[]){OPTION_BACKEND, {0}},
	.max_args = 1,
	.run = conformance,
};
