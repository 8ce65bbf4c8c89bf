/* SPDX-License-Identifier: BSD-3-Clause
 *
 * chain.h -- the programs of a port, one after the other, as xdp-loader's dispatcher runs them: the
 * next is called if the verdict of the one before is among its call-on actions; what the last one
 * that ran says is the packet's verdict.
 */
#ifndef DATAPLANE_CHAIN_H
#define DATAPLANE_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/bpf.h>

#include <ebpf-env.h>

/* As libxdp has it. */
#define MAX_CHAIN 10

struct burst;
struct counters;
struct ebpf_program;
struct plan_port;
struct worker;

struct chain_link {
	struct ebpf_program *program;
	const char *name;
	uint16_t prog;   /* its place among the dataplane's programs */
	uint8_t call_on; /* a bit for each verdict after which the next program is called */
};

struct chain {
	uint16_t n;
	bool has_frags; /* all programs, if any, take packets in fragments */
	struct chain_link link[MAX_CHAIN];
};

/* What became of the packets that entered a program. Entered = the sum of verdicts. One writer, a
 * worker, per set. */
enum { VERDICT_UNKNOWN = XDP_REDIRECT + 1, N_VERDICTS };

struct prog_counters {
	uint64_t verdict[N_VERDICTS];
	uint64_t called_next; /* of all those verdicts */
	uint64_t interpreted; /* of all those packets */
};

/* One program over a burst. Was it in a compiled loop? (Code without a loop gets the native one.)
 */
bool program__run_burst(struct worker *w, const struct ebpf_program *program, struct burst *burst);
/* Did every packet get the same verdict? Most bursts do. */
bool burst__is_uniform(const struct burst *burst);
/* Judges every packet of a burst that the port has received; burst->verdict[] is final. If nobody
 * has looked at the packets, those that cannot be admitted are lost and counted. */
void chain__run(struct worker *w, const struct plan_port *port, struct burst *burst,
	struct counters *counters);
/* The same for admitted packets, but that the first program's place is taken by this driver. */
void chain__run_by(struct worker *w, const struct chain *chain, struct burst *burst,
	ebpf_driver_fn driver, bool compiled);

#endif
