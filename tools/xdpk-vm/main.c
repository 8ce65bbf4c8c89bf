/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xdpk-vm -- the machine by hand: run bytecode, verify objects, look at what becomes of them.
 */
#include <bpf/libbpf.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const struct command *const commands[] = {
	&run_command,
	&verify_command,
	&dump_command,
	&compile_command,
	&features_command,
	&conformance_command,
	&asm_command,
	&disasm_command,
	NULL,
};

#define MAX_OPTIONS 10

static void print_usage(FILE *f)
{
	const struct command *const *c;

	fprintf(f, "usage: xdpk-vm COMMAND [options] [arguments]\n\n");
	for (c = commands; *c; c++)
		fprintf(f, "  %-12s %-26s %s\n", (*c)->name, (*c)->args, (*c)->summary);
	fprintf(f, "\n`xdpk-vm COMMAND --help` tells a command's options.\n"
		   "Exit status: 0 done, 1 the program was rejected or stopped, 2 bad input.\n");
}

static void print_help(const struct command *c)
{
	const struct command_option *o;
	char left[64];

	printf("usage: xdpk-vm %s [options] %s\n\n%s\n", c->name, c->args, c->summary);
	if (c->details)
		printf("%s", c->details);
	printf("\n");
	for (o = c->options; o && o->letter; o++) {
		snprintf(left, sizeof(left), "-%c, --%s%s%s", o->letter, o->name, o->arg ? " " : "",
			o->arg ? o->arg : "");
		printf("  %-22s %s\n", left, o->help);
	}
	printf("  %-22s %s\n", "-h, --help", "this text");
}

static int bad_usage(const struct command *c, const char *what, const char *which)
{
	fprintf(stderr, "xdpk-vm %s: %s%s; see xdpk-vm %s --help\n", c->name, what, which, c->name);
	return EXIT_UNUSABLE;
}

/* -1: the command line is complete; an exit status otherwise. */
static int parse(const struct command *c, int argc, char **argv, struct command_line *line)
{
	struct option longs[MAX_OPTIONS + 2] = {0};
	char shorts[2 * MAX_OPTIONS + 3] = ":h";
	int i, letter;

	for (i = 0; c->options && c->options[i].letter && i < MAX_OPTIONS; i++) {
		const struct command_option *o = &c->options[i];

		longs[i] = (struct option){
			o->name, o->arg ? required_argument : no_argument, NULL, o->letter};
		strncat(shorts, &o->letter, 1);
		if (o->arg)
			strcat(shorts, ":");
	}
	longs[i] = (struct option){"help", no_argument, NULL, 'h'};
	opterr = 0;
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (letter == 'h') {
			print_help(c);
			return EXIT_GOOD;
		}
		if (letter == '?')
			return bad_usage(c, "unknown option ", argv[optind - 1]);
		if (letter == ':')
			return bad_usage(c, "an argument is missing after ", argv[optind - 1]);
		line->options[letter] = optarg ? optarg : "";
	}
	line->argc = argc - optind;
	line->argv = argv + optind;
	if (line->argc < c->min_args)
		return bad_usage(c, "too few arguments: wanted ", c->args);
	if (line->argc > c->max_args)
		return bad_usage(c, "too many arguments: wanted ", c->args);
	return -1;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct command_line line = {0};
	char *err = NULL;
	int status = parse(c, argc, argv, &line);

	if (status >= 0)
		return status;
	status = c->run(&line, &err);
	if (err)
		fprintf(stderr, "xdpk-vm %s: %s\n", c->name, err);
	free(err);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "xdpk-vm %s: the output cannot be written\n", c->name);
		return EXIT_UNUSABLE;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct command *const *c;

	libbpf_set_print(NULL); /* what it finds is told in one sentence */
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_UNUSABLE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(stdout);
		return EXIT_GOOD;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("xdpk-vm %s\n", XDPK_VERSION);
		return EXIT_GOOD;
	}
	for (c = commands; *c; c++) {
		if (!strcmp(argv[1], (*c)->name))
			return run(*c, argc - 1, argv + 1);
	}
	fprintf(stderr, "xdpk-vm: unknown command %s; see xdpk-vm --help\n", argv[1]);
	return EXIT_UNUSABLE;
}
