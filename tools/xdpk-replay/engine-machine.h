/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-machine.h -- the engines that are this project's own: one code, the engine's name is
 * the backend; and what those share that run programs elsewhere (engine-gpu.c). See engine.h.
 */
#ifndef XDPK_REPLAY_ENGINE_MACHINE_H
#define XDPK_REPLAY_ENGINE_MACHINE_H

#include "ebpf-program.h"
#include "engine.h"
#include "frames.h"

/* The state of these engines. */
struct machine {
	struct subject subject;
	struct ebpf_program *prog;
	const struct ebpf_code *code; /* installed */
	struct ebpf_env env;
	uint64_t *hits; /* NULL: not counting */
	uint32_t ifindex;
	struct replay_packet packets[ENGINE_BURST];
	struct frames *frames;
};

/* All but the code. After an error too it is to be closed. */
int machine__open(struct machine *m, const struct engine_opts *opts, char **errmsg);
void machine__close(struct machine *m);
void machine__place(struct machine *m, const struct capture_packet *in, size_t n);
/* What is known of the packets after the run. */
void machine__tell(struct machine *m, struct engine_result *out, size_t n);
uint64_t machine__now_ns(void);

int engine_machine__open(
	const struct engine *e, const struct engine_opts *opts, void **state, char **errmsg);
int engine_machine__run(void *state, const struct capture_packet *in, size_t n,
	struct engine_result *out, uint64_t *ns, char **errmsg);
int engine_machine__events(void *state, struct event_log *log, char **errmsg);
int engine_machine__maps(void *state, struct map_set *set, char **errmsg);
void engine_machine__counts(void *state, struct engine_counts *counts);
void engine_machine__close(void *state);

#endif
