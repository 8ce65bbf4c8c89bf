/* SPDX-License-Identifier: BSD-3-Clause
 *
 * internal.h -- what the workers' side of a capture (capture.c) and its writer (writer.c) share.
 */
#ifndef DATAPLANE_CAPTURE_INTERNAL_H
#define DATAPLANE_CAPTURE_INTERNAL_H

#include <pthread.h>

#include "burst.h"
#include "capture.h"
#include "ring.h"

/* What a worker puts into its ring. */
struct capture_record {
	uint64_t time; /* ns since 1970 */
	uint64_t id;
	uint64_t lost; /* of this worker, until now */
	uint32_t queue, verdict;
	uint32_t len, wire_len;
	uint16_t name_len; /* of the interface */
	bool wanted;
	char name[]; /* and then the packet's bytes */
};

struct capture_worker {
	struct capture_ring ring;
	uint64_t lost;
	uint64_t packets; /* that it has judged: their numbers */
	bool looks;       /* at this burst */
	bool chosen[BURST_SIZE];
	/* What was captured at entry, unpublished until the verdicts are known; NULL: nothing, or
	 * there was no room. */
	struct capture_record *entered[BURST_SIZE];
} __rte_cache_aligned;

struct capture_filter;
struct capture_writer;

struct capture {
	struct capture_opts opts; /* with strings of its own */
	struct capture_filter *filter;
	struct capture_writer *writer;
	int ended; /* workers need not look any more */
	unsigned n_workers;
	struct capture_worker *workers;
};

/* Starts the thread that empties the rings; takes fd if it succeeds. */
int capture_writer__start(struct capture *capture, int fd, char **errmsg);
/* Returns when all is written. */
void capture_writer__stop(struct capture_writer *writer);
void capture_writer__free(struct capture_writer *writer);
void capture_writer__state(const struct capture_writer *writer, struct capture_state *state);

#endif
