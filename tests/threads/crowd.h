/* SPDX-License-Identifier: BSD-3-Clause
 *
 * crowd.h -- four threads on one map for a while: XDPK_THREAD_SECONDS, or a fraction of a second.
 *
 * Threads 0 and 1 are workers of the instance and do what programs do; 2 and 3 are the host's.
 * What goes wrong is counted, and fails the test when all have come back.
 */
#ifndef TESTS_THREADS_CROWD_H
#define TESTS_THREADS_CROWD_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/map.h"
#include "ebpf-program.h"
#include "runtime/map-types.h"

#define N_THREADS 4
#define N_WORKERS 2
#define N_SLOTS   (N_WORKERS + 1)

struct thread {
	pthread_t id;
	uint32_t number;
	uint64_t random;
	uint64_t counted; /* the thread's own tally */
};

extern struct ebpf_instance *inst;
extern struct ebpf_map *map; /* that all are at; NULL between two tests */
extern struct thread threads[N_THREADS];
extern atomic_bool time_is_up;

/* What went wrong. */
extern atomic_uint wrong_values, lost_keys, wrong_results;
extern atomic_uint walks; /* that came to their end */

typedef void *(*role_fn)(void *thread);

/* Each role loops until time_is_up. */
void run_crowd(const role_fn roles[N_THREADS]);

/* What the role of a program does: burst after burst, between which it is quiescent. */
void *run_bursts(struct thread *t, void (*burst)(struct thread *t, struct ebpf_env *env));

/* Returns after that time. */
void wait_for_the_end(void);

uint32_t below(struct thread *t, uint32_t n);

/* Fails the test if there can be no such map. `inner` may be NULL. */
struct ebpf_map *make_map(uint32_t type, uint32_t key_size, uint32_t value_size,
	uint32_t max_entries, const struct ebpf_map_opts *inner);

/* A value tells which key it was written for, and whether it is whole. */
struct value {
	uint64_t of, n, check;
	uint64_t count; /* programs count in it */
};

struct value make_value(uint64_t of, uint64_t n);
bool is_whole(const struct value *v);

int set_up(void **state);
int tear_down(void **state);

#endif
