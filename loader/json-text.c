/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json-text.h"

/* Room for `more` bytes and a NUL. */
static bool grow(struct ebpf_json *t, size_t more)
{
	size_t size = t->size ? t->size : 256;
	char *grown;

	if (t->failed || more > SIZE_MAX / 4 || t->len > SIZE_MAX / 4) {
		t->failed = true;
		return false;
	}
	if (t->size > t->len + more)
		return true;
	while (size <= t->len + more)
		size *= 2;
	grown = realloc(t->text, size);
	if (!grown) {
		t->failed = true;
		return false;
	}
	t->text = grown;
	t->size = size;
	return true;
}

static void put(struct ebpf_json *t, const char *text, size_t len)
{
	if (!grow(t, len))
		return;
	memcpy(t->text + t->len, text, len);
	t->len += len;
	t->text[t->len] = '\0';
}

static void put_char(struct ebpf_json *t, char c)
{
	put(t, &c, 1);
}

static void begin_value(struct ebpf_json *t)
{
	if (t->comma)
		put_char(t, ',');
	t->comma = true;
}

void ebpf_json__clear(struct ebpf_json *t)
{
	t->len = 0;
	t->comma = t->failed = false;
}

void ebpf_json__free(struct ebpf_json *t)
{
	free(t->text);
	*t = (struct ebpf_json){0};
}

void ebpf_json__open(struct ebpf_json *t, char bracket)
{
	begin_value(t);
	put_char(t, bracket);
	t->comma = false;
}

void ebpf_json__close(struct ebpf_json *t, char bracket)
{
	put_char(t, bracket);
	t->comma = true;
}

/* The bytes of the UTF-8 character that s begins with, or 0 if it is none: too long a form,
 * half of a pair, beyond Unicode, cut off. */
static size_t utf8_length(const uint8_t *s, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c;

	if (n <= 1)
		return n;
	if (n > len || s[0] > 0xf4)
		return 0;
	c = s[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static void put_escaped(struct ebpf_json *t, uint8_t c)
{
	char text[8];

	switch (c) {
	case '"': put(t, "\\\"", 2); break;
	case '\\': put(t, "\\\\", 2); break;
	case '\n': put(t, "\\n", 2); break;
	case '\t': put(t, "\\t", 2); break;
	default: put(t, text, (size_t)snprintf(text, sizeof(text), "\\u%04x", c));
	}
}

static void put_quoted(struct ebpf_json *t, const uint8_t *s, size_t len)
{
	size_t plain = 0; /* bytes before s that are as they stay */

	put_char(t, '"');
	while (len) {
		size_t n = utf8_length(s, len);

		if (n && *s >= 0x20 && *s != '"' && *s != '\\' && *s != 0x7f) {
			plain += n;
			s += n;
			len -= n;
			continue;
		}
		put(t, (const char *)s - plain, plain);
		plain = 0;
		put_escaped(t, *s++);
		len--;
	}
	put(t, (const char *)s - plain, plain);
	put_char(t, '"');
}

void ebpf_json__key(struct ebpf_json *t, const char *key)
{
	begin_value(t);
	put_quoted(t, (const uint8_t *)key, strlen(key));
	put_char(t, ':');
	t->comma = false;
}

void ebpf_json__bytes(struct ebpf_json *t, const void *s, size_t len)
{
	begin_value(t);
	put_quoted(t, s, len);
}

void ebpf_json__string(struct ebpf_json *t, const char *s)
{
	ebpf_json__bytes(t, s, strlen(s));
}

void ebpf_json__unsigned(struct ebpf_json *t, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	begin_value(t);
	do
		*--at = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	put(t, at, (size_t)(digits + sizeof(digits) - at));
}

void ebpf_json__signed(struct ebpf_json *t, int64_t value)
{
	if (value >= 0) {
		ebpf_json__unsigned(t, (uint64_t)value);
		return;
	}
	begin_value(t);
	put_char(t, '-');
	t->comma = false;
	ebpf_json__unsigned(t, -(uint64_t)value);
}

void ebpf_json__real(struct ebpf_json *t, double value, int decimals)
{
	char text[352]; /* the largest double has 309 digits */

	if (!isfinite(value)) {
		ebpf_json__null(t);
		return;
	}
	begin_value(t);
	put(t, text,
		(size_t)snprintf(text, sizeof(text), "%.*f", decimals < 20 ? decimals : 20, value));
}

void ebpf_json__bool(struct ebpf_json *t, bool value)
{
	ebpf_json__raw(t, value ? "true" : "false", value ? 4 : 5);
}

void ebpf_json__null(struct ebpf_json *t)
{
	ebpf_json__raw(t, "null", 4);
}

void ebpf_json__raw(struct ebpf_json *t, const char *json, size_t len)
{
	begin_value(t);
	put(t, json, len);
}

void ebpf_json__add_string(struct ebpf_json *t, const char *key, const char *s)
{
	ebpf_json__key(t, key);
	if (s)
		ebpf_json__string(t, s);
	else
		ebpf_json__null(t);
}

void ebpf_json__add_unsigned(struct ebpf_json *t, const char *key, uint64_t value)
{
	ebpf_json__key(t, key);
	ebpf_json__unsigned(t, value);
}

void ebpf_json__add_real(struct ebpf_json *t, const char *key, double value, int decimals)
{
	ebpf_json__key(t, key);
	ebpf_json__real(t, value, decimals);
}

void ebpf_json__add_bool(struct ebpf_json *t, const char *key, bool value)
{
	ebpf_json__key(t, key);
	ebpf_json__bool(t, value);
}
