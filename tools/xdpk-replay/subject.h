/* SPDX-License-Identifier: BSD-3-Clause
 *
 * subject.h -- the program under test, opened: object, instance, maps with their initial
 * contents, relocated bytecode. Every engine opens its own.
 */
#ifndef XDPK_REPLAY_SUBJECT_H
#define XDPK_REPLAY_SUBJECT_H

#include "engine.h"
#include "object.h"

struct subject {
	struct ebpf_instance *inst;
	struct object *obj;
	const struct ebpf_program_spec *spec; /* owned by obj */
	/* The program's maps, those of programs it may go on in, and those in maps of maps:
	 * borrowed. The program's come first, in its order. */
	struct ebpf_map **maps;
	uint32_t n_maps;
};

int subject__open(struct subject *s, const struct engine_opts *opts, char **errmsg);
void subject__close(struct subject *s);

#endif
