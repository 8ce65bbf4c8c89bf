/* SPDX-License-Identifier: BSD-3-Clause
 *
 * report-text.c -- renders the report for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "verdict.h"

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static intmax_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_packets(const json_t *report)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(report, "packet_list"), i, p) {
		printf("%6jd  %4jd bytes  %s", number(p, "packet"), number(p, "length"),
			text(p, "verdict"));
		if (json_object_get(p, "ifindex"))
			printf(" to interface %jd", number(p, "ifindex"));
		else if (json_object_get(p, "worker"))
			printf(" to worker %jd", number(p, "worker"));
		else if (json_object_get(p, "broadcast"))
			printf(" to all interfaces of a map");
		if (number(p, "out_length") != number(p, "length"))
			printf(", now %jd bytes", number(p, "out_length"));
		else if (json_is_true(json_object_get(p, "changed")))
			printf(", changed");
		if (number(p, "metadata"))
			printf(", %jd bytes of metadata", number(p, "metadata"));
		putchar('\n');
	}
}

/* As its type says, else byte by byte. */
static void print_bytes(const json_t *entry, const char *which)
{
	const json_t *typed = json_object_get(json_object_get(entry, "typed"), which);

	printf("  %s ", which);
	if (typed)
		json_dumpf(typed, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
	else
		printf("%s", text(entry, which));
}

static void print_entry(const json_t *entry)
{
	print_bytes(entry, "key");
	print_bytes(entry, "value");
	putchar('\n');
}

static void print_maps(const json_t *report)
{
	const json_t *m, *e;
	size_t i, j;

	json_array_foreach(json_object_get(report, "maps"), i, m) {
		printf("map %s, %s\n", text(m, "name"), text(m, "type"));
		json_array_foreach(json_object_get(m, "entries"), j, e)
			print_entry(e);
	}
}

static void print_events(const json_t *report)
{
	const json_t *e;
	size_t i;

	json_array_foreach(json_object_get(report, "events"), i, e)
		printf("event of map %s, %jd bytes: %s\n", text(e, "map"), number(e, "size"),
			text(e, "data"));
}

static void print_coverage(const json_t *report)
{
	const json_t *c = json_object_get(report, "coverage"), *l;
	const char *file = "";
	size_t i;

	if (!c)
		return;
	json_array_foreach(json_object_get(c, "lines"), i, l) {
		if (strcmp(file, text(l, "file")) != 0) {
			file = text(l, "file");
			printf("%s\n", file);
		}
		printf("%10jd  %4jd  %s\n", number(l, "hits"), number(l, "line"), text(l, "text"));
	}
	printf("coverage: %jd of %jd reachable instructions (%.1f%%)\n", number(c, "hit"),
		number(c, "reachable"), json_real_value(json_object_get(c, "percent")));
}

static void print_differences(const json_t *report)
{
	const json_t *d;
	size_t i;

	json_array_foreach(json_object_get(report, "differences"), i, d) {
		if (json_object_get(d, "event"))
			printf("map %s, event %jd", text(d, "map"), number(d, "event"));
		else if (json_object_get(d, "map"))
			printf("map %s, key %s", text(d, "map"), text(d, "key"));
		else
			printf("packet %jd", number(d, "packet"));
		printf(": %s: %s %s, %s %s\n", text(d, "what"), text(d, "engine"), text(d, "got"),
			text(d, "against"), text(d, "want"));
	}
}

static void print_left_out(const json_t *report)
{
	static const struct {
		const char *key, *meaning;
	} notes[] = {
		{"too_short", "left out: shorter than an Ethernet header"},
		{"too_long", "left out: longer than one linear buffer"},
		{"cut_by_snap", "cut by the capture's snapshot length: run as they are"},
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if (number(report, notes[i].key))
			printf("%jd packets %s\n", number(report, notes[i].key), notes[i].meaning);
	}
}

/* A row, unless no engine has any. */
static void print_count(const json_t *list, const char *key, const char *title)
{
	intmax_t sum = 0;
	const json_t *e;
	size_t i;

	json_array_foreach(list, i, e)
		sum += number(e, key);
	if (!sum)
		return;
	printf("\n%-10s", title);
	json_array_foreach(list, i, e) {
		if (!json_object_get(e, "skipped"))
			printf("%12jd", number(e, key));
	}
}

/* A column per engine that ran. */
static void print_table(const json_t *list)
{
	const json_t *e;
	size_t i;

	printf("%-10s", "");
	json_array_foreach(list, i, e) {
		if (!json_object_get(e, "skipped"))
			printf("%12s", text(e, "name"));
	}
	for (uint32_t v = 0; v < N_VERDICTS; v++) {
		const char *name = verdict__class_name(v);
		intmax_t sum = 0;

		json_array_foreach(list, i, e)
			sum += number(json_object_get(e, "verdicts"), name);
		if (v == VERDICT_OTHER && !sum)
			continue;
		printf("\n%-10s", name);
		json_array_foreach(list, i, e) {
			if (!json_object_get(e, "skipped"))
				printf("%12jd", number(json_object_get(e, "verdicts"), name));
		}
	}
	print_count(list, "events", "events");
	print_count(list, "events_lost", "  lost");
	printf("\n%-10s", "ns/packet");
	json_array_foreach(list, i, e) {
		if (!json_object_get(e, "skipped"))
			printf("%12.1f", json_real_value(json_object_get(e, "ns_per_packet")));
	}
	putchar('\n');
}

static void print_engines(const json_t *report)
{
	const json_t *list = json_object_get(report, "engines"), *e;
	intmax_t passes = number(report, "passes");
	size_t i;

	print_table(list);
	if (passes > 1)
		printf("ns/packet: median of %jd passes after a first one, from warm caches\n",
			passes - 1);
	else
		printf("ns/packet: one cold pass; --repeat N measures\n");
	json_array_foreach(list, i, e) {
		if (!json_object_get(e, "skipped"))
			printf("  %s: %s\n", text(e, "name"), text(e, "measures"));
	}
	json_array_foreach(list, i, e) {
		if (json_object_get(e, "skipped"))
			printf("%s did not run: %s\n", text(e, "name"), text(e, "skipped"));
	}
}

void report__print_text(const json_t *report)
{
	size_t n = report__n_differences(report);

	print_packets(report);
	print_maps(report);
	print_events(report);
	print_coverage(report);
	print_differences(report);
	printf("%s: %s over %jd packets of %s\n", text(report, "object"), text(report, "program"),
		number(report, "packets"), text(report, "capture"));
	print_left_out(report);
	print_engines(report);
	if (n)
		printf("%zu difference%s\n", n, n == 1 ? "" : "s");
	else
		printf("no differences\n");
}
