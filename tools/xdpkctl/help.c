/* SPDX-License-Identifier: BSD-3-Clause
 *
 * help.c -- what there is to type: all of it, or what begins with a word.
 */
#include <stdio.h>
#include <string.h>

#include "own.h"
#include "specs.h"
#include "vm/core/error.h"

#define WIDTH 96

/* Text from a column on, in lines of at most WIDTH; words are kept whole. */
static void print_wrapped(const char *text, int column, int from)
{
	int at = from;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (at > column && at + 1 + (int)len > WIDTH)
			at = printf("\n%*s", column, "") - 1;
		else if (at > column)
			at += printf(" ");
		at += printf("%.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_spec(const struct control_spec *spec)
{
	int at = printf("  %s", spec->words);

	if (*spec->args)
		at += printf(" ");
	print_wrapped(spec->args, at, at);
	print_wrapped(spec->summary, printf("%8s", ""), 8);
}

static void print_specs(const char *word)
{
	const struct control_spec *before = NULL;

	for (const struct control_spec *s = specs; s->words; s++) {
		size_t len = strcspn(s->words, " ");

		if (word && !spec__is_about(s, word))
			continue;
		if (before && strncmp(before->words, s->words, len + 1))
			putchar('\n');
		print_spec(s);
		before = s;
	}
}

void help__print(void)
{
	printf("usage: xdpkctl [options] COMMAND ...\n"
	       "\n"
	       "Asks a running xdpk. The same lines can stand in the file of xdpk --config.\n"
	       "\n"
	       "  -s, --socket PATH  where xdpk listens (default: $XDPK_SOCKET, the user's own,\n"
	       "                     /run/xdpk/control.sock)\n"
	       "  -j, --json         print JSON, errors too\n"
	       "  -p, --pretty       print JSON, indented\n"
	       "  -h, --help         print this\n"
	       "  -V, --version      print the version\n"
	       "\n"
	       "commands:\n"
	       "\n");
	print_specs(NULL);
	printf("\nCAPITALS are yours to fill in; FILE and OUT may be - for standard input and "
	       "output.\n"
	       "\nexit status: 0 done, 1 refused by xdpk, 2 no such command or file, 3 nobody "
	       "there\n");
}

enum exit_status own__help(const struct ctl *ctl, struct control_words *args)
{
	const char *word = control_words__next(args);
	struct control_words line = {1, (char **)&word};

	if (!word) {
		help__print();
		return EXIT_DONE;
	}
	for (const struct control_spec *s = specs; s->words; s++) {
		if (spec__is_about(s, word)) {
			print_specs(word);
			return EXIT_DONE;
		}
	}
	return ctl__run(ctl, &line); /* which says what there is */
}
