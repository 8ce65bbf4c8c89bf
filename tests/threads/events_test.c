/* SPDX-License-Identifier: BSD-3-Clause
 *
 * events_test.c -- RINGBUF and PERF_EVENT_ARRAY: two workers write records, two threads of the host
 * read them. Every record that found room is read once, whole, and after its worker's older ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "crowd.h"
#include "runtime/helpers.h"

static uint64_t sent[N_WORKERS], received[N_WORKERS], last[N_WORKERS];

/* Calls exclude each other. */
static int take(void *user, const struct ebpf_event *event)
{
	struct value v;

	if (event->size < sizeof(v)) {
		wrong_results++;
		return 0;
	}
	memcpy(&v, event->data, sizeof(v));
	if (!is_whole(&v) || v.of >= N_WORKERS || v.n <= last[v.of]) {
		wrong_values++;
		return 0;
	}
	last[v.of] = v.n;
	received[v.of]++;
	return 0;
}

static void *consumer(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		if (ebpf_map__consume(map, take, NULL) < 0)
			wrong_results++;
		t->counted++;
	}
	return NULL;
}

/* By output, or reserved, filled and then submitted or discarded. */
static bool write_record(struct thread *t, struct ebpf_env *env, const struct value *v)
{
	void *record;

	if (below(t, 2))
		return !helper_ringbuf_output(env, &map->rt, v, sizeof(*v), 0);
	record = helper_ringbuf_reserve(env, &map->rt, sizeof(*v) + below(t, 100), 0);
	if (!record)
		return false;
	memcpy(record, v, sizeof(*v));
	if (!below(t, 4)) {
		helper_ringbuf_discard(env, record, 0);
		return false;
	}
	helper_ringbuf_submit(env, record, 0);
	return true;
}

static bool write_event(struct thread *t, struct ebpf_env *env, const struct value *v)
{
	uint8_t packet[64] = {0};
	struct ebpf_xdp_ctx ctx = {
		.data = packet, .data_meta = packet, .data_end = packet + sizeof(packet)};
	uint64_t flags = BPF_F_CURRENT_CPU | (uint64_t)below(t, sizeof(packet)) << 32;

	return !helper_perf_event_output(env, &ctx, &map->rt, flags, v, sizeof(*v));
}

static void *producer(void *arg)
{
	struct thread *t = arg;
	struct ebpf_env env;

	ebpf_env__init(&env, inst, t->number);
	for (uint64_t n = 1; !time_is_up; n++) {
		struct value v = make_value(t->number, n);

		if (map->opts.type == BPF_MAP_TYPE_RINGBUF)
			sent[t->number] += write_record(t, &env, &v);
		else
			sent[t->number] += write_event(t, &env, &v);
		t->counted++;
	}
	return NULL;
}

static void crowd(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t entries)
{
	static const role_fn roles[] = {producer, producer, consumer, consumer};

	memset(sent, 0, sizeof(sent));
	memset(received, 0, sizeof(received));
	memset(last, 0, sizeof(last));
	map = make_map(type, key_size, value_size, entries, NULL);
	run_crowd(roles);
	assert_true(ebpf_map__consume(map, take, NULL) >= 0);
	assert_int_equal(wrong_values, 0);
	for (uint32_t i = 0; i < N_WORKERS; i++) {
		assert_true(sent[i] > 0);
		assert_int_equal(sent[i], received[i]);
	}
	ebpf_map__unref(map);
}

static void test_ringbuf(void **state)
{
	crowd(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
}

static void test_perf_event_array(void **state)
{
	crowd(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, N_WORKERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ringbuf),
		cmocka_unit_test(test_perf_event_array),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
