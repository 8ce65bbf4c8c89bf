/* SPDX-License-Identifier: BSD-3-Clause
 *
 * uses-offload.c -- a program on a device: a queue, batches of packets, maps refreshed. What fails
 * on the way costs no packet its verdict.
 */
#include <linux/bpf.h>
#include <sched.h>
#include <stdlib.h>

#include <offload.h>

#include "failing.h"

#define N_PACKETS 6 /* a batch and a half */

static const char *device;

static void judge(struct ebpf_offload_batch *b, struct ebpf_env *env, uint8_t *packet, uint32_t len)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct ebpf_xdp_ctx ctx = {
			.data = packet, .data_meta = packet, .data_end = packet + len};

		SO(ebpf_offload_batch__judge(b, i, env, &ctx) == XDP_DROP);
	}
}

static void run_packets(struct ebpf_instance *inst, struct ebpf_offload_queue *q)
{
	uint8_t packet[64] = {0};
	const struct ebpf_offload_packet p = {.data = packet, .len = sizeof(packet)};
	struct ebpf_env env;
	uint64_t now = 1;

	ebpf_env__init(&env, inst, 0);
	for (int i = 0; i < N_PACKETS; i++)
		SO(ebpf_offload_queue__add(q, &p));
	ebpf_offload_queue__flush(q, now);
	while (ebpf_offload_queue__held(q)) {
		struct ebpf_offload_batch *b = ebpf_offload_queue__poll(q, now);

		if (b) {
			judge(b, &env, packet, sizeof(packet));
			ebpf_offload_queue__free(q, b);
		} else {
			sched_yield();
		}
	}
}

static void use_queue(struct ebpf_instance *inst, struct ebpf_offload *o)
{
	char *why = NOT_SET;
	struct ebpf_offload_queue *q = ebpf_offload_queue__create(o, &why);
	struct ebpf_offload_stats stats;

	if (!failing__is_there(q, &why))
		return;
	run_packets(inst, q);
	failing__is_done(ebpf_offload__refresh(o));
	ebpf_offload__stats(o, &stats);
	SO(stats.sent_packets == N_PACKETS);
	ebpf_offload_queue__destroy(q);
}

static void offload(struct ebpf_instance *inst, struct ebpf_program *prog)
{
	const struct ebpf_offload_opts opts = {.batch = 4, .depth = 2, .patience_ms = 10000};
	char *why = NOT_SET;
	struct ebpf_gpu_device *dev = ebpf_gpu_device__open(device, &why);
	struct ebpf_offload *o;

	if (!failing__is_there(dev, &why))
		return;
	o = ebpf_offload__create(dev, prog, &opts, &why);
	if (failing__is_there(o, &why))
		use_queue(inst, o);
	ebpf_offload__destroy(o);
	ebpf_gpu_device__close(dev);
}

void use_offload(void *name)
{
	device = name;
	with_counting_program(offload);
}
