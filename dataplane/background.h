/* SPDX-License-Identifier: BSD-3-Clause
 *
 * background.h -- threads beside the workers, and work that is done now and then. EAL pins the
 * thread that starts it, and threads inherit that; these run on any CPU that the process was given.
 */
#ifndef DATAPLANE_BACKGROUND_H
#define DATAPLANE_BACKGROUND_H

#include <pthread.h>
#include <sched.h>

/* Notes the process's CPUs. Call it once, before EAL. */
void background__init(void);
/* Keeps threads that are started from now on off these CPUs, if that leaves any. */
void background__avoid(const cpu_set_t *workers);
/* 0 or negative errno. name: at most 15 bytes. */
int background__start(pthread_t *thread, const char *name, void *(*main)(void *), void *arg);

/* Has a call made by such a thread, so that threads which that starts are like it, and waits. */
int background__call(const char *name, void *(*call)(void *), void *arg);

/* Calls work(arg) every so many milliseconds until it is stopped. NULL on failure. */
struct periodic;
struct periodic *background__repeat(const char *name, unsigned ms, void (*work)(void *), void *arg);
/* Waits until the work has ended. NULL is fine. */
void background__stop(struct periodic *periodic);

#endif
