/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dataplane.h -- programs over the packets of ports, run to completion by workers.
 *
 * The user's steps, EAL started and the first ports found and started (ports.h):
 *
 *	dp = dataplane__create(&ports, inst, &err);            a worker per lcore of EAL
 *	prog = dataplane__add_prog(dp, &(struct prog_opts){...}, &err);           programs.h
 *	dataplane__attach(dp, prog, slot, &opts, &err);                           attach.h
 *	dataplane__run(dp);          on the main lcore; returns when drained
 *	    meanwhile, from other threads: more of the above, dataplane__replace_prog(),
 *	    dataplane__add_port() ...                                             port-change.h
 *	stats__print_totals(dp, stdout);
 *	dataplane__destroy(dp);
 *
 * What is so is told to workers by a plan (plan.h): every change draws a new one.
 *
 * A run ends when dataplane__stop() is called, or by itself when nothing can come any more:
 * every port's input is finite or its own echo, one at least is a capture, and all of it has
 * been received and has left. Either way receiving stops first, then packets under way leave.
 *
 * Threads: dataplane__stop() may be called from anywhere, signal handlers included; counters may
 * be read by anybody at any time. Calls that change the dataplane exclude each other by its lock,
 * which they take themselves; who walks its lists takes it, too. No worker ever does.
 */
#ifndef DATAPLANE_DATAPLANE_H
#define DATAPLANE_DATAPLANE_H

#include <pthread.h>

#include <ebpf-program.h>

#include "attach.h"
#include "capture/running.h"
#include "ports.h"
#include "programs.h"
#include "worker.h"

struct dataplane {
	struct ports *ports;            /* borrowed */
	struct ebpf_instance *instance; /* borrowed */
	struct tiers *tiers;            /* compiles programs */
	struct worker **workers;
	unsigned n_workers;
	int stop;             /* receive no more */
	unsigned producing;   /* workers that may still hand packets over */
	struct plan *plan;    /* what workers read */
	bool cpumaps;         /* a worker has handed packets to another (cpumap.h), once */
	bool lanes_closed;    /* gpu/lane.h */
	pthread_mutex_t lock; /* of what follows, and of ports: */
	struct prog progs[MAX_PROGS];
	struct attachments attached[RTE_MAX_ETHPORTS]; /* by slot */
	struct counters gone;                          /* of hops whose port is there no more */
	struct trace *trace;                           /* borrowed: what programs say; or NULL */
	struct running_capture captures[MAX_CAPTURES]; /* those that run, and have ended */
	int n_captures;                                /* so far */
	struct snapshot *cleared;                      /* counters when `stats clear` was said */
};

/* The ports that are there by now are all that it begins with. NULL with *errmsg. */
struct dataplane *dataplane__create(struct ports *ports, struct ebpf_instance *inst, char **errmsg);
/* After the run. Programs go, ports stay. NULL is fine. */
void dataplane__destroy(struct dataplane *dp);

void dataplane__run(struct dataplane *dp);
void dataplane__stop(struct dataplane *dp);
/* By this plan no packet is anywhere between a device and its outcome. */
bool dataplane__is_empty(const struct dataplane *dp, const struct plan *plan);
/* By this plan nothing more can come. Called by workers that have nothing to do. */
bool dataplane__exhausted(const struct dataplane *dp, const struct plan *plan);

/* Under the lock: has workers go by what the dataplane's state is now, and returns when none goes
 * by anything older. -ENOMEM: nothing has changed for them. */
int dataplane__publish(struct dataplane *dp, char **errmsg);
/* The same, and programs at entries of maps have changed over with those that are in the plan. */
int dataplane__publish_succession(
	struct dataplane *dp, const struct succession *succession, char **errmsg);

/* Sums over workers. */
struct counters dataplane__hop_counters(const struct dataplane *dp, uint16_t hop);
/* Of all of a port's receive queues. */
struct counters dataplane__port_counters(const struct dataplane *dp, uint16_t slot);
uint64_t dataplane__port_sent(const struct dataplane *dp, uint16_t slot);
/* Packets that a device lost before a worker could receive them. */
uint64_t dataplane__port_missed(const struct dataplane *dp, uint16_t slot);
struct prog_counters dataplane__prog_counters(const struct dataplane *dp, uint16_t prog);

#endif
