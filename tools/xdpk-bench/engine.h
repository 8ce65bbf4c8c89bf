/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine.h -- a way to run a workload.
 *
 *	engine    a name, and how it makes a variant of a case, or says why it cannot
 *	variant   what is measured
 *
 * All drivers run the same loop (driver-bench.c) over the same packets with the same maps; only
 * how the program in the middle was made differs. An engine that cannot run the loop (the
 * kernel) measures itself.
 *
 * One thread. What open() made, close() ends.
 */
#ifndef XDPK_BENCH_ENGINE_H
#define XDPK_BENCH_ENGINE_H

#include "case.h"

struct variant {
	const struct engine *engine;
	struct bench_case *bench; /* an engine may have one of its own, of the same workload */
	ebpf_driver_fn driver;    /* bursts of the case's packets; NULL: measure() */
	void *state;              /* the engine's own */
};

#define OF_KIND(kind) (1u << (kind))

struct engine {
	const char *name; /* "llvm" */
	const char *what; /* a line for --list */
	uint32_t kinds;   /* of cases: OF_KIND() */
	/* Does this case take it long? Then not with --quick. NULL: never. */
	bool (*slow)(const struct bench_case *c);
	/* 0; -ENOTSUP with *errmsg: not this case, or not on this machine; other negative errno
	 * with *errmsg: an error. close() is called only after 0. */
	int (*open)(struct variant *v, char **errmsg);
	void (*close)(struct variant *v); /* NULL: nothing to do */
	/* Its turn comes: others have run since. NULL: nothing to do. */
	void (*select)(struct variant *v);
	/* Without a driver: runs for about so many nanoseconds; ns per packet. */
	double (*measure)(struct variant *v, double ns);
};

/* The loop that the machine's engines compile programs of this kind into. */
struct ebpf_driver engine_machine__driver(enum case_kind kind);

/* In the order of the report; the first is the baseline. */
#define MAX_ENGINES 16
extern const struct engine *const engines[];
extern const size_t n_engines;

extern const struct engine engine_native, engine_staged, engine_llvm, engine_llvm_set,
	engine_interp, engine_rte_jit, engine_rte_interp, engine_kernel, engine_map,
	engine_map_burst, engine_rte, engine_rte_bulk;

#endif
