/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xdpkctl -- asks a running xdpk, and shows what it says.
 *
 *	command line ─► a line of words ─► the command's spec ─► xdpk ─► rows ─► a table, or JSON
 *
 * What a line means is xdpk's to know; xdpkctl knows only how it looks (specs.h).
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "own.h"
#include "specs.h"

static const struct {
	const char *words;
	own_run *run;
} own[] = {
#define COMMAND(function, words, ...) {words, function},
#include "own.def"
#undef COMMAND
};

static own_run *find_own(const struct control_spec *spec)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(own[i].words, spec->words) == 0)
			return own[i].run;
	return NULL;
}

static enum exit_status status_of(enum request_end end)
{
	switch (end) {
	case REQUEST_DONE:
	case REQUEST_ENOUGH: return EXIT_DONE;
	case REQUEST_REFUSED: return EXIT_REFUSED;
	case REQUEST_WRONG: return EXIT_WRONG;
	default: return EXIT_NOBODY;
	}
}

/* What control-words.h says of a line that is not as it should be. */
static bool is_about_words(const char *error)
{
	return !strncmp(error, "expected ", 9) || !strncmp(error, "unexpected ", 11);
}

static enum exit_status ask(const struct ctl *ctl, struct connection *c,
	const struct control_spec *spec, const struct control_words *args)
{
	struct renderer *r = renderer__begin(spec->shape, ctl->as);
	char *errmsg = NULL, *name = NULL;
	enum request_end end;

	if (!r)
		return EXIT_WRONG;
	end = connection__request(c, spec, args, renderer__row, r, &errmsg, &name);
	renderer__end(r, end != REQUEST_DONE);
	if (errmsg)
		render__error(ctl->as, errmsg, name ? name : "EIO");
	if (ctl->as == RENDER_TEXT && errmsg && is_about_words(errmsg))
		fprintf(stderr, "usage: xdpkctl %s %s\n", spec->words, spec->args);
	free(errmsg);
	free(name);
	return status_of(end);
}

bool ctl__connect(const struct ctl *ctl, struct connection *c)
{
	char *errmsg = NULL;

	if (!connection__open(c, ctl->socket, &errmsg))
		return true;
	render__error(ctl->as, errmsg, "ENOENT");
	free(errmsg);
	return false;
}

enum exit_status ctl__run(const struct ctl *ctl, struct control_words *line)
{
	struct connection c;
	char *errmsg = NULL;
	enum exit_status status;
	int n_name;
	const struct control_spec *spec = specs__find(line, &n_name, &errmsg);
	struct control_words args = {line->n - n_name, line->word + n_name};

	if (spec && find_own(spec))
		return find_own(spec)(ctl, &args);
	if (!spec) {
		render__error(ctl->as, errmsg, "EINVAL");
		status = EXIT_WRONG;
	} else if (!ctl__connect(ctl, &c)) {
		status = EXIT_NOBODY;
	} else {
		status = ask(ctl, &c, spec, &args);
		connection__close(&c);
	}
	free(errmsg);
	return status;
}

static enum exit_status wrong_option(const char *option)
{
	fprintf(stderr, "xdpkctl: there is no option %s; see xdpkctl --help\n", option);
	return EXIT_WRONG;
}

static enum exit_status run(int argc, char **argv)
{
	struct ctl ctl = {0};
	struct control_words line = {argc - 1, argv + 1};

	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_DFL);
	while (line.n && line.word[0][0] == '-' && line.word[0][1]) {
		const char *option = control_words__next(&line);

		if (!strcmp(option, "-j") || !strcmp(option, "--json")) {
			ctl.as = RENDER_JSON;
		} else if (!strcmp(option, "-p") || !strcmp(option, "--pretty")) {
			ctl.as = RENDER_PRETTY;
		} else if ((!strcmp(option, "-s") || !strcmp(option, "--socket")) && line.n) {
			ctl.socket = control_words__next(&line);
		} else if (!strncmp(option, "--socket=", 9)) {
			ctl.socket = option + 9;
		} else if (!strcmp(option, "--complete")) {
			return complete(&ctl, &line);
		} else if (!strcmp(option, "-h") || !strcmp(option, "--help")) {
			help__print();
			return EXIT_DONE;
		} else if (!strcmp(option, "-V") || !strcmp(option, "--version")) {
			puts("xdpkctl " XDPK_VERSION);
			return EXIT_DONE;
		} else {
			return wrong_option(option);
		}
	}
	if (line.n)
		return ctl__run(&ctl, &line);
	help__print();
	return EXIT_WRONG;
}

int main(int argc, char **argv)
{
	enum exit_status status = run(argc, argv);

	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "xdpkctl: what it prints cannot be written: %s\n", strerror(errno));
	return EXIT_WRONG;
}
