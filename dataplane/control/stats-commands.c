/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stats-commands.c -- stats show, stats clear, metrics.
 *
 * Rows are made under the lock, all at once so that they fit each other, and sent without it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "../metrics/metrics.h"
#include "../metrics/snapshot.h"
#include "commands.h"
#include "core/error.h"

/* The rows to be sent, as JSON lines. */
struct rows {
	struct ebpf_json text;
	const struct dataplane *dp;
	const struct snapshot *since;
};

static struct ebpf_json *begin_row(struct rows *rows)
{
	rows->text.comma = false;
	ebpf_json__open(&rows->text, '{');
	return &rows->text;
}

static void end_row(struct rows *rows)
{
	ebpf_json__close(&rows->text, '}');
	rows->text.comma = false;
	ebpf_json__raw(&rows->text, "\n", 1);
}

static void add_counters(struct ebpf_json *row, const struct counters *c)
{
	uint64_t lost = 0;

	ebpf_json__add_unsigned(row, "received", c->entered);
	for (unsigned o = 0; o < FIRST_LOSS; o++)
		ebpf_json__add_unsigned(row, outcome__text(o), c->outcome[o]);
	for (unsigned o = FIRST_LOSS; o < N_OUTCOMES; o++)
		lost += c->outcome[o];
	ebpf_json__add_unsigned(row, "lost", lost);
}

static bool is_started(const struct rows *rows, uint16_t slot)
{
	return rows->dp->ports->port[slot].state == PORT_STARTED;
}

static void make_port_rows(struct rows *rows)
{
	for (uint16_t slot = 0; slot < rows->dp->ports->n; slot++) {
		const struct port *port = &rows->dp->ports->port[slot];
		struct counters sum = {0};
		struct ebpf_json *row;

		if (!is_started(rows, slot))
			continue;
		for (uint16_t q = 0; q < port->n_rxq; q++)
			counters__sum(&sum, &rows->since->hop[hop__rx(slot, q)]);
		row = begin_row(rows);
		ebpf_json__add_string(row, "port", port->name);
		add_counters(row, &sum);
		ebpf_json__add_unsigned(row, "sent", rows->since->sent[slot]);
		ebpf_json__add_unsigned(row, "missed", rows->since->missed[slot]);
		end_row(rows);
	}
}

static void make_queue_rows(struct rows *rows)
{
	for (uint16_t slot = 0; slot < rows->dp->ports->n; slot++) {
		const struct port *port = &rows->dp->ports->port[slot];

		for (uint16_t q = 0; is_started(rows, slot) && q < port->n_rxq; q++) {
			struct ebpf_json *row = begin_row(rows);

			ebpf_json__add_string(row, "port", port->name);
			ebpf_json__add_unsigned(row, "queue", q);
			ebpf_json__add_unsigned(row, "worker", port->worker[q]);
			add_counters(row, &rows->since->hop[hop__rx(slot, q)]);
			ebpf_json__add_unsigned(
				row, "bursts", rows->since->hop[hop__rx(slot, q)].bursts);
			end_row(rows);
		}
	}
}

typedef void hop_fn(struct rows *rows, const char *name, const struct counters *c);

/* Where packets come to that were redirected, as far as any did. */
static void each_other_hop(struct rows *rows, hop_fn *fn)
{
	const struct ports *ports = rows->dp->ports;
	char name[2 * RTE_ETH_NAME_MAX_LEN];

	for (unsigned i = 0; i < rows->dp->n_workers; i++) {
		snprintf(name, sizeof(name), "cpumap of worker %u", i);
		fn(rows, name, &rows->since->hop[hop__cpumap(i)]);
	}
	for (uint16_t slot = 0; slot < ports->n; slot++) {
		if (!is_started(rows, slot))
			continue;
		snprintf(name, sizeof(name), "egress of %s", ports->port[slot].name);
		fn(rows, name, &rows->since->hop[hop__egress(slot)]);
		snprintf(name, sizeof(name), "copies from %s", ports->port[slot].name);
		fn(rows, name, &rows->since->hop[hop__copies(slot)]);
	}
}

static void make_hop_row(struct rows *rows, const char *name, const struct counters *c)
{
	struct ebpf_json *row;

	if (!c->entered)
		return;
	row = begin_row(rows);
	ebpf_json__add_string(row, "hop", name);
	add_counters(row, c);
	end_row(rows);
}

static void make_hop_rows(struct rows *rows)
{
	each_other_hop(rows, make_hop_row);
}

static void make_losses(struct rows *rows, const char *name, const struct counters *c)
{
	for (unsigned o = FIRST_LOSS; o < N_OUTCOMES; o++) {
		struct ebpf_json *row;

		if (!c->outcome[o])
			continue;
		row = begin_row(rows);
		ebpf_json__add_string(row, "where", name);
		ebpf_json__add_string(row, "loss", outcome__text(o) + strlen("lost: "));
		ebpf_json__add_unsigned(row, "packets", c->outcome[o]);
		end_row(rows);
	}
}

