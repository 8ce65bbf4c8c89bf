/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-machine.h -- the engines that are this project's own: one code, the engine's name is
 * the backend. See engine.h.
 */
#ifndef XDPK_REPLAY_ENGINE_MACHINE_H
#define XDPK_REPLAY_ENGINE_MACHINE_H

#include "engine.h"

int engine_machine__available(const struct engine *e, char **errmsg);
int engine_machine__open(
	const struct engine *e, const struct engine_opts *opts, void **state, char **errmsg);
int engine_machine__run(void *state, const struct capture_packet *in, size_t n,
	struct engine_result *out, uint64_t *ns, char **errmsg);
int engine_machine__events(void *state, struct event_log *log, char **errmsg);
int engine_machine__maps(void *state, struct map_set *set, char **errmsg);
void engine_machine__counts(void *state, struct engine_counts *counts);
void engine_machine__close(void *state);

#endif
