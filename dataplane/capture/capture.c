/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture.c -- the workers' side: which packets, and into the ring with them.
 *
 * A packet at entry has no verdict yet. It is copied into the ring all the same, behind what is
 * published; when the burst has been judged, verdicts are filled in, what the actions do not name
 * is struck out, and all is published at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "capture/filter.h"
#include "capture/internal.h"
#include "chain.h"
#include "core/error.h"
#include "counters.h"

#define RING_BYTES (4u << 20)

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static bool accepts(const struct capture *c, const struct rte_mbuf *m)
{
	return !c->filter || capture_filter__accepts(c->filter,
				     rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, m->pkt_len);
}

/* "PORT@entry" or "PORT:PROGRAM@exit" */
static uint16_t write_name(char *to, const char *port, const char *program, const char *point)
{
	size_t len = strlen(port), more = strlen(point);

	memcpy(to, port, len);
	if (program) {
		size_t n = strlen(program);

		to[len++] = ':';
		memcpy(to + len, program, n);
		len += n;
	}
	memcpy(to + len, point, more);
	return (uint16_t)(len + more);
}

static struct capture_record *put(struct capture *c, struct capture_worker *w, const char *port,
	const char *program, const char *point, const struct rte_mbuf *m)
{
	uint32_t len = RTE_MIN(m->pkt_len, c->opts.snaplen);
	size_t name = strlen(port) + (program ? 1 + strlen(program) : 0) + strlen(point);
	struct capture_record *r;
	const void *bytes;
	void *to;

	r = capture_ring__reserve(&w->ring, (uint32_t)(sizeof(*r) + name + len));
	if (!r)
		return NULL;
	r->len = len;
	r->wire_len = m->pkt_len;
	r->name_len = write_name(r->name, port, program, point);
	to = r->name + r->name_len;
	bytes = rte_pktmbuf_read(m, 0, len, to);
	if (bytes != to)
		memcpy(to, bytes, len);
	return r;
}

static void fill_in(struct capture_record *r, const struct capture_worker *w,
	const struct burst *burst, uint32_t i)
{
	r->id = w->packets + i;
	r->lost = w->lost;
	r->queue = burst->queue;
	r->verdict = burst->verdict[i];
	r->wanted = true;
}

static void see_entry(struct capture *c, unsigned worker, const struct capture_hop *hop,
	const struct burst *burst)
{
	struct capture_worker *w = &c->workers[worker];
	uint64_t time;

	w->looks = !__atomic_load_n(&c->ended, __ATOMIC_RELAXED) &&
		   (!c->opts.ifindex || c->opts.ifindex == burst->ifindex) &&
		   (c->opts.queue < 0 || (uint32_t)c->opts.queue == burst->queue);
	if (!w->looks || !(c->opts.points & CAPTURE_ENTRY))
		return;
	time = now();
	for (uint32_t i = 0; i < burst->n; i++) {
		w->entered[i] = NULL;
		w->chosen[i] = accepts(c, burst->pkts[i]);
		if (w->chosen[i])
			w->entered[i] = put(c, w, hop->port, NULL, hop->entry, burst->pkts[i]);
		if (w->entered[i]) {
			w->entered[i]->time = time;
			w->entered[i]->wanted = false;
		}
	}
}

/* The name of the program whose verdict counts; NULL without programs. */
static const char *judge(const struct capture_hop *hop, const struct burst *burst, uint32_t i)
{
	const struct chain *chain = hop->chain;

	if (!chain)
		return hop->program;
	return chain->n ? chain->link[chain->n > 1 ? burst->judge[i] : 0].name : NULL;
}

static bool is_wanted(const struct capture *c, const struct capture_worker *w,
	const struct burst *burst, uint32_t i, const char *program)
{
	uint32_t verdict = burst->verdict[i] > XDP_REDIRECT ? XDP_ABORTED : burst->verdict[i];

	if (c->opts.actions && !(c->opts.actions & 1u << verdict))
		return false;
	if (c->opts.program && (!program || strcmp(c->opts.program, program)))
		return false;
	return c->opts.points & CAPTURE_ENTRY ? w->chosen[i] : accepts(c, burst->pkts[i]);
}

