/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "crowd.h"

struct ebpf_instance *inst;
struct ebpf_map *map;
struct thread threads[N_THREADS];
atomic_bool time_is_up;
atomic_uint wrong_values, lost_keys, wrong_results, walks;

uint32_t below(struct thread *t, uint32_t n)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (uint32_t)(t->random >> 32) % n;
}

void wait_for_the_end(void)
{
	const char *wanted = getenv("XDPK_THREAD_SECONDS");
	double seconds = wanted ? strtod(wanted, NULL) : 0.3;
	struct timespec t = {.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

void run_crowd(const role_fn roles[N_THREADS])
{
	time_is_up = false;
	wrong_values = lost_keys = wrong_results = walks = 0;
	for (uint32_t n = 0; n < N_THREADS; n++) {
		threads[n] = (struct thread){.number = n, .random = 88172645463325252u + n * 7919};
		assert_int_equal(pthread_create(&threads[n].id, NULL, roles[n], &threads[n]), 0);
	}
	wait_for_the_end();
	time_is_up = true;
	for (uint32_t n = 0; n < N_THREADS; n++)
		pthread_join(threads[n].id, NULL);
	assert_int_equal(wrong_values, 0);
	assert_int_equal(lost_keys, 0);
	assert_int_equal(wrong_results, 0);
	for (uint32_t n = 0; n < N_THREADS; n++)
		assert_true(threads[n].counted);
}

void *run_bursts(struct thread *t, void (*burst)(struct thread *t, struct ebpf_env *env))
{
	struct ebpf_env env;

	ebpf_env__init(&env, inst, t->number);
	ebpf_env__online(&env);
	while (!time_is_up) {
		burst(t, &env);
		ebpf_env__quiescent(&env);
	}
	ebpf_env__offline(&env);
	return NULL;
}

struct ebpf_map *make_map(uint32_t type, uint32_t key_size, uint32_t value_size,
	uint32_t max_entries, const struct ebpf_map_opts *inner)
{
	struct ebpf_map_opts opts = {.name = "crowded",
		.type = type,
		.key_size = key_size,
		.value_size = value_size,
		.max_entries = max_entries,
		.flags = type == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0,
		.inner = inner};
	char *err = NULL;
	struct ebpf_map *made = ebpf_map__create(inst, &opts, &err);

	if (!made)
		fail_msg("%s", err);
	return made;
}

static uint64_t check_of(uint64_t of, uint64_t n)
{
	return n * 0x9e3779b97f4a7c15u + of;
}

struct value make_value(uint64_t of, uint64_t n)
{
	return (struct value){.of = of, .n = n, .check = check_of(of, n)};
}

bool is_whole(const struct value *v)
{
	return v->check == check_of(v->of, v->n);
}

int set_up(void **state)
{
	inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = N_WORKERS}, NULL);
	return inst ? 0 : -1;
}

int tear_down(void **state)
{
	ebpf_instance__destroy(inst);
	return 0;
}
