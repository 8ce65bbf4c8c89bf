/* SPDX-License-Identifier: BSD-3-Clause
 *
 * core-value.c -- a record holds a root type, a kind of question and an access string:
 *
 *	field of a struct   "0:1:2"   p[0], its member 1, of that the element or member 2
 *	type                "0"
 *	enumerator          "2"       the enumerator with index 2
 *
 * (linux/include/uapi/linux/bpf.h, struct bpf_core_relo.) A walk along the string gives the
 * field's place in bits; a bitfield is read by the smallest aligned unit that holds it all,
 * shifted left and right as 64 bits.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include <ebpf-map.h>

#include "../vm/core/error.h"
#include "../vm/core/map-fields.h"
#include "../vm/runtime/helpers.h"
#include "core-value.h"

#define MAX_STEPS 64

struct access {
	uint32_t step[MAX_STEPS];
	uint32_t n;
};

/* Where a walk ended: in an element of an array (member NULL) or in a member. */
struct field {
	const struct btf_type *parent;
	const struct btf_member *member;
	uint32_t index; /* of the member in its parent */
	uint32_t type;  /* of the field */
	uint64_t bits;  /* from the beginning of the root type */
};

/* How a field is loaded. */
struct load {
	uint64_t offset, size; /* bytes */
	uint64_t bits, width;  /* of the field itself */
	bool is_signed;
};

static bool parse_access(const char *text, struct access *a)
{
	a->n = 0;
	do {
		char *end;
		unsigned long step;

		if (*text < '0' || *text > '9' || a->n == MAX_STEPS)
			return false;
		errno = 0;
		step = strtoul(text, &end, 10);
		if (errno || step > INT32_MAX || (*end && *end != ':'))
			return false;
		a->step[a->n++] = step;
		text = end + (*end == ':');
		if (*end == ':' && !*text)
			return false;
	} while (*text);
	return true;
}

/* Adds `index` elements of a type to the place. */
static bool skip_elements(const struct btf *btf, uint32_t type, uint32_t index, uint64_t *bits)
{
	int64_t size = btf__resolve_size(btf, type);
	uint64_t more;

	return size >= 0 && !__builtin_mul_overflow((uint64_t)size * 8, index, &more) &&
	       !__builtin_add_overflow(*bits, more, bits);
}

static bool find_field(
	const struct btf *btf, uint32_t root, const struct access *a, struct field *f)
{
	*f = (struct field){.type = root};
	if (!skip_elements(btf, root, a->step[0], &f->bits))
		return false;
	for (uint32_t i = 1; i < a->n; i++) {
		const struct btf_type *t = btf_types__resolve(btf, f->type);
		uint32_t step = a->step[i];

		if (t && btf_is_composite(t) && step < btf_vlen(t)) {
			f->parent = t;
			f->index = step;
			f->member = btf_members(t) + step;
			f->bits += btf_member_bit_offset(t, step);
			f->type = f->member->type;
		} else if (t && btf_is_array(t)) {
			f->member = NULL;
			f->type = btf_array(t)->type;
			if (!skip_elements(btf, f->type, step, &f->bits))
				return false;
		} else {
			return false;
		}
	}
	return true;
}

static bool load_bitfield(const struct btf_type *t, struct load *l)
{
	if (!t || (!btf_is_int(t) && !btf_is_any_enum(t)) || !t->size)
		return false;
	for (l->size = t->size; l->size <= 8; l->size *= 2) {
		l->offset = l->bits / 8 / l->size * l->size;
		if (l->bits + l->width <= (l->offset + l->size) * 8)
			return true;
	}
	return false;
}

static bool load_field(const struct btf *btf, const struct field *f, struct load *l)
{
	const struct btf_type *t = btf_types__resolve(btf, f->type);
	int64_t size;

	*l = (struct load){.bits = f->bits};
	if (t && btf_is_int(t))
		l->is_signed = btf_int_encoding(t) & BTF_INT_SIGNED;
	else if (t && btf_is_any_enum(t))
		l->is_signed = btf_kflag(t);
	l->width = f->member ? btf_member_bitfield_size(f->parent, f->index) : 0;
	if (l->width)
		return load_bitfield(t, l);
	size = btf__resolve_size(btf, f->type);
	l->offset = f->bits / 8;
	l->size = size;
	l->width = l->size * 8;
	return size >= 0;
}

/* Length of a name without its flavour: "task___old" is a task. */
static size_t plain_length(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = len; i-- > 1;) {
		if (strncmp(name + i, "___", 3) == 0 && name[i - 1] != '_' && name[i + 3] &&
			name[i + 3] != '_')
			return i;
	}
	return len;
}

/* A field of the kernel's struct bpf_map. */
static bool is_of_map(const struct btf *btf, const struct field *f)
{
	const char *name = f->member ? btf_types__string(btf, f->parent->name_off) : "";
	size_t len = strlen("bpf_map");

	return plain_length(name) == len && strncmp(name, "bpf_map", len) == 0;
}

