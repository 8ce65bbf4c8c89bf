/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test-compare.c -- a difference between engines is found and told, whatever it is in. Engines
 * that agree cannot show that, so these results are made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "compare.h"
#include "report.h"

static json_t *new_report(void)
{
	return json_pack("{s:[]}", "differences");
}

/* The report's only difference has this text under `key`. */
static void assert_only(json_t *report, const char *what, const char *got, const char *want)
{
	json_t *d = json_array_get(json_object_get(report, "differences"), 0);

	assert_int_equal(report__n_differences(report), 1);
	assert_string_equal(json_string_value(json_object_get(d, "what")), what);
	assert_string_equal(json_string_value(json_object_get(d, "got")), got);
	assert_string_equal(json_string_value(json_object_get(d, "want")), want);
	assert_string_equal(json_string_value(json_object_get(d, "engine")), "a");
	assert_string_equal(json_string_value(json_object_get(d, "against")), "b");
	json_decref(report);
}

static json_t *compare(const struct engine_result *got, const struct engine_result *want)
{
	json_t *report = new_report();

	compare__results(report, 7, "a", got, "b", want);
	return report;
}

/* Two bytes of metadata before a packet of four. */
static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6};
static const struct engine_result plain = {
	.verdict = XDP_PASS, .meta_len = 2, .len = 4, .bytes = bytes};

static void equal_results_do_not_differ(void **state)
{
	struct engine_result copy = plain;
	json_t *report;
	uint8_t same[sizeof(bytes)];

	memcpy(same, bytes, sizeof(bytes));
	copy.bytes = same;
	report = compare(&copy, &plain);
	assert_int_equal(report__n_differences(report), 0);
	json_decref(report);
}

static void each_part_of_a_result_is_compared(void **state)
{
	uint8_t other[] = {1, 2, 3, 4, 5, 0xff}, meta[] = {1, 0xff, 3, 4, 5, 6};
	struct engine_result r = plain;

	r.verdict = XDP_DROP;
	assert_only(compare(&r, &plain), "verdict", "drop", "pass");
	r.verdict = 77;
	assert_only(compare(&r, &plain), "verdict", "77", "pass");
	r = plain;
	r.len = 3;
	assert_only(compare(&r, &plain), "length", "3", "4");
	r = plain;
	r.meta_len = 0;
	assert_only(compare(&r, &plain), "metadata length", "0", "2");
	r = plain;
	r.bytes = other;
	assert_only(compare(&r, &plain), "byte 3", "0xff", "0x06");
	r.bytes = meta;
	assert_only(compare(&r, &plain), "metadata byte 1", "0xff", "0x02");
}

static void redirects_are_compared_where_both_are_known(void **state)
{
	struct engine_result a = plain, b = plain;
	json_t *report;

	a.redirect = (struct ebpf_redirect){.kind = EBPF_REDIRECT_IFINDEX, .target = 2};
	b.redirect = (struct ebpf_redirect){.kind = EBPF_REDIRECT_IFINDEX, .target = 3};
	report = compare(&a, &b);
	assert_int_equal(report__n_differences(report), 0);
	json_decref(report);
	a.has_redirect = b.has_redirect = true;
	assert_only(compare(&a, &b), "redirect target", "2", "3");
	b.redirect.kind = EBPF_REDIRECT_NONE;
	assert_only(compare(&a, &b), "redirect kind", "1", "0");
}

/* A map of one-byte keys and values, read from an array of pairs. */
struct pairs {
	const uint8_t (*pair)[2];
	size_t n;
};

static int next_pair(void *map, const void *key, void *next)
{
	const struct pairs *p = map;
	size_t i = 0;

	while (key && i < p->n && p->pair[i++][0] != *(const uint8_t *)key)
		;
	if (i == p->n)
		return -ENOENT;
	*(uint8_t *)next = p->pair[i][0];
	return 0;
}

static int lookup_pair(void *map, const void *key, void *value)
{
	const struct pairs *p = map;

	for (size_t i = 0; i < p->n; i++) {
		if (p->pair[i][0] == *(const uint8_t *)key) {
			*(uint8_t *)value = p->pair[i][1];
			return 0;
		}
	}
	return -ENOENT;
}