static void see_exit(struct capture *c, unsigned worker, const struct capture_hop *hop,
	const struct burst *burst)
{
	struct capture_worker *w = &c->workers[worker];
	uint64_t time, lost = 0;

	if (!w->looks)
		return;
	time = now();
	for (uint32_t i = 0; i < burst->n; i++) {
		const char *program = judge(hop, burst, i);
		struct capture_record *r;

		if (!is_wanted(c, w, burst, i, program))
			continue;
		if (c->opts.points & CAPTURE_ENTRY) {
			if (w->entered[i])
				fill_in(w->entered[i], w, burst, i);
			else
				lost++;
		}
		if (!(c->opts.points & CAPTURE_EXIT))
			continue;
		r = put(c, w, hop->port, program, hop->exit, burst->pkts[i]);
		if (r) {
			r->time = time;
			fill_in(r, w, burst, i);
		} else {
			lost++;
		}
	}
	if (lost)
		counter__add(&w->lost, lost);
	w->packets += burst->n;
	capture_ring__publish(&w->ring);
}

void captures__entry(const struct captures *captures, unsigned worker,
	const struct capture_hop *hop, const struct burst *burst)
{
	for (unsigned i = 0; i < captures->n; i++)
		see_entry(captures->item[i], worker, hop, burst);
}

void captures__exit(const struct captures *captures, unsigned worker, const struct capture_hop *hop,
	const struct burst *burst)
{
	for (unsigned i = 0; i < captures->n; i++)
		see_exit(captures->item[i], worker, hop, burst);
}

/* The caller's strings may go. */
static int copy_opts(struct capture *c, const struct capture_opts *opts)
{
	c->opts = *opts;
	if (!c->opts.snaplen)
		c->opts.snaplen = CAPTURE_SNAPLEN;
	if (!c->opts.ring)
		c->opts.ring = RING_BYTES;
	c->opts.program = opts->program ? strdup(opts->program) : NULL;
	c->opts.filter = opts->filter ? strdup(opts->filter) : NULL;
	return (opts->program && !c->opts.program) || (opts->filter && !c->opts.filter) ? -ENOMEM
											: 0;
}

static int create_workers(struct capture *c, unsigned workers)
{
	c->workers = aligned_alloc(RTE_CACHE_LINE_SIZE, workers * sizeof(*c->workers));
	if (!c->workers)
		return -ENOMEM;
	memset(c->workers, 0, workers * sizeof(*c->workers));
	for (; c->n_workers < workers; c->n_workers++) {
		struct capture_worker *w = &c->workers[c->n_workers];

		if (capture_ring__init(&w->ring, c->opts.ring))
			return -ENOMEM;
		w->packets = (uint64_t)c->n_workers << 48; /* so that numbers differ */
	}
	return 0;
}

static void release(struct capture *c)
{
	for (unsigned i = 0; i < c->n_workers; i++)
		capture_ring__free(&c->workers[i].ring);
	free(c->workers);
	capture_filter__free(c->filter);
	free((void *)c->opts.program);
	free((void *)c->opts.filter);
	free(c);
}

struct capture *capture__create(
	int fd, const struct capture_opts *opts, unsigned workers, char **errmsg)
{
	struct capture *c = calloc(1, sizeof(*c));
	int err = 0;

	if (!c || copy_opts(c, opts) || create_workers(c, workers))
		err = error__set(errmsg, -ENOMEM, "no memory to capture packets");
	if (!err && opts->filter) {
		c->filter = capture_filter__compile(opts->filter, errmsg);
		err = c->filter ? 0 : -EINVAL;
	}
	if (!err)
		err = capture_writer__start(c, fd, errmsg);
	if (!err)
		return c;
	close(fd);
	if (c)
		release(c);
	return NULL;
}

void capture__end(struct capture *c)
{
	capture_writer__stop(c->writer);
}

void capture__destroy(struct capture *c)
{
	if (!c)
		return;
	capture__end(c);
	capture_writer__free(c->writer);
	release(c);
}

void capture__state(const struct capture *c, struct capture_state *state)
{
	capture_writer__state(c->writer, state);
	state->ended = __atomic_load_n(&c->ended, __ATOMIC_ACQUIRE);
	state->lost = 0;
	for (unsigned i = 0; i < c->n_workers; i++)
		state->lost += counter__read(&c->workers[i].lost);
}

const struct capture_opts *capture__opts(const struct capture *c)
{
	return &c->opts;
}
