/* SPDX-License-Identifier: BSD-3-Clause
 *
 * layout.c -- from BTF to a layout: one descent. It ends whatever the types are (depth, number of
 * members), and nothing in the tree reaches beyond the size of what is around it; if something
 * would, all is BYTES.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "btf-types.h"
#include "layout.h"

enum { MAX_DEPTH = 32, MAX_MEMBERS = 4096, MAX_CHAIN = 64 };

struct builder {
	const struct btf *btf;
	uint32_t n_members; /* and constants, so far */
	bool is_odd;        /* no tree can say this */
	bool no_memory;
};

/* Names that say more than the type behind them. */
static const struct meaning {
	const char *name;
	uint32_t size;
	enum ebpf_layout_kind kind;
	bool is_network;
} typedefs[] = {{"__be16", 2, EBPF_LAYOUT_NUMBER, true}, {"__be32", 4, EBPF_LAYOUT_IPV4, true},
	{"__be64", 8, EBPF_LAYOUT_NUMBER, true}},
  structs[] = {{"in_addr", 4, EBPF_LAYOUT_IPV4, true}, {"in6_addr", 16, EBPF_LAYOUT_IPV6, true}};

static bool take_meaning(struct ebpf_layout *l, const struct meaning *m, size_t n, const char *name)
{
	for (; n--; m++) {
		if (m->size != l->size || strcmp(m->name, name) != 0)
			continue;
		l->kind = m->kind;
		l->is_network = m->is_network;
		return true;
	}
	return false;
}

#define MEANING(l, table, name) take_meaning(l, table, sizeof(table) / sizeof((table)[0]), name)

static void build(struct builder *b, struct ebpf_layout *l, uint32_t type, int depth);

static char *copy_name(struct builder *b, const char *name)
{
	char *copy = strdup(name);

	b->no_memory |= !copy;
	return copy;
}

/* The next member of `l`, zeroed but for its name; NULL: no more room. */
static struct ebpf_layout *new_member(struct builder *b, struct ebpf_layout *l, const char *name)
{
	struct ebpf_layout *grown;
	char *copy;

