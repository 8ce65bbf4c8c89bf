/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-internal.h -- the functions behind the loader's commands.
 */
#ifndef LOADER_CONTROL_INTERNAL_H
#define LOADER_CONTROL_INTERNAL_H

#include "control.h"
#include "control-words.h"

typedef int control_run(const struct control_target *t, struct control_words *w, char **errmsg);

/* control-object.c */
control_run control__update_map, control__delete_from_map, control__resize_map,
	control__set_inner_map, control__set_variable;

/* control-net.c */
control_run control__add_link, control__set_link, control__del_link, control__add_address,
	control__del_address, control__add_route, control__replace_route, control__del_route,
	control__add_rule, control__del_rule, control__add_neighbour, control__del_neighbour;

#endif
