/* SPDX-License-Identifier: BSD-3-Clause
 *
 * attach.c -- change a port's list of programs and publish it; what cannot be published is undone.
 */
#include <errno.h>

#include "core/error.h"
#include "dataplane.h"

enum verb { ATTACH, REORDER, DETACH };

/* What is asked for. */
struct change {
	enum verb verb;
	const char *prog;
	uint16_t slot;
	const struct attach_opts *opts;
};

struct place {
	struct prog *prog;
	struct attachments *list;
	const char *port;
	int at; /* in the list; -1: not there */
};

static int find_place(
	struct dataplane *dp, const char *name, uint16_t slot, struct place *p, char **errmsg)
{
	if (slot >= dp->ports->n || dp->ports->port[slot].state != PORT_STARTED)
		return error__set(errmsg, -ENODEV, "program %s: there is no port %u", name, slot);
	p->port = dp->ports->port[slot].name;
	if (dp->ports->port[slot].host_of != NO_PORT)
		return error__set(errmsg, -EINVAL,
			"port %s is a host side: what comes from there goes to port %s, unseen by "
			"programs",
			p->port, dp->ports->port[dp->ports->port[slot].host_of].name);
	p->list = &dp->attached[slot];
	p->prog = dataplane__find_prog(dp, name);
	if (!p->prog)
		return error__set(errmsg, -ENOENT, "there is no program %s", name);
	for (int i = 0; i < p->list->n; i++)
		if (p->list->item[i].prog == p->prog - dp->progs)
			p->at = i;
	return 0;
}

static void take_out(struct attachments *list, int at)
{
	list->n--;
	for (int i = at; i < list->n; i++)
		list->item[i] = list->item[i + 1];
}

/* Behind those of the same priority. */
static void put_in(struct attachments *list, const struct attachment *a)
{
	int at = list->n++;

	for (; at > 0 && list->item[at - 1].priority > a->priority; at--)
		list->item[at] = list->item[at - 1];
	list->item[at] = *a;
}

static void insert(const struct dataplane *dp, struct place *p, const struct attach_opts *opts)
{
	const struct ebpf_object_run_config *config = &p->prog->config;
	struct attachment a = {.prog = (uint16_t)(p->prog - dp->progs),
		.priority = opts && opts->priority ? opts->priority : config->priority,
		.call_on = opts && opts->call_on >= 0 ? (uint8_t)opts->call_on : config->call_on};

	put_in(p->list, &a);
}

/* Does the list allow it? */
static int check(const struct change *change, const struct place *p, char **errmsg)
{
	if (change->verb == ATTACH && p->at >= 0)
		return error__set(errmsg, -EEXIST, "program %s is attached to port %s already",
			change->prog, p->port);
	if (change->verb == ATTACH && p->list->n == MAX_CHAIN)
		return error__set(
			errmsg, -ENOSPC, "port %s has %d programs already", p->port, MAX_CHAIN);
	if (change->verb != ATTACH && p->at < 0)
		return error__set(errmsg, -ENOENT, "program %s is not attached to port %s",
			change->prog, p->port);
	return 0;
}

static int apply(struct dataplane *dp, const struct change *change, char **errmsg)
{
	struct attachments before;
	struct place p = {.at = -1};
	int err = find_place(dp, change->prog, change->slot, &p, errmsg);

	if (!err)
		err = check(change, &p, errmsg);
	if (err)
		return err;
	before = *p.list;
	if (change->verb != ATTACH)
		take_out(p.list, p.at);
	if (change->verb != DETACH)
		insert(dp, &p, change->opts);
	err = dataplane__publish(dp, errmsg);
	if (err)
		*p.list = before;
	else
		p.prog->attached += p.list->n - before.n;
	return err;
}

static int change(struct dataplane *dp, struct change change, char **errmsg)
{
	int err;

	pthread_mutex_lock(&dp->lock);
	err = apply(dp, &change, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return err;
}

int dataplane__attach(struct dataplane *dp, const char *prog, uint16_t slot,
	const struct attach_opts *opts, char **errmsg)
{
	return change(dp, (struct change){ATTACH, prog, slot, opts}, errmsg);
}

int dataplane__reorder(struct dataplane *dp, const char *prog, uint16_t slot,
	const struct attach_opts *opts, char **errmsg)
{
	return change(dp, (struct change){REORDER, prog, slot, opts}, errmsg);
}

int dataplane__detach(struct dataplane *dp, const char *prog, uint16_t slot, char **errmsg)
{
	return change(dp, (struct change){DETACH, prog, slot, NULL}, errmsg);
}
