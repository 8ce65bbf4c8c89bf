/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-kernel.h -- the running kernel as an engine, and so the oracle. See engine.h.
 */
#ifndef XDPK_REPLAY_ENGINE_KERNEL_H
#define XDPK_REPLAY_ENGINE_KERNEL_H

#include "engine.h"

int engine_kernel__available(const struct engine *e, char **errmsg);
int engine_kernel__open(
	const struct engine *e, const struct engine_opts *opts, void **state, char **errmsg);
int engine_kernel__run(void *state, const struct capture_packet *in, size_t n,
	struct engine_result *out, uint64_t *ns, char **errmsg);
int engine_kernel__events(void *state, struct event_log *log, char **errmsg);
int engine_kernel__maps(void *state, struct map_set *set, char **errmsg);
void engine_kernel__close(void *state);

#endif
