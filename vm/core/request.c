/* SPDX-License-Identifier: BSD-3-Clause
 *
 * request.c -- flattening a program into a compile request and back.
 *
 * The blob is a header of counts followed by the arrays in the order of the header, each
 * padded to 8 bytes; strings are offsets into the string array, 0 being "". The total length
 * follows from the counts, so one comparison proves that every array lies inside.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "request.h"
#include "../runtime/map-types.h"

#ifndef XDPK_VERSION
#define XDPK_VERSION "unknown"
#endif

#define MAGIC       0x7165726b70647801ull /* "\1xdpkreq" */
#define MAX_COUNT   (1u << 24)
#define NO_CONTENTS UINT32_MAX
#define USUAL_CACHE (1u << 20) /* of machines that do not tell */

struct wire_header {
	uint64_t magic;
	uint64_t total;
	uint64_t cache_size;
	uint32_t type, has_frags, flags;
	uint32_t n_insns, n_maps, n_templates, n_funcs, n_lines, n_helpers;
	uint32_t contents_size; /* frozen maps' contents */
	uint32_t bitcode_size;
	uint32_t strings_size;
	uint32_t version, name, driver_name, cpu; /* strings */
	uint32_t stack_size, frames;
	uint64_t budget;
};

struct wire_map {
	struct rt_geometry geo;
	uint32_t name;
	uint32_t contents; /* offset in the contents, or NO_CONTENTS */
	uint32_t inner, pad;
};

struct wire_func {
	uint32_t name, insn;
	uint8_t global, typed, returns_scalar, n_args;
	struct {
		uint32_t size;
		uint16_t kind, nullable;
	} args[5];
	uint32_t pad;
};

struct wire_line {
	uint32_t insn, line, column, file, text, pad;
};

struct wire_helper {
	uint32_t id, name;
	struct {
		uint32_t size;
		uint8_t check, may_be_null, is_written, pad;
	} args[5];
};

struct wire_layout { /* offsets in the blob */
	uint64_t insns, maps, funcs, lines, helpers, contents, bitcode, strings, total;
};

static uint64_t pad8(uint64_t n)
{
	return (n + 7) & ~7ull;
}

static struct wire_layout layout_of(const struct wire_header *h)
{
	struct wire_layout l;

	l.insns = sizeof(*h);
	l.maps = l.insns + h->n_insns * sizeof(struct ebpf_insn);
	l.funcs = l.maps + ((uint64_t)h->n_maps + h->n_templates) * sizeof(struct wire_map);
	l.lines = l.funcs + h->n_funcs * sizeof(struct wire_func);
	l.helpers = l.lines + h->n_lines * sizeof(struct wire_line);
	l.contents = l.helpers + h->n_helpers * sizeof(struct wire_helper);
	l.bitcode = l.contents + pad8(h->contents_size);
	l.strings = l.bitcode + pad8(h->bitcode_size);
	l.total = l.strings + pad8(h->strings_size);
	return l;
}

/* Strings are stored once for each use but the repeated file names, which come in runs. */
struct strings {
	char *text;
	size_t size, room;
	bool failed;
};

static uint32_t strings__add(struct strings *s, const char *text, uint32_t previous)
{
	size_t len = strlen(text) + 1;
	uint32_t at = (uint32_t)s->size;

	if (len == 1 || s->failed)
		return 0;
	if (previous && strcmp(s->text + previous, text) == 0)
		return previous;
	if (s->size + len > s->room) {
		size_t room = s->room * 2 + len;
		char *grown = room < UINT32_MAX ? realloc(s->text, room) : NULL;

		if (!grown) {
			s->failed = true;
			return 0;
		}
		s->text = grown;
		s->room = room;
	}
	memcpy(s->text + s->size, text, len);
	s->size += len;
	return at;
}

/* Fills what of the arrays needs strings; they are therefore built first. */
static void fill_named(const struct program_view *v, struct strings *s, struct wire_map *maps,
	struct wire_func *funcs, struct wire_line *lines, struct wire_helper *helpers)
{
	uint32_t contents = 0, file = 0;