static struct map_set set_of(const uint8_t (*pair)[2], size_t n)
{
	const struct ebpf_map_opts opts = {.name = "m",
		.type = BPF_MAP_TYPE_HASH,
		.key_size = 1,
		.value_size = 1,
		.max_entries = 16};
	struct pairs pairs = {pair, n};
	struct map_reader reader = {
		.next = next_pair, .lookup = lookup_pair, .map = &pairs, .value_bytes = 1};
	struct map_set set = {0};

	assert_int_equal(map_set__add(&set, &opts, &reader, NULL), 0);
	assert_int_equal(set.maps[0].n, n);
	return set;
}

static json_t *compare_pairs(
	const uint8_t (*got)[2], size_t n_got, const uint8_t (*want)[2], size_t n_want)
{
	struct map_set a = set_of(got, n_got), b = set_of(want, n_want);
	json_t *report = new_report();

	compare__maps(report, "a", &a, "b", &b);
	map_set__free(&a);
	map_set__free(&b);
	return report;
}

static void maps_are_compared_by_key(void **state)
{
	const uint8_t forward[][2] = {{1, 10}, {5, 50}, {9, 90}};
	const uint8_t backward[][2] = {{9, 90}, {5, 50}, {1, 10}};
	const uint8_t changed[][2] = {{9, 90}, {5, 51}, {1, 10}};
	const uint8_t missing[][2] = {{9, 90}, {1, 10}};
	json_t *report = compare_pairs(forward, 3, backward, 3);

	assert_int_equal(report__n_differences(report), 0);
	json_decref(report);
	assert_only(compare_pairs(changed, 3, forward, 3), "value", "33", "32");
	assert_only(compare_pairs(missing, 2, forward, 3), "value", "none", "32");
	assert_only(compare_pairs(forward, 3, missing, 2), "value", "32", "none");
	assert_only(compare_pairs(forward, 3, forward, 2), "value", "5a", "none");
}

static struct event_log log_of(const struct event *events, size_t n, const char *text)
{
	struct event_log log = {0};

	for (size_t i = 0; i < n; i++)
		assert_int_equal(event_log__add(&log, &events[i], text + i), 0);
	return log;
}

static json_t *compare_logs(struct event_log got, struct event_log want)
{
	json_t *report = new_report();

	compare__events(report, 7, "a", &got, "b", &want);
	event_log__free(&got);
	event_log__free(&want);
	return report;
}

/* Of padded events what is known to be the program's. */
static void events_are_compared_in_order(void **state)
{
	static const struct event two[] = {{.map = "m", .size = 2}, {.map = "m", .size = 3}};
	static const struct event other[] = {{.map = "m", .size = 2}, {.map = "n", .size = 3}};
	static const struct event longer[] = {{.map = "m", .size = 2}, {.map = "m", .size = 4}};
	static const struct event padded[] = {
		{.map = "m", .size = 4, .padded = true}, {.map = "m", .size = 4, .padded = true}};
	static const struct event too_long[] = {
		{.map = "m", .size = 4, .padded = true}, {.map = "m", .size = 12, .padded = true}};
	json_t *report = compare_logs(log_of(two, 2, "abcd"), log_of(two, 2, "abcd"));

	assert_int_equal(report__n_differences(report), 0);
	json_decref(report);
	report = compare_logs(log_of(two, 2, "abcd"), log_of(padded, 2, "abcde"));
	assert_int_equal(report__n_differences(report), 0);
	json_decref(report);
	assert_only(compare_logs(log_of(two, 2, "abcd"), log_of(two, 2, "abce")), "bytes", "626364",
		"626365");
	assert_only(compare_logs(log_of(two, 2, "abcd"), log_of(two, 1, "abcd")), "bytes", "626364",
		"none");
	assert_only(compare_logs(log_of(two, 2, "abcd"), log_of(longer, 2, "abcde")), "bytes",
		"626364", "62636465");
	assert_only(compare_logs(log_of(two, 2, "abcd"), log_of(other, 2, "abcd")), "bytes",
		"626364", "626364");
	assert_only(compare_logs(log_of(two, 2, "abcd"), log_of(too_long, 2, "abcdefghijklm")),
		"bytes", "626364", "62636465666768696a6b6c6d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_results_do_not_differ),
		cmocka_unit_test(each_part_of_a_result_is_compared),
		cmocka_unit_test(redirects_are_compared_where_both_are_known),
		cmocka_unit_test(maps_are_compared_by_key),
		cmocka_unit_test(events_are_compared_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
