/* SPDX-License-Identifier: BSD-3-Clause
 *
 * trace.c -- a ring of lines per worker: it writes, the reader takes. A ring that is full loses
 * what comes, and the next line that finds room tells how many.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_ring_elem.h>

#include "core/error.h"
#include "dataplane.h"
#include "trace.h"

/* Lines that a worker may be ahead of the reader. */
#define TRACE_LINES 1024

_Static_assert(sizeof(struct trace_line) == 512, "elements of an rte_ring are words");

struct trace_ring {
	struct rte_ring *ring;
	uint32_t lost; /* the worker's */
};

struct trace {
	const struct dataplane *dp; /* or NULL */
	pthread_mutex_t reading;
	unsigned n;
	struct trace_ring worker[];
};

uint64_t trace__bytes(unsigned workers)
{
	return (uint64_t)workers * (TRACE_LINES + 1) * sizeof(struct trace_line);
}

struct trace *trace__create(unsigned workers, char **errmsg)
{
	struct trace *trace = calloc(1, sizeof(*trace) + workers * sizeof(trace->worker[0]));

	if (!trace) {
		error__set(errmsg, -ENOMEM, "no memory for the programs' traces");
		return NULL;
	}
	pthread_mutex_init(&trace->reading, NULL);
	for (trace->n = 0; trace->n < workers; trace->n++) {
		struct trace_ring *r = &trace->worker[trace->n];
		char name[RTE_RING_NAMESIZE];

		snprintf(name, sizeof(name), "trace_%u", trace->n);
		r->ring = rte_ring_create_elem(name, sizeof(struct trace_line), TRACE_LINES,
			SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!r->ring) {
			error__set(errmsg, -rte_errno, "no memory for the programs' traces");
			trace__destroy(trace);
			return NULL;
		}
	}
	return trace;
}

void trace__destroy(struct trace *trace)
{
	if (!trace)
		return;
	for (unsigned i = 0; i < trace->n; i++)
		rte_ring_free(trace->worker[i].ring);
	pthread_mutex_destroy(&trace->reading);
	free(trace);
}

void trace__watch(struct trace *trace, const struct dataplane *dp)
{
	trace->dp = dp;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void fill(struct trace_line *line, const struct trace *trace, unsigned worker,
	const char *text, size_t len)
{
	const struct ebpf_program *prog = trace->dp ? trace->dp->workers[worker]->env.prog : NULL;

	line->ns = now_ns();
	line->worker = (uint16_t)worker;
	line->lost = trace->worker[worker].lost;
	snprintf(line->program, sizeof(line->program), "%s", prog ? ebpf_program__name(prog) : "");
	while (len && (text[len - 1] == '\n' || !text[len - 1]))
		len--;
	line->len = (uint16_t)RTE_MIN(len, sizeof(line->text));
	memcpy(line->text, text, line->len);
}

void trace__write(void *user, const char *text, size_t len)
{
	struct trace *trace = user;
	int worker = rte_lcore_index(-1);
	struct trace_line line;

	if (worker < 0 || (unsigned)worker >= trace->n)
		return;
	fill(&line, trace, (unsigned)worker, text, len);
	if (rte_ring_sp_enqueue_elem(trace->worker[worker].ring, &line, sizeof(line)))
		trace->worker[worker].lost++;
	else
		trace->worker[worker].lost = 0;
}

int trace__read(
	struct trace *trace, int (*fn)(void *user, const struct trace_line *line), void *user)
{
	struct trace_line line;
	int n = 0, err = 0;

	pthread_mutex_lock(&trace->reading);
	for (unsigned i = 0; i < trace->n && err >= 0; i++) {
		struct rte_ring *ring = trace->worker[i].ring;

		while (err >= 0 && !rte_ring_sc_dequeue_elem(ring, &line, sizeof(line))) {
			err = fn(user, &line);
			n++;
		}
	}
	pthread_mutex_unlock(&trace->reading);
	return err < 0 ? err : n;
}
