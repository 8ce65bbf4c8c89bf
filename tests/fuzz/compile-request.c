/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile-request.c -- libFuzzer target: any bytes as a compile request, which comes from another
 * process: opened or refused; what was opened is verified.
 *
 * The first byte says whether the others are the request, or changes of a right one: two bytes
 * where, one byte what.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "core/request.h"
#include "generate.h"
#include "runtime/map-types.h"
#include "verifier/verifier.h"

#define BUDGET 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A program of three functions with all maps. */
static void build(uint8_t **blob, size_t *size)
{
	static const uint8_t noise[600] = {7, 1, 2, 3, 1, 9};
	static const struct ebpf_func funcs[] = {{.name = "entry"}};
	static const struct ebpf_line lines[] = {{0, 3, 1, "a.c", "int entry(void *ctx)"}};
	static struct generated_program p;
	struct map_view maps[GENERATED_N_MAPS + 2];
	struct program_view v = {.name = "p",
		.type = EBPF_PROGRAM_XDP,
		.insns = p.insns,
		.maps = maps,
		.n_maps = GENERATED_N_MAPS,
		.funcs = funcs,
		.n_funcs = 1,
		.lines = lines,
		.n_lines = 1};

	generate_long_program(noise, sizeof(noise), &p);
	v.n_insns = p.n_insns;
	memset(maps, 0, sizeof(maps));
	for (uint32_t i = 0; i < GENERATED_N_MAPS; i++) {
		const struct ebpf_map_opts *o = &generated_maps[i];

		maps[i].name = o->name;
		rt_geometry__init(&maps[i].geo, o->type, o->key_size, o->value_size, o->max_entries,
			o->flags);
	}
	if (compile_request__build(&v, 0, NULL, "native", blob, size))
		abort();
}

static void look_at(const struct program_view *v)
{
	size_t sum = strlen(v->name);

	for (uint32_t i = 0; i < v->n_funcs; i++)
		sum += v->funcs[i].name ? strlen(v->funcs[i].name) : 0;
	for (uint32_t i = 0; i < v->n_lines; i++)
		sum += strlen(v->lines[i].file) + strlen(v->lines[i].text);
	for (uint32_t i = 0; i < v->n_maps + v->n_templates; i++) {
		sum += strlen(v->maps[i].name);
		if (v->maps[i].inner >= v->n_maps + v->n_templates && v->maps[i].inner)
			abort();
		for (uint32_t at = 0; v->maps[i].frozen && at < v->maps[i].geo.value_size; at++)
			sum += v->maps[i].frozen[at];
	}
	if (sum == SIZE_MAX) /* the sum is used */
		abort();
}

static void open_request(const uint8_t *blob, size_t size)
{
	const struct verifier_opts opts = {.insn_budget = BUDGET};
	struct compile_request req;
	struct verifier_result res;
	char *err = NULL;

	if (compile_request__open(blob, size, &req, &err)) {
		if (!err || !*err)
			abort();
		free(err);
		return;
	}
	look_at(&req.view);
	if (req.view.type == EBPF_PROGRAM_XDP) {
		verifier__run(&req.view, &opts, &res);
		verifier__release(&res);
	}
	compile_request__close(&req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *right;
	static size_t right_size;
	uint8_t *changed;
	bool whole;

	if (!right)
		build(&right, &right_size);
	if (!size)
		return 0;
	whole = !data[0];
	changed = malloc(whole ? size : right_size); /* aligned, as all are */
	if (!changed)
		abort();
	memcpy(changed, whole ? data + 1 : right, whole ? size - 1 : right_size);
	for (size_t at = 1; !whole && at + 3 <= size; at += 3)
		changed[(data[at] << 8 | data[at + 1]) % right_size] ^= data[at + 2];
	open_request(changed, whole ? size - 1 : right_size);
	free(changed);
	return 0;
}
