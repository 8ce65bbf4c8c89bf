/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hop-metrics.c -- what became of packets, by the places where they were judged (hop.h).
 */
#include <ctype.h>
#include <string.h>

#include "metrics/collect.h"

/* Names of outcomes as labels: those of the table in small letters. */
static const char *outcome_label(enum outcome outcome)
{
	static const char *const names[] = {
#define OUTCOME(name, words) [OUTCOME_##name] = #name,
#include "outcomes.def"
#undef OUTCOME
	};
	static __thread char label[32];
	size_t i = 0;

	for (const char *c = names[outcome]; *c && i + 1 < sizeof(label); c++)
		label[i++] = (char)tolower(*c);
	label[i] = '\0';
	return label;
}

/* A place's own labels; one of two names may be NULL. */
struct place {
	uint16_t hop;
	struct metric_label label[2];
};

typedef void add_place(struct metrics_walk *w, const struct place *p);

static void each_rx(struct metrics_walk *w, add_place *add)
{
	const struct ports *ports = w->dp->ports;

	for (uint16_t slot = 0; slot < ports->n; slot++) {
		const struct port *port = &ports->port[slot];

		for (uint16_t q = 0; port->state == PORT_STARTED && q < port->n_rxq; q++)
			add(w, &(struct place){hop__rx(slot, q),
				       {{"port", port->name}, {"queue", metrics__number(q).text}}});
	}
}

static void each_cpumap(struct metrics_walk *w, add_place *add)
{
	for (unsigned i = 0; i < w->dp->n_workers; i++)
		add(w, &(struct place){hop__cpumap(i), {{"worker", metrics__number(i).text}}});
}

static void each_of_a_port(struct metrics_walk *w, add_place *add, uint16_t (*hop)(uint16_t slot))
{
	const struct ports *ports = w->dp->ports;

	for (uint16_t slot = 0; slot < ports->n; slot++)
		if (ports->port[slot].state == PORT_STARTED)
			add(w, &(struct place){hop(slot), {{"port", ports->port[slot].name}}});
}

static void each_egress(struct metrics_walk *w, add_place *add)
{
	each_of_a_port(w, add, hop__egress);
}

static void each_copies(struct metrics_walk *w, add_place *add)
{
	each_of_a_port(w, add, hop__copies);
}

static void add_one(struct metrics_walk *w, const struct place *p, uint64_t value, const char *name,
	const char *label)
{
	if (p->label[1].name)
		metrics__add(w, value, p->label[0].name, p->label[0].value, p->label[1].name,
			p->label[1].value, name, label, NULL);
	else
		metrics__add(w, value, p->label[0].name, p->label[0].value, name, label, NULL);
}

static void add_packets(struct metrics_walk *w, const struct place *p)
{
	add_one(w, p, dataplane__hop_counters(w->dp, p->hop).entered, NULL, NULL);
}

static void add_bursts(struct metrics_walk *w, const struct place *p)
{
	add_one(w, p, dataplane__hop_counters(w->dp, p->hop).bursts, NULL, NULL);
}

/* Outcomes are verdicts first, then losses. */
static void add_outcomes(struct metrics_walk *w, const struct place *p, unsigned from, unsigned to,
	const char *label)
{
	struct counters c = dataplane__hop_counters(w->dp, p->hop);

	for (unsigned o = from; o < to; o++)
		add_one(w, p, c.outcome[o], label, outcome_label(o));
}

static void add_verdicts(struct metrics_walk *w, const struct place *p)
{
	add_outcomes(w, p, 0, FIRST_LOSS, "verdict");
}

static void add_losses(struct metrics_walk *w, const struct place *p)
{
	add_outcomes(w, p, FIRST_LOSS, N_OUTCOMES, "reason");
}

static void add_in_flight(struct metrics_walk *w, const struct place *p)
{
	struct counters c = dataplane__hop_counters(w->dp, p->hop);
	int64_t n = counters__in_flight(&c);

	add_one(w, p, n > 0 ? (uint64_t)n : 0, NULL, NULL);
}

void metrics__rx_packets(struct metrics_walk *w)
{
	each_rx(w, add_packets);
}

void metrics__rx_bursts(struct metrics_walk *w)
{
	each_rx(w, add_bursts);
}

void metrics__rx_verdicts(struct metrics_walk *w)
{
	each_rx(w, add_verdicts);
}

void metrics__rx_lost(struct metrics_walk *w)
{
	each_rx(w, add_losses);
}

void metrics__rx_in_flight(struct metrics_walk *w)
{
	each_rx(w, add_in_flight);
}

void metrics__cpumap_packets(struct metrics_walk *w)
{
	each_cpumap(w, add_packets);
}

void metrics__cpumap_verdicts(struct metrics_walk *w)
{
	each_cpumap(w, add_verdicts);
}

void metrics__cpumap_lost(struct metrics_walk *w)
{
	each_cpumap(w, add_losses);
}

void metrics__egress_packets(struct metrics_walk *w)
{
	each_egress(w, add_packets);
}

void metrics__egress_verdicts(struct metrics_walk *w)
{
	each_egress(w, add_verdicts);
}

void metrics__egress_lost(struct metrics_walk *w)
{
	each_egress(w, add_losses);
}

void metrics__broadcast_copies(struct metrics_walk *w)
{
	each_copies(w, add_packets);
}

void metrics__broadcast_lost(struct metrics_walk *w)
{
	each_copies(w, add_losses);
}
