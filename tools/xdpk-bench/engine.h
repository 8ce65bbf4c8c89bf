/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine.h -- a way to run a workload, and the workload made ready for it.
 *
 *	bench_case   a workload at one size: its object loaded, its maps filled, its packets made
 *	engine       a name and how it makes a variant of a case, or says why it cannot
 *	variant      what is measured: all packets of the case once
 *
 * The first variant of a case is the baseline. All run the same loop (driver-bench.c) over the same
 * packets, and those of this process with the same maps; only how the program in the middle was
 * made differs. An engine that cannot run the loop (the kernel) measures itself.
 *
 * One thread. What open() made, close() ends.
 */
#ifndef XDPK_BENCH_ENGINE_H
#define XDPK_BENCH_ENGINE_H

#include "bench.h"
#include "ebpf-program.h"
#include "workload.h"

struct bench_case {
	const struct workload *workload;
	struct bench_packet *packets; /* n_packets */
	uint32_t n_packets;
	struct ebpf_instance *inst;
	struct object *obj;
	struct ebpf_program *prog;
	struct ebpf_env env;
};

struct variant {
	const struct engine *engine;
	struct bench_case *bench;
	ebpf_driver_fn driver;        /* bursts of the case's packets; or NULL: */
	const struct ebpf_code *code; /* what env->prog runs, NULL if the driver holds it */
	void *state;                  /* the engine's own */
};

struct engine {
	const char *name; /* "llvm" */
	const char *what; /* a line for --help and the report */
	/* 0; -ENOTSUP with *errmsg: not this workload, or not on this machine; other negative errno
	 * with *errmsg: an error. */
	int (*open)(struct bench_case *c, struct variant *v, char **errmsg);
	void (*close)(struct variant *v); /* NULL: nothing to do */
	/* Runs for about so many nanoseconds; ns per packet. NULL: the driver is run and timed. */
	double (*measure)(struct variant *v, double ns);
	/* Its figure includes what a program costs that does nothing: net of that is compared. */
	bool net_of_empty;
};

/* In the order of the report; `native` first. */
extern const struct engine *const engines[];
extern const size_t n_engines;

#endif
