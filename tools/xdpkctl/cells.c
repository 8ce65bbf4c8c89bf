/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"

/* C0, DEL, and C1, which is c2 80 to c2 9f in UTF-8. */
static bool is_control(const char *at)
{
	unsigned char c = (unsigned char)at[0], next = (unsigned char)at[1];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

static void print_safely(FILE *f, const char *text, const char *allowed)
{
	for (; *text; text++) {
		if (strchr(allowed, *text) || !is_control(text))
			fputc(*text, f);
		else if ((unsigned char)*text == 0xc2)
			fprintf(f, "\\x%02x", (unsigned char)*++text);
		else
			fprintf(f, "\\x%02x", (unsigned char)*text);
	}
}

static bool is_simple(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static void print_value(FILE *f, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		print_safely(f, json_string_value(value), "");
	} else if (json_is_boolean(value)) {
		fputs(json_is_true(value) ? "yes" : "no", f);
	} else if (json_is_null(value)) {
		fputc('-', f);
	} else {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		print_safely(f, text ? text : "", "");
		free(text);
	}
}

static bool all_are_simple(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!is_simple(json_array_get(array, i)))
			return false;
	return true;
}

char *cell__text(const json_t *value)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (!json_is_array(value) || !all_are_simple(value)) {
		print_value(f, value);
	} else {
		for (size_t i = 0; i < json_array_size(value); i++) {
			fputs(i ? ", " : "", f);
			print_value(f, json_array_get(value, i));
		}
		if (!json_array_size(value))
			fputc('-', f);
	}
	fclose(f);
	return text;
}

size_t cell__width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

size_t cell__fit(const char *text, size_t width)
{
	const char *at = text;

	for (; *at; at++)
		if ((*at & 0xc0) != 0x80 && width-- == 0)
			break;
	return (size_t)(at - text);
}

void cell__print(const char *text)
{
	if (text)
		print_safely(stdout, text, "\n\t");
}
