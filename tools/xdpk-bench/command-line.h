/* SPDX-License-Identifier: BSD-3-Clause
 *
 * command-line.h -- what the command lines of xdpk-bench, of `dataplane` and of `gpu` have in
 * common: the loop over options, --help, --list, numbers, and what else is named, to be measured.
 */
#ifndef BENCH_COMMAND_LINE_H
#define BENCH_COMMAND_LINE_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_HELP 'h'
#define OPTION_LIST 255 /* options of one's own: letters, and numbers from 256 on */

struct command_line {
	const char *usage;
	const struct option *options; /* with OPTION_HELP and OPTION_LIST */
	void (*list)(void);
	/* Does what an option says; false: it cannot be, and the user was told. */
	bool (*set)(void *user, int option, char *arg);
	void *user;
	/* What can be named: by how names begin, all without any. chosen: n of them, false so far.
	 */
	const char *thing;
	const char *(*name)(size_t i);
	size_t n;
	bool *chosen;
};

/* -1: all is set and chosen; otherwise an exit status, 0 or 2. */
int command_line__read(const struct command_line *c, int argc, char **argv);
/* A number that ends the text, or that a comma follows; *text is then behind it. */
bool command_line__number(const char **text, uint32_t min, uint32_t max, uint32_t *out);
/* A number and nothing else. */
bool command_line__count(const char *text, uint32_t min, uint32_t max, uint32_t *out);

#endif
