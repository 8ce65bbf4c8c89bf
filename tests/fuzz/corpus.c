/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <object.h>

#include "contents.h"
#include "corpus.h"

#define MOST_INSNS  8192
#define FEW_ENTRIES 16

/* Maps as in the object, with few entries, and what its variables are. */
static int copy_maps(const struct ebpf_program_spec *spec, struct map_set *set)
{
	struct ebpf_map_opts *opts = calloc(spec->n_maps + 1, sizeof(*opts));
	const uint8_t **initial = calloc(spec->n_maps + 1, sizeof(*initial));
	uint32_t i;

	if (!opts || !initial || spec->n_maps > MOST_MAPS)
		return -1;
	for (i = 0; i < spec->n_maps; i++) {
		const void *value = ebpf_map__initial_value(spec->maps[i]);
		uint8_t *copy;

		opts[i] = *ebpf_map__opts(spec->maps[i]);
		opts[i].name = "map";
		if (opts[i].max_entries > FEW_ENTRIES)
			opts[i].max_entries = FEW_ENTRIES;
		if (!value)
			continue;
		copy = malloc(opts[i].value_size);
		if (!copy || opts[i].value_size > MOST_VALUE)
			return -1;
		initial[i] = memcpy(copy, value, opts[i].value_size);
	}
	*set = (struct map_set){opts, spec->n_maps, initial};
	return 0;
}

static bool calls_kfuncs(const struct ebpf_program_spec *spec)
{
	uint32_t i;

	for (i = 0; i < spec->n_insns; i++)
		if (spec->insns[i].opcode == (BPF_JMP | BPF_CALL) &&
			spec->insns[i].src == BPF_PSEUDO_KFUNC_CALL)
			return true;
	return false;
}

/* NULL if the program cannot be used. */
static struct specimen *make(
	struct corpus *c, struct object *obj, const char *path, const char *name)
{
	const struct ebpf_program_spec *spec = object__program_spec(obj, name, NULL);
	struct specimen *s = calloc(1, sizeof(*s));
	struct ebpf_program *prog = NULL;
	struct map_set set;
	const char *reason;

	if (s && spec && spec->n_insns <= MOST_INSNS && !copy_maps(spec, &set) &&
		!run_machine__init(&s->machine, &set, NULL))
		prog = run_machine__load(&s->machine, spec->insns, spec->n_insns, NULL, NULL);
	if (!prog)
		return NULL;
	ebpf_program__unref(prog);
	s->n_insns = spec->n_insns;
	s->insns = malloc(spec->n_insns * sizeof(*s->insns));
	if (!s->insns || asprintf(&s->name, "%s %s", path, name) < 0)
		return NULL;
	memcpy(s->insns, spec->insns, spec->n_insns * sizeof(*s->insns));
	s->in_kernel = c->with_kernel && !calls_kfuncs(spec) &&
		       run_kernel__init(&s->kernel, &set, &reason) == 0;
	return s;
}

void corpus__add(struct corpus *c, const char *path)
{
	struct ebpf_instance *inst =
		ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, NULL);
	struct object *obj = object__open(path, NULL);
	size_t i;

	if (!inst || !obj || object__create_maps(obj, inst, NULL))
		return;
	for (i = 0; i < object__n_programs(obj); i++) {
		const struct object_program *p = object__program(obj, i);
		struct specimen *s = p->is_xdp ? make(c, obj, path, p->name) : NULL;
		struct specimen **all = s ? realloc(c->specimens, (c->n + 1) * sizeof(*all)) : NULL;

		if (!all)
			continue;
		c->specimens = all;
		all[c->n++] = s;
	}
}
