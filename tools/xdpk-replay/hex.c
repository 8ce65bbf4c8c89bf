/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hex.c -- bytes as hexadecimal text.
 */
#include <stdlib.h>
#include <string.h>

#include "hex.h"

static const char digits[] = "0123456789abcdef";

char *hex__format(const uint8_t *bytes, size_t n)
{
	char *text = malloc(2 * n + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * n] = '\0';
	return text;
}

static int digit(char c)
{
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 'a' - 'A' : c) : NULL;

	return at ? at - digits : -1;
}

ssize_t hex__parse(const char *text, size_t len, uint8_t *bytes, size_t max)
{
	if (len % 2 || len / 2 > max)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		bytes[i / 2] = high << 4 | low;
	}
	return len / 2;
}
