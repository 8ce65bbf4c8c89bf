/* SPDX-License-Identifier: BSD-3-Clause
 *
 * reclaim_test.c -- what workers may still look at stays, and what they cannot goes. Also
 * under ThreadSanitizer.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/reclaim.h"

#define N_WORKERS 3
#if defined(__SANITIZE_THREAD__)
#define N_OBJECTS 20000
#else
#define N_OBJECTS 200000
#endif

struct ebpf_object {
	uint32_t alive; /* read without protection but the reclaimer's */
};

static struct reclaim reclaim;
static _Atomic(struct ebpf_object *) place;
static atomic_uint released, looks, dead;
static atomic_bool stop;

static struct ebpf_object *make(void)
{
	struct ebpf_object *o = malloc(sizeof(*o));

	assert_non_null(o);
	o->alive = 1;
	return o;
}

static void release(void *object)
{
	((struct ebpf_object *)object)->alive = 0;
	free(object);
	atomic_fetch_add(&released, 1);
}

static void *look(void *arg)
{
	uint32_t worker = (uint32_t)(uintptr_t)arg;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		reclaim__online(&reclaim, worker);
		for (int burst = 0; burst < 50; burst++) {
			for (int i = 0; i < 4; i++) {
				struct ebpf_object *o =
					atomic_load_explicit(&place, memory_order_acquire);

				if (o && !o->alive)
					atomic_fetch_add(&dead, 1);
			}
			atomic_fetch_add_explicit(&looks, 1, memory_order_relaxed);
			reclaim__quiescent(&reclaim, worker);
		}
		reclaim__offline(&reclaim, worker);
	}
	return NULL;
}

static void test_beside_workers(void **state)
{
	pthread_t threads[N_WORKERS];

	assert_int_equal(reclaim__init(&reclaim, N_WORKERS), 0);
	for (uintptr_t i = 0; i < N_WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, (void *)i), 0);
	while (!atomic_load(&looks))
		sched_yield();
	for (int i = 0; i < N_OBJECTS; i++) {
		struct ebpf_object *old = atomic_exchange(&place, make());

		if (old)
			reclaim__defer(&reclaim, release, old);
	}
	reclaim__defer(&reclaim, release, atomic_exchange(&place, NULL));
	reclaim__wait(&reclaim);
	assert_int_equal(atomic_load(&released), N_OBJECTS);
	atomic_store(&stop, true);
	for (int i = 0; i < N_WORKERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&dead), 0);
	reclaim__fini(&reclaim);
}

static void count(void *object)
{
	++*(int *)object;
}

static void test_when(void **state)
{
	int gone = 0;

	assert_int_equal(reclaim__init(&reclaim, 2), 0);
	reclaim__defer(&reclaim, count, &gone); /* nobody is online */
	assert_int_equal(gone, 1);
	reclaim__online(&reclaim, 0);
	reclaim__defer(&reclaim, count, &gone);
	reclaim__online(&reclaim, 1); /* too late to have seen it */
	reclaim__poll(&reclaim);
	assert_int_equal(gone, 1);
	reclaim__quiescent(&reclaim, 1);
	reclaim__poll(&reclaim);
	assert_int_equal(gone, 1);
	reclaim__quiescent(&reclaim, 0);
	assert_int_equal(gone, 1); /* no worker ever releases */
	reclaim__defer(&reclaim, count, &gone);
	assert_int_equal(gone, 2); /* the first of two */
	reclaim__offline(&reclaim, 1);
	reclaim__poll(&reclaim);
	assert_int_equal(gone, 2);
	reclaim__offline(&reclaim, 0);
	reclaim__wait(&reclaim);
	assert_int_equal(gone, 3);
	reclaim__fini(&reclaim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_beside_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
