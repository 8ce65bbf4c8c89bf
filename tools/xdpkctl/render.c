/* SPDX-License-Identifier: BSD-3-Clause
 *
 * render.c -- rows are JSON objects; what they become depends on who reads them.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "render.h"
#include "row.h"
#include "table.h"

struct renderer {
	enum control_shape shape;
	enum render_as as;
	size_t n;            /* rows so far */
	struct table *table; /* of a table for people */
	struct row row;
};

struct renderer *renderer__begin(enum control_shape shape, enum render_as as)
{
	struct renderer *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->shape = shape;
	r->as = as;
	if (as == RENDER_TEXT && shape == CONTROL_TABLE) {
		r->table = table__begin();
		if (!r->table) {
			free(r);
			return NULL;
		}
	}
	return r;
}

static bool is_array(const struct renderer *r)
{
	return r->shape == CONTROL_TABLE;
}

static void print_json(const struct renderer *r, const char *json, size_t len)
{
	json_t *row = r->as == RENDER_PRETTY ? json_loadb(json, len, 0, NULL) : NULL;

	if (is_array(r))
		fputs(r->n ? ",\n" : "[\n", stdout);
	if (row)
		json_dumpf(row, stdout, JSON_INDENT(2));
	else
		fwrite(json, 1, len, stdout);
	if (!is_array(r))
		putchar('\n');
	json_decref(row);
}

/* A line per key. */
static void print_key(const char *key, size_t width)
{
	char *name = key__title(key);

	printf("%-*s  ", (int)width, name ? name : key);
	free(name);
}

static void print_object(const struct row *row)
{
	size_t width = 0;

	for (unsigned i = 0; i < row->n; i++) {
		size_t n = strlen(row->cell[i].key);

		width = n > width ? n : width;
	}
	for (unsigned i = 0; i < row->n; i++) {
		print_key(row->cell[i].key, width);
		puts(row->cell[i].text);
	}
}

/* A line per row, without a header: it may go on for ever. */
static void print_line(const struct row *row)
{
	for (unsigned i = 0; i < row->n; i++)
		printf("%s%s %s", i ? "  " : "", row->cell[i].key, row->cell[i].text);
	putchar('\n');
}

/* {"text": ...}, with its newlines. */
static void print_piece(const char *json, size_t len)
{
	json_t *row = json_loadb(json, len, 0, NULL);

	cell__print(json_string_value(json_object_get(row, "text")));
	json_decref(row);
}

static void print_text(struct renderer *r, const char *json, size_t len)
{
	if (r->shape == CONTROL_TABLE)
		table__add(r->table, json, len);
	else if (r->shape == CONTROL_TEXT)
		print_piece(json, len);
	else if (!row__read(&r->row, json, len))
		return;
	else if (r->shape == CONTROL_STREAM)
		print_line(&r->row);
	else
		print_object(&r->row);
}

int renderer__row(void *user, const char *json, size_t len)
{
	struct renderer *r = user;

	if (r->as == RENDER_TEXT)
		print_text(r, json, len);
	else
		print_json(r, json, len);
	r->n++;
	if (r->shape == CONTROL_STREAM || r->shape == CONTROL_TEXT)
		fflush(stdout);
	return ferror(stdout) ? -1 : 0;
}

void renderer__end(struct renderer *r, bool failed)
{
	if (r->table)
		table__end(r->table);
	else if (r->as != RENDER_TEXT && is_array(r) && (r->n || !failed))
		puts(r->n ? "\n]" : "[]");
	row__free(&r->row);
	free(r);
}

void render__error(enum render_as as, const char *error, const char *name)
{
	json_t *answer;

	if (as == RENDER_TEXT) {
		fflush(stdout);
		fprintf(stderr, "xdpkctl: %s\n", error);
		return;
	}
	answer = json_pack("{ss ss}", "error", error, "errno", name);
	json_dumpf(answer, stdout, as == RENDER_PRETTY ? JSON_INDENT(2) : 0);
	putchar('\n');
	json_decref(answer);
}