	if (b->n_members++ == MAX_MEMBERS) {
		b->is_odd = true;
		return NULL;
	}
	copy = copy_name(b, name);
	grown = copy ? realloc(l->members, (l->n + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		b->no_memory = true;
		free(copy);
		return NULL;
	}
	l->members = grown;
	grown[l->n] = (struct ebpf_layout){.name = copy};
	return &grown[l->n++];
}

static void build_members(struct builder *b, struct ebpf_layout *l, const struct btf_type *t,
	uint64_t base, int depth);

static void build_member(struct builder *b, struct ebpf_layout *l, const struct btf_type *t,
	uint32_t i, uint64_t base, int depth)
{
	const struct btf_member *m = btf_members(t) + i;
	const struct btf_type *mt = btf_types__resolve(b->btf, m->type);
	const char *name = btf_types__string(b->btf, m->name_off);
	uint32_t bits = btf_member_bitfield_size(t, i), bit = btf_member_bit_offset(t, i);
	int64_t size = bits ? (bit % 8 + bits + 7) / 8 : btf__resolve_size(b->btf, m->type);
	uint64_t offset = base + bit / 8;
	struct ebpf_layout *member;

	if (size == 0) /* an array without end */
		return;
	b->is_odd = !mt || size < 0 || offset > l->size || (uint64_t)size > l->size - offset ||
		    bits > 64 || (!bits && bit % 8);
	if (b->is_odd)
		return;
	if (!name[0]) {
		if (btf_is_composite(mt) && !bits)
			build_members(b, l, mt, offset, depth + 1);
		return;
	}
	member = new_member(b, l, name);
	if (!member)
		return;
	member->offset = (uint32_t)offset;
	member->size = (uint32_t)size;
	member->bit = bit % 8;
	member->bits = (uint8_t)bits;
	build(b, member, m->type, depth + 1);
}

static void build_members(struct builder *b, struct ebpf_layout *l, const struct btf_type *t,
	uint64_t base, int depth)
{
	b->is_odd |= depth >= MAX_DEPTH;
	for (uint32_t i = 0; i < btf_vlen(t) && !b->is_odd && !b->no_memory; i++)
		build_member(b, l, t, i, base, depth);
}

static void build_enum(struct builder *b, struct ebpf_layout *l, const struct btf_type *t)
{
	bool wide = btf_is_enum64(t), is_signed = btf_kflag(t);
	uint32_t n = btf_vlen(t);

	l->kind = EBPF_LAYOUT_ENUM;
	l->is_signed = is_signed;
	b->n_members += n;
	b->is_odd |= b->n_members > MAX_MEMBERS || (!l->bits && l->size > 8);
	l->constants = b->is_odd || !n ? NULL : calloc(n, sizeof(*l->constants));
	for (; l->constants && l->n < n; l->n++) {
		struct ebpf_layout_constant *c = &l->constants[l->n];
		uint32_t name = wide ? btf_enum64(t)[l->n].name_off : btf_enum(t)[l->n].name_off;

		if (wide)
			c->value = (int64_t)btf_enum64_value(btf_enum64(t) + l->n);
		else if (is_signed)
			c->value = btf_enum(t)[l->n].val;
		else
			c->value = (uint32_t)btf_enum(t)[l->n].val;
		c->name = copy_name(b, btf_types__string(b->btf, name));
	}
	b->no_memory |= n && !b->is_odd && !l->constants;
}

static void build_int(struct ebpf_layout *l, const struct btf_type *t)
{
	bool whole = btf_int_offset(t) == 0 && btf_int_bits(t) == l->size * 8;

	if (l->bits ? btf_int_offset(t) != 0 : !whole || l->size > 8)
		return;
	l->kind = btf_int_encoding(t) & BTF_INT_BOOL ? EBPF_LAYOUT_BOOL : EBPF_LAYOUT_NUMBER;
	l->is_signed = btf_int_encoding(t) & BTF_INT_SIGNED;
}

static bool is_char(const struct btf *btf, uint32_t type)
{
	const struct btf_type *t = btf_types__resolve(btf, type);

	return btf_is_int(t) && strcmp(btf_types__string(btf, t->name_off), "char") == 0;
}

/* What an array is when it is not an array of numbers. */
static enum ebpf_layout_kind array_kind(
	const struct ebpf_layout *array, const struct ebpf_layout *element)
{
	bool bytes =
		element->kind == EBPF_LAYOUT_NUMBER && element->size == 1 && !element->is_signed;

	if (bytes && array->size == 6)
		return EBPF_LAYOUT_MAC;
	if (array->size == 16 && (bytes || element->kind == EBPF_LAYOUT_IPV4))
		return EBPF_LAYOUT_IPV6;
	return EBPF_LAYOUT_ARRAY;
}

static void build_array(
	struct builder *b, struct ebpf_layout *l, const struct btf_type *t, int depth)
{
	uint32_t type = btf_array(t)->type, n = btf_array(t)->nelems;
	struct ebpf_layout *element;

