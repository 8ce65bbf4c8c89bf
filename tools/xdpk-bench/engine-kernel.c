/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-kernel.c -- the running kernel, by BPF_PROG_TEST_RUN: the same object, its maps filled
 * with the same, over and over on one packet. So it runs programs that choose for themselves. From
 * its figure is taken what an empty program gets, right after it, in the same way.
 *
 * The time is this thread's, as everywhere: the kernel's own figure is in whole nanoseconds.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "core/error.h"
#include "engine.h"
#include "kernel-load.h"

#define FEW_RUNS 10000 /* milliseconds at the most; the system call is little among them */

struct kernel {
	struct kernel_program program;
	int empty_fd;
};

static int load_empty(int *fd, char **errmsg)
{
	const struct bpf_insn drop[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_DROP},
		{.code = BPF_JMP | BPF_EXIT}};

	*fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "empty", "GPL", drop, 2, NULL);
	if (*fd >= 0)
		return 0;
	return error__set(
		errmsg, -ENOTSUP, "bpf() cannot load an XDP program: %s", strerror(errno));
}

static int load(struct kernel *k, struct bench_case *c, char **errmsg)
{
	const struct subject_opts opts = {.object = case__object(c->workload, c->kind),
		.program = ebpf_program__name(c->prog)};
	struct subject s = {.inst = c->inst, .obj = c->obj};
	int err;

	s.spec = ebpf_object__program_spec(c->obj, opts.program, errmsg);
	err = s.spec ? subject__find_maps(&s, errmsg) : -errno;
	if (!err)
		err = kernel_program__load(&k->program, &s, &opts, errmsg);
	free(s.maps);
	return err;
}

/* ns per run; 0: it cannot be run. */
static double time_runs(int fd, const struct bench_packet *p, int runs)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data, .data_size_in = p->len,
		.repeat = runs);
	double start = now_ns();

	return bpf_prog_test_run_opts(fd, &opts) ? 0 : (now_ns() - start) / runs;
}

static int kernel__open(struct variant *v, char **errmsg)
{
	struct kernel *k;
	int fd, err = load_empty(&fd, errmsg);

	if (err)
		return err;
	k = v->state = calloc(1, sizeof(*k));
	err = k ? load(k, v->bench, errmsg) : error__set(errmsg, -ENOMEM, "kernel: no memory");
	if (!err && !time_runs(k->program.prog_fd, &v->bench->traffic.packets[0], 1)) {
		err = error__set(errmsg, -EINVAL, "kernel: %s: a test run fails: %s",
			v->bench->workload->name, strerror(errno));
		kernel_program__unload(&k->program);
	}
	if (err) {
		close(fd);
		free(k);
		return err;
	}
	k->empty_fd = fd;
	return 0;
}

static void kernel__close(struct variant *v)
{
	struct kernel *k = v->state;

	close(k->empty_fd);
	kernel_program__unload(&k->program);
	free(k);
}

static double run_for(int fd, const struct bench_packet *p, double ns)
{
	double once = time_runs(fd, p, FEW_RUNS), runs = once ? ns / once : 0;

	return runs > FEW_RUNS ? time_runs(fd, p, runs < 1e9 ? (int)runs : 1e9) : once;
}

static double kernel__measure(struct variant *v, double ns)
{
	const struct bench_packet *p = &v->bench->traffic.packets[0];
	struct kernel *k = v->state;

	return run_for(k->program.prog_fd, p, ns / 2) - run_for(k->empty_fd, p, ns / 2);
}

const struct engine engine_kernel = {
	.name = "kernel",
	.what = "the object in the running kernel, by test runs, net of an empty program",
	.kinds = OF_KIND(CASE_RANDOM),
	.open = kernel__open,
	.close = kernel__close,
	.measure = kernel__measure,
};