	for (uint32_t i = 0; i < v->n_maps + v->n_templates; i++) {
		maps[i].geo = v->maps[i].geo;
		maps[i].name = strings__add(s, v->maps[i].name, 0);
		maps[i].inner = v->maps[i].inner;
		maps[i].contents = v->maps[i].frozen ? contents : NO_CONTENTS;
		if (v->maps[i].frozen)
			contents += (uint32_t)pad8(v->maps[i].geo.value_size);
	}
	for (uint32_t i = 0; i < v->n_funcs; i++) {
		const struct ebpf_func *f = &v->funcs[i];

		funcs[i] = (struct wire_func){.name = strings__add(s, f->name, 0),
			.insn = f->insn,
			.global = f->global,
			.typed = f->typed,
			.returns_scalar = f->returns_scalar,
			.n_args = f->n_args};
		for (int a = 0; a < 5; a++) {
			funcs[i].args[a].size = f->args[a].size;
			funcs[i].args[a].kind = f->args[a].kind;
			funcs[i].args[a].nullable = f->args[a].nullable;
		}
	}
	for (uint32_t i = 0; i < v->n_lines; i++) {
		const struct ebpf_line *l = &v->lines[i];

		file = strings__add(s, l->file, file);
		lines[i] = (struct wire_line){.insn = l->insn,
			.line = l->line,
			.column = l->column,
			.file = file,
			.text = strings__add(s, l->text, 0)};
	}
	for (uint32_t i = 0; i < v->n_helpers; i++) {
		const struct raw_helper *h = &v->helpers[i];

		helpers[i].id = h->id;
		helpers[i].name = strings__add(s, h->name, 0);
		for (int a = 0; a < 5; a++) {
			helpers[i].args[a].size = h->type.arg[a].size;
			helpers[i].args[a].check = (uint8_t)h->type.arg[a].check;
			helpers[i].args[a].may_be_null = h->type.arg[a].may_be_null;
			helpers[i].args[a].is_written = h->type.arg[a].is_written;
		}
	}
}

static uint64_t cache_size(const struct ebpf_driver *driver)
{
	long size;

	if (!driver || driver->cache_size)
		return driver ? driver->cache_size : 0;
	size = sysconf(_SC_LEVEL2_CACHE_SIZE);
	return size > 0 ? (uint64_t)size : USUAL_CACHE;
}

int compile_request__build(const struct program_view *v, uint32_t flags,
	const struct ebpf_driver *driver, const char *cpu, uint8_t **blob, size_t *size)
{
	struct wire_header h = {.magic = MAGIC,
		.cache_size = cache_size(driver),
		.type = v->type,
		.has_frags = v->has_frags,
		.flags = flags,
		.n_insns = v->n_insns,
		.n_maps = v->n_maps,
		.n_templates = v->n_templates,
		.n_funcs = v->n_funcs,
		.n_lines = v->n_lines,
		.n_helpers = v->n_helpers,
		.stack_size = v->limits.stack_size,
		.frames = v->limits.frames,
		.budget = v->limits.budget,
		.bitcode_size = driver ? (uint32_t)driver->bitcode_size : 0};
	struct strings s = {.room = 256};
	struct wire_layout l;
	uint8_t *b = NULL, *fixed = NULL;
	size_t named; /* bytes of the four arrays that hold strings */

	for (uint32_t i = 0; i < v->n_maps; i++)
		if (v->maps[i].frozen)
			h.contents_size += (uint32_t)pad8(v->maps[i].geo.value_size);
	l = layout_of(&h);
	named = l.contents - l.maps;
	fixed = calloc(1, named + 1);
	s.text = calloc(1, s.room);
	if (!fixed || !s.text)
		goto fail;
	s.size = 1; /* "" */
	h.version = strings__add(&s, XDPK_VERSION, 0);
	h.name = strings__add(&s, v->name ? v->name : "", 0);
	h.driver_name = strings__add(&s, driver ? driver->name : "", 0);
	h.cpu = strings__add(&s, cpu, 0);
	fill_named(v, &s, (void *)fixed, (void *)(fixed + (l.funcs - l.maps)),
		(void *)(fixed + (l.lines - l.maps)), (void *)(fixed + (l.helpers - l.maps)));
	if (s.failed)
		goto fail;
	h.strings_size = (uint32_t)s.size;
	l = layout_of(&h);
	h.total = l.total;
	b = calloc(1, l.total);
	if (!b)
		goto fail;
	memcpy(b, &h, sizeof(h));
	memcpy(b + l.insns, v->insns, v->n_insns * sizeof(*v->insns));
	memcpy(b + l.maps, fixed, named);
	for (uint32_t i = 0, at = 0; i < v->n_maps; i++) {
		if (!v->maps[i].frozen)
			continue;
		memcpy(b + l.contents + at, v->maps[i].frozen, v->maps[i].geo.value_size);
		at += (uint32_t)pad8(v->maps[i].geo.value_size);
	}
	if (h.bitcode_size)
		memcpy(b + l.bitcode, driver->bitcode, h.bitcode_size);
	memcpy(b + l.strings, s.text, s.size);
	free(fixed);
	free(s.text);
	*blob = b;
	*size = l.total;
	return 0;
fail:
	free(fixed);
	free(s.text);
	return -ENOMEM;
}

