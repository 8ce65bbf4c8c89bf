/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-commands.c -- the table of the loader's commands.
 */
#include "control-internal.h"

const struct control_command control_commands[] = {
#define COMMAND(function, ...) {{__VA_ARGS__}, function},
#include "commands.def"
#undef COMMAND
	{{0}},
};

const struct control_command *const control__loader_tables[] = {control_commands, NULL};
