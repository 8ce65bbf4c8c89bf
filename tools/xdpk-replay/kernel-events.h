/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-events.h -- reads ring buffers and perf event arrays of the running kernel.
 */
#ifndef XDPK_REPLAY_KERNEL_EVENTS_H
#define XDPK_REPLAY_KERNEL_EVENTS_H

#include "events.h"
#include "kernel-load.h"

struct kernel_events {
	struct event_source *sources; /* one per map that has events */
	uint32_t n_sources;
};

/* Before the program runs: perf events must be there to be written to. */
int kernel_events__open(struct kernel_events *k, const struct kernel_program *program,
	const struct subject *s, char **errmsg);
/* Appends what has been written since the last time. */
int kernel_events__read(struct kernel_events *k, struct event_log *log, char **errmsg);
void kernel_events__close(struct kernel_events *k);

#endif
