/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-commands.c -- the loader's commands.
 */
#include "control-internal.h"

const struct control_command control_commands[] = {
	{"map update", "NAME key BYTES value BYTES|name OTHER [any|noexist|exist]",
		"set an element of a map, to bytes or to the map or program of that name",
		control__update_map},
	{"map delete", "NAME key BYTES", "delete an element of a map", control__delete_from_map},
	{"map resize", "NAME max_entries N", "set how many elements a map can hold",
		control__resize_map, CONTROL_BEFORE_MAPS},
	{"map inner", "NAME type TYPE key N value N entries N [flags N]",
		"say what the maps in a map of maps are like", control__set_inner_map,
		CONTROL_BEFORE_MAPS},
	{"rodata set", "VARIABLE VALUE", "set a global variable before the program is loaded",
		control__set_variable},
	{"link add", "IF ifindex N mac MAC mtu N [forwarding on|off]",
		"add a network interface, as bpf_fib_lookup sees it", control__add_link},
	{"link set", "IF [ifindex N] [mac MAC] [mtu N] [forwarding on|off]", "change an interface",
		control__set_link},
	{"link del", "IF", "delete an interface, its addresses, routes and neighbours",
		control__del_link},
	{"addr add", "ADDR/LEN dev IF", "add an address, with the routes that it brings",
		control__add_address},
	{"addr del", "ADDR/LEN dev IF", "delete an address", control__del_address},
	{"route add",
		"[TYPE] PREFIX [via ADDR] [dev IF] [src ADDR] [metric N] [mtu [lock] N] [table T]",
		"add a route", control__add_route},
	{"route replace",
		"[TYPE] PREFIX [via ADDR] [dev IF] [src ADDR] [metric N] [mtu [lock] N] [table T]",
		"add a route, or change the one to that prefix", control__replace_route},
	{"route del", "PREFIX [table T]", "delete a route", control__del_route},
	{"rule add", "[inet6] [pref N] [fwmark MARK[/MASK]] table T",
		"have a table looked up before the main one", control__add_rule},
	{"rule del", "[inet6] [pref N] [fwmark MARK[/MASK]] table T", "delete a rule",
		control__del_rule},
	{"neigh add", "ADDR dev IF lladdr MAC", "add a neighbour", control__add_neighbour},
	{"neigh del", "ADDR dev IF", "delete a neighbour", control__del_neighbour},
	{0},
};

int control__set_up_object(
	struct object *obj, struct ebpf_instance *inst, const char *path, char **errmsg)
{
	const struct control_target target = {obj, inst};
	struct control_file file = {0};
	int err = path ? control_file__read(&file, path, errmsg) : 0;

	if (!err)
		err = control_file__run(
			&file, control_commands, CONTROL_BEFORE_MAPS, &target, errmsg);
	if (!err)
		err = object__create_maps(obj, inst, errmsg);
	if (!err)
		err = control_file__run(
			&file, control_commands, CONTROL_WITH_MAPS, &target, errmsg);
	control_file__close(&file);
	return err;
}
