/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dataplane.c -- workers over the lcores, and when a run is over.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "capture/capture.h"
#include "core/error.h"
#include "dataplane.h"
#include "gpu/prog-offload.h"

static struct worker *worker__create(struct dataplane *dp, unsigned index)
{
	struct worker *w = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->dp = dp;
	w->index = index;
	ebpf_env__init(&w->env, dp->instance, index);
	if (!cpumap__create(&w->cpumap))
		return w;
	free(w);
	return NULL;
}

struct dataplane *dataplane__create(struct ports *ports, struct ebpf_instance *inst, char **errmsg)
{
	struct dataplane *dp = calloc(1, sizeof(*dp));
	unsigned n = rte_lcore_count();

	if (!dp)
		goto no_memory;
	dp->ports = ports;
	dp->instance = inst;
	pthread_mutex_init(&dp->lock, NULL);
	dp->workers = calloc(n, sizeof(*dp->workers));
	if (!dp->workers)
		goto no_memory;
	for (dp->n_workers = 0; dp->n_workers < n; dp->n_workers++) {
		dp->workers[dp->n_workers] = worker__create(dp, dp->n_workers);
		if (!dp->workers[dp->n_workers])
			goto no_memory;
	}
	dp->plan = plan__draw(dp);
	dp->tiers = tiers__create(inst);
	if (!dp->plan || !dp->tiers)
		goto no_memory;
	return dp;

no_memory:
	dataplane__destroy(dp);
	error__set(errmsg, -ENOMEM, "no memory or threads for %u workers", n);
	return NULL;
}

void dataplane__destroy(struct dataplane *dp)
{
	if (!dp)
		return;
	for (unsigned i = 0; i < MAX_CAPTURES; i++)
		capture__destroy(dp->captures[i].capture);
	free(dp->cleared);
	for (unsigned i = 0; i < MAX_PROGS; i++)
		prog__release(&dp->progs[i]);
	tiers__destroy(dp->tiers);
	for (unsigned i = 0; i < dp->n_workers; i++) {
		cpumap__destroy(&dp->workers[i]->cpumap);
		free(dp->workers[i]);
	}
	free(dp->workers);
	free(dp->plan);
	pthread_mutex_destroy(&dp->lock);
	free(dp);
}

/* Returns when all workers go by it. */
static void go_by(struct dataplane *dp, struct plan *plan)
{
	struct plan *before = dp->plan;

	lanes__close(dp);
	__atomic_store_n(&dp->plan, plan, __ATOMIC_RELEASE);
	ebpf_instance__synchronize(dp->instance);
	lanes__open(dp);
	free(before);
}

static int no_plan(char **errmsg)
{
	return error__set(errmsg, -ENOMEM, "no memory for a plan of the ports");
}

int dataplane__publish(struct dataplane *dp, char **errmsg)
{
	struct plan *plan;

	prog_offloads__open_lanes(dp);
	plan = plan__draw(dp);
	if (!plan)
		return no_plan(errmsg);
	go_by(dp, plan);
	return 0;
}

/* Packets that wait for another worker have been judged by the table: all are run when workers have
 * been quiescent as often as vm/core/map-targets.c says. */
int dataplane__publish_succession(
	struct dataplane *dp, const struct succession *succession, char **errmsg)
{
	struct plan *between, *after;
	int err;

	if (!succession->n) {
		err = dataplane__publish(dp, errmsg);
		if (!err)
			succession__put_heirs(succession);
		return err;
	}
	prog_offloads__open_lanes(dp);
	between = plan__draw(dp);
	after = plan__draw(dp);
	if (!between || !after) {
		free(between);
		free(after);
		return no_plan(errmsg);
	}
	between->succession = succession;
	go_by(dp, between);
	succession__put_heirs(succession);
	go_by(dp, after);
	for (int i = 0; i < 2; i++)
		ebpf_instance__synchronize(dp->instance);
	return 0;
}

static int lcore_main(void *arg)
{
	struct dataplane *dp = arg;

	worker__run(dp->workers[rte_lcore_index(-1)]);
	return 0;
}

void dataplane__run(struct dataplane *dp)
{
	dp->producing = dp->n_workers;
	rte_eal_mp_remote_launch(lcore_main, dp, CALL_MAIN);
	rte_eal_mp_wait_lcore();
}

void dataplane__stop(struct dataplane *dp)
{
	__atomic_store_n(&dp->stop, 1, __ATOMIC_RELAXED);
}

struct counters dataplane__hop_counters(const struct dataplane *dp, uint16_t hop)
{
	struct counters sum = {0};

	for (unsigned i = 0; i < dp->n_workers; i++)
		counters__sum(&sum, &dp->workers[i]->hops[hop]);
	return sum;
}

struct counters dataplane__port_counters(const struct dataplane *dp, uint16_t slot)
{
	struct counters sum = {0};

