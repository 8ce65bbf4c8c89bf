/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dataplane.h -- one program over the packets of all ports, run to completion by workers.
 *
 * The user's steps, EAL started and the ports set up (ports.h):
 *
 *	dp = dataplane__create(&ports, inst, prog, &err);   a worker per lcore of EAL
 *	ebpf_program__install(prog, ...);                   or tier.h does it
 *	dataplane__run(dp);          on the main lcore; returns when drained
 *	stats__print(dp, stdout);
 *	dataplane__destroy(dp);
 *
 * A run ends when dataplane__stop() is called, or by itself when nothing can come any more:
 * every port's input is finite or its own echo, one at least is a capture, and all of it has
 * been received and has left. Either way receiving stops first, then packets under way leave.
 *
 * Threads: dataplane__stop() may be called from anywhere, signal handlers included; counters
 * may be read by anybody at any time.
 */
#ifndef DATAPLANE_DATAPLANE_H
#define DATAPLANE_DATAPLANE_H

#include <ebpf-program.h>

#include "ports.h"
#include "worker.h"

struct dataplane {
	struct ports *ports;
	struct ebpf_program *prog;
	struct worker **workers;
	unsigned n_workers;
	int stop;                           /* receive no more */
	unsigned producing;                 /* workers that may still hand packets over */
	const struct ebpf_code *first_code; /* what was installed when the run began */
};

/* The driver for ebpf_program__interpret() and ebpf_program__compile(). */
const struct ebpf_driver *dataplane__driver(void);

struct dataplane *dataplane__create(
	struct ports *ports, struct ebpf_instance *inst, struct ebpf_program *prog, char **errmsg);
void dataplane__destroy(struct dataplane *dp); /* NULL is fine */

void dataplane__run(struct dataplane *dp);
void dataplane__stop(struct dataplane *dp);
/* Nothing more can come. Called by workers that have nothing to do. */
bool dataplane__exhausted(const struct dataplane *dp);

/* The sum over workers of a port's counters. */
struct counters dataplane__port_counters(const struct dataplane *dp, uint16_t port);
/* Packets that a device lost before a worker could receive them. */
uint64_t dataplane__port_missed(const struct dataplane *dp, uint16_t port);

#endif
