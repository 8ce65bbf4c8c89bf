/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dataplane.c -- workers over the lcores, and when a run is over.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "core/error.h"
#include "dataplane.h"

#ifdef DATAPLANE_BITCODE
extern const unsigned char burst_driver_bitcode[];
extern const unsigned long burst_driver_bitcode_size;
#endif

const struct ebpf_driver *dataplane__driver(void)
{
	static struct ebpf_driver driver = {.name = "burst", .native = burst_driver};

#ifdef DATAPLANE_BITCODE
	driver.bitcode = burst_driver_bitcode;
	driver.bitcode_size = burst_driver_bitcode_size;
#endif
	return &driver;
}

/* Queue q of a port goes to worker (first + q) % workers, where `first` goes on from port to
 * port, so that many ports with a queue each share the workers evenly. */
static int distribute_queues(struct dataplane *dp)
{
	unsigned next = 0;

	for (uint16_t p = 0; p < dp->ports->n; p++) {
		for (uint16_t q = 0; q < dp->ports->port[p].n_rxq; q++) {
			struct worker *w = dp->workers[next++ % dp->n_workers];
			struct rxq *rxqs = realloc(w->rxqs, (w->n_rxqs + 1u) * sizeof(*rxqs));

			if (!rxqs)
				return -ENOMEM;
			w->rxqs = rxqs;
			w->rxqs[w->n_rxqs++] = (struct rxq){.port = p, .queue = q};
		}
	}
	return 0;
}

static struct worker *worker__create(
	struct dataplane *dp, struct ebpf_instance *inst, unsigned index)
{
	struct worker *w = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->dp = dp;
	w->ports = dp->ports;
	w->index = index;
	ebpf_env__init(&w->env, inst, index);
	w->env.prog = dp->prog;
	return w;
}

struct dataplane *dataplane__create(
	struct ports *ports, struct ebpf_instance *inst, struct ebpf_program *prog, char **errmsg)
{
	struct dataplane *dp = calloc(1, sizeof(*dp));
	unsigned n = rte_lcore_count();

	if (!dp)
		goto no_memory;
	dp->ports = ports;
	dp->prog = ebpf_program__ref(prog);
	dp->workers = calloc(n, sizeof(*dp->workers));
	if (!dp->workers)
		goto no_memory;
	for (dp->n_workers = 0; dp->n_workers < n; dp->n_workers++) {
		dp->workers[dp->n_workers] = worker__create(dp, inst, dp->n_workers);
		if (!dp->workers[dp->n_workers])
			goto no_memory;
	}
	if (distribute_queues(dp))
		goto no_memory;
	return dp;

no_memory:
	dataplane__destroy(dp);
	error__set(errmsg, -ENOMEM, "no memory for %u workers", n);
	return NULL;
}

void dataplane__destroy(struct dataplane *dp)
{
	if (!dp)
		return;
	for (unsigned i = 0; i < dp->n_workers; i++) {
		free(dp->workers[i]->rxqs);
		free(dp->workers[i]);
	}
	free(dp->workers);
	ebpf_program__unref(dp->prog);
	free(dp);
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
	dp->first_code = ebpf_program__code(dp->prog);
	rte_eal_mp_remote_launch(lcore_main, dp, CALL_MAIN);
	rte_eal_mp_wait_lcore();
}

void dataplane__stop(struct dataplane *dp)
{
	__atomic_store_n(&dp->stop, 1, __ATOMIC_RELAXED);
}

struct counters dataplane__port_counters(const struct dataplane *dp, uint16_t port)
{
	struct counters sum = {0};

	for (unsigned i = 0; i < dp->n_workers; i++)
		counters__sum(&sum, &dp->workers[i]->counters[port]);
	return sum;
}

uint64_t dataplane__port_missed(const struct dataplane *dp, uint16_t port)
{
	struct rte_eth_stats stats;

	if (rte_eth_stats_get(dp->ports->port[port].id, &stats))
		return 0;
	return stats.imissed + stats.ierrors + stats.rx_nombuf;
}

/* What a port has been sent, by all workers. */
static uint64_t port_sent(const struct dataplane *dp, uint16_t port)
{
	uint64_t sent = 0;

	for (unsigned i = 0; i < dp->n_workers; i++)
		sent += counter__read(&dp->workers[i]->counters[port].sent);
	return sent;
}

static bool port_is_exhausted(const struct dataplane *dp, uint16_t port, uint64_t received)
{
	const struct input *input = &dp->ports->port[port].input;

	switch (input->kind) {
	case INPUT_FINITE:
		return received == input->packets ||
		       received + dataplane__port_missed(dp, port) >= input->packets;
	case INPUT_LOOPBACK: return received >= port_sent(dp, port);
	default: return false;
	}
}

/* Counters are read while workers go on. All outcomes are read before all receptions: if they
 * add up to the same, then no packet was in any worker's hands between the two (counters.h);
 * and if moreover no port had one to give, by counts read later still, there never will be. */
bool dataplane__exhausted(const struct dataplane *dp)
{
	uint64_t received[RTE_MAX_ETHPORTS] = {0}, total = 0, accounted = 0;
	bool capture = false;

	for (unsigned i = 0; i < dp->n_workers; i++)
		for (uint16_t p = 0; p < dp->ports->n; p++)
			for (int o = 0; o < N_OUTCOMES; o++)
				accounted += counter__read(&dp->workers[i]->counters[p].outcome[o]);
	for (uint16_t p = 0; p < dp->ports->n; p++) {
		for (unsigned i = 0; i < dp->n_workers; i++)
			received[p] += counter__read(&dp->workers[i]->counters[p].received);
		total += received[p];
	}
	if (total != accounted)
		return false;
	for (uint16_t p = 0; p < dp->ports->n; p++) {
		if (!port_is_exhausted(dp, p, received[p]))
			return false;
		capture |= dp->ports->port[p].input.captures > 0;
	}
	return capture;
}
