/* SPDX-License-Identifier: BSD-3-Clause
 *
 * targets.c -- compiles what a program goes on in: the programs that are in its arrays of programs
 * now, those in theirs, and so on. Compiled code is installed before the walk goes on from there,
 * so it ends though programs lead to each other in circles.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "map.h"
#include "program.h"

static bool is_compiled(const struct ebpf_program *prog, const char *backend)
{
	return strcmp(ebpf_program__code(prog)->backend, backend) == 0;
}

static int compile_target(struct ebpf_program *prog, const char *backend, char **errmsg)
{
	const struct ebpf_code *code;

	if (is_compiled(prog, backend))
		return 0;
	code = ebpf_program__compile(prog, backend, NULL, errmsg);
	if (!code)
		return -ENOTSUP;
	ebpf_program__install(prog, code);
	return ebpf_program__compile_targets(prog, backend, errmsg);
}

int ebpf_program__compile_targets(struct ebpf_program *prog, const char *backend, char **errmsg)
{
	int err = 0;

	for (uint32_t m = 0; m < prog->view.n_maps; m++) {
		const struct ebpf_map_opts *o = ebpf_map__opts(prog->maps[m]);

		if (o->type != BPF_MAP_TYPE_PROG_ARRAY)
			continue;
		for (uint32_t i = 0; !err && i < o->max_entries; i++) {
			struct ebpf_program *target = ebpf_map__get_program(prog->maps[m], i);

			if (target)
				err = compile_target(target, backend, errmsg);
			ebpf_program__unref(target);
		}
	}
	return err;
}
