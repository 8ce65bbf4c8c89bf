/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "../vm/core/error.h"
#include "json-reader.h"

char ebpf_json_reader__peek(struct ebpf_json_reader *r)
{
	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n')
		r->at++;
	return *r->at;
}

bool ebpf_json_reader__take(struct ebpf_json_reader *r, char c)
{
	if (ebpf_json_reader__peek(r) != c)
		return false;
	r->at++;
	return true;
}

/* Four hex digits; below 0: none. */
static int32_t read_hex(const char *text)
{
	int32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = text[i];

		if (!isxdigit((unsigned char)c))
			return -1;
		value = value << 4 | (isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* In UTF-8, never more bytes than the escape had. */
static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* What follows \u, one half of a pair or two; false if it is no character, or NUL, which would end
 * the string. */
static bool unescape_unicode(char **from, char **to)
{
	int32_t c = read_hex(*from), low;

	*from += 4;
	if (c >= 0xd800 && c < 0xdc00) {
		low = (*from)[0] == '\\' && (*from)[1] == 'u' ? read_hex(*from + 2) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		*from += 6;
	}
	if (c <= 0 || (c >= 0xdc00 && c < 0xe000))
		return false;
	*to = put_utf8(*to, (uint32_t)c);
	return true;
}

/* What follows a backslash. */
static bool unescape(char **from, char **to)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	char c = *(*from)++;
	const char *name = c ? strchr(names, c) : NULL;

	if (c == 'u')
		return unescape_unicode(from, to);
	if (!name)
		return false;
	*(*to)++ = meanings[name - names];
	return true;
}

char *ebpf_json_reader__string(struct ebpf_json_reader *r)
{
	char *text, *from, *to;

	if (ebpf_json_reader__peek(r) != '"')
		return NULL;
	text = from = to = r->at + 1;
	while (*from != '"') {
		if ((unsigned char)*from < ' ') /* NUL, too */
			return NULL;
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		if (!unescape(&from, &to))
			return NULL;
	}
	*to = '\0';
	r->at = from + 1;
	return text;
}

char *ebpf_json_reader__name(struct ebpf_json_reader *r)
{
	char *name = ebpf_json_reader__string(r);

	return name && ebpf_json_reader__take(r, ':') ? name : NULL;
}

size_t ebpf_json_reader__word(struct ebpf_json_reader *r)
{
	size_t n = 0;

	ebpf_json_reader__peek(r);
	while (isalnum((unsigned char)r->at[n]) || r->at[n] == '-' || r->at[n] == '+' ||
		r->at[n] == '.')
		n++;
	return n;
}

/* Leaves it as it is. */
static bool skip_string(struct ebpf_json_reader *r)
{
	char *at = r->at + 1;

	for (; *at != '"'; at++) {
		at += *at == '\\' && at[1];
		if (!*at)
			return false;
	}
	r->at = at + 1;
	return true;
}

bool ebpf_json_reader__skip(struct ebpf_json_reader *r)
{
	size_t depth = 0;

	do {
		char c = ebpf_json_reader__peek(r);
		size_t n;

		if (c == '"') {
			if (!skip_string(r))
				return false;
		} else if (c == '{' || c == '[') {
			depth++;
			r->at++;
		} else if (depth && (c == '}' || c == ']')) {
			depth--;
			r->at++;
		} else if (depth && (c == ',' || c == ':')) {
			r->at++;
		} else {
			n = ebpf_json_reader__word(r);
			if (!n)
				return false;
			r->at += n;
		}
	} while (depth);
	return true;
}

int ebpf_json_reader__fail(const struct ebpf_json_reader *r, const char *expected, char **errmsg)
{
	return error__set(errmsg, -EINVAL, "no JSON: expected %s in column %zu", expected,
		(size_t)(r->at - r->begin) + 1);
}
