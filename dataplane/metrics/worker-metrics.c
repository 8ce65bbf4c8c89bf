/* SPDX-License-Identifier: BSD-3-Clause
 *
 * worker-metrics.c -- how workers bear their load.
 */
#include <rte_cycles.h>

#include "metrics/collect.h"

static uint64_t cycles_ns(uint64_t cycles)
{
	return (uint64_t)((unsigned __int128)cycles * 1000000000 / rte_get_tsc_hz());
}

void metrics__worker_busy(struct metrics_walk *w)
{
	for (unsigned i = 0; i < w->dp->n_workers; i++)
		metrics__add(w, cycles_ns(counter__read(&w->dp->workers[i]->time.busy)), "worker",
			metrics__number(i).text, NULL);
}

void metrics__worker_longest_gap(struct metrics_walk *w)
{
	for (unsigned i = 0; i < w->dp->n_workers; i++)
		metrics__add(w, cycles_ns(counter__read(&w->dp->workers[i]->time.longest_gap)),
			"worker", metrics__number(i).text, NULL);
}

/* Packets of all queues that are there. */
static uint64_t received(const struct dataplane *dp, const struct worker *worker)
{
	const struct ports *ports = dp->ports;
	uint64_t sum = 0;

	for (uint16_t slot = 0; slot < ports->n; slot++)
		for (uint16_t q = 0; q < ports->port[slot].n_rxq; q++)
			sum += counter__read(&worker->hops[hop__rx(slot, q)].entered);
	return sum;
}

void metrics__worker_burst(struct metrics_walk *w)
{
	for (unsigned i = 0; i < w->dp->n_workers; i++) {
		const struct worker *worker = w->dp->workers[i];
		uint64_t count[LOAD_FILLS + 1] = {0}, bound[LOAD_FILLS + 1] = {0};

		for (unsigned f = 0; f < LOAD_FILLS; f++) {
			count[f] = counter__read(&worker->load.fill[f]);
			bound[f] = 1u << f;
		}
		metrics__add_histogram(w,
			&(struct metric_histogram){
				count, bound, LOAD_FILLS + 1, received(w->dp, worker)},
			"worker", metrics__number(i).text);
	}
}

void metrics__worker_latency(struct metrics_walk *w)
{
	for (unsigned i = 0; i < w->dp->n_workers; i++) {
		const struct load *load = &w->dp->workers[i]->load;
		uint64_t count[LOAD_LATENCIES];

		for (unsigned l = 0; l < LOAD_LATENCIES; l++)
			count[l] = counter__read(&load->latency[l]);
		metrics__add_histogram(w,
			&(struct metric_histogram){count, load__latency_ns, LOAD_LATENCIES,
				counter__read(&load->latency_ns)},
			"worker", metrics__number(i).text);
	}
}
