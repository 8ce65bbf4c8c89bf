/* SPDX-License-Identifier: BSD-3-Clause
 *
 * functions.c -- the functions of an object: by symbol, sorted by place, not overlapping.
 *
 * A function is a symbol of type FUNC in a section with code. Compilers of long ago left the
 * type out: a NOTYPE symbol that is not local counts too (local ones are branch labels). A
 * symbol without size reaches to the next function or to the end of the section.
 *
 * A program, something that may be run by itself, is a function that is not local and not in
 * .text, where subprograms live; if there is no such function, those of .text are programs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "object-internal.h"

#define INSN_SIZE sizeof(struct ebpf_insn)

static bool is_function(const struct ebpf_object *obj, const struct elf_symbol *s)
{
	if (s->section == 0 || s->section == ELF_SECTION_NONE || s->name[0] == '\0' ||
		!obj->elf.sections[s->section].is_code)
		return false;
	return s->type == STT_FUNC || (s->type == STT_NOTYPE && s->bind != STB_LOCAL);
}

static int compare_functions(const void *a, const void *b)
{
	const struct object_function *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->insn < y->insn ? -1 : x->insn > y->insn;
}

/* A section that is not loaded unless it is asked for begins with a question mark. */
static bool has_prefix(const char *section, const char *prefix)
{
	return strncmp(section + (section[0] == '?'), prefix, strlen(prefix)) == 0;
}

static int add_function(struct ebpf_object *obj, const struct elf_symbol *s, char **errmsg)
{
	const struct elf_section *sec = &obj->elf.sections[s->section];
	struct object_function *f = &obj->functions[obj->n_functions];

	if (s->value % INSN_SIZE || s->size % INSN_SIZE || sec->size % INSN_SIZE ||
		sec->size / INSN_SIZE > INT32_MAX)
		return error__set(errmsg, -EINVAL,
			"function %s at offset %#" PRIx64 ", size %" PRIu64
			", section %s of %" PRIu64 " bytes: not whole instructions",
			s->name, s->value, s->size, sec->name, sec->size);
	if (s->value >= sec->size)
		return error__set(errmsg, -EINVAL,
			"function %s at offset %#" PRIx64 " of section %s is empty", s->name,
			s->value, sec->name);
	*f = (struct object_function){
		.program = {.name = s->name,
			.section = sec->name,
			.n_insns = s->size / INSN_SIZE,
			.is_xdp = has_prefix(sec->name, "xdp"),
			.has_frags = has_prefix(sec->name, "xdp.frags")},
		.section = s->section,
		.insn = s->value / INSN_SIZE,
		.is_program = s->bind != STB_LOCAL && strcmp(sec->name, ".text") != 0,
	};
	obj->n_functions++;
	return 0;
}

/* Sizes that symbols leave open, and overlaps. */
static int settle_sizes(struct ebpf_object *obj, char **errmsg)
{
	for (uint32_t i = 0; i < obj->n_functions; i++) {
		struct object_function *f = &obj->functions[i], *next = f + 1;
		bool last = i + 1 == obj->n_functions || next->section != f->section;
		uint32_t limit = last ? obj->elf.sections[f->section].size / INSN_SIZE : next->insn;

		if (!f->program.n_insns)
			f->program.n_insns = limit - f->insn;
		if (!last && (next->insn == f->insn || f->program.n_insns > limit - f->insn))
			return error__set(errmsg, -EINVAL,
				"functions %s and %s overlap in section %s at offset %#zx",
				f->program.name, next->program.name, f->program.section,
				next->insn * INSN_SIZE);
	}
	return 0;
}

/* Global functions are verified by themselves. Without types there are none. */
static void settle_linkage(struct ebpf_object *obj)
{
	for (uint32_t i = 0; obj->btf && i < obj->n_functions; i++) {
		struct object_function *f = &obj->functions[i];
		const struct btf_type *t;
		const struct ext_record *r;
		uint32_t n;

		r = ext_table__range(&obj->ext.funcs, f->section, f->insn, 1, &n);
		t = n ? btf__type_by_id(obj->btf, r->word[0]) : NULL;
		if (!t || !btf_is_func(t))
			continue;
		f->type = r->word[0];
		f->is_global = btf_vlen(t) == BTF_FUNC_GLOBAL;
	}
}

/* A hidden function is nobody's entry: libbpf treats it as static. */
static void hide_functions(struct ebpf_object *obj)
{
	for (uint32_t i = 0; i < obj->elf.n_symbols; i++) {
		const struct elf_symbol *s = &obj->elf.symbols[i];
		int f;

		if (!is_function(obj, s) ||
			(s->visibility != STV_HIDDEN && s->visibility != STV_INTERNAL))
			continue;
		f = ebpf_object__function_at(obj, s->section, s->value / INSN_SIZE);
		obj->functions[f].is_global = false;
	}
}

static void choose_programs(struct ebpf_object *obj)
{
	bool found = false;

	for (uint32_t i = 0; i < obj->n_functions; i++)
		found |= obj->functions[i].is_program;
	for (uint32_t i = 0; i < obj->n_functions; i++) {
		obj->functions[i].is_program |= !found;
		obj->n_programs += obj->functions[i].is_program;
	}
}

int ebpf_object__find_functions(struct ebpf_object *obj, char **errmsg)
{
	int err = 0;

	obj->functions = calloc((size_t)obj->elf.n_symbols + 1, sizeof(*obj->functions));
	if (!obj->functions)
		return error__set(errmsg, -ENOMEM, "no memory for its functions");
	for (uint32_t i = 0; i < obj->elf.n_symbols && !err; i++) {
		if (is_function(obj, &obj->elf.symbols[i]))
			err = add_function(obj, &obj->elf.symbols[i], errmsg);
	}
	if (err)
		return err;
	qsort(obj->functions, obj->n_functions, sizeof(*obj->functions), compare_functions);
	err = settle_sizes(obj, errmsg);
	if (err)
		return err;
	settle_linkage(obj);
	hide_functions(obj);
	choose_programs(obj);
	return 0;
}

int ebpf_object__function_at(const struct ebpf_object *obj, uint32_t section, int64_t insn)
{
	struct object_function key = {.section = section, .insn = insn};
	const struct object_function *f;

	if (insn < 0 || insn > UINT32_MAX || !obj->n_functions)
		return -1;
	f = bsearch(&key, obj->functions, obj->n_functions, sizeof(key), compare_functions);
	return f ? f - obj->functions : -1;
}
