/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port-commands.c -- port list, show, add, del, set.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ether.h>

#include <ebpf-net.h>

#include "../dataplane.h"
#include "../port-change.h"
#include "commands.h"
#include "core/error.h"

static const char *const state_words[] = {
	[PORT_NONE] = "none",
	[PORT_FOUND] = "found",
	[PORT_STARTED] = "started",
	[PORT_LEAVING] = "leaving",
	[PORT_GONE] = "gone",
};

static void add_mac(struct ebpf_json *row, uint16_t id)
{
	struct rte_ether_addr mac = {0};
	const uint8_t *b = mac.addr_bytes;
	char text[18];

	rte_eth_macaddr_get(id, &mac);
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		b[5]);
	ebpf_json__add_string(row, "mac", text);
}

static void add_link(struct ebpf_json *row, uint16_t id)
{
	struct rte_eth_link link = {0};

	if (rte_eth_link_get_nowait(id, &link))
		return;
	ebpf_json__add_string(row, "link", link.link_status ? "up" : "down");
	ebpf_json__key(row, "mbps");
	if (link.link_status && link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		ebpf_json__unsigned(row, link.link_speed);
	else
		ebpf_json__null(row);
}

static void add_programs(struct ebpf_json *row, const struct dataplane *dp, uint16_t slot)
{
	const struct attachments *list = &dp->attached[slot];

	ebpf_json__key(row, "programs");
	ebpf_json__open(row, '[');
	for (unsigned i = 0; i < list->n; i++)
		ebpf_json__string(row, dp->progs[list->item[i].prog].name);
	ebpf_json__close(row, ']');
}

static void add_port(struct ebpf_json *row, const struct dataplane *dp, uint16_t slot)
{
	const struct port *p = &dp->ports->port[slot];

	ebpf_json__add_unsigned(row, "slot", slot);
	ebpf_json__add_string(row, "name", p->name);
	ebpf_json__add_unsigned(row, "ifindex", p->ifindex);
	add_link(row, p->id);
	ebpf_json__add_string(
		row, "pass", p->pass == NO_PORT ? "drop" : dp->ports->port[p->pass].name);
	ebpf_json__add_bool(row, "host_side", p->host_of != NO_PORT);
	add_programs(row, dp, slot);
}

static void add_details(struct ebpf_json *row, const struct dataplane *dp, uint16_t slot)
{
	const struct port *p = &dp->ports->port[slot];

	ebpf_json__add_string(row, "driver", port__driver(p));
	ebpf_json__add_string(row, "state", state_words[p->state]);
	add_mac(row, p->id);
	ebpf_json__add_unsigned(row, "mtu", ebpf_net__link_mtu(dp->instance, p->ifindex));
	ebpf_json__add_unsigned(row, "rx_queues", p->n_rxq);
	ebpf_json__add_unsigned(row, "tx_queues", p->n_txq);
	ebpf_json__key(row, "workers");
	ebpf_json__open(row, '[');
	for (uint16_t q = 0; q < p->n_rxq; q++)
		ebpf_json__unsigned(row, p->worker[q]);
	ebpf_json__close(row, ']');
	ebpf_json__add_unsigned(row, "mbufs", p->n_mbufs);
}

int control__list_ports(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct dataplane *dp = c->dataplane;
	int err = control_words__end(w, errmsg);

	for (uint16_t slot = 0; slot < RTE_MAX_ETHPORTS && !err; slot++) {
		struct ebpf_json *row = control__row(c);
		bool there;

		pthread_mutex_lock(&dp->lock);
		there = slot < dp->ports->n && dp->ports->port[slot].state;
		if (there)
			add_port(row, dp, slot);
		pthread_mutex_unlock(&dp->lock);
		if (there)
			err = control__send(c, errmsg);
	}
	return err;
}

int control__show_port(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct ebpf_json *row = control__row(c);
	struct dataplane *dp = c->dataplane;
	int slot;

	pthread_mutex_lock(&dp->lock);
	slot = control__want_port(dp, w, errmsg);
	if (slot >= 0) {
		add_port(row, dp, (uint16_t)slot);
		add_details(row, dp, (uint16_t)slot);
	}
	pthread_mutex_unlock(&dp->lock);
	if (slot < 0)
		return slot;
	slot = control_words__end(w, errmsg);
	return slot ? slot : control__send(c, errmsg);
}

/* PORT or drop */
static int want_pass(struct dataplane *dp, struct control_words *w, uint16_t *to, char **errmsg)
{
	int slot;

	*to = NO_PORT;
	if (control_words__take(w, "drop"))
		return 0;
	pthread_mutex_lock(&dp->lock);
	slot = control__want_port(dp, w, errmsg);
	pthread_mutex_unlock(&dp->lock);
	if (slot < 0)
		return slot;
	*to = (uint16_t)slot;
	return 0;
}

static int want_up_to(
	struct control_words *w, const char *what, uint16_t most, uint16_t *number, char **errmsg)
{
	uint32_t n = 0;
	int err = control_words__want_number(w, what, &n, errmsg);

	if (!err && (!n || n > most))
		err = error__set(errmsg, -EINVAL, "expected %s, 1 to %u, got %u", what, most, n);
	*number = (uint16_t)n;
	return err;
}

int control__add_port(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *devargs = control_words__want(w, "a device, like net_tap0,iface=x0", errmsg);
	struct dataplane *dp = c->dataplane;
	struct port_opts opts = {0};
	uint16_t pass = NO_PORT;
	int err = devargs ? 0 : -EINVAL, slot;

	while (w->n && !err) {
		if (control_words__take(w, "ifindex"))
			err = control_words__want_number(w, "an ifindex", &opts.ifindex, errmsg);
		else if (control_words__take(w, "queues"))
			err = want_up_to(
				w, "a number of receive queues", MAX_QUEUES, &opts.queues, errmsg);
		else if (control_words__take(w, "mtu"))
			err = want_up_to(w, "an MTU", UINT16_MAX, &opts.mtu, errmsg);
		else if (control_words__take(w, "pass"))
			err = want_pass(dp, w, &pass, errmsg);
		else
			err = control_words__unexpected(w, "ifindex, queues, mtu, pass", errmsg);
	}
	if (err)
		return err;
	slot = dataplane__add_port(dp, devargs, &opts, errmsg);
	if (slot < 0)
		return slot;
	if (pass != NO_PORT)
		err = dataplane__set_pass(dp, (uint16_t)slot, pass, errmsg);
	if (err)
		return err;
	pthread_mutex_lock(&dp->lock);
	add_port(control__row(c), dp, (uint16_t)slot);
	pthread_mutex_unlock(&dp->lock);
	return control__send(c, errmsg);
}

/* A PORT, and no lock any more. */
static int find_port(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct dataplane *dp = c->dataplane;
	int slot;

	pthread_mutex_lock(&dp->lock);
	slot = control__want_port(dp, w, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return slot;
}

int control__del_port(struct control_context *c, struct control_words *w, char **errmsg)
{
	int slot = find_port(c, w, errmsg), err = slot < 0 ? slot : control_words__end(w, errmsg);

	return err ? err : dataplane__del_port(c->dataplane, (uint16_t)slot, errmsg);
}

int control__set_port(struct control_context *c, struct control_words *w, char **errmsg)
{
	int slot = find_port(c, w, errmsg), err = slot < 0 ? slot : 0;
	uint16_t to;

	if (!err && !w->n)
		err = error__set(
			errmsg, -EINVAL, "expected 'pass' or 'host', got the end of the line");
	while (w->n && !err) {
		if (control_words__take(w, "pass")) {
			err = want_pass(c->dataplane, w, &to, errmsg);
			if (!err)
				err = dataplane__set_pass(c->dataplane, (uint16_t)slot, to, errmsg);
		} else if (control_words__take(w, "host")) {
			int host = find_port(c, w, errmsg);

			err = host < 0 ? host
				       : dataplane__set_host(c->dataplane, (uint16_t)slot,
						 (uint16_t)host, errmsg);
		} else {
			err = control_words__unexpected(w, "pass, host", errmsg);
		}
	}
	return err;
}
