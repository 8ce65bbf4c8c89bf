/* SPDX-License-Identifier: BSD-3-Clause
 *
 * chain.c -- burst-wise: the first program over the whole burst, the second over those packets that
 * go on, gathered in a burst of their own, and so on. So each program runs in its compiled loop,
 * and a packet keeps its place in the burst, whoever judges it last.
 */
#include <string.h>

#include <ebpf-program.h>

#include "admit.h"
#include "burst.h"
#include "counters.h"
#include "worker.h"

static void count_verdicts(struct prog_counters *c, const struct burst *burst)
{
	uint32_t n[N_VERDICTS] = {0};

	for (uint32_t i = 0; i < burst->n; i++)
		n[RTE_MIN(burst->verdict[i], (uint32_t)VERDICT_UNKNOWN)]++;
	for (unsigned v = 0; v < N_VERDICTS; v++)
		if (n[v])
			counter__add(&c->verdict[v], n[v]);
}

bool burst__is_uniform(const struct burst *burst)
{
	uint32_t differ = 0;

	for (uint32_t i = 1; i < burst->n; i++)
		differ |= burst->verdict[i] ^ burst->verdict[0];
	return !differ;
}

static void run_driver(struct worker *w, const struct ebpf_program *program, struct burst *burst,
	ebpf_driver_fn driver)
{
	w->env.prog = program;
	burst->uniform = false;
	burst->judged = burst->n;
	driver(&w->env, burst);
	if (unlikely(burst->in_frags))
		burst__trim(burst);
}

bool program__run_burst(struct worker *w, const struct ebpf_program *program, struct burst *burst)
{
	const struct ebpf_code *code = ebpf_program__code(program);
	ebpf_driver_fn driver = code->driver ? code->driver : burst_driver;

	run_driver(w, program, burst, driver);
	return driver != burst_driver;
}

static void count(struct prog_counters *counters, const struct burst *burst, bool compiled)
{
	if (burst->uniform)
		counter__add(
			&counters->verdict[RTE_MIN(burst->verdict[0], (uint32_t)VERDICT_UNKNOWN)],
			burst->n);
	else
		count_verdicts(counters, burst);
	if (!compiled)
		counter__add(&counters->interpreted, burst->n);
}

static void run_link(struct worker *w, const struct chain_link *link, struct burst *burst)
{
	bool compiled = program__run_burst(w, link->program, burst);

	count(&w->progs[link->prog], burst, compiled);
}

/* Gathers into `next` those packets of `from` that the next program shall see; place[] tells where
 * they stand in the whole burst, before and after. */
static void gather(struct burst *next, const struct burst *from, uint8_t call_on, uint8_t *place)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < from->n; i++) {
		if (from->verdict[i] > XDP_REDIRECT || !(call_on & 1u << from->verdict[i]))
			continue;
		next->pkts[n] = from->pkts[i];
		next->state[n] = from->state[i];
		place[n++] = from == next ? place[i] : (uint8_t)i;
	}
	next->n = n;
}

static void put_back(
	struct burst *burst, const struct burst *judged, const uint8_t *place, uint8_t judge)
{
	for (uint32_t i = 0; i < judged->n; i++) {
		burst->verdict[place[i]] = judged->verdict[i];
		burst->state[place[i]] = judged->state[i];
		burst->judge[place[i]] = judge;
		if (judged->verdict[i] == XDP_REDIRECT)
			burst->redirect[place[i]] = judged->redirect[i];
	}
}

/* The driver has stopped before a packet that is not plain: it and those behind it are admitted one
 * by one, and judged in a burst of their own. */
static __attribute__((noinline, cold)) void judge_admitted(struct worker *w,
	const struct plan_port *port, struct burst *burst, struct counters *counters)
{
	struct burst *rest = &w->rest;
	uint32_t first = burst->judged;
	uint8_t place[BURST_SIZE];

	burst__admit(burst, first, port, counters);
	rest->in_frags = burst->in_frags;
	rest->ifindex = burst->ifindex;
	rest->queue = burst->queue;
	rest->egress_ifindex = burst->egress_ifindex;
	rest->n = burst->n - first;
	for (uint32_t i = 0; i < rest->n; i++) {
		place[i] = (uint8_t)(first + i);
		rest->pkts[i] = burst->pkts[first + i];
		rest->state[i] = burst->state[first + i];
	}
	if (rest->n) {
		program__run_burst(w, port->chain.link[0].program, rest);
		put_back(burst, rest, place, 0);
		burst->moved |= rest->moved;
	}
	burst->uniform = burst__is_uniform(burst);
}

static void run_first(struct worker *w, const struct plan_port *port, struct burst *burst,
	struct counters *counters)
{
	const struct chain_link *link = &port->chain.link[0];
	bool compiled = program__run_burst(w, link->program, burst);

	if (unlikely(burst->judged < burst->n))
		judge_admitted(w, port, burst, counters);
	if (likely(burst->n))
		count(&w->progs[link->prog], burst, compiled);
}

static void run_others(struct worker *w, const struct chain *chain, struct burst *burst)
{
	struct burst *rest = &w->rest;
	const struct burst *from = burst;
	uint8_t place[BURST_SIZE];

	rest->in_frags = burst->in_frags;
	rest->ifindex = burst->ifindex;
	rest->queue = burst->queue;
	rest->egress_ifindex = burst->egress_ifindex;
	memset(burst->judge, 0, sizeof(burst->judge));
	for (uint8_t i = 1; i < chain->n; i++, from = rest) {
		gather(rest, from, chain->link[i - 1].call_on, place);
		if (!rest->n)
			break;
		counter__add(&w->progs[chain->link[i - 1].prog].called_next, rest->n);
		run_link(w, &chain->link[i], rest);
		put_back(burst, rest, place, i);
	}
	burst->moved |= rest->moved;
	burst->uniform = burst__is_uniform(burst);
}

static void forget_states(struct burst *burst)
{
	if (!burst->moved)
		return;
	memset(burst->state, 0, sizeof(burst->state));
	burst->moved = false;
}

void chain__run(struct worker *w, const struct plan_port *port, struct burst *burst,
	struct counters *counters)
{
	const struct chain *chain = &port->chain;

	if (!chain->n) {
		burst__admit(burst, 0, port, counters);
		for (uint32_t i = 0; i < burst->n; i++)
			burst->verdict[i] = XDP_PASS;
		burst->uniform = true;
		return;
	}
	forget_states(burst);
	run_first(w, port, burst, counters);
	if (chain->n > 1)
		run_others(w, chain, burst);
}

void chain__run_by(struct worker *w, const struct chain *chain, struct burst *burst,
	ebpf_driver_fn driver, bool compiled)
{
	const struct chain_link *link = &chain->link[0];

	forget_states(burst);
	run_driver(w, link->program, burst, driver);
	count(&w->progs[link->prog], burst, compiled);
	if (chain->n > 1)
		run_others(w, chain, burst);
}
