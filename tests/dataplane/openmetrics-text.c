/* SPDX-License-Identifier: BSD-3-Clause
 *
 * openmetrics-text.c -- parse and check. Families come one after the other: TYPE, perhaps UNIT,
 * HELP, then samples whose names are the family's and what its type allows behind it.
 */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "openmetrics-text.h"

struct family {
	char name[128], type[16];
	bool has_unit, has_help, has_samples;
};

static const struct {
	const char *type, *suffixes; /* separated by blanks; - for none */
} types[] = {
	{"counter", "_total"},
	{"gauge", "-"},
	{"histogram", "_bucket _count _sum"},
	{"info", "_info"},
	{"stateset", "-"},
};

static bool is_name(const char *s, bool colons)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_' && !(colons && *s == ':'))
			return false;
	return true;
}

/* Does `name` belong to the family? */
static bool is_of(const struct family *f, const char *name)
{
	size_t len = strlen(f->name);

	if (strncmp(name, f->name, len))
		return false;
	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
		char suffixes[64], *rest = suffixes, *suffix;

		if (strcmp(types[i].type, f->type))
			continue;
		strcpy(suffixes, types[i].suffixes);
		while ((suffix = strsep(&rest, " ")))
			if (!strcmp(name + len, *suffix == '-' ? "" : suffix))
				return true;
	}
	return false;
}

static void read_type(struct om_text *t, struct family *f, char *rest)
{
	char *name = strsep(&rest, " ");
	bool known = false;

	assert_non_null(rest);
	assert_true(is_name(name, true));
	for (unsigned i = 0; i < t->n; i++) /* a family comes once */
		assert_string_not_equal(t->sample[i].family, name);
	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++)
		known |= !strcmp(types[i].type, rest);
	if (!known)
		fail_msg("type %s", rest);
	*f = (struct family){0};
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->type, sizeof(f->type), "%s", rest);
}

static void read_metadata(struct om_text *t, struct family *f, char *line)
{
	char *rest = line + 2, *word = strsep(&rest, " ");

	assert_non_null(rest);
	if (!strcmp(word, "TYPE")) {
		read_type(t, f, rest);
		return;
	}
	assert_false(f->has_samples);
	assert_string_equal(strsep(&rest, " "), f->name);
	assert_non_null(rest);
	if (!strcmp(word, "UNIT")) {
		size_t name = strlen(f->name), unit = strlen(rest);

		assert_false(f->has_unit);
		assert_true(name > unit && f->name[name - unit - 1] == '_');
		assert_string_equal(f->name + name - unit, rest);
		f->has_unit = true;
	} else {
		assert_string_equal(word, "HELP");
		assert_false(f->has_help);
		assert_true(*rest);
		f->has_help = true;
	}
}

/* A quoted value from *at on, behind whose end *at is left. */
static void read_value(const char **at, char *value, size_t size)
{
	const char *c = *at;
	size_t n = 0;

	assert_int_equal(*c++, '"');
	for (; *c != '"'; c++) {
		char byte = *c;

		assert_true(byte && n + 1 < size);
		if (byte == '\\') {
			c++;
			assert_non_null(strchr("n\"\\", *c));
			byte = *c == 'n' ? '\n' : *c;
		}
		value[n++] = byte;
	}
	value[n] = '\0';
	*at = c + 1;
}

static const char *read_labels(struct om_sample *s, const char *at)
{
	do {
		struct om_label *l = &s->label[s->n_labels++];
		size_t n = strcspn(++at, "=");

		assert_true(s->n_labels <= OM_LABELS && n < sizeof(l->name));
		memcpy(l->name, at, n);
		assert_true(is_name(l->name, false));
		at += n + 1;
		read_value(&at, l->value, sizeof(l->value));
		for (unsigned i = 0; i + 1 < s->n_labels; i++)
			assert_string_not_equal(s->label[i].name, l->name);
	} while (*at == ',');
	assert_int_equal(*at, '}');
	return at + 1;
}

