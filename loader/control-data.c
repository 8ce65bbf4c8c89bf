/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-data.c -- which of the three ways it is can be seen: bytes are as many words as there are
 * bytes, or follow `hex`; anything else is one word.
 */
#include <errno.h>
#include <string.h>

#include "../vm/core/error.h"
#include "control-data.h"
#include "value.h"

static bool is_one_of(const char *word, const char *const *list)
{
	for (; list && *list; list++) {
		if (strcmp(word, *list) == 0)
			return true;
	}
	return false;
}

/* How many words stand before a stop. */
static int count_words(const struct control_words *w, const char *const *stops)
{
	int n = 0;

	while (n < w->n && !is_one_of(w->word[n], stops))
		n++;
	return n;
}

static bool parse_byte(const char *word, bool hex, uint8_t *byte)
{
	uint64_t value;

	if (!control__parse_number(word, hex, &value) || value > 255 || (hex && strlen(word) != 2))
		return false;
	*byte = (uint8_t)value;
	return true;
}

static int parse_bytes(struct control_words *w, int n, bool hex, const char *what, uint32_t size,
	uint8_t *bytes, char **errmsg)
{
	uint8_t beyond;

	for (int i = 0; i < n; i++) {
		const char *word = control_words__next(w);

		if (!parse_byte(word, hex, (uint32_t)i < size ? &bytes[i] : &beyond))
			return error__set(errmsg, -EINVAL, "expected %s of the %s, got '%s'",
				hex ? "two hex digits" : "a byte (0 to 255 or 0x00 to 0xff)", what,
				word);
	}
	if ((uint32_t)n != size)
		return error__set(errmsg, -EINVAL, "expected %u %s bytes, got %d", size, what, n);
	return 0;
}

int control__parse_data(struct control_words *w, const char *what, const char *const *stops,
	const struct ebpf_layout *l, void *bytes, char **errmsg)
{
	bool hex = control_words__take(w, "hex");
	int n = count_words(w, stops), err;
	uint8_t byte;

	/* one byte is a number, whatever its type says */
	if (hex || n != 1 || (l->size == 1 && parse_byte(w->word[0], false, &byte)))
		return parse_bytes(w, n, hex, what, l->size, bytes, errmsg);
	err = ebpf_value__parse(l, control_words__next(w), bytes, errmsg);
	if (err)
		error__prefix(errmsg, "%s", what);
	return err;
}
