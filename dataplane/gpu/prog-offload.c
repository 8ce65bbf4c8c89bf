/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prog-offload.c -- make and unmake; the thread that refreshes; what is to be said of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "background.h"
#include "core/error.h"
#include "dataplane.h"
#include "gpu/devices.h"
#include "gpu/prog-offload.h"

static void refresh(void *arg)
{
	struct prog_offload *po = arg;

	if (ebpf_offload__state(po->offload, NULL) != EBPF_OFFLOAD_WORKS) {
		shared_device__distrust(po->device);
		return;
	}
	pthread_mutex_lock(&po->device->lock);
	ebpf_offload__refresh(po->offload);
	pthread_mutex_unlock(&po->device->lock);
}

/* A packet's deadline is more than what it may wait for others. */
static struct ebpf_offload_opts offload_opts(const struct gpu_opts *opts, uint32_t cpu)
{
	uint32_t wait = opts->deadline_us / SPLIT_WAIT;

	return (struct ebpf_offload_opts){.batch = opts->batch,
		.depth = GPU_DEPTH,
		.deadline_us = wait ? wait : 1,
		.patience_ms = opts->patience_ms,
		.cpu = cpu};
}

static int start(struct prog_offload *po, struct ebpf_program *prog, uint32_t cpu)
{
	const struct ebpf_offload_opts opts = offload_opts(&po->opts, cpu);

	po->device = shared_device__open(po->opts.device, &po->why);
	if (!po->device)
		return -ENODEV;
	pthread_mutex_lock(&po->device->lock);
	po->offload = ebpf_offload__create(po->device->dev, prog, &opts, &po->why);
	pthread_mutex_unlock(&po->device->lock);
	if (!po->offload)
		return -errno;
	po->refresher = background__repeat("xdpk-maps", po->opts.stale_ms, refresh, po);
	return po->refresher ? 0
			     : error__set(&po->why, -EAGAIN, "no thread to keep maps up to date");
}

static void stop(struct prog_offload *po)
{
	background__stop(po->refresher);
	po->refresher = NULL;
	for (unsigned i = 0; i < RTE_MAX_LCORE; i++) {
		lane__destroy(po->lane[i]);
		po->lane[i] = NULL;
	}
	if (po->offload) {
		pthread_mutex_lock(&po->device->lock);
		ebpf_offload__destroy(po->offload);
		pthread_mutex_unlock(&po->device->lock);
		po->offload = NULL;
	}
	shared_device__close(po->device);
	po->device = NULL;
}

struct prog_offload *prog_offload__create(
	struct ebpf_program *prog, const struct gpu_opts *opts, uint32_t cpu)
{
	struct prog_offload *po = calloc(1, sizeof(*po));

	if (!po)
		return NULL;
	po->opts = *opts;
	if (start(po, prog, cpu))
		stop(po);
	return po;
}

void prog_offload__destroy(struct prog_offload *po)
{
	if (!po)
		return;
	stop(po);
	free(po->why);
	free(po);
}

static void open_lane(struct prog_offload *po, unsigned worker)
{
	const struct lane_opts opts = {.offload = po->offload,
		.split = po->opts.split,
		.batch = po->opts.batch,
		.depth = GPU_DEPTH,
		.deadline_us = po->opts.deadline_us};

	if (po->lane[worker] || !po->offload)
		return;
	free(po->why);
	po->why = NULL;
	po->lane[worker] = lane__create(&opts, &po->why);
}

static struct prog_offload *offload_at(const struct dataplane *dp, uint16_t slot, uint16_t at)
{
	const struct attachments *list = &dp->attached[slot];

	return at < list->n ? dp->progs[list->item[at].prog].offload : NULL;
}

static void note_behind(struct dataplane *dp, uint16_t slot, uint16_t at)
{
	const struct attachment *first = &dp->attached[slot].item[0];
	struct prog_offload *po = offload_at(dp, slot, at);

	if (po)
		snprintf(po->behind, sizeof(po->behind),
			"on port %s it is behind %s, and of a port's programs the first alone can "
			"be on a device",
			dp->ports->port[slot].name, dp->progs[first->prog].name);
}

/* What is first somewhere has a device there. */
static void note_places(struct dataplane *dp)
{
	for (unsigned i = 0; i < MAX_PROGS; i++)
		if (dp->progs[i].offload)
			dp->progs[i].offload->behind[0] = '\0';
	for (uint16_t slot = 0; slot < dp->ports->n; slot++)
		for (uint16_t at = 1; at < dp->attached[slot].n; at++)
			note_behind(dp, slot, at);
	for (uint16_t slot = 0; slot < dp->ports->n; slot++)
		if (offload_at(dp, slot, 0))
			offload_at(dp, slot, 0)->behind[0] = '\0';
}

void prog_offloads__open_lanes(struct dataplane *dp)
{
	note_places(dp);
	for (uint16_t slot = 0; slot < dp->ports->n; slot++) {
		const struct port *port = &dp->ports->port[slot];
		struct prog_offload *po = offload_at(dp, slot, 0);

		for (uint16_t q = 0; po && port->state == PORT_STARTED && q < port->n_rxq; q++)
			open_lane(po, port->worker[q]);
	}
}

const char *prog_offload__state(const struct prog_offload *po)
{
	if (!po->offload)
		return "refused";
	if (po->why || ebpf_offload__state(po->offload, NULL) != EBPF_OFFLOAD_WORKS)
		return "failed";
	return *po->behind ? "behind" : "works";
}

char *prog_offload__why(const struct prog_offload *po)
{
	const char *why = po->why;

	if (po->offload && ebpf_offload__state(po->offload, &why) == EBPF_OFFLOAD_WORKS)
		why = po->why ? po->why : *po->behind ? po->behind : NULL;
	return why ? strdup(why) : NULL;
}

const char *prog_offload__device(const struct prog_offload *po)
{
	return po->device ? po->device->dev->name : po->opts.device;
}

struct lane_counters prog_offload__counters(const struct prog_offload *po)
{
	struct lane_counters sum = {0};
	uint32_t lanes = 0;

	for (unsigned i = 0; i < RTE_MAX_LCORE; i++) {
		struct lane_counters c;

		if (!po->lane[i])
			continue;
		c = lane__counters(po->lane[i]);
		sum.direct += c.direct;
		sum.turn += c.turn;
		sum.gone += c.gone;
		sum.late += c.late;
		sum.share += c.share;
		if (c.crossover)
			sum.crossover = c.crossover;
		lanes++;
	}
	if (lanes)
		sum.share /= lanes;
	return sum;
}