static bool is_same(const struct om_sample *a, const struct om_sample *b)
{
	if (strcmp(a->name, b->name) || a->n_labels != b->n_labels)
		return false;
	return !memcmp(a->label, b->label, sizeof(a->label));
}

static const char *label(const struct om_sample *s, const char *name)
{
	for (unsigned i = 0; i < s->n_labels; i++)
		if (!strcmp(s->label[i].name, name))
			return s->label[i].value;
	return NULL;
}

/* Buckets are in order, they only grow, and the last, of all values, is the count. */
static void check_histogram(const struct om_text *t, const struct om_sample *s)
{
	const struct om_sample *before = s - 1;
	const char *le = label(s, "le"), *last;

	if (strstr(s->name, "_sum"))
		return;
	last = t->n > 1 && !strcmp(before->family, s->family) ? label(before, "le") : NULL;
	if (strstr(s->name, "_bucket")) {
		assert_non_null(le);
		assert_true(strchr(le, '.') || strchr(le, 'e') || !strcmp(le, "+Inf"));
		if (last && strcmp(last, "+Inf")) {
			assert_true(strtod(le, NULL) > strtod(last, NULL));
			assert_true(s->value >= before->value);
		}
	} else {
		assert_string_equal(last, "+Inf");
		assert_true(s->value == before->value);
	}
}

static void check_value(const struct om_text *t, const struct family *f, const struct om_sample *s)
{
	if (!strcmp(f->type, "histogram"))
		check_histogram(t, s);
	else if (!strcmp(f->type, "info"))
		assert_true(s->value == 1);
	else if (!strcmp(f->type, "stateset"))
		assert_true((s->value == 0 || s->value == 1) && label(s, f->name));
	if (strcmp(f->type, "gauge"))
		assert_true(s->value >= 0);
}

static void read_sample(struct om_text *t, struct family *f, const char *line)
{
	struct om_sample *s = &t->sample[t->n++];
	size_t n = strcspn(line, "{ ");
	char *end;

	assert_true(t->n <= OM_SAMPLES && n < sizeof(s->name));
	memset(s, 0, sizeof(*s));
	memcpy(s->name, line, n);
	strcpy(s->family, f->name);
	strcpy(s->type, f->type);
	if (!is_of(f, s->name))
		fail_msg("%s is no sample of %s %s", s->name, f->type, f->name);
	line += n;
	if (*line == '{')
		line = read_labels(s, line);
	assert_int_equal(*line++, ' ');
	s->value = strtod(line, &end);
	assert_true(end > line && !*end && isfinite(s->value));
	for (unsigned i = 0; i + 1 < t->n; i++)
		assert_false(is_same(&t->sample[i], s));
	check_value(t, f, s);
	f->has_samples = true;
}

void om_text__parse(struct om_text *t, const char *text)
{
	char *copy = strdup(text), *rest = copy, *line;
	struct family f = {0};
	bool ended = false;

	t->n = 0;
	assert_int_equal(text[strlen(text) - 1], '\n');
	while ((line = strsep(&rest, "\n")) && rest) {
		assert_false(ended);
		if (!strcmp(line, "# EOF"))
			ended = true;
		else if (!strncmp(line, "# ", 2))
			read_metadata(t, &f, line);
		else
			read_sample(t, &f, line);
	}
	assert_true(ended);
	free(copy);
}

static bool has_labels(const struct om_sample *s, const char *labels)
{
	char *copy = strdup(labels), *rest = copy, *pair;
	bool all = true;

	while (*labels && (pair = strsep(&rest, ","))) {
		const char *name = strsep(&pair, "="), *value = label(s, name);

		all &= value && !strcmp(value, pair);
	}
	free(copy);
	return all;
}

double om_text__value(const struct om_text *t, const char *name, const char *labels)
{
	const struct om_sample *found = NULL;

	for (unsigned i = 0; i < t->n; i++) {
		if (strcmp(t->sample[i].name, name) || !has_labels(&t->sample[i], labels))
			continue;
		if (found)
			fail_msg("%s{%s} is there twice", name, labels);
		found = &t->sample[i];
	}
	if (!found)
		fail_msg("there is no %s{%s}", name, labels);
	return found->value;
}
