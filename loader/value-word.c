/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-word.c -- what a word can mean is tried in order: what its layout says, then what has its
 * size: addresses, a number for bytes of which nothing is known, a struct's only member.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../vm/core/error.h"
#include "control-words.h"
#include "value-number.h"
#include "value-word.h"

void ebpf_layout__describe(const struct ebpf_layout *l, char *text, size_t size)
{
	static const struct {
		const char *text;
		bool counts;
	} kinds[] = {
		[EBPF_LAYOUT_NUMBER] = {"a number", true},
		[EBPF_LAYOUT_BOOL] = {"true or false", false},
		[EBPF_LAYOUT_ENUM] = {"an enumeration", true},
		[EBPF_LAYOUT_TEXT] = {"text", true},
		[EBPF_LAYOUT_IPV4] = {"an IPv4 address", false},
		[EBPF_LAYOUT_IPV6] = {"an IPv6 address", false},
		[EBPF_LAYOUT_MAC] = {"a MAC address", false},
		[EBPF_LAYOUT_PREFIX] = {"a prefix (ADDRESS/LENGTH)", false},
		[EBPF_LAYOUT_STRUCT] = {"a struct", true},
		[EBPF_LAYOUT_ARRAY] = {"an array", true},
	};
	const char *sign = l->kind != EBPF_LAYOUT_NUMBER ? ""
			   : l->is_signed                ? "signed "
			   : l->is_network               ? "big-endian "
							 : "";

	if (l->kind == EBPF_LAYOUT_BYTES)
		snprintf(text, size, "%u byte%s (hex ...)", l->size, l->size == 1 ? "" : "s");
	else if (l->bits)
		snprintf(text, size, "%s of %u bits", kinds[l->kind].text, l->bits);
	else if (kinds[l->kind].counts)
		snprintf(text, size, "%s of %u %sbyte%s", kinds[l->kind].text, l->size, sign,
			l->size == 1 ? "" : "s");
	else
		snprintf(text, size, "%s", kinds[l->kind].text);
}

static bool parse_hex(const char *word, uint8_t *at, uint32_t size)
{
	uint32_t n = 0;

	for (word += strspn(word, " "); *word; word += strspn(word, " ")) {
		char pair[3] = {word[0], word[1]};

		if (n == size || !isxdigit((unsigned char)pair[0]) ||
			!isxdigit((unsigned char)pair[1]))
			return false;
		at[n++] = (uint8_t)strtoul(pair, NULL, 16);
		word += 2;
	}
	return n == size;
}

static bool parse_mac(const char *word, uint8_t *at)
{
	for (int i = 0; i < 6; i++, word += 3) {
		if (!isxdigit((unsigned char)word[0]) || !isxdigit((unsigned char)word[1]) ||
			word[2] != (i < 5 ? ':' : '\0'))
			return false;
		at[i] = (uint8_t)strtoul(word, NULL, 16);
	}
	return true;
}

/* Anything that is `size` bytes long in the words of the network. */
static bool parse_address(const char *word, uint8_t *at, uint32_t size)
{
	switch (size) {
	case 4: return inet_pton(AF_INET, word, at) == 1;
	case 6: return parse_mac(word, at);
	case 16: return inet_pton(AF_INET6, word, at) == 1;
	default: return false;
	}
}

static int parse_number(const struct ebpf_layout *l, const char *word, uint8_t *at, bool *is_number)
{
	bool negative = word[0] == '-';
	uint64_t value;

	*is_number = control__parse_number(word + negative, false, &value);
	if (!*is_number)
		return 0;
	if (!number__fits(l, negative, value))
		return -ERANGE;
	number__write(l, at, negative ? -value : value);
	return 0;
}

static bool parse_prefix(const struct ebpf_layout *l, const char *word, uint8_t *at)
{
	uint32_t size = l->size - sizeof(uint32_t), length = size * 8;
	size_t n = strcspn(word, "/");
	char address[INET6_ADDRSTRLEN];
	uint64_t given = length;

	if (n >= sizeof(address) ||
		(word[n] &&
			(!control__parse_number(word + n + 1, false, &given) || given > length)))
		return false;
	memcpy(address, word, n);
	address[n] = '\0';
	length = (uint32_t)given;
	memcpy(at, &length, sizeof(length));
	return parse_address(address, at + sizeof(length), size);
}

static bool parse_constant(const struct ebpf_layout *l, const char *word, uint8_t *at)
{
	for (uint32_t i = 0; i < l->n; i++) {
		if (strcmp(l->constants[i].name, word) != 0)
			continue;
		number__write(l, at, (uint64_t)l->constants[i].value);
		return true;
	}
	return false;
}

static bool parse_text(const struct ebpf_layout *l, const char *word, uint8_t *at)
{
	size_t n = strlen(word);

	if (n > l->size)
		return false;
	memcpy(at, word, n);
	return true;
}

static bool parse_bool(const struct ebpf_layout *l, const char *word, uint8_t *at)
{
	bool value = strcmp(word, "true") == 0;

	number__write(l, at, value);
	return value || strcmp(word, "false") == 0;
}

static bool parse_by_kind(const struct ebpf_layout *l, const char *word, uint8_t *at)
{
	switch (l->kind) {
	case EBPF_LAYOUT_BOOL: return parse_bool(l, word, at);
	case EBPF_LAYOUT_ENUM: return parse_constant(l, word, at);
	case EBPF_LAYOUT_TEXT: return parse_text(l, word, at);
	case EBPF_LAYOUT_PREFIX: return parse_prefix(l, word, at);
	default: return parse_address(word, at, l->bits ? 0 : l->size);
	}
}

static bool takes_numbers(const struct ebpf_layout *l)
{
	bool is_whole = l->size == 1 || l->size == 2 || l->size == 4 || l->size == 8;

	return l->kind == EBPF_LAYOUT_NUMBER || l->kind == EBPF_LAYOUT_BOOL ||
	       l->kind == EBPF_LAYOUT_ENUM || l->kind == EBPF_LAYOUT_IPV4 ||
	       (l->kind == EBPF_LAYOUT_BYTES && is_whole);
}

int ebpf_value__parse_word(
	const struct ebpf_layout *l, const char *word, uint8_t *at, char **errmsg)
{
	char expected[64];
	bool done = false;
	int err = 0;

	if (l->kind == EBPF_LAYOUT_STRUCT && l->n == 1 && strncmp(word, "hex ", 4) != 0)
		return ebpf_value__parse_word(
			&l->members[0], word, at + l->members[0].offset, errmsg);
	if (takes_numbers(l))
		err = parse_number(l, word, at, &done);
	if (!done)
		done = parse_by_kind(l, word, at);
	if (!done && l->kind != EBPF_LAYOUT_TEXT && strncmp(word, "hex ", 4) == 0)
		done = parse_hex(word + 4, at, l->size);
	if (done && !err)
		return 0;
	ebpf_layout__describe(l, expected, sizeof(expected));
	return error__set(errmsg, err ? err : -EINVAL, "expected %s, got '%.64s'", expected, word);
}
