/* SPDX-License-Identifier: BSD-3-Clause
 *
 * subject.c -- opens an object up to the point where engines part.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#include <ebpf-net.h>

#include "control.h"
#include "core/error.h"
#include "subject.h"

#define LOOPBACK_MTU 65536

static void print_trace(void *user, const char *text, size_t len)
{
	fprintf(stderr, "trace: %.*s%s", (int)len, text, len && text[len - 1] == '\n' ? "" : "\n");
}

static int add_map(struct subject *s, struct ebpf_map *map)
{
	struct ebpf_map **grown;

	for (uint32_t i = 0; i < s->n_maps; i++) {
		if (s->maps[i] == map)
			return 0;
	}
	grown = reallocarray(s->maps, s->n_maps + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->maps = grown;
	grown[s->n_maps++] = map;
	return 0;
}

static int add_maps(struct subject *s, const struct ebpf_program_spec *spec)
{
	int err = 0;

	for (uint32_t i = 0; i < spec->n_maps && !err; i++)
		err = add_map(s, spec->maps[i]);
	return err;
}

/* Programs that do not link are found when the program is loaded. */
static int add_programs(struct subject *s, const struct ebpf_map *array)
{
	struct ebpf_object_entry e;
	int err = 0;

	for (size_t i = 0; i < ebpf_object__n_maps(s->obj) && !err; i++) {
		for (size_t n = 0; ebpf_object__map(s->obj, i) == array && !err &&
				   ebpf_object__map_entry(s->obj, i, n, &e);
			n++) {
			const struct ebpf_program_spec *spec =
				ebpf_object__program_spec(s->obj, e.name, NULL);

			err = spec ? add_maps(s, spec) : 0;
		}
	}
	return err;
}

static int add_inner(struct subject *s, struct ebpf_map *outer)
{
	uint32_t key_size = ebpf_map__opts(outer)->key_size;
	uint8_t *keys = calloc(2, key_size), *key = NULL, *next = keys;
	int err = keys ? 0 : -ENOMEM;

	while (!err && !ebpf_map__next_key(outer, key, next)) {
		struct ebpf_map *inner = ebpf_map__get_inner(outer, next);

		err = inner ? add_map(s, inner) : 0;
		ebpf_map__unref(inner); /* the object holds it */
		key = next;
		next = key == keys ? keys + key_size : keys;
	}
	free(keys);
	return err;
}

/* Each map once, as the list grows. */
int subject__find_maps(struct subject *s, char **errmsg)
{
	int err = add_maps(s, s->spec);

	for (uint32_t i = 0; i < s->n_maps && !err; i++) {
		const struct ebpf_map_opts *o = ebpf_map__opts(s->maps[i]);

		if (o->type == BPF_MAP_TYPE_PROG_ARRAY)
			err = add_programs(s, s->maps[i]);
		else if (o->inner)
			err = add_inner(s, s->maps[i]);
	}
	return err ? error__set(errmsg, err, "no memory for the list of maps") : 0;
}

int subject__add_loopback(struct ebpf_instance *inst, uint32_t ifindex, char **errmsg)
{
	const struct ebpf_link link = {
		.name = "lo", .ifindex = ifindex, .mtu = LOOPBACK_MTU, .no_forwarding = true};

	return ebpf_net__set_link(inst, &link, errmsg);
}

int subject__open(struct subject *s, const struct subject_opts *opts, char **errmsg)
{
	const struct ebpf_instance_opts inst = {.workers = 1,
		.trace = opts->trace ? print_trace : NULL,
		.cache_dir = opts->cache ? "" : NULL};
	int err;

	*s = (struct subject){0};
	s->inst = ebpf_instance__create(&inst, errmsg);
	s->obj = s->inst ? ebpf_object__open(opts->object, errmsg) : NULL;
	err = s->obj ? subject__add_loopback(s->inst, opts->ifindex, errmsg) : -EINVAL;
	if (!err)
		err = ebpf_object__set_up(s->obj, s->inst, opts->init, errmsg);
	if (!err) {
		s->spec = ebpf_object__program_spec(s->obj, opts->program, errmsg);
		err = s->spec ? subject__find_maps(s, errmsg) : -EINVAL;
	}
	if (err)
		subject__close(s);
	return err;
}

void subject__close(struct subject *s)
{
	free(s->maps);
	ebpf_object__close(s->obj);
	if (s->inst)
		ebpf_instance__destroy(s->inst);
	*s = (struct subject){0};
}
