/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command-line.h"

#define EXIT_BAD    2
#define MAX_LETTERS 16

static void list_letters(const struct option *options, char letters[MAX_LETTERS])
{
	size_t n = 0;

	for (; options->name && n + 2 < MAX_LETTERS; options++) {
		if (options->val >= OPTION_LIST)
			continue;
		letters[n++] = (char)options->val;
		if (options->has_arg == required_argument)
			letters[n++] = ':';
	}
	letters[n] = '\0';
}

static bool choose(const struct command_line *c, char **words, int n)
{
	for (int k = 0; k < n; k++) {
		bool found = false;

		for (size_t i = 0; i < c->n; i++)
			if (strncmp(c->name(i), words[k], strlen(words[k])) == 0)
				found = c->chosen[i] = true;
		if (!found) {
			fprintf(stderr, "xdpk-bench: no %s %s\n", c->thing, words[k]);
			return false;
		}
	}
	for (size_t i = 0; n == 0 && i < c->n; i++)
		c->chosen[i] = true;
	return true;
}

int command_line__read(const struct command_line *c, int argc, char **argv)
{
	char letters[MAX_LETTERS];
	int option;

	list_letters(c->options, letters);
	while ((option = getopt_long(argc, argv, letters, c->options, NULL)) != -1) {
		switch (option) {
		case OPTION_HELP: fputs(c->usage, stdout); return 0;
		case OPTION_LIST: c->list(); return 0;
		default:
			if (!c->set(c->user, option, optarg))
				return EXIT_BAD;
		}
	}
	return choose(c, argv + optind, argc - optind) ? -1 : EXIT_BAD;
}

bool command_line__number(const char **text, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long value = strtoul(*text, &end, 10);

	if (**text < '0' || **text > '9' || (*end && *end != ',') || value < min || value > max) {
		fprintf(stderr, "xdpk-bench: %s is not a number from %u to %u\n", *text, min, max);
		return false;
	}
	*text = end;
	*out = (uint32_t)value;
	return true;
}

bool command_line__count(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	const char *end = text;

	if (!command_line__number(&end, min, max, out))
		return false;
	if (!*end)
		return true;
	fprintf(stderr, "xdpk-bench: %s is not a number from %u to %u\n", text, min, max);
	return false;
}
