/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-parse.c -- JSON into bytes, as the layout says. Sentences say where: "src: expected ...".
 */
#include <errno.h>

#include "../vm/core/error.h"
#include "value-number.h"
#include "value-word.h"
#include "value.h"

static int parse(const struct layout *l, const json_t *json, uint8_t *at, char **errmsg);

static int unexpected(const struct layout *l, const json_t *json, char **errmsg)
{
	static const char *const types[] = {[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a fraction",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null"};
	char expected[64];

	layout__describe(l, expected, sizeof(expected));
	return error__set(
		errmsg, -EINVAL, "expected %s, got %s", expected, types[json_typeof(json)]);
}

static int parse_integer(const struct layout *l, const json_t *json, uint8_t *at, char **errmsg)
{
	json_int_t value = json_integer_value(json);
	bool negative = value < 0;
	char expected[64];

	if (l->kind == LAYOUT_STRUCT && l->n == 1)
		return parse_integer(&l->members[0], json, at + l->members[0].offset, errmsg);
	if (l->kind != LAYOUT_NUMBER && l->kind != LAYOUT_BOOL && l->kind != LAYOUT_ENUM &&
		l->kind != LAYOUT_IPV4)
		return unexpected(l, json, errmsg);
	layout__describe(l, expected, sizeof(expected));
	if (!number__fits(l, negative, negative ? -(uint64_t)value : (uint64_t)value))
		return error__set(
			errmsg, -ERANGE, "expected %s, got %" JSON_INTEGER_FORMAT, expected, value);
	number__write(l, at, (uint64_t)value);
	return 0;
}

static int parse_bool(const struct layout *l, const json_t *json, uint8_t *at, char **errmsg)
{
	if (l->kind != LAYOUT_BOOL)
		return unexpected(l, json, errmsg);
	number__write(l, at, json_is_true(json));
	return 0;
}

static int parse_array(const struct layout *l, const json_t *json, uint8_t *at, char **errmsg)
{
	size_t n = json_array_size(json);
	bool is_array = l->kind == LAYOUT_ARRAY || l->kind == LAYOUT_TEXT ||
			l->kind == LAYOUT_MAC || l->kind == LAYOUT_IPV6;
	int err = 0;

	if (!is_array || !l->members)
		return unexpected(l, json, errmsg);
	if (n > l->n)
		return error__set(
			errmsg, -EINVAL, "expected at most %u elements, got %zu", l->n, n);
	for (size_t i = 0; i < n && !err; i++) {
		err = parse(l->members, json_array_get(json, i), at + i * l->members->size, errmsg);
		if (err)
			error__prefix(errmsg, "[%zu]", i);
	}
	return err;
}

static int unknown_member(const struct layout *l, const char *name, char **errmsg)
{
	char known[256] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < l->n && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
			l->members[i].name);
	return error__set(errmsg, -EINVAL, "there is no member %.64s, but %s%s", name, known,
		used >= sizeof(known) ? "..." : "");
}

static const struct layout *find_member(const struct layout *l, const char *name, uint32_t *next)
{
	/* most often they come in order */
	for (uint32_t n = 0; n < l->n; n++) {
		const struct layout *m = &l->members[(*next + n) % l->n];

		if (strcmp(m->name, name) == 0) {
			*next += n + 1;
			return m;
		}
	}
	return NULL;
}

static int parse_object(const struct layout *l, const json_t *json, uint8_t *at, char **errmsg)
{
	json_t *object = (json_t *)json, *value; /* iterators want it writable */
	const char *name;
	uint32_t next = 0;
	int err = 0;

	if (l->kind != LAYOUT_STRUCT && !(l->kind == LAYOUT_PREFIX && l->n))
		return unexpected(l, json, errmsg);
	json_object_foreach(object, name, value) {
		const struct layout *m = find_member(l, name, &next);

		if (!m)
			return unknown_member(l, name, errmsg);
		err = parse(m, value, at + m->offset, errmsg);
		if (err)
			return error__prefix(errmsg, "%s", name), err;
	}
	return 0;
}

static int parse(const struct layout *l, const json_t *json, uint8_t *at, char **errmsg)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT: return parse_object(l, json, at, errmsg);
	case JSON_ARRAY: return parse_array(l, json, at, errmsg);
	case JSON_STRING: return value__parse_word(l, json_string_value(json), at, errmsg);
	case JSON_INTEGER: return parse_integer(l, json, at, errmsg);
	case JSON_TRUE:
	case JSON_FALSE: return parse_bool(l, json, at, errmsg);
	default: return unexpected(l, json, errmsg);
	}
}

int value__parse_json(const struct layout *l, const json_t *json, void *bytes, char **errmsg)
{
	memset(bytes, 0, l->size);
	return parse(l, json, bytes, errmsg);
}

int value__parse(const struct layout *l, const char *text, void *bytes, char **errmsg)
{
	json_error_t error;
	json_t *json;
	int err;

	if (!strchr("{[\"", text[0]) || !text[0]) {
		memset(bytes, 0, l->size);
		return value__parse_word(l, text, bytes, errmsg);
	}
	json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json)
		return error__set(
			errmsg, -EINVAL, "no JSON: %s, in column %d", error.text, error.column);
	err = value__parse_json(l, json, bytes, errmsg);
	json_decref(json);
	return err;
}
