/* SPDX-License-Identifier: BSD-3-Clause
 *
 * case.c -- see case.h.
 */
#include <string.h>

#include "case.h"
#include "control.h"
#include "core/error.h"
#include "object.h"

#define MAP_MEMORY (UINT64_C(4) << 30)

const char *case__object(const struct workload *w, enum case_kind kind)
{
	const char *const objects[N_CASE_KINDS] = {[CASE_AS_IT_IS] = w->object,
		[CASE_RANDOM] = w->random,
		[CASE_RAW] = w->raw,
		[CASE_LOOKUP] = w->tables,
		[CASE_INSERT] = w->tables};

	return objects[kind];
}

static int open_object(struct bench_case *c, char **errmsg)
{
	const struct workload *w = c->workload;

	c->obj = ebpf_object__open(case__object(w, c->kind), errmsg);
	if (!c->obj)
		return -1;
	if (w->map && ebpf_object__set_max_entries(c->obj, w->map, w->entries, errmsg))
		return -1;
	return ebpf_object__set_up(c->obj, c->inst, w->init, errmsg) ? -1 : 0;
}

/* How many flows or routes a program has to choose from. */
static int set_entries(struct bench_case *c, char **errmsg)
{
	size_t size;
	void *entries = ebpf_object__variable(c->obj, "entries", &size, errmsg);

	if (!entries || size != sizeof(c->workload->entries))
		return -1;
	memcpy(entries, &c->workload->entries, size);
	return 0;
}

static struct ebpf_program *load_raw(struct bench_case *c, char **errmsg)
{
	const struct ebpf_program_spec *found =
		ebpf_object__program_spec(c->obj, "raw_program", errmsg);
	struct ebpf_program_spec spec;

	if (!found)
		return NULL;
	spec = *found;
	spec.type = EBPF_PROGRAM_RAW;
	return ebpf_program__load(c->inst, &spec, NULL, errmsg);
}

static struct ebpf_program *load(struct bench_case *c, char **errmsg)
{
	if (c->kind == CASE_RAW)
		return load_raw(c, errmsg);
	return ebpf_object__load_program(
		c->obj, c->kind == CASE_RANDOM ? "xdp_random" : c->workload->program, NULL, errmsg);
}

static int open_program(struct bench_case *c, uint32_t packets, char **errmsg)
{
	const struct workload *w = c->workload;
	enum case_kind kind = c->kind;

	if (open_object(c, errmsg) || (w->fill && kind != CASE_RAW && w->fill(c, errmsg)))
		return -1;
	if (kind == CASE_RANDOM && set_entries(c, errmsg))
		return -1;
	c->prog = load(c, errmsg);
	if (!c->prog)
		return -1;
	if (kind == CASE_RANDOM)
		packets = RANDOM_PACKETS;
	else if (!packets)
		packets = w->packets;
	if (!traffic__create(&c->traffic, w, packets))
		return error__set(errmsg, -1, "%s: no memory for %u packets", w->name, packets);
	c->traffic.restored = w->restore && kind == CASE_AS_IT_IS;
	ebpf_env__init(&c->env, c->inst, 0);
	c->env.prog = c->prog;
	return 0;
}

int case__open(struct bench_case *c, const struct workload *w, enum case_kind kind,
	uint32_t packets, uint32_t workers, char **errmsg)
{
	struct ebpf_instance_opts opts = {.workers = workers, .map_memory = MAP_MEMORY};

	*c = (struct bench_case){.workload = w, .kind = kind};
	c->inst = ebpf_instance__create(&opts, errmsg);
	if (!c->inst)
		return -1;
	return w->tables ? table__open(&c->table, c, errmsg) : open_program(c, packets, errmsg);
}

void case__close(struct bench_case *c)
{
	traffic__destroy(&c->traffic);
	table__close(&c->table);
	ebpf_program__unref(c->prog);
	ebpf_object__close(c->obj);
	if (c->inst)
		ebpf_instance__destroy(c->inst);
}
