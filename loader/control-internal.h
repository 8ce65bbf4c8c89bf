/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-internal.h -- the functions behind the loader's commands: in control-object.c those of
 * map and rodata, in control-net.c those of link, addr, route, rule and neigh.
 */
#ifndef LOADER_CONTROL_INTERNAL_H
#define LOADER_CONTROL_INTERNAL_H

#include "control.h"

#define COMMAND(function, ...) control_run function;
#include "commands.def"
#undef COMMAND

#endif
