/* SPDX-License-Identifier: BSD-3-Clause
 *
 * background.c -- start threads on the process's own CPUs.
 */
#include <sched.h>
#include <stdbool.h>

#include "background.h"

static cpu_set_t cpus;
static bool cpus_known;

void background__init(void)
{
	cpus_known = sched_getaffinity(0, sizeof(cpus), &cpus) == 0;
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
