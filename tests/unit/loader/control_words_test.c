/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control_words_test.c -- how a control line is cut into words, which of them are files, and
 * what is written as JSON.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <control.h>

/* The line's words, each between bars; or what is wrong with it. */
static void is_cut(const char *line, const char *expected)
{
	char *text = strdup(line), *err = NULL, got[256] = "|";
	struct control_words w;

	assert_non_null(text);
	if (control_words__split(&w, text, &err)) {
		snprintf(got, sizeof(got), "%s", err);
		assert_null(w.word);
	}
	for (int i = 0; w.word && i < w.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s|", w.word[i]);
	assert_string_equal(got, expected);
	free(w.word);
	free(text);
	free(err);
}

static void lines_are_cut_into_words(void **state)
{
	is_cut("", "|");
	is_cut(" \t\r\n", "|");
	is_cut("map  update\tm\n", "|map|update|m|");
	is_cut("map # update", "|map|");
	is_cut("a#b", "|a#b|");
	is_cut("'a b' \"c d\"x e'f g'", "|a b|c dx|ef g|");
	is_cut("\"a \\\" \\\\ b\" 'c\\' \"\" ''", "|a \" \\ b|c\\|||");
	is_cut("value {\"a b\": [1, 2], \"}\": \"\\\"}\"} any",
		"|value|{\"a b\": [1, 2], \"}\": \"\\\"}\"}|any|");
	is_cut("[1, {\"#\": 2}] # x", "|[1, {\"#\": 2}]|");
	is_cut("a{b c}", "|a{b|c}|");
	is_cut("a 'b", "a quotation mark is not closed");
	is_cut("a \"b\\\"", "a quotation mark is not closed");
	is_cut("{\"a\": [1, 2}", "a '{' is not closed");
	is_cut("[\"]", "a '[' is not closed");
}

static void is_file(const char *args, const char *line, const char *expected)
{
	const struct control_spec spec = {.words = "x", .args = args};
	char text[128], got[16] = "";
	struct control_words w;

	snprintf(text, sizeof(text), "%s", line);
	assert_int_equal(control_words__split(&w, text, NULL), 0);
	for (int i = 0; i < w.n; i++) {
		char kind = control_spec__file_at(&spec, &w, i);

		got[i] = kind ? kind : '.';
	}
	assert_string_equal(got, expected);
	free(w.word);
}

static void files_among_words_are_found(void **state)
{
	const char *load = "FILE [as NAME] [prog FUNCTION] [init FILE] [rodata VAR=VALUE]...";

	is_file(load, "a.o", "r");
	is_file(load, "a.o as init init b.init", "r...r");
	is_file(load, "a.o init", "r.");
	is_file("NAME FILE [fresh-maps]", "fw a.o fresh-maps", ".r.");
	is_file("MAP [OUT]", "m -", ".w");
	is_file("MAP [OUT]", "m", ".");
	is_file("OUT [port PORT] [filter TEXT]", "x port OUT filter FILE", "w....");
	is_file("MAP key DATA value DATA", "m key FILE value FILE", ".....");
}

static void json_is_written(void **state)
{
	struct ebpf_json t = {0};

	ebpf_json__open(&t, '{');
	ebpf_json__add_string(&t, "na\"me", "a\\b\n\x01\xc3\xa9\xff\xc0\x80");
	ebpf_json__add_string(&t, "none", NULL);
	ebpf_json__add_unsigned(&t, "most", UINT64_MAX);
	ebpf_json__key(&t, "list");
	ebpf_json__open(&t, '[');
	ebpf_json__signed(&t, INT64_MIN);
	ebpf_json__signed(&t, 7);
	ebpf_json__null(&t);
	ebpf_json__open(&t, '{');
	ebpf_json__close(&t, '}');
	ebpf_json__close(&t, ']');
	ebpf_json__add_bool(&t, "yes", true);
	ebpf_json__add_real(&t, "real", -1.25, 2);
	ebpf_json__add_real(&t, "not", 0.0 / 0.0, 2);
	ebpf_json__close(&t, '}');
	assert_false(t.failed);
	assert_string_equal(t.text,
		"{\"na\\\"me\":\"a\\\\b\\n\\u0001\xc3\xa9\\u00ff\\u00c0\\u0080\",\"none\":null,"
		"\"most\":18446744073709551615,\"list\":[-9223372036854775808,7,null,{}],"
		"\"yes\":true,\"real\":-1.25,\"not\":null}");
	ebpf_json__free(&t);
}

/* --- commands -------------------------------------------------------------------------------- */

static int echo(struct control_context *c, struct control_words *args, char **errmsg)
{
	while (args->n) {
		ebpf_json__add_string(control__row(c), "word", control_words__next(args));
		if (control__send(c, errmsg))
			return -EPIPE;
	}
	return 0;
}

static const struct control_command echo_commands[] = {
	{{"echo", "WORD...", "say it again", CONTROL_READER, CONTROL_TABLE, CONTROL_ANY_TIME},
		echo},
	{{"echo loud", "WORD...", "", CONTROL_OPERATOR, CONTROL_TABLE, CONTROL_ANY_TIME}, echo},
	{{"echo early", "WORD...", "", CONTROL_READER, CONTROL_TABLE, CONTROL_BEFORE_LOAD}, echo},
	{{0}},
};

static const struct control_command *const tables[] = {
	control_commands, &echo_commands[1], echo_commands, NULL};

struct listener {
	char got[256];
	int patience;
};

static int listen_to(void *user, const char *json, size_t len)
{
	struct listener *l = user;

	if (l->patience-- == 0)
		return -EPIPE;
	strncat(l->got, json, len);
	return 0;
}

static void answers_are_rows(void **state)
{
	struct listener l = {.patience = 2};
	const struct control_reply reply = {.row = listen_to, .user = &l};
	struct control_context c = {.tables = tables, .reply = &reply};
	char *err;

	assert_int_equal(control__run_line(&c, "echo a 'b c'", &err), 0);
	assert_string_equal(l.got, "{\"word\":\"a\"}{\"word\":\"b c\"}");
	assert_int_equal(control__run_line(&c, "echo a b", &err), -EPIPE);
	free(err);
	c.reply = NULL;
	assert_int_equal(control__run_line(&c, "echo a b", &err), 0);
	control__free_row(&c);
}

static void refused(struct control_context *c, const char *line, int status, const char *part)
{
	char *err = NULL;

	assert_int_equal(control__run_line(c, line, &err), status);
	if (!err || !strstr(err, part))
		fail_msg("'%s': \"%s\" is not in \"%s\"", line, part, err);
	free(err);
}

static void readers_change_nothing(void **state)
{
	struct control_context c = {.tables = tables, .role = CONTROL_READER};

	refused(&c, "echo loud a", -EPERM, "echo loud changes something, and you may only look");
	refused(&c, "map delete m key 1", -EPERM, "map delete changes something");
	refused(&c, "echo early a", -EBUSY, "echo early is for an object that is being loaded");
	refused(&c, "ech a", -EINVAL,
		"expected one of: map, rodata, link, addr, route, rule, neigh, echo");
}

/* --- maps by name ---------------------------------------------------------------------------- */

static void maps_are_found(void **state)
{
	struct ebpf_instance *inst = ebpf_instance__create(NULL, NULL);
	struct control_context c = {.tables = tables, .instance = inst, .role = CONTROL_OPERATOR};

	assert_non_null(inst);
	refused(&c, "map delete own key 0 0 0 0", -ENOENT, "there is no map own");
	refused(&c, "map delete id 4 key 0 0 0 0", -ENOENT, "there is no map with id 4");
	refused(&c, "map delete id x key 0 0 0 0", -EINVAL, "expected a map's id, got 'x'");
	refused(&c, "map delete id key 0", -ENOENT, "there is no map id");
	ebpf_instance__destroy(inst);
}

int main(void)
{
	const struct CMUnitTest tests_here[] = {
		cmocka_unit_test(lines_are_cut_into_words),
		cmocka_unit_test(files_among_words_are_found),
		cmocka_unit_test(json_is_written),
		cmocka_unit_test(answers_are_rows),
		cmocka_unit_test(readers_change_nothing),
		cmocka_unit_test(maps_are_found),
	};

	return cmocka_run_group_tests(tests_here, NULL, NULL);
}
