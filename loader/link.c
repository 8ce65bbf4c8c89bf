/* SPDX-License-Identifier: BSD-3-Clause
 *
 * link.c -- makes a program: the function and every subprogram that can be reached from it,
 * one after the other, each once, with the maps they use numbered in order of first use.
 *
 *	place the entry; for each placed function, as the list grows: give CO-RE its values,
 *	then relocate it, placing what it calls or takes the address of
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "object-internal.h"

struct linked_program {
	uint32_t entry;                /* index of the function */
	struct ebpf_program_spec spec; /* its arrays are owned */
	struct linked_program *next;
};

uint32_t linker__place(struct linker *l, uint32_t function)
{
	const struct object_function *f = &l->obj->functions[function];
	const struct elf_section *section = &l->obj->elf.sections[f->section];

	if (!l->place_of[function]) {
		memcpy(&l->insns[l->n_insns], section->data + (size_t)f->insn * sizeof(*l->insns),
			(size_t)f->program.n_insns * sizeof(*l->insns));
		l->placed[l->n_placed++] = (struct placed_function){function, l->n_insns};
		l->place_of[function] = l->n_insns + 1;
		l->n_insns += f->program.n_insns;
	}
	return l->place_of[function] - 1;
}

uint32_t linker__use_map(struct linker *l, uint32_t map)
{
	if (!l->slot_of[map]) {
		l->maps[l->n_maps++] = l->obj->maps[map].map;
		l->slot_of[map] = l->n_maps;
	}
	return l->slot_of[map] - 1;
}

/* Room for all functions: they do not overlap, so it is never more than the file. */
static int linker__init(struct linker *l, struct ebpf_object *obj, char **errmsg)
{
	size_t insns = 0;

	for (uint32_t i = 0; i < obj->n_functions; i++)
		insns += obj->functions[i].program.n_insns;
	*l = (struct linker){
		.obj = obj,
		.insns = calloc(insns, sizeof(*l->insns)),
		.placed = calloc(obj->n_functions, sizeof(*l->placed)),
		.place_of = calloc(obj->n_functions, sizeof(*l->place_of)),
		.slot_of = calloc(obj->n_maps + 1, sizeof(*l->slot_of)),
		.maps = calloc(obj->n_maps + 1, sizeof(*l->maps)),
	};
	if (!l->insns || !l->placed || !l->place_of || !l->slot_of || !l->maps)
		return error__set(errmsg, -ENOMEM, "no memory to link");
	return 0;
}

static void linker__release(struct linker *l)
{
	free(l->insns);
	free(l->placed);
	free(l->place_of);
	free(l->slot_of);
	free(l->maps);
}

static int link_functions(struct linker *l, uint32_t entry, char **errmsg)
{
	int err = 0;

	linker__place(l, entry);
	for (uint32_t i = 0; i < l->n_placed && !err; i++) {
		err = linker__relocate_core(l, &l->placed[i], errmsg);
		if (!err)
			err = linker__relocate(l, &l->placed[i], errmsg);
	}
	return err;
}

static struct ebpf_func *list_functions(const struct linker *l)
{
	struct ebpf_func *funcs = calloc(l->n_placed, sizeof(*funcs));

	for (uint32_t i = 0; funcs && i < l->n_placed; i++) {
		const struct object_function *f = &l->obj->functions[l->placed[i].function];

		funcs[i] = (struct ebpf_func){
			.name = f->program.name, .insn = l->placed[i].insn, .global = f->is_global};
		ebpf_object__describe_function(l->obj, f, &funcs[i]);
	}
	return funcs;
}

/* Source lines of all placed functions, in order of instruction, one for each at most. */
static struct ebpf_line *list_lines(const struct linker *l, uint32_t *n_lines)
{
	const struct ebpf_object *obj = l->obj;
	struct ebpf_line *lines = calloc((size_t)obj->ext.lines.n + 1, sizeof(*lines));

	*n_lines = 0;
	for (uint32_t i = 0; lines && obj->btf && i < l->n_placed; i++) {
		const struct object_function *f = &obj->functions[l->placed[i].function];
		const struct ext_record *r;
		uint32_t n;

		r = ext_table__range(&obj->ext.lines, f->section, f->insn, f->program.n_insns, &n);
		for (; n; n--, r++) {
			uint32_t insn = l->placed[i].insn + (r->insn - f->insn);

			if (*n_lines && lines[*n_lines - 1].insn == insn)
				continue;
			lines[(*n_lines)++] = (struct ebpf_line){
				.insn = insn,
				.line = r->word[2] >> 10,
				.column = r->word[2] & 0x3ff,
				.file = btf_types__string(obj->btf, r->word[0]),
				.text = btf_types__string(obj->btf, r->word[1]),
			};
		}
	}
	return lines;
}

