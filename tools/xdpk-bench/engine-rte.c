/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-rte.c -- DPDK's librte_bpf: its JIT and its interpreter, neither of which checks
 * anything while a program runs. Its programs get the packet alone, in r1, and have no loops in
 * them, no calls and no maps: the workload's `raw` object.
 */
/* Its instructions have our name. */
#define ebpf_insn rte_ebpf_insn
#include <rte_bpf.h>
#undef ebpf_insn
#include <rte_errno.h>
#include <errno.h>

#include "core/error.h"
#include "engine.h"
#include "object.h"

#define PREFETCH_AHEAD 4
/* Bytes that are there of any packet. The packet's own would do, if only librte_bpf believed
 * what a program compares an offset with. */
#define FRAME 1536

/* What the drivers run: no more than a burst is handed to them. */
static struct rte_bpf_jit jit;
static const struct rte_bpf *interpreted;

/* driver-bench.c's loop, as far as such a program has anything of it. */
static void drive_jit(struct ebpf_env *env, void *arg)
{
	struct bench_burst *burst = arg;
	struct bench_packet *p = burst->packets;

	for (uint32_t i = 0; i < burst->n; i++) {
		if (i + PREFETCH_AHEAD < burst->n)
			__builtin_prefetch(p[i + PREFETCH_AHEAD].data);
		p[i].verdict = (uint32_t)jit.func(p[i].data);
	}
}

static void drive_interpreter(struct ebpf_env *env, void *arg)
{
	struct bench_burst *burst = arg;
	struct bench_packet *p = burst->packets;
	void *packets[BENCH_BURST];
	uint64_t results[BENCH_BURST];

	for (uint32_t i = 0; i < burst->n; i++)
		packets[i] = p[i].data;
	rte_bpf_exec_burst(interpreted, packets, results, burst->n);
	for (uint32_t i = 0; i < burst->n; i++)
		p[i].verdict = (uint32_t)results[i];
}

static int load(struct variant *v, char **errmsg)
{
	const struct bench_case *c = v->bench;
	const struct ebpf_program_spec *spec;
	struct rte_bpf_prm prm = {.prog_arg = {.type = RTE_BPF_ARG_PTR, .size = FRAME}};

	spec = ebpf_object__program_spec(c->obj, ebpf_program__name(c->prog), errmsg);
	if (!spec)
		return -EINVAL;
	prm.ins = (const struct rte_ebpf_insn *)spec->insns;
	prm.nb_ins = spec->n_insns;
	v->state = rte_bpf_load(&prm);
	return v->state ? 0
			: error__set(errmsg, -EINVAL, "librte_bpf refuses %s: %s", c->workload->raw,
				  rte_strerror(rte_errno));
}

static int jit__open(struct variant *v, char **errmsg)
{
	int err = load(v, errmsg);

	if (err)
		return err;
	rte_bpf_get_jit(v->state, &jit);
	v->driver = drive_jit;
	if (jit.func)
		return 0;
	rte_bpf_destroy(v->state);
	return error__set(errmsg, -ENOTSUP, "librte_bpf does not compile for this machine");
}

static int interp__open(struct variant *v, char **errmsg)
{
	int err = load(v, errmsg);

	interpreted = v->state;
	v->driver = drive_interpreter;
	return err;
}

static void rte__close(struct variant *v)
{
	rte_bpf_destroy(v->state);
}

const struct engine engine_rte_jit = {
	.name = "rte-jit",
	.what = "librte_bpf's JIT, the packet alone for its argument",
	.kinds = OF_KIND(CASE_RAW),
	.open = jit__open,
	.close = rte__close,
};

const struct engine engine_rte_interp = {
	.name = "rte-interp",
	.what = "librte_bpf's interpreter, which checks nothing",
	.kinds = OF_KIND(CASE_RAW),
	.open = interp__open,
	.close = rte__close,
};
