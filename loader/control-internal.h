/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-internal.h -- the functions behind the loader's commands: those of map in control-map*.c
 * and, where an object is set up, with that of rodata in control-object.c; those of link, addr,
 * route, rule and neigh in control-net.c.
 */
#ifndef LOADER_CONTROL_INTERNAL_H
#define LOADER_CONTROL_INTERNAL_H

#include "control.h"

#define COMMAND(function, ...) control_run function;
#include "commands.def"
#undef COMMAND

/* "any", "noexist", "exist" or nothing, which is any; then the end of the line. */
int control__parse_flag(struct control_words *w, uint64_t *flag, char **errmsg);

#endif