static void linked_program__free(struct linked_program *p)
{
	free((void *)p->spec.insns);
	free((void *)p->spec.maps);
	free((void *)p->spec.funcs);
	free((void *)p->spec.lines);
	free(p);
}

void ebpf_object__free_linked(struct ebpf_object *obj)
{
	while (obj->programs) {
		struct linked_program *p = obj->programs;

		obj->programs = p->next;
		linked_program__free(p);
	}
}

/* Stands in the section's name: "xdp/devmap", "xdp.frags/cpumap", or "xdp_devmap/NAME" as it was
 * before libbpf 1.0. */
enum ebpf_program_type object_function__type(const struct object_function *f)
{
	const char *place = strpbrk(f->program.section, "/_");

	if (f->program.is_xdp && place && strncmp(place + 1, "devmap", 6) == 0)
		return EBPF_PROGRAM_XDP_DEVMAP;
	if (f->program.is_xdp && place && strncmp(place + 1, "cpumap", 6) == 0)
		return EBPF_PROGRAM_XDP_CPUMAP;
	return EBPF_PROGRAM_XDP;
}

static struct linked_program *link_program(struct ebpf_object *obj, uint32_t entry, char **errmsg)
{
	struct linked_program *p = calloc(1, sizeof(*p));
	struct linker l;
	int err = p ? linker__init(&l, obj, errmsg) : -ENOMEM;

	if (!p) {
		error__set(errmsg, err, "no memory to link");
		return NULL;
	}
	if (!err)
		err = ebpf_object__check_tags(obj, &obj->functions[entry], errmsg);
	if (!err)
		err = link_functions(&l, entry, errmsg);
	if (!err) {
		p->entry = entry;
		p->spec = (struct ebpf_program_spec){
			.name = obj->functions[entry].program.name,
			.type = object_function__type(&obj->functions[entry]),
			.has_frags = obj->functions[entry].program.has_frags,
			.insns = l.insns,
			.n_insns = l.n_insns,
			.maps = l.maps,
			.n_maps = l.n_maps,
			.funcs = list_functions(&l),
			.n_funcs = l.n_placed,
			.image = obj->image,
		};
		p->spec.lines = list_lines(&l, &p->spec.n_lines);
		l.insns = NULL;
		l.maps = NULL;
		if (!p->spec.funcs || !p->spec.lines)
			err = error__set(errmsg, -ENOMEM, "no memory to link");
	}
	linker__release(&l);
	if (err) {
		linked_program__free(p);
		errno = -err;
		return NULL;
	}
	return p;
}

static int freeze_constants(struct ebpf_object *obj, char **errmsg)
{
	for (size_t i = 0; i < obj->n_maps && !obj->frozen; i++) {
		int err = obj->maps[i].is_const ? ebpf_map__freeze(obj->maps[i].map) : 0;

		if (err)
			return error__set(errmsg, err, "map %s cannot be frozen: %s",
				obj->maps[i].opts.name, strerror(-err));
	}
	obj->frozen = true;
	return 0;
}

const struct ebpf_program_spec *ebpf_object__link(
	struct ebpf_object *obj, const struct object_function *f, char **errmsg)
{
	uint32_t entry = f - obj->functions;
	struct linked_program *p;

	for (p = obj->programs; p; p = p->next) {
		if (p->entry == entry)
			return &p->spec;
	}
	if (!obj->instance) {
		error__set(errmsg, -EINVAL, "program %s: the maps are not created yet",
			f->program.name);
		return NULL;
	}
	p = link_program(obj, entry, errmsg);
	if (!p)
		return NULL;
	if (freeze_constants(obj, errmsg)) {
		linked_program__free(p);
		return NULL;
	}
	p->next = obj->programs;
	obj->programs = p;
	return &p->spec;
}

const struct ebpf_program_spec *ebpf_object__program_spec(
	struct ebpf_object *obj, const char *name, char **errmsg)
{
	const struct ebpf_object_program *program;
	const struct ebpf_program_spec *spec;

	if (errmsg)
		*errmsg = NULL;
	program = ebpf_object__find_program(obj, name, errmsg);
	if (!program)
		return NULL;
	/* the program is the first member of its function */
	spec = ebpf_object__link(obj, (const struct object_function *)program, errmsg);
	if (!spec)
		ebpf_object__fail(obj, errmsg);
	return spec;
}
