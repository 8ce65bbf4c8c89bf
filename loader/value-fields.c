/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-fields.c -- a walk over the struct that a map's values are, as the kernel's
 * btf_parse_fields(): members, structs in structs, arrays of them; what matters is the name of
 * the type. A type that a typedef or a qualifier hides is not seen there, and not here.
 */
#include <errno.h>
#include <string.h>

#include <linux/bpf.h>

#include "value-fields.h"

#define MAX_DEPTH 32

#define TYPE(name)  (UINT64_C(1) << BPF_MAP_TYPE_##name)
#define CGRP        (UINT64_C(1) << 32) /* cgrp_storage: younger than the Linux 6.1 headers */
#define STORAGE     (TYPE(SK_STORAGE) | TYPE(INODE_STORAGE) | TYPE(TASK_STORAGE) | CGRP)
#define HASH_FAMILY (TYPE(HASH) | TYPE(PERCPU_HASH) | TYPE(LRU_HASH) | TYPE(LRU_PERCPU_HASH))

/* Which maps may have it in their values. What is not in values, or nothing that a map can free,
 * is left alone. */
static const struct kind {
	const char *name;
	uint32_t align;
	uint64_t types;
} kinds[] = {
	{"bpf_spin_lock", 4, TYPE(HASH) | TYPE(ARRAY) | TYPE(CGROUP_STORAGE) | STORAGE},
	{"bpf_timer", 8, TYPE(HASH) | TYPE(LRU_HASH) | TYPE(ARRAY)},
	{"bpf_wq", 8, TYPE(HASH) | TYPE(LRU_HASH) | TYPE(ARRAY)},
	{"bpf_list_head", 8, TYPE(HASH) | TYPE(LRU_HASH) | TYPE(ARRAY)},
	{"bpf_rb_root", 8, TYPE(HASH) | TYPE(LRU_HASH) | TYPE(ARRAY)},
	{"bpf_refcount", 4, HASH_FAMILY | TYPE(ARRAY) | TYPE(PERCPU_ARRAY) | STORAGE},
};
#define SPIN_LOCK (&kinds[0])

static const struct kind kernel_pointer = {
	"kptr", 8, HASH_FAMILY | TYPE(ARRAY) | TYPE(PERCPU_ARRAY) | STORAGE};

struct search {
	const struct btf *btf;
	uint64_t types; /* maps that may have all that was found */
	uint32_t n_locks;
	uint64_t lock; /* offset */
	const char *special;
	bool failed;
};

static const struct kind *kind_of_struct(const struct search *s, const struct btf_type *t)
{
	const char *name = btf_types__string(s->btf, t->name_off);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* A pointer with a type tag. */
static bool is_kernel_pointer(const struct search *s, const struct btf_type *t)
{
	if (btf_is_volatile(t))
		t = btf__type_by_id(s->btf, t->type);
	t = t && btf_is_ptr(t) ? btf__type_by_id(s->btf, t->type) : NULL;
	return t && btf_is_type_tag(t);
}

static void search__note(struct search *s, const struct kind *kind, uint64_t off, uint64_t n)
{
	if (off % kind->align)
		return;
	s->types &= kind->types;
	if (kind != SPIN_LOCK) {
		s->special = kind->name;
		return;
	}
	s->lock = off;
	s->n_locks += n > 1 ? 2 : 1;
}

static void search__struct(struct search *s, const struct btf_type *t, uint64_t off, int depth);

static void search__field(struct search *s, uint32_t type, uint64_t off, int depth)
{
	const struct btf_type *t = btf__type_by_id(s->btf, type);
	const struct kind *kind;
	uint64_t n = 1;

	for (int i = 0; t && btf_is_array(t); i++) {
		if (i == MAX_DEPTH || btf_array(t)->nelems == 0)
			return;
		n *= btf_array(t)->nelems;
		t = btf__type_by_id(s->btf, btf_array(t)->type);
	}
	if (!t || n > UINT32_MAX)
		return;
	kind = is_kernel_pointer(s, t) ? &kernel_pointer : kind_of_struct(s, t);
	if (kind)
		search__note(s, kind, off, n);
	else if (btf_is_struct(t))
		search__struct(s, t, off, depth + 1);
}

static void search__struct(struct search *s, const struct btf_type *t, uint64_t off, int depth)
{
	if (depth >= MAX_DEPTH) {
		s->failed = true;
		return;
	}
	for (uint32_t i = 0; i < btf_vlen(t) && !s->failed; i++) {
		uint32_t bit = btf_member_bit_offset(t, i);

		s->failed = bit % 8;
		search__field(s, btf_members(t)[i].type, off + bit / 8, depth);
	}
}

static void search__conclude(const struct search *s, struct ebpf_map_opts *opts)
{
	bool fits = opts->type < 64 && s->types >> opts->type & 1;

	if (s->failed || s->n_locks > 1 || !fits ||
		opts->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return;
	if (s->n_locks && s->lock + 4 <= opts->value_size)
		opts->lock_off = (uint32_t)s->lock + 1;
	opts->special = s->special;
}

void value_fields__find(const struct btf *btf, uint32_t type, struct ebpf_map_opts *opts)
{
	struct search s = {.btf = btf, .types = UINT64_MAX};
	const struct btf_type *t = btf_types__resolve(btf, type);

	if (!t || !btf_is_struct(t))
		return;
	search__struct(&s, t, 0, 0);
	search__conclude(&s, opts);
}

/* Unlinked objects know no offsets in a section: those are the symbols'. */
void value_fields__find_in_section(const struct btf *btf, const struct elf_file *elf,
	uint32_t section, struct ebpf_map_opts *opts)
{
	struct search s = {.btf = btf, .types = UINT64_MAX};

	for (uint32_t i = 0; i < elf->n_symbols; i++) {
		const struct elf_symbol *sym = &elf->symbols[i];
		int id;

		if (sym->section != section || sym->type != STT_OBJECT || !sym->name[0])
			continue;
		id = btf__find_by_name_kind(btf, sym->name, BTF_KIND_VAR);
		if (id > 0)
			search__field(&s, btf__type_by_id(btf, (uint32_t)id)->type, sym->value, 0);
	}
	search__conclude(&s, opts);
}
