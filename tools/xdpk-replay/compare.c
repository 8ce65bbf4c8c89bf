/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compare.c -- differences in verdicts, bytes and maps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "hex.h"
#include "report.h"
#include "verdict.h"

/* Two sides under comparison. */
struct sides {
	json_t *report;
	const char *who, *whom;
};

static void differ_in_number(const struct sides *s, uint32_t packet, const char *what,
	const char *format, uint32_t got, uint32_t want)
{
	char got_text[32], want_text[32];

	snprintf(got_text, sizeof(got_text), format, got);
	snprintf(want_text, sizeof(want_text), format, want);
	report__difference(s->report, json_pack("{s:I}", "packet", (json_int_t)packet), what,
		s->who, got_text, s->whom, want_text);
}

static void compare_bytes(const struct sides *s, uint32_t packet, const struct packet_state *got,
	const struct packet_state *want)
{
	char what[32];
	uint32_t i = 0, n = got->meta_len + got->len;

	while (i < n && got->bytes[i] == want->bytes[i])
		i++;
	if (i == n)
		return;
	if (i < got->meta_len)
		snprintf(what, sizeof(what), "metadata byte %u", i);
	else
		snprintf(what, sizeof(what), "byte %u", i - got->meta_len);
	differ_in_number(s, packet, what, "0x%02x", got->bytes[i], want->bytes[i]);
}

static void compare_redirects(const struct sides *s, uint32_t packet,
	const struct ebpf_redirect *got, const struct ebpf_redirect *want)
{
	if (got->kind != want->kind)
		differ_in_number(s, packet, "redirect kind", "%u", got->kind, want->kind);
	else if (got->kind && got->target != want->target)
		differ_in_number(s, packet, "redirect target", "%u", got->target, want->target);
	else if (got->kind && !got->prog != !want->prog)
		differ_in_number(s, packet, "programs at the redirect target", "%u",
			got->prog != NULL, want->prog != NULL);
}

void compare__packets(json_t *report, uint32_t number, const char *who,
	const struct packet_state *got, const char *whom, const struct packet_state *want)
{
	const struct sides s = {report, who, whom};
	char got_name[16], want_name[16];

	if (got->verdict != want->verdict)
		report__difference(report, json_pack("{s:I}", "packet", (json_int_t)number),
			"verdict", who, verdict__name(got->verdict, got_name), whom,
			verdict__name(want->verdict, want_name));
	if (got->len != want->len)
		differ_in_number(&s, number, "length", "%u", got->len, want->len);
	if (got->meta_len != want->meta_len)
		differ_in_number(
			&s, number, "metadata length", "%u", got->meta_len, want->meta_len);
	if (got->len == want->len && got->meta_len == want->meta_len)
		compare_bytes(&s, number, got, want);
	if (got->redirect && want->redirect)
		compare_redirects(&s, number, got->redirect, want->redirect);
}

static struct packet_state state_of(const struct engine_result *r)
{
	return (struct packet_state){.verdict = r->verdict,
		.meta_len = r->meta_len,
		.len = r->len,
		.bytes = r->bytes,
		.redirect = r->has_redirect ? &r->redirect : NULL};
}

void compare__results(json_t *report, uint32_t number, const char *who,
	const struct engine_result *got, const char *whom, const struct engine_result *want)
{
	struct packet_state a = state_of(got), b = state_of(want);

	compare__packets(report, number, who, &a, whom, &b);
}

/* got or want is NULL where a side has no such key. */
static void compare_entry(const struct sides *s, const struct map_copy *m, const uint8_t *key,
	const uint8_t *got, const uint8_t *want)
{
	char *key_text, *got_text, *want_text;

	if (got && want && memcmp(got, want, m->value_size) == 0)
		return;
	key_text = hex__format(key, m->key_size);
	got_text = got ? hex__format(got, m->value_size) : NULL;
	want_text = want ? hex__format(want, m->value_size) : NULL;
	report__difference(s->report, json_pack("{s:s, s:s*}", "map", m->name, "key", key_text),
		"value", s->who, got_text ? got_text : "none", s->whom,
		want_text ? want_text : "none");
	free(key_text);
	free(got_text);
	free(want_text);
}

/* Both are sorted by key: one walk over both. */
static void compare_map(
	const struct sides *s, const struct map_copy *got, const struct map_copy *want)
{
	size_t i = 0, j = 0;

	while (i < got->n || j < want->n) {
		const uint8_t *a = i < got->n ? map_copy__key(got, i) : NULL;
		const uint8_t *b = j < want->n ? map_copy__key(want, j) : NULL;
		int order = !a ? 1 : !b ? -1 : memcmp(a, b, got->key_size);

		if (map_type__is_array(got->type) && a && b)
			order = 0; /* in the order of indexes, which is not that of memcmp() */
		compare_entry(s, got, order <= 0 ? a : b,
			order <= 0 ? map_copy__value(got, i) : NULL,
			order >= 0 ? map_copy__value(want, j) : NULL);
		i += order <= 0;
		j += order >= 0;
	}
}

void compare__maps(json_t *report, const char *who, const struct map_set *got, const char *whom,
	const struct map_set *want)
{
	const struct sides s = {report, who, whom};

	for (size_t i = 0; i < want->n; i++) {
		const struct map_copy *m = map_set__find(got, want->maps[i].name);

		if (m)
			compare_map(&s, m, &want->maps[i]);
	}
}

/* The kernel rounds a perf event and 4 bytes before it up to 8. */
static uint32_t size_in_kernel(const struct event *e)
{
	return (e->size + 4 + 7) / 8 * 8 - 4;
}

static bool same_event(const struct event_log *a, const struct event *x, const struct event_log *b,
	const struct event *y)
{
	bool padded = x->padded || y->padded;
	uint32_t n = x->size < y->size ? x->size : y->size;

	return strcmp(x->map, y->map) == 0 &&
	       (padded ? size_in_kernel(x) == size_in_kernel(y) : x->size == y->size) &&
	       !memcmp(event_log__data(a, x), event_log__data(b, y), n);
}

static char *describe_event(const struct event_log *log, const struct event *e)
{
	return e ? hex__format(event_log__data(log, e), e->size) : NULL;
}

void compare__events(json_t *report, uint64_t before, const char *who, const struct event_log *got,
	const char *whom, const struct event_log *want)
{
	for (size_t i = 0; i < got->n || i < want->n; i++) {
		const struct event *x = i < got->n ? &got->events[i] : NULL;
		const struct event *y = i < want->n ? &want->events[i] : NULL;
		char *got_text, *want_text;

		if (x && y && same_event(got, x, want, y))
			continue;
		got_text = describe_event(got, x);
		want_text = describe_event(want, y);
		report__difference(report,
			json_pack("{s:I, s:s}", "event", (json_int_t)(before + i + 1), "map",
				x ? x->map : y->map),
			"bytes", who, got_text ? got_text : "none", whom,
			want_text ? want_text : "none");
		free(got_text);
		free(want_text);
	}
}