static int field_value(
	const struct btf *btf, const struct ext_record *r, uint64_t *value, char **errmsg)
{
	uint32_t kind = r->word[2];
	struct access a;
	struct field f;
	struct load l;

	if (!parse_access(btf_types__string(btf, r->word[1]), &a) ||
		!find_field(btf, r->word[0], &a, &f) || !load_field(btf, &f, &l))
		return error__set(errmsg, -EINVAL, "there is no such field");
	if (is_of_map(btf, &f)) {
		l.offset = map_field__find(btf_types__string(btf, f.member->name_off));
		l.bits = l.offset * 8;
	}
	switch (kind) {
	case BPF_CORE_FIELD_BYTE_OFFSET: *value = l.offset; return 0;
	case BPF_CORE_FIELD_BYTE_SIZE: *value = l.size; return 0;
	case BPF_CORE_FIELD_EXISTS: *value = l.offset != MAP_FIELD_NONE; return 0;
	case BPF_CORE_FIELD_SIGNED: *value = l.is_signed; return 0;
	}
	if (!l.width || l.bits + l.width - l.offset * 8 > 64)
		return error__set(
			errmsg, -EINVAL, "a field of %" PRIu64 " bits cannot be shifted", l.width);
	*value = kind == BPF_CORE_FIELD_LSHIFT_U64 ? 64 - (l.bits + l.width - l.offset * 8)
						   : 64 - l.width;
	return 0;
}

static int type_value(
	const struct btf *btf, const struct ext_record *r, uint64_t *value, char **errmsg)
{
	int64_t size;

	if (r->word[0] && !btf__type_by_id(btf, r->word[0]))
		return error__set(errmsg, -EINVAL, "there is no such type");
	switch (r->word[2]) {
	case BPF_CORE_TYPE_ID_LOCAL:
	case BPF_CORE_TYPE_ID_TARGET: *value = r->word[0]; return 0;
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_MATCHES: *value = 1; return 0;
	}
	size = btf__resolve_size(btf, r->word[0]);
	if (size < 0)
		return error__set(errmsg, -EINVAL, "the type has no size");
	*value = size;
	return 0;
}

/* ---- enumerators, and what the machine implements ---- */

#define NOT_IMPLEMENTED (-1)

static int64_t helper_number(const char *name, size_t len)
{
	for (uint32_t id = 1; helper__name(id); id++) {
		const char *known = helper__name(id) + strlen("bpf_");

		if (strlen(known) == len && strncmp(known, name, len) == 0)
			return helper__find(id) ? (int64_t)id : NOT_IMPLEMENTED;
	}
	return NOT_IMPLEMENTED;
}

static int64_t map_type_number(const char *name, size_t len)
{
	char lower[32] = "";
	int type;

	for (size_t i = 0; i < len && i < sizeof(lower) - 1; i++)
		lower[i] = tolower((unsigned char)name[i]);
	type = ebpf_map_type__by_name(lower);
	return type >= 0 && ebpf_map_type__supported(type) ? type : NOT_IMPLEMENTED;
}

static const struct {
	const char *enumeration, *prefix;
	int64_t (*number)(const char *name, size_t len);
} features[] = {
	{"bpf_func_id", "BPF_FUNC_", helper_number},
	{"bpf_map_type", "BPF_MAP_TYPE_", map_type_number},
};

/* The number of an enumerator that says what is implemented. False: it is of another kind. */
static bool find_feature(const char *enumeration, const char *name, int64_t *number)
{
	size_t len = plain_length(enumeration), prefix;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		prefix = strlen(features[i].prefix);
		if (strlen(features[i].enumeration) != len ||
			strncmp(features[i].enumeration, enumeration, len) != 0 ||
			strncmp(name, features[i].prefix, prefix) != 0)
			continue;
		*number = features[i].number(name + prefix, plain_length(name + prefix));
		return true;
	}
	return false;
}

static int enumerator_value(
	const struct btf *btf, const struct ext_record *r, uint64_t *value, char **errmsg)
{
	const struct btf_type *t = btf_types__resolve(btf, r->word[0]);
	bool asks_existence = r->word[2] == BPF_CORE_ENUMVAL_EXISTS;
	struct access a;
	const char *name;
	int64_t number;

	if (!t || !btf_is_any_enum(t) || !parse_access(btf_types__string(btf, r->word[1]), &a) ||
		a.n != 1 || a.step[0] >= btf_vlen(t))
		return error__set(errmsg, -EINVAL, "there is no such enumerator");
	if (btf_is_enum(t)) {
		name = btf_types__string(btf, btf_enum(t)[a.step[0]].name_off);
		*value = (int64_t)btf_enum(t)[a.step[0]].val;
	} else {
		name = btf_types__string(btf, btf_enum64(t)[a.step[0]].name_off);
		*value = btf_enum64_value(&btf_enum64(t)[a.step[0]]);
	}
	if (!find_feature(btf_types__string(btf, t->name_off), name, &number))
		*value = asks_existence ? 1 : *value;
	else if (asks_existence)
		*value = number != NOT_IMPLEMENTED;
	else if (number != NOT_IMPLEMENTED)
		*value = number;
	return 0;
}

int core_value(const struct btf *btf, const struct ext_record *r, uint64_t *value, char **errmsg)
{
	switch (r->word[2]) {
	case BPF_CORE_FIELD_BYTE_OFFSET:
	case BPF_CORE_FIELD_BYTE_SIZE:
	case BPF_CORE_FIELD_EXISTS:
	case BPF_CORE_FIELD_SIGNED:
	case BPF_CORE_FIELD_LSHIFT_U64:
	case BPF_CORE_FIELD_RSHIFT_U64: return field_value(btf, r, value, errmsg);
	case BPF_CORE_TYPE_ID_LOCAL:
	case BPF_CORE_TYPE_ID_TARGET:
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_MATCHES:
	case BPF_CORE_TYPE_SIZE: return type_value(btf, r, value, errmsg);
	case BPF_CORE_ENUMVAL_EXISTS:
	case BPF_CORE_ENUMVAL_VALUE: return enumerator_value(btf, r, value, errmsg);
	}
	return error__set(errmsg, -EINVAL, "unknown kind %u", r->word[2]);
}