static void make_loss_rows(struct rows *rows)
{
	char name[2 * RTE_ETH_NAME_MAX_LEN];

	for (uint16_t slot = 0; slot < rows->dp->ports->n; slot++) {
		const struct port *port = &rows->dp->ports->port[slot];

		for (uint16_t q = 0; is_started(rows, slot) && q < port->n_rxq; q++) {
			snprintf(name, sizeof(name), "%s queue %u", port->name, q);
			make_losses(rows, name, &rows->since->hop[hop__rx(slot, q)]);
		}
	}
	each_other_hop(rows, make_losses);
}

static void make_prog_rows(struct rows *rows)
{
	for (uint16_t i = 0; i < MAX_PROGS; i++) {
		const struct prog_counters *c = &rows->since->prog[i];
		struct tier_status status;
		struct ebpf_json *row;
		uint64_t packets = 0;

		if (!*rows->dp->progs[i].name)
			continue;
		for (unsigned v = 0; v < N_VERDICTS; v++)
			packets += c->verdict[v];
		status = tier__status(rows->dp->progs[i].tier);
		row = begin_row(rows);
		ebpf_json__add_string(row, "prog", rows->dp->progs[i].name);
		ebpf_json__add_string(row, "state", tier_state__text(status.state));
		ebpf_json__add_unsigned(row, "packets", packets);
		for (unsigned v = 0; v < VERDICT_UNKNOWN; v++)
			ebpf_json__add_unsigned(row, outcome__text(v), c->verdict[v]);
		ebpf_json__add_unsigned(row, "unknown", c->verdict[VERDICT_UNKNOWN]);
		ebpf_json__add_unsigned(row, "called_next", c->called_next);
		ebpf_json__add_unsigned(row, "interpreted", c->interpreted);
		end_row(rows);
		free(status.why);
	}
}

static uint64_t cycles_ns(uint64_t cycles)
{
	return (uint64_t)((double)cycles * 1e9 / (double)rte_get_tsc_hz());
}

static void make_worker_rows(struct rows *rows)
{
	for (unsigned i = 0; i < rows->dp->n_workers; i++) {
		const struct snapshot_worker *w = &rows->since->worker[i];
		const struct worker_time *time = &rows->dp->workers[i]->time;
		struct ebpf_json *row = begin_row(rows);
		uint64_t busy = cycles_ns(w->busy);

		ebpf_json__add_unsigned(row, "worker", i);
		ebpf_json__add_unsigned(
			row, "queues", plan_worker__queues(&rows->dp->plan->worker[i]));
		ebpf_json__add_unsigned(row, "received", w->received);
		ebpf_json__add_unsigned(row, "bursts", w->bursts);
		ebpf_json__add_unsigned(row, "busy_ns", busy);
		ebpf_json__add_real(row, "packets_per_burst",
			w->bursts ? (double)w->received / (double)w->bursts : 0, 1);
		ebpf_json__add_real(row, "ns_per_packet",
			w->received ? (double)busy / (double)w->received : 0, 1);
		ebpf_json__add_unsigned(
			row, "longest_gap_ns", cycles_ns(counter__read(&time->longest_gap)));
		end_row(rows);
	}
}

static const struct {
	const char *word;
	void (*make)(struct rows *rows);
} views[] = {
	{"port", make_port_rows},
	{"queue", make_queue_rows},
	{"hop", make_hop_rows},
	{"loss", make_loss_rows},
	{"prog", make_prog_rows},
	{"worker", make_worker_rows},
};

static int make_rows(struct dataplane *dp, unsigned view, struct ebpf_json *text)
{
	struct snapshot *since;
	struct rows rows = {.dp = dp};

	pthread_mutex_lock(&dp->lock);
	rows.since = since = snapshot__take(dp);
	if (since)
		views[view].make(&rows);
	pthread_mutex_unlock(&dp->lock);
	free(since);
	*text = rows.text;
	return since && !rows.text.failed ? 0 : -ENOMEM;
}

static int send_rows(struct control_context *c, const struct ebpf_json *text, char **errmsg)
{
	const char *row = text->len ? text->text : "", *end;
	int err = 0;

	for (; !err && (end = strchr(row, '\n')) != NULL; row = end + 1) {
		struct ebpf_json *to = control__row(c);

		/* the row without its brackets, which are there already */
		ebpf_json__raw(to, row + 1, (size_t)(end - row - 2));
		err = control__send(c, errmsg);
	}
	return err;
}

int control__show_stats(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct ebpf_json text = {0};
	unsigned view = 0, i;
	int err;

	for (i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (control_words__take(w, views[i].word))
			view = i;
	err = control_words__end(w, errmsg);
	if (!err)
		err = make_rows(c->dataplane, view, &text);
	if (!err)
		err = send_rows(c, &text, errmsg);
	ebpf_json__free(&text);
	return err;
}

int control__clear_stats(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct dataplane *dp = c->dataplane;
	int err = control_words__end(w, errmsg);

	if (err)
		return err;
	pthread_mutex_lock(&dp->lock);
	err = snapshot__clear(dp);
	pthread_mutex_unlock(&dp->lock);
	return err;
}

int control__metrics(struct control_context *c, struct control_words *w, char **errmsg)
{
	int err = control_words__end(w, errmsg);
	char *text = err ? NULL : metrics__text(c->dataplane);

	if (!text)
		return err ? err : -ENOMEM;
	ebpf_json__add_string(control__row(c), "text", text);
	free(text);
	return control__send(c, errmsg);
}
