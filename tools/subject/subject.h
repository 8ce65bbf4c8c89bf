/* SPDX-License-Identifier: BSD-3-Clause
 *
 * subject.h -- the program under test, opened: object, instance, maps with their initial
 * contents, relocated bytecode. For xdpk-replay (every engine opens its own), xdpk-bench, tests.
 */
#ifndef XDPK_SUBJECT_SUBJECT_H
#define XDPK_SUBJECT_SUBJECT_H

#include <stdbool.h>

#include "object.h"

struct subject_opts {
	const char *object, *program; /* path; name of the function */
	const char *init;             /* file of control lines, or NULL */
	uint32_t ifindex;             /* what the program reads in ingress_ifindex */
	bool trace;                   /* bpf_trace_printk() to stderr */
	bool log;                     /* the verifier's log to stderr */
	bool cache;                   /* compiled code from and into the user's cache */
};

struct subject {
	struct ebpf_instance *inst;
	struct ebpf_object *obj;
	const struct ebpf_program_spec *spec; /* owned by obj */
	/* The program's maps, those of programs it may go on in, and those in maps of maps:
	 * borrowed. The program's come first, in its order. */
	struct ebpf_map **maps;
	uint32_t n_maps;
};

int subject__open(struct subject *s, const struct subject_opts *opts, char **errmsg);
/* The link that a test run of the kernel's has for its packets: a loopback that forwards nothing.
 * Control lines may put another in its place. */
int subject__add_loopback(struct ebpf_instance *inst, uint32_t ifindex, char **errmsg);
/* Of obj and spec: fills in the maps, to be freed. */
int subject__find_maps(struct subject *s, char **errmsg);
void subject__close(struct subject *s);

#endif