	for (uint16_t q = 0; q < dp->ports->port[slot].n_rxq; q++)
		for (unsigned i = 0; i < dp->n_workers; i++)
			counters__sum(&sum, &dp->workers[i]->hops[hop__rx(slot, q)]);
	return sum;
}

uint64_t dataplane__port_sent(const struct dataplane *dp, uint16_t slot)
{
	uint64_t sent = 0;

	for (unsigned i = 0; i < dp->n_workers; i++)
		sent += counter__read(&dp->workers[i]->sent[slot]);
	return sent;
}

struct prog_counters dataplane__prog_counters(const struct dataplane *dp, uint16_t prog)
{
	struct prog_counters sum = {0};

	for (unsigned i = 0; i < dp->n_workers; i++) {
		const struct prog_counters *c = &dp->workers[i]->progs[prog];

		for (unsigned v = 0; v < N_VERDICTS; v++)
			sum.verdict[v] += counter__read(&c->verdict[v]);
		sum.called_next += counter__read(&c->called_next);
		sum.interpreted += counter__read(&c->interpreted);
	}
	return sum;
}

uint64_t dataplane__port_missed(const struct dataplane *dp, uint16_t slot)
{
	struct rte_eth_stats stats;

	if (rte_eth_stats_get(dp->ports->port[slot].id, &stats))
		return 0;
	return stats.imissed + stats.ierrors + stats.rx_nombuf;
}

static bool port_is_exhausted(const struct dataplane *dp, uint16_t slot, uint64_t received)
{
	const struct input *input = &dp->ports->port[slot].input;

	switch (input->kind) {
	case INPUT_FINITE:
		return received == input->packets ||
		       received + dataplane__port_missed(dp, slot) >= input->packets;
	case INPUT_LOOPBACK: return received >= dataplane__port_sent(dp, slot);
	default: return false;
	}
}

/* The hop after this one that anything may enter by this plan; N_HOPS after the last. */
static unsigned next_hop(const struct dataplane *dp, const struct plan *plan, unsigned hop)
{
	for (hop++; hop < HOP_CPUMAP; hop++) {
		const struct port *port = NULL;

		if (hop / MAX_QUEUES < plan->n_ports)
			port = plan->port[hop / MAX_QUEUES].port;
		else
			hop = HOP_CPUMAP - 1;
		if (port && hop % MAX_QUEUES < port->n_rxq)
			return hop;
		hop |= MAX_QUEUES - 1; /* the last of this port */
	}
	if (hop >= HOP_CPUMAP + dp->n_workers && hop < HOP_EGRESS)
		hop = HOP_EGRESS;
	if (hop >= HOP_EGRESS + (unsigned)plan->n_ports && hop < HOP_COPIES)
		hop = HOP_COPIES;
	return hop < HOP_COPIES + (unsigned)plan->n_ports ? hop : N_HOPS;
}

#define FIRST_HOP UINT_MAX /* the one after it is the first */

static uint64_t count_outcomes(const struct dataplane *dp, unsigned hop)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < dp->n_workers; i++)
		for (int o = 0; o < N_OUTCOMES; o++)
			sum += counter__read(&dp->workers[i]->hops[hop].outcome[o]);
	return sum;
}

static uint64_t count_entered(const struct dataplane *dp, unsigned hop)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < dp->n_workers; i++)
		sum += counter__read(&dp->workers[i]->hops[hop].entered);
	return sum;
}

/* Counters are read while workers go on. All outcomes are read before all that entered: if they
 * add up to the same, then no packet was in any worker's hands between the two (counters.h).
 * received[]: by port. */
static bool is_empty(const struct dataplane *dp, const struct plan *plan, uint64_t *received)
{
	uint64_t total = 0, accounted = 0;
	unsigned hop;

	for (hop = next_hop(dp, plan, FIRST_HOP); hop < N_HOPS; hop = next_hop(dp, plan, hop))
		accounted += count_outcomes(dp, hop);
	for (hop = next_hop(dp, plan, FIRST_HOP); hop < N_HOPS; hop = next_hop(dp, plan, hop)) {
		uint64_t entered = count_entered(dp, hop);

		total += entered;
		if (hop < HOP_CPUMAP)
			received[hop / MAX_QUEUES] += entered;
	}
	return total == accounted;
}

bool dataplane__is_empty(const struct dataplane *dp, const struct plan *plan)
{
	uint64_t received[RTE_MAX_ETHPORTS] = {0};

	return is_empty(dp, plan, received);
}

/* If nothing is in flight and moreover no port had anything to give, by counts read later still,
 * there never will be. */
bool dataplane__exhausted(const struct dataplane *dp, const struct plan *plan)
{
	uint64_t received[RTE_MAX_ETHPORTS] = {0};
	bool capture = false;

	if (!is_empty(dp, plan, received))
		return false;
	for (uint16_t p = 0; p < plan->n_ports; p++) {
		if (!plan->port[p].port)
			continue;
		if (!port_is_exhausted(dp, p, received[p]))
			return false;
		capture |= plan->port[p].port->input.captures > 0;
	}
	return capture;
}
