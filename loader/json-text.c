/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json-text.h"

/* Room for `more` bytes and a NUL. */
static bool grow(struct json_text *t, size_t more)
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

static void put(struct json_text *t, const char *text, size_t len)
{
	if (!grow(t, len))
		return;
	memcpy(t->text + t->len, text, len);
	t->len += len;
	t->text[t->len] = '\0';
}

static void put_char(struct json_text *t, char c)
{
	put(t, &c, 1);
}

static void begin_value(struct json_text *t)
{
	if (t->comma)
		put_char(t, ',');
	t->comma = true;
}

void json_text__clear(struct json_text *t)
{
	t->len = 0;
	t->comma = t->failed = false;
}

void json_text__free(struct json_text *t)
{
	free(t->text);
	*t = (struct json_text){0};
}

void json_text__open(struct json_text *t, char bracket)
{
	begin_value(t);
	put_char(t, bracket);
	t->comma = false;
}

void json_text__close(struct json_text *t, char bracket)
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

static void put_escaped(struct json_text *t, uint8_t c)
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

static void put_quoted(struct json_text *t, const uint8_t *s, size_t len)
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

void json_text__key(struct json_text *t, const char *key)
{
	begin_value(t);
	put_quoted(t, (const uint8_t *)key, strlen(key));
	put_char(t, ':');
	t->comma = false;
}

void json_text__bytes(struct json_text *t, const void *s, size_t len)
{
	begin_value(t);
	put_quoted(t, s, len);
}

void json_text__string(struct json_text *t, const char *s)
{
	json_text__bytes(t, s, strlen(s));
}

void json_text__unsigned(struct json_text *t, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	begin_value(t);
	do
		*--at = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	put(t, at, (size_t)(digits + sizeof(digits) - at));
}

void json_text__signed(struct json_text *t, int64_t value)
{
	if (value >= 0) {
		json_text__unsigned(t, (uint64_t)value);
		return;
	}
	begin_value(t);
	put_char(t, '-');
	t->comma = false;
	json_text__unsigned(t, -(uint64_t)value);
}

void json_text__real(struct json_text *t, double value, int decimals)
{
	char text[352]; /* the largest double has 309 digits */

	if (!isfinite(value)) {
		json_text__null(t);
		return;
	}
	begin_value(t);
	put(t, text,
		(size_t)snprintf(text, sizeof(text), "%.*f", decimals < 20 ? decimals : 20, value));
}

void json_text__bool(struct json_text *t, bool value)
{
	json_text__raw(t, value ? "true" : "false", value ? 4 : 5);
}

void json_text__null(struct json_text *t)
{
	json_text__raw(t, "null", 4);
}

void json_text__raw(struct json_text *t, const char *json, size_t len)
{
	begin_value(t);
	put(t, json, len);
}

void json_text__add_string(struct json_text *t, const char *key, const char *s)
{
	json_text__key(t, key);
	if (s)
		json_text__string(t, s);
	else
		json_text__null(t);
}

void json_text__add_unsigned(struct json_text *t, const char *key, uint64_t value)
{
	json_text__key(t, key);
	json_text__unsigned(t, value);
}

void json_text__add_real(struct json_text *t, const char *key, double value, int decimals)
{
	json_text__key(t, key);
	json_text__real(t, value, decimals);
}

void json_text__add_bool(struct json_text *t, const char *key, bool value)
{
	json_text__key(t, key);
	json_text__bool(t, value);
}
