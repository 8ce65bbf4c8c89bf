/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Compiled programs that must be accepted: the project's samples, for every version of the
 * instruction set, and the XDP objects of the distribution. Programs of other types, and objects
 * that use maps not implemented, are named and left out.
 *
 *	objects_test OBJECT...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

struct score {
	uint32_t accepted, rejected, left_out;
};

static void load_programs(struct ebpf_object *obj, const char *path, struct score *score)
{
	for (size_t i = 0; i < ebpf_object__n_programs(obj); i++) {
		struct ebpf_verify_stats stats = {0};
		char *log = NULL, *err = NULL;
		struct ebpf_load_opts opts = {.log = &log, .stats = &stats};
		const char *name = ebpf_object__program(obj, i)->name;
		struct ebpf_program *prog;

		if (!ebpf_object__program(obj, i)->is_xdp) {
			printf("left out: %s %s: no XDP program\n", path, name);
			continue;
		}
		prog = ebpf_object__load_program(obj, name, &opts, &err);
		if (prog) {
			score->accepted++;
			printf("%s %s: %" PRIu64 " instructions examined, %u states, %" PRIu64
			       " us\n",
				path, name, stats.insns_examined, stats.states_peak,
				stats.ns / 1000);
		} else {
			score->rejected++;
			printf("%s %s: rejected: %s\n%s\n", path, name, err, log ? log : "");
		}
		ebpf_program__unref(prog);
		free(log);
		free(err);
	}
}

static void try_object(const char *path, struct score *score)
{
	const struct ebpf_instance_opts opts = {.workers = 1};
	struct ebpf_instance *inst = ebpf_instance__create(&opts, NULL);
	char *err = NULL;
	struct ebpf_object *obj = ebpf_object__open(path, &err);

	if (!obj || !inst || ebpf_object__create_maps(obj, inst, &err)) {
		score->left_out++;
		printf("left out: %s\n", err ? err : path);
		free(err);
	} else {
		load_programs(obj, path, score);
	}
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
}

int main(int argc, char **argv)
{
	struct score score = {0};

	for (int i = 1; i < argc; i++)
		try_object(argv[i], &score);
	printf("%u programs accepted, %u rejected; %u objects left out\n", score.accepted,
		score.rejected, score.left_out);
	return score.rejected || !score.accepted ? 1 : 0;
}
