/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload-watch.c -- a line for each program, once in each state.
 */
#include <stdlib.h>

#include "background.h"
#include "dataplane.h"
#include "gpu/offload-watch.h"
#include "gpu/prog-offload.h"

struct offload_watch {
	struct dataplane *dp;
	FILE *out;
	struct told {
		uint32_t id;
		const char *state; /* prog_offload__state()'s own text */
	} told[MAX_PROGS];
	struct periodic *periodic;
};

static void look_at(struct offload_watch *watch, unsigned place)
{
	const struct prog *prog = &watch->dp->progs[place];
	struct told *told = &watch->told[place], now;
	char *why;

	if (!prog->offload)
		return;
	now = (struct told){ebpf_program__id(prog->program), prog_offload__state(prog->offload)};
	if (told->id == now.id && told->state == now.state)
		return;
	why = prog_offload__why(prog->offload);
	if (!why)
		return;
	fprintf(watch->out, "xdpk: program %s runs on the CPU, not on a device: %s\n", prog->name,
		why);
	fflush(watch->out);
	*told = now;
	free(why);
}

static void look(void *arg)
{
	struct offload_watch *watch = arg;

	pthread_mutex_lock(&watch->dp->lock);
	for (unsigned i = 0; i < MAX_PROGS; i++)
		look_at(watch, i);
	pthread_mutex_unlock(&watch->dp->lock);
}

struct offload_watch *offload_watch__start(struct dataplane *dp, FILE *out)
{
	struct offload_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->dp = dp;
	watch->out = out;
	look(watch);
	watch->periodic = background__repeat("xdpk-offload", 1000, look, watch);
	if (watch->periodic)
		return watch;
	free(watch);
	return NULL;
}

void offload_watch__stop(struct offload_watch *watch)
{
	if (!watch)
		return;
	background__stop(watch->periodic);
	look(watch);
	free(watch);
}
