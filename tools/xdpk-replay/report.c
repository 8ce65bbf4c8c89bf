/* SPDX-License-Identifier: BSD-3-Clause
 *
 * report.c -- fills the report.
 */
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "object.h"
#include "report.h"
#include "value.h"
#include "verdict.h"

void report__difference(json_t *report, json_t *where, const char *what, const char *engine,
	const char *got, const char *against, const char *want)
{
	json_t *d = json_pack("{s:s, s:s, s:s, s:s, s:s}", "what", what, "engine", engine, "got",
		got, "against", against, "want", want);

	json_object_update_new(d, where);
	json_array_append_new(json_object_get(report, "differences"), d);
}

size_t report__n_differences(const json_t *report)
{
	return json_array_size(json_object_get(report, "differences"));
}

static void describe_redirect(json_t *packet, const struct ebpf_redirect *to)
{
	static const char *const where[] = {
		[EBPF_REDIRECT_IFINDEX] = "ifindex",
		[EBPF_REDIRECT_WORKER] = "worker",
	};

	if (to->kind == EBPF_REDIRECT_BROADCAST)
		json_object_set_new(packet, "broadcast", json_true());
	else if (to->kind != EBPF_REDIRECT_NONE)
		json_object_set_new(packet, where[to->kind], json_integer(to->target));
}

void report__packet(
	json_t *report, const struct capture_packet *in, const struct engine_result *out)
{
	json_t *list = json_object_get(report, "packet_list");
	const uint8_t *bytes = out->bytes + out->meta_len;
	int changed = out->len != in->len || memcmp(bytes, in->data, in->len) != 0;
	char name[16];
	json_t *p = json_pack("{s:I, s:I, s:s, s:I, s:I, s:b}", "packet", (json_int_t)in->number,
		"length", (json_int_t)in->len, "verdict", verdict__name(out->verdict, name),
		"out_length", (json_int_t)out->len, "metadata", (json_int_t)out->meta_len,
		"changed", changed);

	if (out->has_redirect)
		describe_redirect(p, &out->redirect);
	json_array_append_new(list, p);
}

static bool all_zero(const uint8_t *bytes, size_t n)
{
	while (n && !bytes[n - 1])
		n--;
	return !n;
}

/* What the keys and values of a map mean; NULL where that is not known. */
struct meaning {
	struct ebpf_layout *key, *value;
};

/* By the map's name: those that are in maps of maps have none of their own. */
static struct meaning meaning_of(const struct ebpf_object *obj, const struct map_copy *m)
{
	struct meaning meaning = {0};

	for (size_t i = 0; i < ebpf_object__n_maps(obj); i++) {
		if (strcmp(ebpf_object__map_opts(obj, i)->name, m->name))
			continue;
		ebpf_object__map_layouts(obj, i, &meaning.key, &meaning.value, NULL);
		break;
	}
	return meaning;
}

/* NULL if the layout is not of these bytes. */
static json_t *value_of(const struct ebpf_layout *l, const uint8_t *bytes, uint32_t size)
{
	struct ebpf_json t = {0};
	json_t *value = NULL;

	if (!l || l->size != size)
		return NULL;
	ebpf_value__print(&t, l, bytes);
	if (!t.failed)
		value = json_loads(t.text, JSON_DECODE_ANY, NULL);
	ebpf_json__free(&t);
	return value;
}

static json_t *describe_typed(const struct map_copy *m, const struct meaning *meaning, size_t i)
{
	return json_pack("{s:o*, s:o*}", "key",
		value_of(meaning->key, map_copy__key(m, i), m->key_size), "value",
		value_of(meaning->value, map_copy__value(m, i), m->value_size));
}

/* An array's elements that are zero are left out: there may be many. */
static json_t *describe_entries(const struct map_copy *m, const struct meaning *meaning)
{
	json_t *entries = json_array();

	for (size_t i = 0; i < m->n; i++) {
		char *key, *value;
		json_t *entry;

		if (map_type__is_array(m->type) && all_zero(map_copy__value(m, i), m->value_size))
			continue;
		key = hex__format(map_copy__key(m, i), m->key_size);
		value = hex__format(map_copy__value(m, i), m->value_size);
		entry = json_pack("{s:s*, s:s*, s:o}", "key", key, "value", value, "typed",
			describe_typed(m, meaning, i));
		json_array_append_new(entries, entry);
		free(key);
		free(value);
	}
	return entries;
}

void report__maps(json_t *report, const struct map_set *set, const struct ebpf_object *obj)
{
	json_t *maps = json_array();

	for (size_t i = 0; i < set->n; i++) {
		const struct map_copy *m = &set->maps[i];
		const char *type = ebpf_map_type__name(m->type);
		struct meaning meaning = meaning_of(obj, m);
		json_t *map = json_pack("{s:s, s:s, s:o}", "name", m->name, "type",
			type ? type : "unknown", "entries", describe_entries(m, &meaning));

		json_array_append_new(maps, map);
		ebpf_layout__free(meaning.key);
		ebpf_layout__free(meaning.value);
	}
	json_object_set_new(report, "maps", maps);
}

void report__events(json_t *report, const struct event_log *log)
{
	json_t *events = json_array();

	for (size_t i = 0; i < log->n; i++) {
		const struct event *e = &log->events[i];
		char *data = hex__format(event_log__data(log, e), e->size);

		json_array_append_new(events, json_pack("{s:s, s:I, s:s*}", "map", e->map, "size",
						      (json_int_t)e->size, "data", data));
		free(data);
	}
	json_object_set_new(report, "events", events);
}

int report__print_json(const json_t *report)
{
	int err = json_dumpf(report, stdout, JSON_INDENT(2));

	putchar('\n');
	return err;
}