/* What compile_request__open() rebuilds: the same arrays with pointers in them. */
struct opening {
	const uint8_t *blob;
	const struct wire_header *h;
	struct wire_layout l;
	char **errmsg;
};

static const char *string_at(const struct opening *o, uint32_t at)
{
	return at < o->h->strings_size ? (const char *)o->blob + o->l.strings + at : NULL;
}

static int bad(const struct opening *o, const char *what, uint32_t i)
{
	return error__set(
		o->errmsg, -EINVAL, "compile request: %s %" PRIu32 " is damaged", what, i);
}

/* Maps of maps, and no others, have a template, which is no map of maps. */
static bool is_inner_right(const struct opening *o, const struct map_view *m, uint32_t i)
{
	if (rt_holds_maps(&m->geo))
		return i < o->h->n_maps && m->inner >= o->h->n_maps &&
		       m->inner - o->h->n_maps < o->h->n_templates;
	return !m->inner;
}

/* The derived fields are derived again: nobody else's are believed. Of types that the machine
 * has not, there are none. */
static int derive_geometry(struct rt_geometry *geo, const struct rt_geometry *given)
{
	int err = rt_geometry__init(geo, given->type, given->key_size, given->value_size,
		given->max_entries, given->flags);

	if (err == -ENOTSUP) {
		geo->lock_off = given->lock_off;
		return 0;
	}
	if (!err && given->hashes != geo->hashes)
		err = rt_geometry__set_extra(geo, given->hashes);
	return err ? err : rt_geometry__set_lock(geo, given->lock_off);
}

static int open_maps(const struct opening *o, struct map_view *maps)
{
	const struct wire_map *w = (const void *)(o->blob + o->l.maps);

	for (uint32_t i = 0; i < o->h->n_maps + o->h->n_templates; i++) {
		const struct rt_geometry *g = &w[i].geo;
		struct map_view *m = &maps[i];

		m->name = string_at(o, w[i].name);
		if (!m->name || derive_geometry(&m->geo, g) || memcmp(&m->geo, g, sizeof(*g)) != 0)
			return bad(o, "map", i);
		m->inner = w[i].inner;
		if (!is_inner_right(o, m, i))
			return bad(o, "template of map", i);
		if (w[i].contents == NO_CONTENTS)
			continue;
		if (w[i].contents > o->h->contents_size ||
			g->value_size > o->h->contents_size - w[i].contents)
			return bad(o, "contents of map", i);
		m->frozen = o->blob + o->l.contents + w[i].contents;
	}
	return 0;
}

static int open_funcs(const struct opening *o, struct ebpf_func *funcs)
{
	const struct wire_func *w = (const void *)(o->blob + o->l.funcs);

	for (uint32_t i = 0; i < o->h->n_funcs; i++) {
		funcs[i] = (struct ebpf_func){.name = string_at(o, w[i].name),
			.insn = w[i].insn,
			.global = w[i].global != 0,
			.typed = w[i].typed != 0,
			.returns_scalar = w[i].returns_scalar != 0,
			.n_args = w[i].n_args};
		for (int a = 0; a < 5; a++)
			funcs[i].args[a] = (struct ebpf_func_arg){.size = w[i].args[a].size,
				.kind = (uint8_t)w[i].args[a].kind,
				.nullable = w[i].args[a].nullable != 0};
		if (!funcs[i].name || w[i].insn >= o->h->n_insns ||
			(i == 0 ? w[i].insn != 0 : w[i].insn <= w[i - 1].insn))
			return bad(o, "function", i);
	}
	return 0;
}

static int open_lines(const struct opening *o, struct ebpf_line *lines)
{
	const struct wire_line *w = (const void *)(o->blob + o->l.lines);

	for (uint32_t i = 0; i < o->h->n_lines; i++) {
		lines[i] = (struct ebpf_line){.insn = w[i].insn,
			.line = w[i].line,
			.column = w[i].column,
			.file = string_at(o, w[i].file),
			.text = string_at(o, w[i].text)};
		if (!lines[i].file || !lines[i].text || (i && w[i].insn < w[i - 1].insn))
			return bad(o, "line", i);
	}
	return 0;
}

