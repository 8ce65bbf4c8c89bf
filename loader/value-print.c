/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-print.c -- bytes as JSON, straight into the text: a map may have millions of elements.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "value-number.h"
#include "value-word.h"
#include "value.h"

static void print_number(struct ebpf_json *t, const struct ebpf_layout *l, uint64_t value)
{
	char text[24];

	if (l->is_signed) {
		ebpf_json__signed(t, (int64_t)value);
	} else if (value <= INT64_MAX) {
		ebpf_json__unsigned(t, value);
	} else { /* more than a JSON reader's integers hold */
		snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
		ebpf_json__string(t, text);
	}
}

static char *put_hex(char *text, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	*text++ = digits[byte >> 4];
	*text++ = digits[byte & 15];
	return text;
}

static void print_bytes(struct ebpf_json *t, const uint8_t *at, size_t size)
{
	char *text = malloc(3 + 3 * size), *end = text;

	if (!text) {
		t->failed = true;
		return;
	}
	memcpy(end, "hex", 3);
	end += 3;
	for (size_t i = 0; i < size; i++) {
		*end++ = ' ';
		end = put_hex(end, at[i]);
	}
	ebpf_json__bytes(t, text, (size_t)(end - text));
	free(text);
}

static void print_mac(struct ebpf_json *t, const uint8_t *at)
{
	char text[3 * 6], *end = text;

	for (size_t i = 0; i < 6; i++) {
		end = put_hex(end, at[i]);
		*end++ = ':';
	}
	ebpf_json__bytes(t, text, sizeof(text) - 1);
}

static char *put_decimal(char *text, uint32_t value)
{
	char digits[10], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	return mempcpy(text, at, (size_t)(digits + sizeof(digits) - at));
}

/* inet_ntop() takes ten times as long for an IPv4 address. */
static char *put_address(char *text, const uint8_t *at, size_t size)
{
	if (size == 16) {
		inet_ntop(AF_INET6, at, text, INET6_ADDRSTRLEN);
		return text + strlen(text);
	}
	for (size_t i = 0; i < 4; i++) {
		text = put_decimal(text, at[i]);
		*text++ = '.';
	}
	return text - 1;
}

static void print_address(struct ebpf_json *t, const uint8_t *at, size_t size)
{
	char text[INET6_ADDRSTRLEN];

	ebpf_json__bytes(t, text, (size_t)(put_address(text, at, size) - text));
}

static void print_prefix(struct ebpf_json *t, const struct ebpf_layout *l, const uint8_t *at)
{
	char text[INET6_ADDRSTRLEN + 11], *end;
	uint32_t length;

	memcpy(&length, at, sizeof(length));
	end = put_address(text, at + sizeof(length), l->size - sizeof(length));
	*end++ = '/';
	end = put_decimal(end, length);
	ebpf_json__bytes(t, text, (size_t)(end - text));
}

static void print_bool(struct ebpf_json *t, const struct ebpf_layout *l, uint64_t value)
{
	if (value > 1)
		print_number(t, l, value);
	else
		ebpf_json__bool(t, value);
}

static void print_enum(struct ebpf_json *t, const struct ebpf_layout *l, uint64_t value)
{
	for (uint32_t i = 0; i < l->n; i++) {
		if ((uint64_t)l->constants[i].value == value) {
			ebpf_json__string(t, l->constants[i].name);
			return;
		}
	}
	print_number(t, l, value);
}

/* Printable ASCII, then zeros. */
static bool is_text(const uint8_t *at, size_t size)
{
	size_t i = 0;

	while (i < size && at[i] >= ' ' && at[i] <= '~')
		i++;
	while (i < size && !at[i])
		i++;
	return i == size;
}

static void print(struct ebpf_json *t, const struct ebpf_layout *l, const uint8_t *at);

static void print_struct(struct ebpf_json *t, const struct ebpf_layout *l, const uint8_t *at)
{
	ebpf_json__open(t, '{');
	for (uint32_t i = 0; i < l->n; i++) {
		ebpf_json__key(t, l->members[i].name);
		print(t, &l->members[i], at + l->members[i].offset);
	}
	ebpf_json__close(t, '}');
}

static void print_array(struct ebpf_json *t, const struct ebpf_layout *l, const uint8_t *at)
{
	ebpf_json__open(t, '[');
	for (uint32_t i = 0; i < l->n; i++)
		print(t, l->members, at + (size_t)i * l->members->size);
	ebpf_json__close(t, ']');
}

static void print(struct ebpf_json *t, const struct ebpf_layout *l, const uint8_t *at)
{
	switch (l->kind) {
	case EBPF_LAYOUT_BYTES: print_bytes(t, at, l->size); break;
	case EBPF_LAYOUT_NUMBER: print_number(t, l, number__read(l, at)); break;
	case EBPF_LAYOUT_BOOL: print_bool(t, l, number__read(l, at)); break;
	case EBPF_LAYOUT_ENUM: print_enum(t, l, number__read(l, at)); break;
	case EBPF_LAYOUT_TEXT:
		if (is_text(at, l->size))
			ebpf_json__bytes(t, at, strnlen((const char *)at, l->size));
		else
			print_array(t, l, at);
		break;
	case EBPF_LAYOUT_IPV4:
	case EBPF_LAYOUT_IPV6: print_address(t, at, l->size); break;
	case EBPF_LAYOUT_MAC: print_mac(t, at); break;
	case EBPF_LAYOUT_PREFIX: print_prefix(t, l, at); break;
	case EBPF_LAYOUT_STRUCT: print_struct(t, l, at); break;
	case EBPF_LAYOUT_ARRAY: print_array(t, l, at); break;
	}
}

static bool padding_is_zero(const struct ebpf_layout *l, const uint8_t *bytes)
{
	for (uint32_t i = 0; l->padding && i < l->size; i++) {
		if (bytes[i] & l->padding[i])
			return false;
	}
	return true;
}

void ebpf_value__print(struct ebpf_json *t, const struct ebpf_layout *l, const void *bytes)
{
	if (padding_is_zero(l, bytes))
		print(t, l, bytes);
	else
		print_bytes(t, bytes, l->size);
}

static void describe_struct(struct ebpf_json *t, const struct ebpf_layout *l)
{
	ebpf_json__open(t, '{');
	for (uint32_t i = 0; i < l->n; i++) {
		ebpf_json__key(t, l->members[i].name);
		ebpf_layout__print(t, &l->members[i]);
	}
	ebpf_json__close(t, '}');
}

void ebpf_layout__print(struct ebpf_json *t, const struct ebpf_layout *l)
{
	char text[64];

	if (l->kind == EBPF_LAYOUT_STRUCT) {
		describe_struct(t, l);
	} else if (l->kind == EBPF_LAYOUT_ARRAY) {
		ebpf_json__open(t, '[');
		ebpf_layout__print(t, l->members);
		ebpf_json__close(t, ']');
	} else {
		ebpf_layout__describe(l, text, sizeof(text));
		ebpf_json__string(t, text);
	}
}
