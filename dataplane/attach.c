/* SPDX-License-Identifier: BSD-3-Clause
 *
 * attach.c -- change a port's list of programs and publish it; what cannot be published is undone.
 */
#include <errno.h>

#include "core/error.h"
#include "dataplane.h"

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
	const struct object_run_config *config = &p->prog->config;
	struct attachment a = {.prog = (uint16_t)(p->prog - dp->progs),
		.priority = opts && opts->priority ? opts->priority : config->priority,
		.call_on = opts && opts->call_on >= 0 ? (uint8_t)opts->call_on : config->call_on};

	put_in(p->list, &a);
}

static int publish_or_undo(
	struct dataplane *dp, struct place *p, const struct attachments *before, char **errmsg)
{
	int err = dataplane__publish(dp, errmsg);

	if (err)
		*p->list = *before;
	else
		p->prog->attached += p->list->n - before->n;
	return err;
}

static int attach(struct dataplane *dp, const char *prog, uint16_t slot,
	const struct attach_opts *opts, char **errmsg)
{
	struct attachments before;
	struct place p = {.at = -1};
	int err = find_place(dp, prog, slot, &p, errmsg);

	if (err)
		return err;
	if (p.at >= 0)
		return error__set(
			errmsg, -EEXIST, "program %s is attached to port %s already", prog, p.port);
	if (p.list->n == MAX_CHAIN)
		return error__set(
			errmsg, -ENOSPC, "port %s has %d programs already", p.port, MAX_CHAIN);
	before = *p.list;
	insert(dp, &p, opts);
	return publish_or_undo(dp, &p, &before, errmsg);
}

static int reorder(struct dataplane *dp, const char *prog, uint16_t slot,
	const struct attach_opts *opts, char **errmsg)
{
	struct attachments before;
	struct place p = {.at = -1};
	int err = find_place(dp, prog, slot, &p, errmsg);

	if (err)
		return err;
	if (p.at < 0)
		return error__set(
			errmsg, -ENOENT, "program %s is not attached to port %s", prog, p.port);
	before = *p.list;
	take_out(p.list, p.at);
	insert(dp, &p, opts);
	return publish_or_undo(dp, &p, &before, errmsg);
}

static int detach(struct dataplane *dp, const char *prog, uint16_t slot, char **errmsg)
{
	struct attachments before;
	struct place p = {.at = -1};
	int err = find_place(dp, prog, slot, &p, errmsg);

	if (err)
		return err;
	if (p.at < 0)
		return error__set(
			errmsg, -ENOENT, "program %s is not attached to port %s", prog, p.port);
	before = *p.list;
	take_out(p.list, p.at);
	return publish_or_undo(dp, &p, &before, errmsg);
}

int dataplane__attach(struct dataplane *dp, const char *prog, uint16_t slot,
	const struct attach_opts *opts, char **errmsg)
{
	int err;

	pthread_mutex_lock(&dp->lock);
	err = attach(dp, prog, slot, opts, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return err;
}

int dataplane__reorder(struct dataplane *dp, const char *prog, uint16_t slot,
	const struct attach_opts *opts, char **errmsg)
{
	int err;

	pthread_mutex_lock(&dp->lock);
	err = reorder(dp, prog, slot, opts, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return err;
}

int dataplane__detach(struct dataplane *dp, const char *prog, uint16_t slot, char **errmsg)
{
	int err;

	pthread_mutex_lock(&dp->lock);
	err = detach(dp, prog, slot, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return err;
}
