/* SPDX-License-Identifier: BSD-3-Clause
 *
 * features.c -- what there is of what Linux gives to XDP programs, and why the rest is not: from
 * the machine's own tables.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/error.h"
#include "ebpf-map.h"
#include "runtime/helpers.h"

#define MAX_HELPER   1024
#define MAX_KFUNC    (KFUNC_BASE + 1024)
#define MAX_MAP_TYPE 64

enum kind { HELPER, KFUNC, MAP_TYPE };

static const struct {
	const char *name, *plural;
} kinds[] = {
	[HELPER] = {"helper", "helpers"},
	[KFUNC] = {"kfunc", "kernel functions"},
	[MAP_TYPE] = {"map", "map types"},
};

struct feature {
	enum kind kind;
	const char *name;
	const char *reason; /* why it is refused; NULL: it is supported */
};

struct features {
	struct feature *list;
	size_t n;
};

static int add(struct features *f, enum kind kind, const char *name, const char *reason)
{
	struct feature *grown = reallocarray(f->list, f->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	f->list = grown;
	grown[f->n++] = (struct feature){kind, name, reason};
	return 0;
}

static int add_helpers(struct features *f, enum kind kind, uint32_t first, uint32_t end)
{
	int err = 0;

	for (uint32_t id = first; id < end && !err; id++)
		if (helper__find(id) || helper__reason(id))
			err = add(f, kind, helper__name(id), helper__reason(id));
	return err;
}

static int collect(struct features *f)
{
	int err = add_helpers(f, HELPER, 1, MAX_HELPER);

	if (!err)
		err = add_helpers(f, KFUNC, KFUNC_BASE, MAX_KFUNC);
	for (uint32_t type = 0; type < MAX_MAP_TYPE && !err; type++)
		if (ebpf_map_type__name(type))
			err = add(f, MAP_TYPE, ebpf_map_type__name(type),
				ebpf_map_type__reason(type));
	return err;
}

static void print_text(const struct features *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct feature *x = &f->list[i];

		printf("%-7s %-40s %s%s\n", kinds[x->kind].name, x->name,
			x->reason ? "refused: " : "supported", x->reason ? x->reason : "");
	}
}

/* A name as the README has it, and what comes before it. */
static void print_name(const struct feature *x, const char *before)
{
	const char *name = x->name;

	if (strncmp(name, "bpf_", 4) == 0)
		name += 4;
	printf("%s%s", before, name);
}

static void print_row(const struct features *f, enum kind kind, const char *reason)
{
	const char *before = "";

	for (size_t i = 0; i < f->n; i++) {
		const struct feature *x = &f->list[i];

		if (x->kind != kind || !x->reason != !reason ||
			(reason && strcmp(x->reason, reason) != 0))
			continue;
		print_name(x, before);
		before = ", ";
	}
	printf(" |\n");
}

/* Is it the first of its kind with that reason? */
static bool is_first(const struct features *f, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (f->list[i].kind == f->list[at].kind && f->list[i].reason &&
			!strcmp(f->list[i].reason, f->list[at].reason))
			return false;
	return true;
}

static void print_markdown(const struct features *f)
{
	printf("| supported | |\n| --- | --- |\n");
	for (enum kind kind = HELPER; kind <= MAP_TYPE; kind++) {
		printf("| %s | ", kinds[kind].plural);
		print_row(f, kind, NULL);
	}
	printf("\n| refused | why | |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < f->n; i++) {
		const struct feature *x = &f->list[i];

		if (!x->reason || !is_first(f, i))
			continue;
		printf("| %s | %s | ", kinds[x->kind].plural, x->reason);
		print_row(f, x->kind, x->reason);
	}
}

static void print_json(const struct features *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++) {
		const struct feature *x = &f->list[i];
		json_t *o = json_pack("{s:s, s:s, s:b}", "kind", kinds[x->kind].name, "name",
			x->name, "supported", !x->reason);

		if (x->reason)
			json_object_set_new(o, "reason", json_string(x->reason));
		json_array_append_new(list, o);
	}
	json_dumpf(list, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(list);
}

static int features(const struct command_line *line, char **errmsg)
{
	struct features f = {0};
	int err = collect(&f);

	if (err)
		error__set(errmsg, err, "no memory for the list");
	else if (line->options['j'])
		print_json(&f);
	else if (line->options['m'])
		print_markdown(&f);
	else
		print_text(&f);
	free(f.list);
	return err ? EXIT_UNUSABLE : EXIT_GOOD;
}

const struct command features_command = {
	.name = "features",
	.args = "",
	.summary = "list helpers, kernel functions and map types",
	.details = "What Linux gives to XDP programs: supported, or refused and why.\n",
	.options =
		(const struct command_option[]){
			{'j', "json", NULL, "print JSON"},
			{'m', "markdown", NULL, "print the tables of the README"},
			{0},
		},
	.run = features,
};
