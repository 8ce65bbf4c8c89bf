/* SPDX-License-Identifier: BSD-3-Clause
 *
 * attach.h -- which programs a port has, and in which order: by priority, the lowest first, equal
 * ones as they came. (libxdp's run priority and chain-call actions.)
 *
 * Threads: see dataplane.h.
 */
#ifndef DATAPLANE_ATTACH_H
#define DATAPLANE_ATTACH_H

#include <stdint.h>

#include "chain.h"

#define DEFAULT_PRIORITY 50
#define DEFAULT_CALL_ON  (1u << XDP_PASS)

struct dataplane;

struct attachment {
	uint16_t prog; /* its place in dataplane.progs */
	uint8_t call_on;
	uint32_t priority;
};

/* In the order in which they run. */
struct attachments {
	uint16_t n;
	struct attachment item[MAX_CHAIN];
};

struct attach_opts {
	uint32_t priority; /* 0: as its object says (50) */
	int call_on;       /* bits of verdicts; negative: as its object says (that of XDP_PASS) */
};

/* opts NULL: all defaults. The program runs with the next burst. -ENOENT, -EEXIST: it is there
 * (then dataplane__reorder() changes priority and actions), -ENOSPC. */
int dataplane__attach(struct dataplane *dp, const char *prog, uint16_t slot,
	const struct attach_opts *opts, char **errmsg);
int dataplane__reorder(struct dataplane *dp, const char *prog, uint16_t slot,
	const struct attach_opts *opts, char **errmsg);
/* -ENOENT */
int dataplane__detach(struct dataplane *dp, const char *prog, uint16_t slot, char **errmsg);

#endif
