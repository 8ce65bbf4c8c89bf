/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-gpu.c -- a burst is a batch: it goes, is waited for, and judged.
 *
 * Packets that the device gives back are interpreted. A device that fails ends the replay: what
 * is wanted here is what it does, and not that nothing is lost.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "engine-gpu.h"
#include "engine-machine.h"
#include "offload.h"

#define PATIENCE_MS 60000

struct gpu {
	struct machine machine; /* the first: engines of machines take it for theirs */
	struct ebpf_gpu_device *dev;
	struct ebpf_offload *offload;
	struct ebpf_offload_queue *queue;
};

static const char *device_of(const struct engine *e)
{
	return strcmp(e->name, "gpu-host") ? "cuda" : "host:2";
}

int engine_gpu__available(const struct engine *e, char **errmsg)
{
	struct ebpf_gpu_device *dev = ebpf_gpu_device__open(device_of(e), errmsg);

	if (!dev)
		return -ENOTSUP;
	ebpf_gpu_device__close(dev);
	return 0;
}

static int open_device(struct gpu *g, const struct engine *e, char **errmsg)
{
	struct ebpf_offload_opts opts = {
		.batch = ENGINE_BURST, .depth = 1, .patience_ms = PATIENCE_MS};

	g->dev = ebpf_gpu_device__open(device_of(e), errmsg);
	if (!g->dev)
		return -EIO;
	g->offload = ebpf_offload__create(g->dev, g->machine.prog, &opts, errmsg);
	if (!g->offload)
		return errno == ENOTSUP ? -ENOTSUP : -EIO;
	g->queue = ebpf_offload_queue__create(g->offload, errmsg);
	return g->queue ? 0 : -EIO;
}

int engine_gpu__open(
	const struct engine *e, const struct engine_opts *opts, void **state, char **errmsg)
{
	struct gpu *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return error__set(errmsg, -ENOMEM, "no memory");
	err = machine__open(&g->machine, opts, errmsg);
	if (!err)
		err = open_device(g, e, errmsg);
	if (err)
		engine_gpu__close(g);
	else
		*state = g;
	return err;
}

static void add(struct gpu *g, struct replay_packet *p)
{
	struct ebpf_offload_packet packet = {
		.data = p->ctx.metadata & EBPF_RX_FRAGS ? NULL : p->ctx.data,
		.len = (uint32_t)(p->ctx.data_end - p->ctx.data),
		.ifindex = p->ctx.ingress_ifindex,
		.metadata = p->ctx.metadata,
		.user = p};

	ebpf_offload_queue__add(g->queue, &packet); /* a burst fits a batch */
}

static void judge(struct gpu *g, struct ebpf_offload_batch *b, uint32_t i)
{
	struct ebpf_env *env = &g->machine.env;
	struct replay_packet *p = b->user[i];

	env->redirect.kind = EBPF_REDIRECT_NONE;
	env->tail_calls = 0;
	env->fault_reason = 0;
	p->verdict = (uint32_t)ebpf_offload_batch__judge(b, i, env, &p->ctx);
	p->redirect = env->redirect;
	p->fault_reason = env->fault_reason;
	p->fault_insn = env->fault_insn;
}

static void send_and_judge(struct gpu *g, size_t n)
{
	struct ebpf_offload_batch *b;

	for (size_t i = 0; i < n; i++)
		add(g, &g->machine.packets[i]);
	ebpf_offload_queue__flush(g->queue, machine__now_ns());
	while (ebpf_offload_queue__held(g->queue)) {
		b = ebpf_offload_queue__poll(g->queue, machine__now_ns());
		if (!b) {
			sched_yield();
			continue;
		}
		for (uint32_t i = 0; i < b->n; i++)
			judge(g, b, i);
		ebpf_offload_queue__free(g->queue, b);
	}
}

int engine_gpu__run(void *state, const struct capture_packet *in, size_t n,
	struct engine_result *out, uint64_t *ns, char **errmsg)
{
	struct gpu *g = state;
	const char *why;
	uint64_t start;

	machine__place(&g->machine, in, n);
	ebpf_offload__refresh(g->offload);
	start = machine__now_ns();
	send_and_judge(g, n);
	*ns = machine__now_ns() - start;
	machine__tell(&g->machine, out, n);
	if (ebpf_offload__state(g->offload, &why) != EBPF_OFFLOAD_WORKS)
		return error__set(errmsg, -EIO, "%s", why);
	return 0;
}

void engine_gpu__close(void *state)
{
	struct gpu *g = state;

	ebpf_offload_queue__destroy(g->queue);
	ebpf_offload__destroy(g->offload);
	ebpf_gpu_device__close(g->dev);
	machine__close(&g->machine);
	free(g);
}