	if (!n || l->size % n)
		return;
	element = new_member(b, l, "");
	if (!element)
		return;
	element->size = l->size / n;
	build(b, element, type, depth + 1);
	l->n = n;
	l->kind = array_kind(l, element);
	if (element->kind == EBPF_LAYOUT_NUMBER && element->size == 1 && is_char(b->btf, type))
		l->kind = EBPF_LAYOUT_TEXT;
}

/* Fills in the kind and what follows from it; place, size and bits are there. */
static void build(struct builder *b, struct ebpf_layout *l, uint32_t type, int depth)
{
	const struct btf_type *t = btf__type_by_id(b->btf, type);

	b->is_odd |= depth >= MAX_DEPTH;
	for (int i = 0; t && (btf_is_mod(t) || btf_is_typedef(t)) && i < MAX_CHAIN; i++) {
		if (btf_is_typedef(t) && !l->bits &&
			MEANING(l, typedefs, btf_types__string(b->btf, t->name_off)))
			return;
		t = btf__type_by_id(b->btf, t->type);
	}
	if (!t || b->is_odd)
		return;
	switch (btf_kind(t)) {
	case BTF_KIND_INT: build_int(l, t); break;
	case BTF_KIND_PTR: l->kind = EBPF_LAYOUT_NUMBER; break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64: build_enum(b, l, t); break;
	case BTF_KIND_ARRAY: build_array(b, l, t, depth); break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (MEANING(l, structs, btf_types__string(b->btf, t->name_off)))
			break;
		l->kind = EBPF_LAYOUT_STRUCT;
		build_members(b, l, t, 0, depth);
		break;
	}
}

static void empty(struct ebpf_layout *l)
{
	/* of an array, n counts the elements, which are all like the one member */
	bool is_array = l->kind != EBPF_LAYOUT_STRUCT && l->kind != EBPF_LAYOUT_PREFIX;
	uint32_t n_members = !l->members ? 0 : is_array ? 1 : l->n;

	for (uint32_t i = 0; i < n_members; i++)
		empty(&l->members[i]);
	for (uint32_t i = 0; l->constants && i < l->n; i++)
		free(l->constants[i].name);
	free(l->members);
	free(l->constants);
	free(l->padding);
	free(l->name);
}

void ebpf_layout__free(struct ebpf_layout *l)
{
	if (l)
		empty(l);
	free(l);
}

/* What could not be said is bytes. False without memory. */
static bool finish(const struct builder *b, struct ebpf_layout *l)
{
	uint32_t offset = l->offset, size = l->size;
	char *name = l->name;

	if (!b->is_odd)
		return !b->no_memory;
	l->name = NULL;
	empty(l);
	*l = (struct ebpf_layout){.name = name, .offset = offset, .size = size};
	return !b->no_memory;
}

/* Clears the bits that belong to something. */
static void cover(const struct ebpf_layout *l, uint8_t *padding)
{
	if (l->kind == EBPF_LAYOUT_STRUCT) {
		for (uint32_t i = 0; i < l->n; i++)
			cover(&l->members[i], padding + l->members[i].offset);
	} else if (l->kind == EBPF_LAYOUT_ARRAY) {
		for (uint32_t i = 0; i < l->n; i++)
			cover(l->members, padding + (size_t)i * l->members->size);
	} else if (l->bits) {
		for (uint32_t bit = l->bit; bit < (uint32_t)l->bit + l->bits; bit++)
			padding[bit / 8] &= (uint8_t) ~(1u << bit % 8);
	} else {
		memset(padding, 0, l->size);
	}
}

/* False without memory. */
static bool find_padding(struct ebpf_layout *l)
{
	bool is_padded = false;

	if (l->kind != EBPF_LAYOUT_STRUCT && l->kind != EBPF_LAYOUT_ARRAY)
		return true;
	l->padding = malloc(l->size + 1);
	if (!l->padding)
		return false;
	memset(l->padding, 0xff, l->size);
	cover(l, l->padding);
	for (uint32_t i = 0; i < l->size; i++)
		is_padded |= l->padding[i];
	if (!is_padded) {
		free(l->padding);
		l->padding = NULL;
	}
	return true;
}

struct ebpf_layout *ebpf_layout__make(const struct btf *btf, uint32_t type, uint32_t size)
{
	struct builder b = {.btf = btf};
	struct ebpf_layout *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->size = size;
	if (btf && type && btf__resolve_size(btf, type) == size)
		build(&b, l, type, 0);
	if (finish(&b, l) && find_padding(l))
		return l;
	ebpf_layout__free(l);
	return NULL;
}

struct ebpf_layout *ebpf_layout__make_number(uint32_t size)
{
	struct ebpf_layout *l = calloc(1, sizeof(*l));

	if (l)
		*l = (struct ebpf_layout){.kind = EBPF_LAYOUT_NUMBER, .size = size};
	return l;
}

struct ebpf_layout *ebpf_layout__make_struct(uint32_t size)
{
	struct ebpf_layout *l = calloc(1, sizeof(*l));

	if (l)
		*l = (struct ebpf_layout){.kind = EBPF_LAYOUT_STRUCT, .size = size};
	return l;
}

bool ebpf_layout__add_member(struct ebpf_layout *l, const struct btf *btf, uint32_t type,
	const char *name, uint32_t offset, uint32_t size)
{
	struct builder b = {.btf = btf};
	struct ebpf_layout *member;

	if (!size || offset > l->size || size > l->size - offset)
		return true;
	member = new_member(&b, l, name);
	if (!member)
		return false;
	member->offset = offset;
	member->size = size;
	if (btf && type && btf__resolve_size(btf, type) == size)
		build(&b, member, type, 1);
	return finish(&b, member);
}

/* Not more than one thing of 4 or 16 bytes, and that no struct of others. */
static bool is_address(const struct ebpf_layout *l)
{
	return l->kind != EBPF_LAYOUT_STRUCT && l->kind != EBPF_LAYOUT_ENUM &&
	       l->kind != EBPF_LAYOUT_TEXT;
}

void ebpf_layout__set_prefix(struct ebpf_layout *l)
{
	const struct ebpf_layout *m = l->members;

	if (l->size != 8 && l->size != 20)
		return;
	if (l->kind == EBPF_LAYOUT_BYTES ||
		(l->kind == EBPF_LAYOUT_STRUCT && l->n == 2 && m[0].offset == 0 && m[0].size == 4 &&
			m[1].offset == 4 && m[1].size == l->size - 4 && is_address(&m[1])))
		l->kind = EBPF_LAYOUT_PREFIX;
}
