/* SPDX-License-Identifier: BSD-3-Clause
 *
 * listing.c -- assembly for readers: the program's lines between the instructions, in place of what
 * an assembler would make DWARF of.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"

struct listing {
	const struct program_view *view;
	const char *text; /* LLVM's */
	FILE *to;
	unsigned file, line; /* written last */
	bool silent;         /* in a section for debuggers */
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What only debuggers want to know. */
static bool is_dropped(const char *row)
{
	static const char *const dropped[] = {
		"\t.cfi_", "\t.file\t", "\t.loc\t", ".Ltmp", ".Lfunc_begin"};

	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		if (begins(row, dropped[i]))
			return true;
	return false;
}

/* The name in `.file 3 "folder" "name"`, which is the last part of the path that the program has.
 */
static bool is_file(const struct listing *l, unsigned file, const char *path)
{
	char directive[32];
	const char *row, *name, *quote = NULL;
	size_t len, path_len = strlen(path);

	snprintf(directive, sizeof(directive), "\t.file\t%u \"", file);
	row = strstr(l->text, directive);
	if (!row)
		return false;
	for (name = row; *name && *name != '\n'; name++)
		if (*name == '"')
			quote = name;
	if (!quote)
		return false;
	for (name = quote; name[-1] != '"';)
		name--;
	len = (size_t)(quote - name);
	return len <= path_len && memcmp(path + path_len - len, name, len) == 0;
}

static void write_line(struct listing *l, unsigned file, unsigned number)
{
	for (uint32_t i = 0; i < l->view->n_lines; i++) {
		const struct ebpf_line *line = &l->view->lines[i];

		if (line->line != number || !is_file(l, file, line->file))
			continue;
		fprintf(l->to, "# %s @ %s:%u\n", line->text, line->file, number);
		return;
	}
}

/* Line 0 is code of no line in particular: it goes with what is above. */
static void place(struct listing *l, const char *row)
{
	unsigned file, line;

	if (sscanf(row, "\t.loc\t%u %u", &file, &line) != 2 || !line ||
		(file == l->file && line == l->line))
		return;
	l->file = file;
	l->line = line;
	write_line(l, file, line);
}

static void write_row(struct listing *l, const char *row, size_t len)
{
	if (begins(row, "\t.section\t") || begins(row, "\t.text"))
		l->silent = begins(row, "\t.section\t.debug");
	if (l->silent)
		return;
	if (begins(row, "\t.type\t"))
		l->line = 0; /* another function tells its first line again */
	place(l, row);
	if (!is_dropped(row))
		fwrite(row, 1, len, l->to);
}

int compilation__list(struct compilation *c, const char *text, char **listing)
{
	size_t size;
	struct listing l = {.view = c->view, .text = text, .to = open_memstream(listing, &size)};

	if (!l.to)
		return error__set(c->errmsg, -ENOMEM, "%s: no memory to list it", c->view->name);
	while (*text) {
		size_t len = strcspn(text, "\n");

		len += text[len] == '\n';
		write_row(&l, text, len);
		text += len;
	}
	if (!fclose(l.to))
		return 0;
	free(*listing);
	return error__set(c->errmsg, -ENOMEM, "%s: no memory to list it", c->view->name);
}
