/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port-line.c -- a line's arguments are taken apart into names and values, in a list each, and what
 * both lists have is struck out of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/control-words.h"
#include "port-line.h"

#define MOST 64 /* arguments of a line; what is more is not looked at */

struct argument {
	const char *name, *value; /* value NULL: struck out */
	bool is_devices;
};

struct arguments {
	char *devargs;
	unsigned n;
	struct argument item[MOST];
};

static void add(struct arguments *a, const char *name, const char *value, bool is_devices)
{
	if (a->n < MOST)
		a->item[a->n++] = (struct argument){name, value, is_devices};
}

/* port add NAME,KEY=VALUE,... WORD VALUE ... */
static int take_apart(struct arguments *a, const struct control_words *w)
{
	char *rest, *word;

	*a = (struct arguments){.devargs = strdup(w->word[2])};
	if (!a->devargs)
		return -ENOMEM;
	rest = a->devargs;
	strsep(&rest, ",");
	while ((word = strsep(&rest, ",")) != NULL) {
		char *name = strsep(&word, "=");

		add(a, word ? name : "", word ? word : name, true);
	}
	for (int i = 3; i + 1 < w->n; i += 2)
		add(a, w->word[i], w->word[i + 1], false);
	return 0;
}

static struct argument *find(struct arguments *a, const struct argument *like, const char *value)
{
	for (unsigned i = 0; i < a->n; i++) {
		struct argument *each = &a->item[i];

		if (each->value && each->is_devices == like->is_devices &&
			!strcmp(each->name, like->name) && (!value || !strcmp(each->value, value)))
			return each;
	}
	return NULL;
}

static void strike_out_same(struct arguments *was, struct arguments *is)
{
	for (unsigned i = 0; i < is->n; i++) {
		struct argument *same = find(was, &is->item[i], is->item[i].value);

		if (same)
			same->value = is->item[i].value = NULL;
	}
}

int port_line__compare(const struct control_words *was, const struct control_words *is,
	int (*fn)(void *user, const struct port_difference *d), void *user)
{
	struct arguments before, after = {0};
	int err = take_apart(&before, was);

	if (!err)
		err = take_apart(&after, is);
	if (!err)
		strike_out_same(&before, &after);
	for (unsigned i = 0; i < after.n && !err; i++) {
		struct argument *a = &after.item[i],
				*other = a->value ? find(&before, a, NULL) : NULL;

		if (!a->value)
			continue;
		err = fn(user, &(struct port_difference){a->name, other ? other->value : NULL,
				       a->value, a->is_devices});
		if (other)
			other->value = NULL;
	}
	for (unsigned i = 0; i < before.n && !err; i++) {
		const struct argument *a = &before.item[i];

		if (a->value)
			err = fn(user,
				&(struct port_difference){a->name, a->value, NULL, a->is_devices});
	}
	free(before.devargs);
	free(after.devargs);
	return err;
}
