/* SPDX-License-Identifier: BSD-3-Clause
 *
 * uses-object.c -- BPF objects: opened, set up, their programs loaded; control lines about them;
 * values as text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "failing.h"
#include "object.h"
#include "value.h"

static void free_layouts(struct ebpf_layout *key, struct ebpf_layout *value)
{
	ebpf_layout__free(key);
	ebpf_layout__free(value);
}

static void look_at_maps(struct ebpf_object *obj)
{
	for (size_t i = 0; i < ebpf_object__n_maps(obj); i++) {
		struct ebpf_layout *key = NULL, *value = NULL;
		char *why = NOT_SET;

		if (failing__is_well(ebpf_object__map_layouts(obj, i, &key, &value, &why), &why))
			free_layouts(key, value);
	}
}

static void load_programs(struct ebpf_object *obj)
{
	for (size_t i = 0; i < ebpf_object__n_programs(obj); i++) {
		const char *name = ebpf_object__program(obj, i)->name;
		struct ebpf_object_run_config config;
		struct ebpf_program *prog;
		char *why = NOT_SET;

		failing__is_well(ebpf_object__run_config(obj, name, &config, &why), &why);
		failing__is_there(ebpf_object__program_spec(obj, name, &why), &why);
		prog = ebpf_object__load_program(obj, name, NULL, &why);
		failing__is_there(prog, &why);
		ebpf_program__unref(prog);
	}
}

/* A successor that takes the maps over. */
static void share(const char *path, struct ebpf_object *before, struct ebpf_instance *inst)
{
	struct ebpf_object_share_opts opts = {.variables = true};
	char *why = NOT_SET;
	struct ebpf_object *obj = ebpf_object__open(path, &why);

	if (!failing__is_there(obj, &why))
		return;
	if (failing__is_well(ebpf_object__share_maps(obj, before, &opts, &why), &why))
		failing__is_well(ebpf_object__create_maps(obj, inst, &why), &why);
	ebpf_object__close(obj);
}

void use_object(void *path)
{
	char *why = NOT_SET;
	struct ebpf_instance *inst = ebpf_instance__create(NULL, &why);
	struct ebpf_object *obj;

	if (!failing__is_there(inst, &why))
		return;
	obj = ebpf_object__open(path, &why);
	if (failing__is_there(obj, &why)) {
		look_at_maps(obj);
		if (failing__is_well(ebpf_object__create_maps(obj, inst, &why), &why)) {
			load_programs(obj);
			share(path, obj, inst);
		}
	}
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
}

static int take_row(void *user, const char *json, size_t len)
{
	return 0;
}

/* Lines that may fail for no other reason than the memory. */
static const char *const lines[] = {
	"map list",
	"map show rules",
	"map update rules key {\"saddr\":\"10.0.0.1\",\"dport\":80} value 1",
	"map lookup rules key {\"saddr\":\"10.0.0.1\",\"dport\":80}",
	"map dump rules",
	"map dump counters",
	"map delete rules key {\"saddr\":\"10.0.0.1\",\"dport\":80}",
	"link add eth0 ifindex 3 mac 02:00:00:00:00:01 mtu 1500",
	"addr add 10.0.0.1/24 dev eth0",
	"route add 10.7.0.0/16 via 10.0.0.9 dev eth0",
	"neigh add 10.0.0.9 dev eth0 lladdr 02:00:00:00:00:02",
	"link del eth0",
};
#define N_LINES (sizeof(lines) / sizeof(lines[0]))

/* One that relied on another that failed may fail, too. */
static void run_lines(struct ebpf_object *obj, struct ebpf_instance *inst)
{
	const struct control_object named = {.name = "firewall", .object = obj};
	const struct control_reply reply = {.row = take_row};
	struct control_context c = {.tables = control__loader_tables,
		.instance = inst,
		.objects = &named,
		.n_objects = 1,
		.reply = &reply,
		.role = CONTROL_OPERATOR};
	char *why = NOT_SET;

	for (size_t i = 0; i < N_LINES; i++)
		failing__is_well(control__run_line(&c, lines[i], &why), &why);
	control__free_row(&c);
}

void use_lines(void *files)
{
	const char *const *path = files; /* an object, and a file of lines that set it up */
	char *why = NOT_SET;
	struct ebpf_instance *inst = ebpf_instance__create(NULL, &why);
	struct ebpf_object *obj;

	if (!failing__is_there(inst, &why))
		return;
	obj = ebpf_object__open(path[0], &why);
	if (failing__is_there(obj, &why) &&
		failing__is_well(ebpf_object__set_up(obj, inst, path[1], &why), &why))
		run_lines(obj, inst);
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
}
