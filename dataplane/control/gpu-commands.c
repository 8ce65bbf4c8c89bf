/* SPDX-License-Identifier: BSD-3-Clause
 *
 * gpu-commands.c -- gpu show.
 */
#include <stdlib.h>

#include "../dataplane.h"
#include "../gpu/prog-offload.h"
#include "commands.h"

/* What a batch took on the average, in microseconds. */
static void add_time(struct ebpf_json *row, const char *key, uint64_t ns, uint64_t batches)
{
	ebpf_json__add_real(row, key, batches ? (double)ns / (double)batches / 1e3 : 0, 1);
}

static void add_bytes(struct ebpf_json *row, const char *key, uint64_t bytes, uint64_t packets)
{
	ebpf_json__add_real(row, key, packets ? (double)bytes / (double)packets : 0, 1);
}

/* Of programs with a device. */
static bool add_offload(struct ebpf_json *row, const struct prog *p)
{
	struct lane_counters lanes;
	struct ebpf_offload_stats s = {0};
	char *why;

	if (!p->offload)
		return false;
	lanes = prog_offload__counters(p->offload);
	why = prog_offload__why(p->offload);
	if (p->offload->offload)
		ebpf_offload__stats(p->offload->offload, &s);
	ebpf_json__add_string(row, "prog", p->name);
	ebpf_json__add_string(row, "device", prog_offload__device(p->offload));
	ebpf_json__add_string(row, "state", prog_offload__state(p->offload));
	ebpf_json__add_string(row, "split", split_mode__text[p->offload->opts.split]);
	ebpf_json__add_unsigned(row, "share_percent", lanes.share * 100 / SPLIT_ALL);
	ebpf_json__add_unsigned(
		row, "crossover", lanes.crossover == SPLIT_NEVER ? 0 : lanes.crossover);
	ebpf_json__add_unsigned(row, "batches", s.batches);
	ebpf_json__add_real(row, "fill", s.batches ? (double)s.packets / (double)s.batches : 0, 1);
	add_time(row, "in_us", s.in_ns, s.batches);
	add_time(row, "kernel_us", s.kernel_ns, s.batches);
	add_time(row, "out_us", s.out_ns, s.batches);
	add_time(row, "away_us", s.away_ns, s.batches);
	ebpf_json__add_unsigned(row, "packets", s.packets);
	add_bytes(row, "in_bytes", s.in_bytes, s.packets);
	add_bytes(row, "out_bytes", s.out_bytes, s.packets);
	ebpf_json__add_unsigned(row, "on_cpu", lanes.direct + lanes.turn);
	ebpf_json__add_unsigned(row, "again", s.again);
	ebpf_json__add_unsigned(row, "fallback", s.fallback);
	ebpf_json__add_unsigned(row, "failed_batches", s.failed);
	ebpf_json__add_unsigned(row, "late", lanes.late);
	ebpf_json__add_unsigned(row, "refreshes", s.refreshes);
	ebpf_json__add_real(row, "stale_ms", (double)s.stale_ns / 1e6, 1);
	ebpf_json__add_string(row, "why", why ? why : "");
	free(why);
	return true;
}

int control__show_gpu(struct control_context *c, struct control_words *w, char **errmsg)
{
	return control__send_progs(c, w, add_offload, errmsg);
}
