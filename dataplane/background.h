/* SPDX-License-Identifier: BSD-3-Clause
 *
 * background.h -- threads beside the workers. EAL pins the thread that starts it, and threads
 * inherit that; these run on any CPU that the process was given.
 */
#ifndef DATAPLANE_BACKGROUND_H
#define DATAPLANE_BACKGROUND_H

#include <pthread.h>

/* Notes the process's CPUs. Call it once, before EAL. */
void background__init(void);
/* 0 or negative errno. name: at most 15 bytes. */
int background__start(pthread_t *thread, const char *name, void *(*main)(void *), void *arg);

#endif
