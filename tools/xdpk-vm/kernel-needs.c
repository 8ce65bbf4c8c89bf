/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/program.h"
#include "ebpf-offload.h"
#include "kernel-needs.h"

static const struct {
	uint32_t use;
	const char *name;
} uses[] = {
	{EBPF_MAP_READ, "read"},
	{EBPF_MAP_COUNTED, "added to"},
	{EBPF_MAP_TARGETS, "redirected by"},
	{EBPF_MAP_CHANGED, "inserted into by the CPU"},
};

#define N_USES (sizeof(uses) / sizeof(uses[0]))

bool kernel_needs__find(struct kernel_needs *n, struct ebpf_object *obj, const char *program)
{
	*n = (struct kernel_needs){0};
	n->prog = ebpf_object__load_program(obj, program, NULL, &n->refusal);
	return n->prog &&
	       !offload__examine(&n->prog->view, &n->prog->verified.facts, &n->needs, &n->refusal);
}

static void print_use(const struct map_view *map, uint32_t use)
{
	const char *before = ": ";

	printf("  map %s", map->name);
	for (size_t i = 0; i < N_USES; i++) {
		if (!(use & uses[i].use))
			continue;
		printf("%s%s", before, uses[i].name);
		before = ", ";
	}
	printf("\n");
}

void kernel_needs__print(const struct kernel_needs *n)
{
	const struct offload_needs *needs = &n->needs;

	if (n->refusal) {
		printf("%s\n", n->refusal);
		return;
	}
	printf("%s as a kernel: reads ", n->prog->view.name);
	if (needs->window)
		printf("%" PRIu32 " bytes of a packet", needs->window);
	else
		printf("whole packets");
	printf("%s%s, notes at %" PRIu32 " instructions%s\n",
		needs->writes_packet ? ", writes" : "", needs->moves_packet ? ", moves" : "",
		needs->n_notes,
		needs->repeats && needs->n_notes ? " that may run more than once" : "");
	for (uint32_t i = 0; i < n->prog->view.n_maps; i++)
		if (needs->use[i])
			print_use(&n->prog->view.maps[i], needs->use[i]);
}

static json_t *uses_to_json(uint32_t use)
{
	json_t *list = json_array();

	for (size_t i = 0; i < N_USES; i++)
		if (use & uses[i].use)
			json_array_append_new(list, json_string(uses[i].name));
	return list;
}

json_t *kernel_needs__to_json(const struct kernel_needs *n)
{
	const struct offload_needs *needs = &n->needs;
	json_t *maps;

	if (n->refusal)
		return json_pack("{s:b, s:s}", "possible", 0, "reason", n->refusal);
	maps = json_object();
	for (uint32_t i = 0; i < n->prog->view.n_maps; i++)
		if (needs->use[i])
			json_object_set_new(
				maps, n->prog->view.maps[i].name, uses_to_json(needs->use[i]));
	return json_pack("{s:b, s:I, s:b, s:b, s:I, s:o}", "possible", 1, "window",
		(json_int_t)needs->window, "writes", needs->writes_packet, "moves",
		needs->moves_packet, "notes", (json_int_t)needs->n_notes, "maps", maps);
}

void kernel_needs__release(struct kernel_needs *n)
{
	free(n->needs.use);
	free(n->refusal);
	ebpf_program__unref(n->prog);
}
