/* SPDX-License-Identifier: BSD-3-Clause
 *
 * table.c -- columns as wide as the first rows need, cut where the terminal ends; where even that
 * is too wide, row by row, key by key.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cells.h"
#include "table.h"

#define MOST_COLUMNS 32
#define FIRST_ROWS   500 /* that are kept until the columns' widths are known */
#define GAP          2
#define LEAST        8 /* a column is not cut below */

struct column {
	char *key, *title;
	size_t width;
	bool is_text; /* numbers stand on the right, and are not cut */
};

struct table {
	struct column column[MOST_COLUMNS];
	unsigned n_columns;
	json_t *rows; /* until they are printed */
	bool begun;   /* the header has been */
	bool upright; /* key by key */
};

struct table *table__begin(void)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t && !(t->rows = json_array())) {
		free(t);
		return NULL;
	}
	return t;
}

/* Columns that there are; 0: any number. */
static size_t terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return columns ? strtoul(columns, NULL, 10) : 80;
}

char *key__title(const char *key)
{
	char *text = strdup(key);

	for (char *c = text; c && *c; c++)
		if (*c == '_')
			*c = ' ';
	return text;
}

static struct column *find_column(struct table *t, const char *key)
{
	for (unsigned i = 0; i < t->n_columns; i++)
		if (strcmp(t->column[i].key, key) == 0)
			return &t->column[i];
	if (t->n_columns == MOST_COLUMNS)
		return NULL;
	t->column[t->n_columns] = (struct column){
		.key = strdup(key), .title = key__title(key), .width = cell__width(key)};
	if (t->column[t->n_columns].key && t->column[t->n_columns].title)
		return &t->column[t->n_columns++];
	free(t->column[t->n_columns].key);
	free(t->column[t->n_columns].title);
	return NULL;
}

static void measure(struct table *t, json_t *row)
{
	const char *key;
	json_t *value;

	json_object_foreach(row, key, value) {
		struct column *c = find_column(t, key);
		char *text = cell__text(value);

		if (c && text) {
			size_t width = cell__width(text);

			c->width = width > c->width ? width : c->width;
			c->is_text |= !json_is_number(value) && !json_is_null(value);
		}
		free(text);
	}
}

static void fit(struct table *t)
{
	size_t width = terminal_width(), total = 0;

	for (unsigned i = 0; i < t->n_columns; i++)
		total += t->column[i].width + (i ? GAP : 0);
	for (; width && total > width; total--) {
		struct column *widest = NULL;

		for (unsigned i = 0; i < t->n_columns; i++) {
			struct column *c = &t->column[i];

			if (c->is_text && c->width > LEAST && (!widest || c->width > widest->width))
				widest = c;
		}
		if (!widest) {
			t->upright = true;
			return;
		}
		widest->width--;
	}
}

static void print_cell(const struct table *t, unsigned i, const char *text)
{
	const struct column *c = &t->column[i];
	size_t width = cell__width(text), pad = width < c->width ? c->width - width : 0;
	bool last = i + 1 == t->n_columns;

	printf("%*s", i ? GAP : 0, "");
	if (!c->is_text)
		printf("%*s%s", (int)pad, "", text);
	else if (width > c->width)
		printf("%.*s~", (int)cell__fit(text, c->width - 1), text);
	else
		printf("%s%*s", text, last ? 0 : (int)pad, "");
}

static void print_row(const struct table *t, json_t *row)
{
	for (unsigned i = 0; i < t->n_columns; i++) {
		json_t *value = json_object_get(row, t->column[i].key);
		char *text = value ? cell__text(value) : strdup("");

		print_cell(t, i, text ? text : "");
		free(text);
	}
	putchar('\n');
}

static void print_upright(const struct table *t, json_t *row)
{
	size_t width = 0;

	for (unsigned i = 0; i < t->n_columns; i++) {
		size_t n = cell__width(t->column[i].key);

		width = n > width ? n : width;
	}
	for (unsigned i = 0; i < t->n_columns; i++) {
		char *text = cell__text(json_object_get(row, t->column[i].key));

		printf("%-*s  %s\n", (int)width, t->column[i].title, text ? text : "");
		free(text);
	}
	putchar('\n');
}

static void print(const struct table *t, json_t *row)
{
	if (t->upright)
		print_upright(t, row);
	else
		print_row(t, row);
}

static void begin_printing(struct table *t)
{
	json_t *row;
	size_t i;

	json_array_foreach(t->rows, i, row)
		measure(t, row);
	fit(t);
	if (!t->upright && t->n_columns) {
		for (unsigned c = 0; c < t->n_columns; c++)
			print_cell(t, c, t->column[c].title);
		putchar('\n');
	}
	json_array_foreach(t->rows, i, row)
		print(t, row);
	json_array_clear(t->rows);
	t->begun = true;
}

void table__add(struct table *t, json_t *row)
{
	if (t->begun) {
		print(t, row);
		return;
	}
	json_array_append(t->rows, row);
	if (json_array_size(t->rows) == FIRST_ROWS)
		begin_printing(t);
}

void table__end(struct table *t)
{
	if (!t->begun)
		begin_printing(t);
	for (unsigned i = 0; i < t->n_columns; i++) {
		free(t->column[i].key);
		free(t->column[i].title);
	}
	json_decref(t->rows);
	free(t);
}