static int open_helpers(const struct opening *o, struct raw_helper *helpers)
{
	const struct wire_helper *w = (const void *)(o->blob + o->l.helpers);

	for (uint32_t i = 0; i < o->h->n_helpers; i++) {
		helpers[i] = (struct raw_helper){.id = w[i].id, .name = string_at(o, w[i].name)};
		for (int a = 0; a < 5; a++) {
			helpers[i].type.arg[a].size = w[i].args[a].size;
			helpers[i].type.arg[a].check = w[i].args[a].check;
			helpers[i].type.arg[a].may_be_null = w[i].args[a].may_be_null != 0;
			helpers[i].type.arg[a].is_written = w[i].args[a].is_written != 0;
		}
		if (!helpers[i].name || (i && w[i].id <= w[i - 1].id) ||
			!helper_type__is_valid(&helpers[i].type))
			return bad(o, "helper", i);
	}
	return 0;
}

static int check_header(struct opening *o, size_t size)
{
	const struct wire_header *h = o->h;

	if (size < sizeof(*h) || h->magic != MAGIC)
		return error__set(o->errmsg, -EINVAL, "this is not a compile request");
	if (h->n_insns > MAX_COUNT || h->n_maps > MAX_COUNT || h->n_templates > h->n_maps ||
		h->n_funcs > MAX_COUNT || h->n_lines > MAX_COUNT || h->n_helpers > MAX_COUNT ||
		!h->n_insns || !h->n_funcs || h->type >= EBPF_N_PROGRAM_TYPES || h->has_frags > 1)
		return error__set(o->errmsg, -EINVAL, "compile request: absurd header");
	if (h->stack_size > EBPF_MAX_STACK_SIZE || h->stack_size % EBPF_STACK_ALIGN ||
		h->frames > EBPF_MAX_FRAMES)
		return error__set(o->errmsg, -EINVAL, "compile request: absurd limits");
	o->l = layout_of(h);
	if (o->l.total != size || h->total != size || !h->strings_size ||
		o->blob[o->l.strings + h->strings_size - 1] != '\0')
		return error__set(
			o->errmsg, -EINVAL, "compile request: its size does not fit its contents");
	if (!string_at(o, h->version) || strcmp(string_at(o, h->version), XDPK_VERSION) != 0)
		return error__set(o->errmsg, -EINVAL, "compile request: made by another version");
	if (!string_at(o, h->name) || !string_at(o, h->driver_name) || !string_at(o, h->cpu))
		return error__set(o->errmsg, -EINVAL, "compile request: a name is damaged");
	return 0;
}

int compile_request__open(
	const uint8_t *blob, size_t size, struct compile_request *req, char **errmsg)
{
	struct opening o = {.blob = blob, .h = (const void *)blob, .errmsg = errmsg};
	struct map_view *maps;
	struct ebpf_func *funcs;
	struct ebpf_line *lines;
	struct raw_helper *helpers;
	int err;

	memset(req, 0, sizeof(*req));
	err = check_header(&o, size);
	if (err)
		return err;
	req->tables = calloc(1,
		(o.h->n_maps + o.h->n_templates) * sizeof(*maps) + o.h->n_funcs * sizeof(*funcs) +
			o.h->n_lines * sizeof(*lines) + o.h->n_helpers * sizeof(*helpers));
	if (!req->tables)
		return error__set(errmsg, -ENOMEM, "compile request: no memory");
	maps = req->tables;
	funcs = (void *)(maps + o.h->n_maps + o.h->n_templates);
	lines = (void *)(funcs + o.h->n_funcs);
	helpers = (void *)(lines + o.h->n_lines);
	if ((err = open_maps(&o, maps)) || (err = open_funcs(&o, funcs)) ||
		(err = open_lines(&o, lines)) || (err = open_helpers(&o, helpers))) {
		compile_request__close(req);
		return err;
	}
	req->view = (struct program_view){.name = string_at(&o, o.h->name),
		.type = o.h->type,
		.has_frags = o.h->has_frags,
		.insns = (const void *)(blob + o.l.insns),
		.n_insns = o.h->n_insns,
		.maps = maps,
		.n_maps = o.h->n_maps,
		.n_templates = o.h->n_templates,
		.funcs = funcs,
		.n_funcs = o.h->n_funcs,
		.lines = lines,
		.n_lines = o.h->n_lines,
		.helpers = helpers,
		.n_helpers = o.h->n_helpers,
		.limits = {o.h->stack_size, o.h->frames, o.h->budget}};
	req->flags = o.h->flags;
	req->driver_name = string_at(&o, o.h->driver_name);
	req->driver_bitcode = o.h->bitcode_size ? blob + o.l.bitcode : NULL;
	req->driver_bitcode_size = o.h->bitcode_size;
	req->cache_size = o.h->cache_size;
	req->cpu = string_at(&o, o.h->cpu);
	return 0;
}

void compile_request__close(struct compile_request *req)
{
	free(req->tables);
	memset(req, 0, sizeof(*req));
}
