/* SPDX-License-Identifier: BSD-3-Clause
 *
 * targets.c -- compiles what a program goes on in: the programs that are in its arrays of programs
 * now, and at the entries that it redirects by, those in theirs, and so on. Compiled code is
 * installed before the walk goes on from there, so it ends though programs lead to each other in
 * circles.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "map.h"
#include "program.h"
#include "../runtime/map-target.h"

static bool is_compiled(const struct ebpf_program *prog, const char *backend)
{
	return strcmp(ebpf_program__code(prog)->backend, backend) == 0;
}

static int compile_target(struct ebpf_program *prog, const char *backend,
	const struct ebpf_driver *own, const struct ebpf_driver *driver, char **errmsg)
{
	const struct ebpf_code *code;

	if (is_compiled(prog, backend))
		return 0;
	code = ebpf_program__compile(prog, backend, own, errmsg);
	if (!code)
		return -ENOTSUP;
	ebpf_program__install(prog, code);
	return ebpf_program__compile_targets(prog, backend, driver, errmsg);
}

/* A tail call goes on in the loop that the caller runs in. */
static int compile_called(
	struct ebpf_map *map, const char *backend, const struct ebpf_driver *driver, char **errmsg)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < map->opts.max_entries; i++) {
		struct ebpf_program *target = ebpf_map__get_program(map, i);

		if (target)
			err = compile_target(target, backend, NULL, driver, errmsg);
		ebpf_program__unref(target);
	}
	return err;
}

static int compile_redirected_to(
	struct ebpf_map *map, const char *backend, const struct ebpf_driver *driver, char **errmsg)
{
	const void *before = NULL;
	uint32_t key;
	int err = 0;

	for (; !err && !ebpf_map__walk_key(map, before, &key); before = &key) {
		struct ebpf_program *target = ebpf_map__get_program(map, key);

		if (target)
			err = compile_target(target, backend, driver, driver, errmsg);
		ebpf_program__unref(target);
	}
	return err;
}

int ebpf_program__compile_targets(struct ebpf_program *prog, const char *backend,
	const struct ebpf_driver *driver, char **errmsg)
{
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	for (uint32_t m = 0; !err && m < prog->view.n_maps; m++) {
		struct ebpf_map *map = prog->maps[m];

		if (map->opts.type == BPF_MAP_TYPE_PROG_ARRAY)
			err = compile_called(map, backend, driver, errmsg);
		else if (driver && rt_targets_run(&map->rt.geo))
			err = compile_redirected_to(map, backend, driver, errmsg);
	}
	return err;
}
