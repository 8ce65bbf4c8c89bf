/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "loader/json-reader.h"
#include "row.h"

static bool make_room(struct row *row, size_t len)
{
	char *json, *text;

	if (len < row->size)
		return true;
	json = malloc(len + 1);
	text = malloc(CELL_ROOM(len + 1));
	if (!json || !text) {
		free(json);
		free(text);
		return false;
	}
	row__free(row);
	row->json = json;
	row->text = text;
	row->size = len + 1;
	return true;
}

bool row__read(struct row *row, const char *json, size_t len)
{
	struct ebpf_json_reader r;
	char *to;

	row->n = 0;
	if (!make_room(row, len))
		return false;
	memcpy(row->json, json, len);
	row->json[len] = '\0';
	to = row->text;
	r = (struct ebpf_json_reader){row->json, row->json};
	if (!ebpf_json_reader__take(&r, '{'))
		return false;
	if (ebpf_json_reader__take(&r, '}'))
		return true;
	do {
		struct cell cell = {.key = ebpf_json_reader__name(&r), .text = to};
		char begin = cell.key ? ebpf_json_reader__peek(&r) : '\0';

		to = begin ? cell__write(to, &r) : NULL;
		if (!to)
			return false;
		*to++ = '\0';
		cell.is_number = begin == 'n' || begin == '-' || (begin >= '0' && begin <= '9');
		if (row->n < ROW_CELLS)
			row->cell[row->n++] = cell;
	} while (ebpf_json_reader__take(&r, ','));
	return ebpf_json_reader__take(&r, '}');
}

const struct cell *row__find(const struct row *row, const char *key)
{
	for (unsigned i = 0; i < row->n; i++)
		if (strcmp(row->cell[i].key, key) == 0)
			return &row->cell[i];
	return NULL;
}

void row__free(struct row *row)
{
	free(row->json);
	free(row->text);
	*row = (struct row){.n = 0};
}
