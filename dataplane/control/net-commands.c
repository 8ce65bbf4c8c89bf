/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net-commands.c -- net list, attach, detach, order.
 */
#include <errno.h>
#include <string.h>

#include "../dataplane.h"
#include "commands.h"
#include "core/error.h"

static const char *const action_words[] = {
	[XDP_ABORTED] = "aborted",
	[XDP_DROP] = "drop",
	[XDP_PASS] = "pass",
	[XDP_TX] = "tx",
	[XDP_REDIRECT] = "redirect",
};

#define N_ACTIONS (sizeof(action_words) / sizeof(action_words[0]))

/* The text up to a comma, as an action; the number of them if it is none. */
static size_t find_action(const char *text, size_t len)
{
	size_t i = 0;

	while (i < N_ACTIONS &&
		(strlen(action_words[i]) != len || strncmp(action_words[i], text, len)))
		i++;
	return i;
}

int control__want_actions(struct control_words *w, int *call_on, char **errmsg)
{
	const char *word = control_words__want(w, "actions, like pass,tx", errmsg);

	if (!word)
		return -EINVAL;
	*call_on = 0;
	if (strcmp(word, "none") == 0)
		return 0;
	for (const char *at = word; at; at = strchr(at, ',')) {
		size_t action;

		at += *at == ',' && at != word;
		action = find_action(at, strcspn(at, ","));
		if (action == N_ACTIONS)
			return error__set(errmsg, -EINVAL,
				"expected actions (aborted, drop, pass, tx, redirect, with commas "
				"between, or none), got '%s'",
				word);
		*call_on |= 1 << action;
	}
	return 0;
}

struct place {
	const char *prog;
	uint16_t slot;
	struct attach_opts opts;
};

/* PROG port PORT, and what may follow. */
static int parse_place(struct control_context *c, struct control_words *w, bool options,
	struct place *p, char **errmsg)
{
	struct dataplane *dp = c->dataplane;
	int err, slot;

	*p = (struct place){.opts = {.call_on = -1}};
	p->prog = control_words__want(w, "a program's name", errmsg);
	if (!p->prog)
		return -EINVAL;
	err = control_words__expect(w, "port", errmsg);
	if (err)
		return err;
	pthread_mutex_lock(&dp->lock);
	slot = control__want_port(dp, w, errmsg);
	pthread_mutex_unlock(&dp->lock);
	if (slot < 0)
		return slot;
	p->slot = (uint16_t)slot;
	while (w->n && !err) {
		if (options && control_words__take(w, "priority"))
			err = control_words__want_number(
				w, "a priority", &p->opts.priority, errmsg);
		else if (options && control_words__take(w, "actions"))
			err = control__want_actions(w, &p->opts.call_on, errmsg);
		else
			err = control_words__unexpected(
				w, options ? "priority, actions" : NULL, errmsg);
	}
	return err;
}

int control__attach(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct place p;
	int err = parse_place(c, w, true, &p, errmsg);

	return err ? err : dataplane__attach(c->dataplane, p.prog, p.slot, &p.opts, errmsg);
}

/* What an attachment is now; false if there is none. */
static bool current_opts(struct dataplane *dp, const struct place *p, struct attach_opts *opts)
{
	const struct attachments *list = &dp->attached[p->slot];
	bool found = false;

	pthread_mutex_lock(&dp->lock);
	for (unsigned i = 0; i < list->n && !found; i++) {
		found = strcmp(dp->progs[list->item[i].prog].name, p->prog) == 0;
		*opts = (struct attach_opts){list->item[i].priority, list->item[i].call_on};
	}
	pthread_mutex_unlock(&dp->lock);
	return found;
}

/* What is not said stays. */
int control__order(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct attach_opts now;
	struct place p;
	int err = parse_place(c, w, true, &p, errmsg);

	if (!err && current_opts(c->dataplane, &p, &now)) {
		if (!p.opts.priority)
			p.opts.priority = now.priority;
		if (p.opts.call_on < 0)
			p.opts.call_on = now.call_on;
	}
	return err ? err : dataplane__reorder(c->dataplane, p.prog, p.slot, &p.opts, errmsg);
}

int control__detach(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct place p;
	int err = parse_place(c, w, false, &p, errmsg);

	return err ? err : dataplane__detach(c->dataplane, p.prog, p.slot, errmsg);
}

static void add_attachment(struct ebpf_json *row, const struct dataplane *dp, uint16_t slot,
	const struct attachment *a)
{
	const struct prog *prog = &dp->progs[a->prog];

	ebpf_json__add_string(row, "port", dp->ports->port[slot].name);
	ebpf_json__add_unsigned(row, "priority", a->priority);
	ebpf_json__add_string(row, "prog", prog->name);
	ebpf_json__key(row, "next_after");
	ebpf_json__open(row, '[');
	for (size_t i = 0; i < N_ACTIONS; i++)
		if (a->call_on & 1u << i)
			ebpf_json__string(row, action_words[i]);
	ebpf_json__close(row, ']');
	ebpf_json__add_string(row, "runs_in", ebpf_program__code(prog->program)->backend);
}

static int list_slot(struct control_context *c, uint16_t slot, char **errmsg)
{
	struct dataplane *dp = c->dataplane;
	int err = 0;

	for (unsigned i = 0; i < MAX_CHAIN && !err; i++) {
		struct ebpf_json *row = control__row(c);
		bool there;

		pthread_mutex_lock(&dp->lock);
		there = slot < dp->ports->n && i < dp->attached[slot].n;
		if (there)
			add_attachment(row, dp, slot, &dp->attached[slot].item[i]);
		pthread_mutex_unlock(&dp->lock);
		if (!there)
			break;
		err = control__send(c, errmsg);
	}
	return err;
}

int control__list_net(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct dataplane *dp = c->dataplane;
	int only = -1, err;

	if (w->n) {
		pthread_mutex_lock(&dp->lock);
		only = control__want_port(dp, w, errmsg);
		pthread_mutex_unlock(&dp->lock);
		if (only < 0)
			return only;
	}
	err = control_words__end(w, errmsg);
	for (uint16_t slot = 0; slot < RTE_MAX_ETHPORTS && !err; slot++)
		if (only < 0 || slot == only)
			err = list_slot(c, slot, errmsg);
	return err;
}
