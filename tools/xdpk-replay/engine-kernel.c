/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-kernel.c -- the running kernel as the oracle, through BPF_PROG_TEST_RUN.
 *
 * The process stays on one CPU, so that all per-CPU values of the run are in that CPU's slot.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "engine-kernel.h"
#include "kernel-events.h"

struct kernel {
	struct subject subject;
	struct kernel_program program;
	struct kernel_events events;
	uint32_t ifindex;
	int cpu;
	cpu_set_t former_cpus;
	uint8_t *frames; /* ENGINE_BURST of them: what comes out */
	uint32_t frame_size;
};

int engine_kernel__available(const struct engine *e, char **errmsg)
{
	const struct bpf_insn pass[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", pass, 2, NULL);

	if (fd < 0)
		return error__set(
			errmsg, -errno, "bpf() cannot load an XDP program: %s", strerror(errno));
	close(fd);
	return 0;
}

static int pin_to_one_cpu(struct kernel *k, char **errmsg)
{
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof(k->former_cpus), &k->former_cpus))
		return error__set(errmsg, -errno, "sched_getaffinity: %s", strerror(errno));
	while (k->cpu < CPU_SETSIZE - 1 && !CPU_ISSET(k->cpu, &k->former_cpus))
		k->cpu++;
	CPU_ZERO(&one);
	CPU_SET(k->cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return error__set(
			errmsg, -errno, "cannot stay on CPU %d: %s", k->cpu, strerror(errno));
	return 0;
}

static int check_type(const struct kernel *k, char **errmsg)
{
	enum ebpf_program_type type = k->subject.spec->type;

	return type == EBPF_PROGRAM_XDP
		       ? 0
		       : error__set(errmsg, -ENOTSUP,
				 "the program is for entries of a %s, which Linux does not "
				 "test-run",
				 type == EBPF_PROGRAM_XDP_DEVMAP ? "DEVMAP" : "CPUMAP");
}

static int make_frames(struct kernel *k, char **errmsg)
{
	k->frame_size = k->subject.spec->has_frags ? EBPF_XDP_HEADROOM + EBPF_XDP_MAX_PACKET
						   : EBPF_XDP_FRAME_SIZE;
	k->frames = malloc((size_t)ENGINE_BURST * k->frame_size);
	return k->frames ? 0 : error__set(errmsg, -ENOMEM, "no memory for packet frames");
}

int engine_kernel__open(
	const struct engine *e, const struct engine_opts *opts, void **state, char **errmsg)
{
	struct kernel *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return error__set(errmsg, -ENOMEM, "no memory");
	k->program.prog_fd = -1;
	k->ifindex = opts->subject.ifindex;
	err = pin_to_one_cpu(k, errmsg);
	if (!err)
		err = subject__open(&k->subject, &opts->subject, errmsg);
	if (!err)
		err = check_type(k, errmsg);
	if (!err)
		err = make_frames(k, errmsg);
	if (!err)
		err = kernel_program__load(&k->program, &k->subject, &opts->subject, errmsg);
	if (!err)
		err = kernel_events__open(&k->events, &k->program, &k->subject, errmsg);
	if (err)
		engine_kernel__close(k);
	else
		*state = k;
	return err;
}

static int run_one(struct kernel *k, const struct capture_packet *in, uint8_t *frame,
	struct engine_result *out, uint64_t *ns, char **errmsg)
{
	struct xdp_md before = {.data_end = in->len, .ingress_ifindex = k->ifindex}, after = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->data, .data_size_in = in->len,
		.data_out = frame, .data_size_out = k->frame_size, .ctx_in = &before,
		.ctx_size_in = sizeof(before), .ctx_out = &after, .ctx_size_out = sizeof(after),
		.repeat = 1);

	if (bpf_prog_test_run_opts(k->program.prog_fd, &opts)) {
		int err = -errno;

		if (err == -ENODEV)
			return error__set(errmsg, err,
				"engine kernel: no interface has index %u here", k->ifindex);
		return error__set(
			errmsg, err, "engine kernel: packet %u: %s", in->number, strerror(-err));
	}
	/* What comes out begins at data_meta; `after` counts from there. */
	*out = (struct engine_result){.verdict = opts.retval,
		.meta_len = after.data,
		.len = opts.data_size_out - after.data,
		.bytes = frame};
	*ns += opts.duration;
	return 0;
}

int engine_kernel__run(void *state, const struct capture_packet *in, size_t n,
	struct engine_result *out, uint64_t *ns, char **errmsg)
{
	struct kernel *k = state;

	*ns = 0;
	for (size_t i = 0; i < n; i++) {
		int err = run_one(k, &in[i], k->frames + i * k->frame_size, &out[i], ns, errmsg);

		if (err)
			return err;
	}
	return 0;
}

int engine_kernel__events(void *state, struct event_log *log, char **errmsg)
{
	return kernel_events__read(&((struct kernel *)state)->events, log, errmsg);
}

static int next_key(void *map, const void *key, void *next)
{
	return bpf_map_get_next_key(*(int *)map, key, next) ? -errno : 0;
}

static int lookup(void *map, const void *key, void *value)
{
	return bpf_map_lookup_elem(*(int *)map, key, value) ? -errno : 0;
}

static int take(void *map, void *value)
{
	return bpf_map_lookup_and_delete_elem(*(int *)map, NULL, value) ? -errno : 0;
}

static int put(void *map, const void *value)
{
	return bpf_map_update_elem(*(int *)map, NULL, value, BPF_ANY) ? -errno : 0;
}

int engine_kernel__maps(void *state, struct map_set *set, char **errmsg)
{
	struct kernel *k = state;

	for (uint32_t i = 0; i < k->subject.n_maps; i++) {
		const struct ebpf_map_opts *o = ebpf_map__opts(k->subject.maps[i]);
		struct map_reader reader = {.next = next_key,
			.lookup = lookup,
			.take = take,
			.put = put,
			.map = &k->program.map_fds[i],
			.value_bytes = kernel_map__value_bytes(o)};
		int err;

		if (map_type__is_percpu(o->type))
			reader.value_at = k->cpu * kernel_map__cpu_stride(o);
		err = map_set__add(set, o, &reader, errmsg);
		if (err)
			return err;
	}
	return 0;
}

void engine_kernel__close(void *state)
{
	struct kernel *k = state;

	kernel_events__close(&k->events);
	kernel_program__unload(&k->program);
	sched_setaffinity(0, sizeof(k->former_cpus), &k->former_cpus);
	subject__close(&k->subject);
	free(k->frames);
	free(k);
}
