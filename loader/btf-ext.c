/* SPDX-License-Identifier: BSD-3-Clause
 *
 * btf-ext.c -- reads .BTF.ext into arrays. Section names are strings of .BTF; records of a
 * section that the object does not have are skipped.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "../vm/core/error.h"
#include "btf-ext.h"

/* The layout of the section (linux/Documentation/bpf/btf.rst). */
struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	struct {
		uint32_t off, len;
	} table[3]; /* func_info, line_info, core_relo (absent in old objects) */
};
#define MIN_HEADER offsetof(struct ext_header, table[2])

struct ext_block { /* before the records of one section */
	uint32_t name, n;
};

struct cursor {
	const struct elf_file *elf;
	const uint8_t *strings; /* of .BTF */
	uint32_t strings_len;
	const uint8_t *p, *end;
	const char *what;
};

/* A string of .BTF that ends within its table, or "". */
static const char *string_at(const struct cursor *c, uint32_t offset)
{
	if (offset >= c->strings_len || !memchr(c->strings + offset, 0, c->strings_len - offset))
		return "";
	return (const char *)c->strings + offset;
}

static uint32_t find_code_section(const struct elf_file *elf, const char *name)
{
	for (uint32_t i = 1; i < elf->n_sections; i++) {
		if (elf->sections[i].is_code && strcmp(elf->sections[i].name, name) == 0)
			return i;
	}
	return 0;
}

static int read_block(struct cursor *c, uint32_t rec_size, struct ext_table *t, char **errmsg)
{
	struct ext_block block;
	struct ext_record *grown;
	uint32_t section;
	size_t words = (rec_size < 16 ? rec_size : 16) - 4;

	if ((size_t)(c->end - c->p) < sizeof(block))
		return error__set(errmsg, -EINVAL, "section .BTF.ext: %s is cut", c->what);
	memcpy(&block, c->p, sizeof(block));
	c->p += sizeof(block);
	if (block.n > (size_t)(c->end - c->p) / rec_size)
		return error__set(errmsg, -EINVAL,
			"section .BTF.ext: %s: %u records of %u bytes do not fit", c->what, block.n,
			rec_size);
	section = find_code_section(c->elf, string_at(c, block.name));
	if (!section) {
		c->p += (size_t)block.n * rec_size;
		return 0;
	}
	grown = realloc(t->records, ((size_t)t->n + block.n + 1) * sizeof(*grown));
	if (!grown)
		return error__set(errmsg, -ENOMEM, "no memory for %u records", block.n);
	t->records = grown;
	for (uint32_t i = 0; i < block.n; i++, c->p += rec_size) {
		struct ext_record *r = &t->records[t->n];
		uint32_t offset;

		memcpy(&offset, c->p, 4);
		if (offset % 8 || offset >= c->elf->sections[section].size)
			return error__set(errmsg, -EINVAL,
				"section .BTF.ext: %s: no instruction at offset %#x of section %s",
				c->what, offset, c->elf->sections[section].name);
		*r = (struct ext_record){.section = section, .insn = offset / 8};
		memcpy(r->word, c->p + 4, words);
		t->n++;
	}
	return 0;
}

static int compare_records(const void *a, const void *b)
{
	const struct ext_record *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->insn < y->insn ? -1 : x->insn > y->insn;
}

static int read_table(struct cursor *c, uint32_t min_size, struct ext_table *t, char **errmsg)
{
	uint32_t rec_size;
	int err = 0;

	if (c->p == c->end)
		return 0;
	if (c->end - c->p < 4)
		return error__set(errmsg, -EINVAL, "section .BTF.ext: %s is cut", c->what);
	memcpy(&rec_size, c->p, 4);
	c->p += 4;
	if (rec_size < min_size || rec_size % 4)
		return error__set(errmsg, -EINVAL,
			"section .BTF.ext: %s: impossible record size %u", c->what, rec_size);
	while (!err && c->p < c->end)
		err = read_block(c, rec_size, t, errmsg);
	if (!err && t->n)
		qsort(t->records, t->n, sizeof(*t->records), compare_records);
	return err;
}

static int check_header(const struct elf_section *s, struct ext_header *h, char **errmsg)
{
	memset(h, 0, sizeof(*h));
	if (s->size < MIN_HEADER || s->size > UINT32_MAX)
		return error__set(
			errmsg, -EINVAL, "section .BTF.ext: impossible size %" PRIu64, s->size);
	memcpy(h, s->data, MIN_HEADER);
	if (h->magic != BTF_MAGIC || h->version != BTF_VERSION)
		return error__set(errmsg, -EINVAL, "section .BTF.ext: magic %#x version %u",
			h->magic, h->version);
	if (h->hdr_len < MIN_HEADER || h->hdr_len > s->size)
		return error__set(errmsg, -EINVAL, "section .BTF.ext: impossible header length %u",
			h->hdr_len);
	if (h->hdr_len >= sizeof(*h))
		memcpy(h, s->data, sizeof(*h));
	for (int i = 0; i < 3; i++) {
		if ((uint64_t)h->table[i].off + h->table[i].len > s->size - h->hdr_len)
			return error__set(errmsg, -EINVAL,
				"section .BTF.ext: table at %u+%u does not fit in %" PRIu64
				" bytes",
				h->table[i].off, h->table[i].len, s->size);
	}
	return 0;
}

int btf_ext_info__open(const struct elf_file *elf, struct btf_ext_info *info, char **errmsg)
{
	const struct elf_section *ext =
		&elf->sections[elf_file__find_section(elf, BTF_EXT_ELF_SEC)];
	const struct elf_section *btf = &elf->sections[elf_file__find_section(elf, BTF_ELF_SEC)];
	struct {
		const char *what;
		uint32_t min_size;
		struct ext_table *table;
	} tables[3] = {
		{"func_info", 8, &info->funcs},
		{"line_info", 16, &info->lines},
		{"core_relo", 16, &info->cores},
	};
	struct cursor c = {.elf = elf};
	struct btf_header types;
	struct ext_header h;
	int err;

	memset(info, 0, sizeof(*info));
	if (!ext->data || !btf->data)
		return 0;
	/* btf_types__open() has checked this header */
	memcpy(&types, btf->data, sizeof(types));
	c.strings = btf->data + types.hdr_len + types.str_off;
	c.strings_len = types.str_len;
	err = check_header(ext, &h, errmsg);
	for (int i = 0; i < 3 && !err; i++) {
		c.what = tables[i].what;
		c.p = ext->data + h.hdr_len + h.table[i].off;
		c.end = c.p + h.table[i].len;
		err = read_table(&c, tables[i].min_size, tables[i].table, errmsg);
	}
	if (err)
		btf_ext_info__close(info);
	return err;
}

void btf_ext_info__close(struct btf_ext_info *info)
{
	free(info->funcs.records);
	free(info->lines.records);
	free(info->cores.records);
	memset(info, 0, sizeof(*info));
}

const struct ext_record *ext_table__range(
	const struct ext_table *t, uint32_t section, uint32_t insn, uint32_t n, uint32_t *n_records)
{
	const struct ext_record key = {.section = section, .insn = insn};
	uint32_t low = 0, high = t->n, end;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (compare_records(&t->records[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < t->n; end++) {
		const struct ext_record *r = &t->records[end];

		if (r->section != section || r->insn - insn >= n)
			break;
	}
	*n_records = end - low;
	return t->n ? t->records + low : NULL;
}
