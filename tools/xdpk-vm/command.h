/* SPDX-License-Identifier: BSD-3-Clause
 *
 * command.h -- the subcommands of xdpk-vm: a table, from which options are parsed and --help
 * is printed.
 */
#ifndef XDPK_VM_COMMAND_H
#define XDPK_VM_COMMAND_H

enum exit_status {
	EXIT_GOOD = 0,
	EXIT_BAD = 1,      /* the program was rejected or stopped */
	EXIT_UNUSABLE = 2, /* bad input, or nothing could be done */
};

struct command_option {
	char letter; /* 0 ends a list */
	const char *name;
	const char *arg; /* NULL: a switch */
	const char *help;
};

struct command_line {
	const char *options[128]; /* by letter: the argument, "" for a switch, NULL if absent */
	int argc;                 /* what is left without options */
	char **argv;
};

struct command {
	const char *name, *args, *summary;
	const char *details; /* more lines for its --help, or NULL */
	const struct command_option *options;
	int min_args, max_args;
	/* An exit status. A sentence in *errmsg is printed on stderr. */
	int (*run)(const struct command_line *line, char **errmsg);
};

extern const struct command run_command, verify_command, dump_command, conformance_command,
	asm_command, disasm_command, features_command, compile_command;

#define OPTION_BACKEND                                                                  \
	{                                                                               \
		'b', "backend", "NAME", "interp, llvm, rte; default: the best there is" \
	}
#define OPTION_PROG                                                                \
	{                                                                          \
		'p', "prog", "NAME", "the program in the object, by function name" \
	}
#define OPTION_INIT                                                                            \
	{                                                                                      \
		'i', "init", "FILE", "control lines to run first (`map resize`, `rodata set`)" \
	}

#endif
