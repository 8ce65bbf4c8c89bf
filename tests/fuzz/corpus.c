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

static void free_maps(struct map_set *set)
{
	for (uint32_t i = 0; set->initial && i < set->n; i++)
		free((void *)set->initial[i]);
	free((void *)set->initial);
	free((void *)set->opts);
}

/* Maps as in the object, with few entries, and what its variables are. */
static int copy_maps(const struct ebpf_program_spec *spec, struct map_set *set)
{
	struct ebpf_map_opts *opts = calloc(spec->n_maps + 1, sizeof(*opts));
	const uint8_t **initial = calloc(spec->n_maps + 1, sizeof(*initial));
	uint32_t i;

	*set = (struct map_set){opts, spec->n_maps, initial};
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
		if (opts[i].value_size > MOST_VALUE || !(copy = malloc(opts[i].value_size)))
			return -1;
		initial[i] = memcpy(copy, value, opts[i].value_size);
	}
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

/* False if the program cannot be used. */
static bool make(struct corpus *c, const struct ebpf_program_spec *spec, struct specimen *s)
{
	struct ebpf_program *prog = NULL;
	const char *reason;

	if (spec->n_insns <= MOST_INSNS && !copy_maps(spec, &s->maps) &&
		!run_machine__init(&s->machine, &s->maps, NULL))
		prog = run_machine__load(&s->machine, spec->insns, spec->n_insns, NULL, NULL);
	if (!prog)
		return false;
	ebpf_program__unref(prog);
	s->n_insns = spec->n_insns;
	s->insns = malloc(spec->n_insns * sizeof(*s->insns));
	if (!s->insns)
		return false;
	memcpy(s->insns, spec->insns, spec->n_insns * sizeof(*s->insns));
	s->in_kernel = c->with_kernel && !calls_kfuncs(spec) &&
		       run_kernel__init(&s->kernel, &s->maps, &reason) == 0;
	return true;
}

static void specimen__free(struct specimen *s)
{
	run_machine__release(&s->machine);
	free_maps(&s->maps);
	free(s->insns);
	free(s->name);
	free(s);
}

static void add_program(
	struct corpus *c, struct ebpf_object *obj, const char *path, const char *name)
{
	const struct ebpf_program_spec *spec = ebpf_object__program_spec(obj, name, NULL);
	struct specimen **all = realloc(c->specimens, (c->n + 1) * sizeof(*all));
	struct specimen *s = calloc(1, sizeof(*s));

	if (all)
		c->specimens = all;
	if (all && s && spec && asprintf(&s->name, "%s %s", path, name) >= 0 && make(c, spec, s))
		all[c->n++] = s;
	else if (s)
		specimen__free(s);
}

void corpus__add(struct corpus *c, const char *path)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return;
	/* What the maps of its specimens are like is the object's. */
	source->next = c->sources;
	c->sources = source;
	source->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, NULL);
	source->obj = source->inst ? ebpf_object__open(path, NULL) : NULL;
	if (!source->obj || ebpf_object__create_maps(source->obj, source->inst, NULL))
		return;
	for (size_t i = 0; i < ebpf_object__n_programs(source->obj); i++) {
		const struct ebpf_object_program *p = ebpf_object__program(source->obj, i);

		if (p->is_xdp)
			add_program(c, source->obj, path, p->name);
	}
}
