/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-parse.c -- JSON into bytes, led by the layout. Sentences say where: "src: expected ...".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "value-word.h"
#include "value.h"

static int parse(
	const struct ebpf_layout *l, struct ebpf_json_reader *r, uint8_t *at, char **errmsg);

static int unexpected(const struct ebpf_layout *l, const char *got, char **errmsg)
{
	char expected[64];

	ebpf_layout__describe(l, expected, sizeof(expected));
	return error__set(errmsg, -EINVAL, "expected %s, got %s", expected, got);
}

static int parse_array(
	const struct ebpf_layout *l, struct ebpf_json_reader *r, uint8_t *at, char **errmsg)
{
	bool is_array = l->kind == EBPF_LAYOUT_ARRAY || l->kind == EBPF_LAYOUT_TEXT ||
			l->kind == EBPF_LAYOUT_MAC || l->kind == EBPF_LAYOUT_IPV6;
	uint32_t i = 0;

	if (!is_array || !l->members)
		return unexpected(l, "an array", errmsg);
	ebpf_json_reader__take(r, '[');
	if (ebpf_json_reader__take(r, ']'))
		return 0;
	do {
		int err =
			i == l->n
				? error__set(errmsg, -EINVAL, "expected at most %u elements", l->n)
				: parse(l->members, r, at + (size_t)i * l->members->size, errmsg);

		if (err)
			return error__prefix(errmsg, "[%u]", i), err;
		i++;
	} while (ebpf_json_reader__take(r, ','));
	return ebpf_json_reader__take(r, ']') ? 0 : ebpf_json_reader__fail(r, "']'", errmsg);
}

static int unknown_member(const struct ebpf_layout *l, const char *name, char **errmsg)
{
	char known[256] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < l->n && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
			l->members[i].name);
	return error__set(errmsg, -EINVAL, "there is no member %.64s, but %s%s", name, known,
		used >= sizeof(known) ? "..." : "");
}

/* Most often members come in order: *next is where to look first. */
static const struct ebpf_layout *find_member(
	const struct ebpf_layout *l, const char *name, uint32_t *next)
{
	for (uint32_t n = 0; n < l->n; n++) {
		uint32_t i = (*next + n) % l->n;

		if (strcmp(l->members[i].name, name) == 0) {
			*next = i + 1;
			return &l->members[i];
		}
	}
	return NULL;
}

static int parse_struct(
	const struct ebpf_layout *l, struct ebpf_json_reader *r, uint8_t *at, char **errmsg)
{
	uint32_t next = 0;

	if (l->kind != EBPF_LAYOUT_STRUCT && !(l->kind == EBPF_LAYOUT_PREFIX && l->n))
		return unexpected(l, "an object", errmsg);
	ebpf_json_reader__take(r, '{');
	if (ebpf_json_reader__take(r, '}'))
		return 0;
	do {
		const char *name = ebpf_json_reader__name(r);
		const struct ebpf_layout *m = name ? find_member(l, name, &next) : NULL;
		int err;

		if (!name)
			return ebpf_json_reader__fail(r, "\"NAME\":", errmsg);
		err = m ? parse(m, r, at + m->offset, errmsg) : unknown_member(l, name, errmsg);
		if (err)
			return m ? error__prefix(errmsg, "%s", name), err : err;
	} while (ebpf_json_reader__take(r, ','));
	return ebpf_json_reader__take(r, '}') ? 0 : ebpf_json_reader__fail(r, "'}'", errmsg);
}

static int parse_string(
	const struct ebpf_layout *l, struct ebpf_json_reader *r, uint8_t *at, char **errmsg)
{
	const char *text = ebpf_json_reader__string(r);

	return text ? ebpf_value__parse_word(l, text, at, errmsg)
		    : ebpf_json_reader__fail(r, "the end of a string", errmsg);
}

/* A number, true, false, null: the same as words. */
static int parse_word(
	const struct ebpf_layout *l, struct ebpf_json_reader *r, uint8_t *at, char **errmsg)
{
	size_t n = ebpf_json_reader__word(r);
	char *word = r->at, after;
	int err;

	if (!n)
		return ebpf_json_reader__fail(r, "a value", errmsg);
	if (l->kind == EBPF_LAYOUT_TEXT)
		return unexpected(l, "no string", errmsg);
	r->at += n;
	after = *r->at;
	*r->at = '\0';
	err = ebpf_value__parse_word(l, word, at, errmsg);
	*r->at = after;
	return err;
}

static int parse(
	const struct ebpf_layout *l, struct ebpf_json_reader *r, uint8_t *at, char **errmsg)
{
	switch (ebpf_json_reader__peek(r)) {
	case '{': return parse_struct(l, r, at, errmsg);
	case '[': return parse_array(l, r, at, errmsg);
	case '"': return parse_string(l, r, at, errmsg);
	default: return parse_word(l, r, at, errmsg);
	}
}

int ebpf_value__read(
	const struct ebpf_layout *l, struct ebpf_json_reader *r, void *bytes, char **errmsg)
{
	int err;

	if (errmsg)
		*errmsg = NULL;
	memset(bytes, 0, l->size);
	err = parse(l, r, bytes, errmsg);
	if (err)
		error__make_printable(errmsg);
	return err;
}

static int parse_json(const struct ebpf_layout *l, const char *text, void *bytes, char **errmsg)
{
	char *copy = strdup(text);
	struct ebpf_json_reader r = {copy, copy};
	int err;

	if (!copy)
		return error__set(errmsg, -ENOMEM, "no memory for a value");
	err = ebpf_value__read(l, &r, bytes, errmsg);
	if (!err && ebpf_json_reader__peek(&r))
		err = ebpf_json_reader__fail(&r, "nothing more", errmsg);
	free(copy);
	return err;
}

int ebpf_value__parse(const struct ebpf_layout *l, const char *text, void *bytes, char **errmsg)
{
	int err;

	if (errmsg)
		*errmsg = NULL;
	if (text[0] && strchr("{[\"", text[0]))
		return parse_json(l, text, bytes, errmsg);
	memset(bytes, 0, l->size);
	err = ebpf_value__parse_word(l, text, bytes, errmsg);
	if (err)
		error__make_printable(errmsg);
	return err;
}
