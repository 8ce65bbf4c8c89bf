/* SPDX-License-Identifier: BSD-3-Clause
 *
 * btf-types.c -- libbpf trusts a BTF header's lengths more than a file deserves and prints
 * what it dislikes, so the outline (header, kinds, record sizes) is checked here first.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../vm/core/error.h"
#include "btf-types.h"

#define MAX_CHAIN 64 /* typedefs and qualifiers in a row */

/* Bytes after struct btf_type: fixed ones, and per vlen. */
static const struct {
	uint8_t fixed, per_entry;
} kind_size[] = {
	[BTF_KIND_INT] = {4, 0},
	[BTF_KIND_ARRAY] = {sizeof(struct btf_array), 0},
	[BTF_KIND_STRUCT] = {0, sizeof(struct btf_member)},
	[BTF_KIND_UNION] = {0, sizeof(struct btf_member)},
	[BTF_KIND_ENUM] = {0, sizeof(struct btf_enum)},
	[BTF_KIND_FUNC_PROTO] = {0, sizeof(struct btf_param)},
	[BTF_KIND_VAR] = {sizeof(struct btf_var), 0},
	[BTF_KIND_DATASEC] = {0, sizeof(struct btf_var_secinfo)},
	[BTF_KIND_DECL_TAG] = {sizeof(struct btf_decl_tag), 0},
	[BTF_KIND_ENUM64] = {0, sizeof(struct btf_enum64)},
};

static int check_header(const uint8_t *data, uint64_t size, struct btf_header *h, char **errmsg)
{
	uint64_t body;

	if (size < sizeof(*h) || size > UINT32_MAX)
		return error__set(errmsg, -EINVAL, "section .BTF: impossible size %" PRIu64, size);
	memcpy(h, data, sizeof(*h));
	if (h->magic != BTF_MAGIC || h->version != BTF_VERSION)
		return error__set(errmsg, -EINVAL,
			"section .BTF: magic %#x version %u, expected %#x and %u", h->magic,
			h->version, BTF_MAGIC, BTF_VERSION);
	if (h->hdr_len < sizeof(*h) || h->hdr_len > size || h->hdr_len % 4)
		return error__set(
			errmsg, -EINVAL, "section .BTF: impossible header length %u", h->hdr_len);
	body = size - h->hdr_len;
	if (h->type_off % 4 || (uint64_t)h->type_off + h->type_len > body ||
		(uint64_t)h->str_off + h->str_len > body ||
		(uint64_t)h->type_off + h->type_len > h->str_off || h->str_len == 0)
		return error__set(errmsg, -EINVAL,
			"section .BTF: types at %u+%u and strings at %u+%u do not fit in %" PRIu64
			" bytes",
			h->type_off, h->type_len, h->str_off, h->str_len, body);
	return 0;
}

static int check_types(const uint8_t *types, uint32_t len, char **errmsg)
{
	uint32_t at = 0;

	while (at < len) {
		struct btf_type t;
		uint32_t kind;
		uint64_t size = sizeof(t);

		if (len - at < sizeof(t))
			return error__set(
				errmsg, -EINVAL, "section .BTF: type at offset %u is cut", at);
		memcpy(&t, types + at, sizeof(t));
		kind = BTF_INFO_KIND(t.info);
		if (kind == BTF_KIND_UNKN || kind > BTF_KIND_ENUM64)
			return error__set(errmsg, -EINVAL,
				"section .BTF: unknown kind %u at offset %u", kind, at);
		if (kind < sizeof(kind_size) / sizeof(kind_size[0]))
			size += kind_size[kind].fixed +
				(uint64_t)kind_size[kind].per_entry * BTF_INFO_VLEN(t.info);
		if (size > len - at)
			return error__set(
				errmsg, -EINVAL, "section .BTF: type at offset %u is cut", at);
		at += size;
	}
	return 0;
}

int btf_types__open(const struct elf_file *elf, struct btf **btf, char **errmsg)
{
	const struct elf_section *s = &elf->sections[elf_file__find_section(elf, BTF_ELF_SEC)];
	struct btf_header h;
	int err;

	*btf = NULL;
	if (!s->data)
		return 0;
	err = check_header(s->data, s->size, &h, errmsg);
	if (!err)
		err = check_types(s->data + h.hdr_len + h.type_off, h.type_len, errmsg);
	if (err)
		return err;
	*btf = btf__new(s->data, s->size);
	if (!*btf)
		return error__set(errmsg, -errno, "section .BTF: %s", strerror(errno));
	btf__set_pointer_size(*btf, 8);
	return 0;
}

const struct btf_type *btf_types__resolve(const struct btf *btf, uint32_t type)
{
	const struct btf_type *t = btf__type_by_id(btf, type);

	for (int i = 0; t && (btf_is_mod(t) || btf_is_typedef(t)); i++) {
		if (i == MAX_CHAIN)
			return NULL;
		t = btf__type_by_id(btf, t->type);
	}
	return t;
}

const char *btf_types__string(const struct btf *btf, uint32_t offset)
{
	const char *s = btf__str_by_offset(btf, offset);

	return s ? s : "";
}

const struct btf_type *btf_types__datasec(const struct btf *btf, const char *name)
{
	for (uint32_t i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);

		if (btf_is_datasec(t) && strcmp(btf_types__string(btf, t->name_off), name) == 0)
			return t;
	}
	return NULL;
}

bool btf_types__number(const struct btf *btf, const struct btf_type *t, uint64_t *value)
{
	if (btf_is_enum64(t) && btf_vlen(t) == 1) {
		*value = btf_enum64_value(btf_enum64(t));
		return true;
	}
	if (btf_is_enum(t) && btf_vlen(t) == 1) {
		*value = (uint32_t)btf_enum(t)->val;
		return true;
	}
	t = btf_is_ptr(t) ? btf_types__resolve(btf, t->type) : NULL;
	if (!t || !btf_is_array(t))
		return false;
	*value = btf_array(t)->nelems;
	return true;
}
