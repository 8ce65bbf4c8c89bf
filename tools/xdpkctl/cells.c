/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "loader/json-reader.h"

/* C0, DEL, and C1, which is c2 80 to c2 9f in UTF-8. */
static bool is_control(const char *at)
{
	unsigned char c = (unsigned char)at[0], next = (unsigned char)at[1];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

static char *put(char *to, const char *text)
{
	return stpcpy(to, text);
}

static char *put_safely(char *to, const char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (const char *end = text + len; text < end; text++) {
		if (!is_control(text)) {
			*to++ = *text;
			continue;
		}
		if ((unsigned char)*text == 0xc2)
			text++;
		to = put(to, "\\x");
		*to++ = digits[(unsigned char)*text >> 4];
		*to++ = digits[*text & 15];
	}
	return to;
}

static char *put_word(char *to, const char *word, size_t len)
{
	switch (word[0]) {
	case 't': return put(to, "yes");
	case 'f': return put(to, "no");
	case 'n': return put(to, "-");
	default: return mempcpy(to, word, len);
	}
}

static char *put_json(char *to, struct ebpf_json_reader *r)
{
	const char *begin = r->at;

	return ebpf_json_reader__skip(r) ? put_safely(to, begin, (size_t)(r->at - begin)) : NULL;
}

static char *put_simple(char *to, struct ebpf_json_reader *r)
{
	const char *string;
	size_t len;

	if (ebpf_json_reader__peek(r) == '"') {
		string = ebpf_json_reader__string(r);
		return string ? put_safely(to, string, strlen(string)) : NULL;
	}
	len = ebpf_json_reader__word(r);
	to = put_word(to, r->at, len);
	r->at += len;
	return len ? to : NULL;
}

/* Is the array that comes one of simple values? */
static bool is_simple(struct ebpf_json_reader r)
{
	ebpf_json_reader__take(&r, '[');
	do {
		char c = ebpf_json_reader__peek(&r);

		if (c == '{' || c == '[')
			return false;
		if (c != ']' && !ebpf_json_reader__skip(&r))
			return false;
	} while (ebpf_json_reader__take(&r, ','));
	return true;
}

static char *put_array(char *to, struct ebpf_json_reader *r)
{
	ebpf_json_reader__take(r, '[');
	if (ebpf_json_reader__take(r, ']'))
		return put(to, "-");
	do {
		to = put_simple(to, r);
		if (to && ebpf_json_reader__peek(r) == ',')
			to = put(to, ", ");
	} while (to && ebpf_json_reader__take(r, ','));
	return ebpf_json_reader__take(r, ']') ? to : NULL;
}

char *cell__write(char *to, struct ebpf_json_reader *r)
{
	switch (ebpf_json_reader__peek(r)) {
	case '{': return put_json(to, r);
	case '[': return is_simple(*r) ? put_array(to, r) : put_json(to, r);
	default: return put_simple(to, r);
	}
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
	for (; text && *text; text++) {
		if (*text == '\n' || *text == '\t' || !is_control(text))
			putchar(*text);
		else if ((unsigned char)*text == 0xc2)
			printf("\\x%02x", (unsigned char)*++text);
		else
			printf("\\x%02x", (unsigned char)*text);
	}
}
