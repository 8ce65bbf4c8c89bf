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
#include "row.h"
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
	struct row row;         /* the one at hand */
	char *kept[FIRST_ROWS]; /* rows that wait to be printed, as JSON */
	unsigned n_kept;
	bool begun;   /* the header has been printed */
	bool upright; /* key by key */
};

struct table *table__begin(void)
{
	return calloc(1, sizeof(struct table));
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

static void measure(struct table *t)
{
	for (unsigned i = 0; i < t->row.n; i++) {
		const struct cell *cell = &t->row.cell[i];
		struct column *c = find_column(t, cell->key);
		size_t width = cell__width(cell->text);

		if (!c)
			continue;
		c->width = width > c->width ? width : c->width;
		c->is_text |= !cell->is_number;
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

static const char *cell_text(const struct table *t, unsigned i)
{
	const struct cell *cell = i < t->row.n ? &t->row.cell[i] : NULL;

	/* rows most often have the same keys in the same order */
	if (!cell || strcmp(cell->key, t->column[i].key) != 0)
		cell = row__find(&t->row, t->column[i].key);
	return cell ? cell->text : "";
}

static void print_row(const struct table *t)
{
	for (unsigned i = 0; i < t->n_columns; i++)
		print_cell(t, i, cell_text(t, i));
	putchar('\n');
}

static void print_upright(const struct table *t)
{
	size_t width = 0;

	for (unsigned i = 0; i < t->n_columns; i++) {
		size_t n = cell__width(t->column[i].key);

		width = n > width ? n : width;
	}
	for (unsigned i = 0; i < t->n_columns; i++)
		printf("%-*s  %s\n", (int)width, t->column[i].title, cell_text(t, i));
	putchar('\n');
}

static void print(const struct table *t)
{
	if (t->upright)
		print_upright(t);
	else
		print_row(t);
}

static void begin_printing(struct table *t)
{
	for (unsigned i = 0; i < t->n_kept; i++)
		if (row__read(&t->row, t->kept[i], strlen(t->kept[i])))
			measure(t);
	fit(t);
	if (!t->upright && t->n_columns) {
		for (unsigned c = 0; c < t->n_columns; c++)
			print_cell(t, c, t->column[c].title);
		putchar('\n');
	}
	for (unsigned i = 0; i < t->n_kept; i++) {
		if (row__read(&t->row, t->kept[i], strlen(t->kept[i])))
			print(t);
		free(t->kept[i]);
	}
	t->begun = true;
}

void table__add(struct table *t, const char *json, size_t len)
{
	if (t->begun) {
		if (row__read(&t->row, json, len))
			print(t);
		return;
	}
	t->kept[t->n_kept] = strndup(json, len);
	t->n_kept += t->kept[t->n_kept] != NULL;
	if (t->n_kept == FIRST_ROWS)
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
	row__free(&t->row);
	free(t);
}
