/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine.h -- what can run a program over packets: one table of engines.
 *
 * Each engine opens the object for itself, so that it has maps of its own: engines start from
 * the same contents and are compared afterwards. Every packet runs in a fresh zeroed frame laid
 * out like the kernel's (see frames.h), so that adjust_head, adjust_meta and adjust_tail have
 * the same room everywhere.
 *
 * Errors: negative errno with *errmsg. Threads: one.
 */
#ifndef XDPK_REPLAY_ENGINE_H
#define XDPK_REPLAY_ENGINE_H

#include <stdbool.h>

#include "capture.h"
#include "driver-replay.h"
#include "events.h"
#include "map-copy.h"
#include "subject.h"

#define ENGINE_BURST 64 /* packets in one run() at the most */

struct ebpf_program;
struct ebpf_program_spec;

struct engine_opts {
	struct subject_opts subject;
	bool count; /* count instructions, where the engine can */
};

struct engine_result {
	uint32_t verdict;
	uint32_t meta_len, len; /* bytes of metadata; of the packet behind it */
	const uint8_t *bytes;   /* meta_len + len; until the engine's next run() */
	bool has_redirect;      /* `redirect` is known to the engine */
	struct ebpf_redirect redirect;
	uint32_t fault_reason, fault_insn;
};

/* What coverage needs, from engines that count. Borrowed. */
struct engine_counts {
	const struct ebpf_program *prog;
	const struct ebpf_program_spec *spec;
	const uint64_t *hits; /* per instruction word */
};

struct engine {
	const char *name;
	const char *summary;  /* for --help */
	const char *measures; /* what its time per packet contains */
	bool by_default;
	/* Can it run on this machine at all? */
	int (*available)(const struct engine *e, char **errmsg);
	int (*open)(const struct engine *e, const struct engine_opts *opts, void **state,
		char **errmsg);
	/* n <= ENGINE_BURST. *ns: time in the program and the loop around it. */
	int (*run)(void *state, const struct capture_packet *in, size_t n,
		struct engine_result *out, uint64_t *ns, char **errmsg);
	/* Appends the events that programs have written since the last time. */
	int (*events)(void *state, struct event_log *log, char **errmsg);
	/* The maps that the program uses. */
	int (*maps)(void *state, struct map_set *set, char **errmsg);
	/* Ends the counting; NULL: the engine cannot count. */
	void (*counts)(void *state, struct engine_counts *counts);
	void (*close)(void *state);
};

/* Ends with a NULL name. */
extern const struct engine engines[];
const struct engine *engine__find(const char *name, size_t len);

#endif
