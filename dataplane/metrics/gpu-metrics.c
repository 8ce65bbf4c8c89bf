/* SPDX-License-Identifier: BSD-3-Clause
 *
 * gpu-metrics.c -- programs on devices.
 */
#include <string.h>

#include "gpu/prog-offload.h"
#include "metrics/collect.h"

typedef void add_offload(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats);

static void each_offload(struct metrics_walk *w, add_offload *add)
{
	for (uint16_t i = 0; i < MAX_PROGS; i++) {
		const struct prog *prog = &w->dp->progs[i];
		struct ebpf_offload_stats stats = {0};

		if (!*prog->name || !prog->offload)
			continue;
		if (prog->offload->offload)
			ebpf_offload__stats(prog->offload->offload, &stats);
		add(w, prog, &stats);
	}
}

static void add_state(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	static const char *const states[] = {"works", "behind", "failed", "refused"};
	const char *state = prog_offload__state(prog->offload);

	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		metrics__add(w, !strcmp(state, states[i]), "prog", prog->name, "xdpk_offload_state",
			states[i], NULL);
}

static void add_share(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	uint64_t share = prog_offload__counters(prog->offload).share;

	metrics__add(w, share * 100 / SPLIT_ALL, "prog", prog->name, NULL);
}

static void add_crossover(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	uint32_t crossover = prog_offload__counters(prog->offload).crossover;

	metrics__add(w, crossover == SPLIT_NEVER ? 0 : crossover, "prog", prog->name, NULL);
}

static void add_packets(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	struct lane_counters c = prog_offload__counters(prog->offload);

	metrics__add(w, c.direct + c.turn, "prog", prog->name, "by", "cpu", NULL);
	metrics__add(w, stats->packets, "prog", prog->name, "by", "device", NULL);
	metrics__add(w, stats->again, "prog", prog->name, "by", "cpu again", NULL);
	metrics__add(w, stats->fallback, "prog", prog->name, "by", "cpu after failure", NULL);
}

static void add_late(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, prog_offload__counters(prog->offload).late, "prog", prog->name, NULL);
}

static void add_batches(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, stats->batches, "prog", prog->name, NULL);
}

static void add_due(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, stats->due, "prog", prog->name, NULL);
}

static void add_failed(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, stats->failed, "prog", prog->name, NULL);
}

static void add_times(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, stats->in_ns, "prog", prog->name, "part", "in", NULL);
	metrics__add(w, stats->kernel_ns, "prog", prog->name, "part", "kernel", NULL);
	metrics__add(w, stats->out_ns, "prog", prog->name, "part", "out", NULL);
	metrics__add(w, stats->away_ns, "prog", prog->name, "part", "away", NULL);
}

static void add_bytes(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, stats->in_bytes, "prog", prog->name, "part", "in", NULL);
	metrics__add(w, stats->out_bytes, "prog", prog->name, "part", "out", NULL);
}

static void add_refreshes(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, stats->refreshes, "prog", prog->name, NULL);
}

static void add_refreshed_bytes(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, stats->refreshed_bytes, "prog", prog->name, NULL);
}

static void add_stale(
	struct metrics_walk *w, const struct prog *prog, const struct ebpf_offload_stats *stats)
{
	metrics__add(w, stats->stale_ns, "prog", prog->name, NULL);
}

#define FAMILY(name)                                         \
	void metrics__offload_##name(struct metrics_walk *w) \
	{                                                    \
		each_offload(w, add_##name);                 \
	}
FAMILY(state)
FAMILY(share)
FAMILY(crossover)
FAMILY(packets)
FAMILY(late)
FAMILY(batches)
FAMILY(due)
FAMILY(failed)
FAMILY(times)
FAMILY(bytes)
FAMILY(refreshes)
FAMILY(refreshed_bytes)
FAMILY(stale)
