/* SPDX-License-Identifier: BSD-3-Clause
 *
 * background.c -- start threads on the process's own CPUs; do something periodically in one.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "background.h"

static cpu_set_t cpus;
static bool cpus_known;

void background__init(void)
{
	cpus_known = sched_getaffinity(0, sizeof(cpus), &cpus) == 0;
}

void background__avoid(const cpu_set_t *workers)
{
	cpu_set_t left, both;

	CPU_AND(&both, &cpus, workers);
	CPU_XOR(&left, &cpus, &both);
	if (cpus_known && CPU_COUNT(&left))
		cpus = left;
}

int background__start(pthread_t *thread, const char *name, void *(*main)(void *), void *arg)
{
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	if (cpus_known)
		pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	err = pthread_create(thread, &attr, main, arg);
	pthread_attr_destroy(&attr);
	if (!err)
		pthread_setname_np(*thread, name);
	return -err;
}

int background__call(const char *name, void *(*call)(void *), void *arg)
{
	pthread_t thread;
	int err = background__start(&thread, name, call, arg);

	return err ? err : -pthread_join(thread, NULL);
}

struct periodic {
	void (*work)(void *arg);
	void *arg;
	unsigned ms;
	bool stop;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
};

static void *periodic_main(void *arg)
{
	struct periodic *p = arg;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		int err = 0;

		next.tv_nsec += p->ms % 1000 * 1000000L;
		next.tv_sec += p->ms / 1000 + next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		while (!p->stop && err != ETIMEDOUT)
			err = pthread_cond_timedwait(&p->wake, &p->lock, &next);
		if (!p->stop)
			p->work(p->arg);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct periodic *background__repeat(const char *name, unsigned ms, void (*work)(void *), void *arg)
{
	struct periodic *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (!p)
		return NULL;
	p->work = work;
	p->arg = arg;
	p->ms = ms;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (background__start(&p->thread, name, periodic_main, p)) {
		free(p);
		return NULL;
	}
	return p;
}

void background__stop(struct periodic *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
