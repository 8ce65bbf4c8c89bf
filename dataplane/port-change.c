/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port-change.c -- add, delete, change ports under traffic.
 */
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include <rte_ring.h>

#include <ebpf-net.h>

#include "core/error.h"
#include "dataplane.h"
#include "port-change.h"

/* How long packets have to leave a port that goes. */
#define LEAVE_MS 2000

static void sleep_ms(unsigned ms)
{
	struct timespec ts = {.tv_nsec = (long)ms * 1000000};

	nanosleep(&ts, NULL);
}

static int set_ifindex(struct ports *ports, uint16_t slot, uint32_t ifindex, char **errmsg)
{
	for (uint16_t i = 0; i < ports->n; i++)
		if (i != slot && ports->port[i].state && ports->port[i].ifindex == ifindex)
			return error__set(errmsg, -EEXIST, "ifindex %u: port %s has it", ifindex,
				ports->port[i].name);
	ports->port[slot].ifindex = ifindex;
	return 0;
}

static int find_new(const struct ports *ports)
{
	for (uint16_t i = 0; i < ports->n; i++)
		if (ports->port[i].state == PORT_FOUND)
			return i;
	return -ENODEV;
}

static int add(struct dataplane *dp, const char *devargs, const struct input *input,
	const struct port_opts *opts, char **errmsg)
{
	struct ports *ports = dp->ports;
	int slot, err = ports__probe(ports, devargs, input, errmsg);

	slot = find_new(ports);
	if (err || slot < 0)
		return err ? err : slot;
	if (opts) {
		ports->port[slot].queues = opts->queues;
		ports->port[slot].mtu = opts->mtu;
	}
	if (opts && opts->ifindex)
		err = set_ifindex(ports, (uint16_t)slot, opts->ifindex, errmsg);
	if (!err)
		err = ports__add_links(ports, dp->instance, errmsg);
	if (!err)
		err = ports__start(ports, dp->n_workers, errmsg);
	if (!err)
		err = dataplane__publish(dp, errmsg);
	if (err)
		port__close(ports, (uint16_t)slot);
	return err ? err : slot;
}

int dataplane__add_port(
	struct dataplane *dp, const char *devargs, const struct port_opts *opts, char **errmsg)
{
	struct input input;
	int slot = input__describe(&input, devargs, errmsg);

	if (slot)
		return slot;
	pthread_mutex_lock(&dp->lock);
	slot = add(dp, devargs, &input, opts, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return slot;
}

/* What every worker has been given by CPUMAPs, up to now. */
struct given {
	uint64_t entered[RTE_MAX_LCORE];
};

static void note_given(const struct dataplane *dp, struct given *given)
{
	for (unsigned i = 0; i < dp->n_workers; i++)
		given->entered[i] = dataplane__hop_counters(dp, hop__cpumap(i)).entered;
}

/* Each worker takes it in order. */
static bool is_done(const struct dataplane *dp, const struct given *given)
{
	for (unsigned i = 0; i < dp->n_workers; i++) {
		struct counters c = dataplane__hop_counters(dp, hop__cpumap(i));

		if ((int64_t)(c.entered - given->entered[i]) < counters__in_flight(&c))
			return false;
	}
	return true;
}

static bool hop_is_quiet(const struct dataplane *dp, uint16_t hop)
{
	struct counters c = dataplane__hop_counters(dp, hop);

	return counters__in_flight(&c) == 0;
}

/* Everything that is to be sent there has been taken, and everything from there has its outcome. */
static bool port_is_quiet(const struct dataplane *dp, uint16_t slot)
{
	const struct port *port = &dp->ports->port[slot];
	struct counters c = dataplane__port_counters(dp, slot);

	for (uint16_t q = 0; q < port->n_txq; q++)
		if (port->handover[q] && !rte_ring_empty(port->handover[q]))
			return false;
	return counters__in_flight(&c) == 0 && hop_is_quiet(dp, hop__egress(slot)) &&
	       hop_is_quiet(dp, hop__copies(slot));
}

static bool wait_until_quiet(const struct dataplane *dp, uint16_t slot)
{
	struct given given;

	note_given(dp, &given);
	for (unsigned ms = 0; ms < LEAVE_MS; ms++) {
		if (is_done(dp, &given) && port_is_quiet(dp, slot))
			return true;
		sleep_ms(1);
	}
	return false;
}

static void clear_hop(struct dataplane *dp, uint16_t hop)
{
	for (unsigned i = 0; i < dp->n_workers; i++)
		dp->workers[i]->hops[hop] = (struct counters){0};
}

/* What it has received is kept as a sum; the slot's next port begins at nothing. Nobody counts
 * there any more. */
static void retire_counters(struct dataplane *dp, uint16_t slot)
{
	for (uint16_t q = 0; q < dp->ports->port[slot].n_rxq; q++) {
		struct counters c = dataplane__hop_counters(dp, hop__rx(slot, q));

		counters__sum(&dp->gone, &c);
		clear_hop(dp, hop__rx(slot, q));
	}
	clear_hop(dp, hop__egress(slot));
	clear_hop(dp, hop__copies(slot));
	for (unsigned i = 0; i < dp->n_workers; i++)
		dp->workers[i]->sent[slot] = 0;
}

static void forget_port(struct dataplane *dp, uint16_t slot)
{
	for (uint16_t i = 0; i < dp->attached[slot].n; i++)
		dp->progs[dp->attached[slot].item[i].prog].attached--;
	dp->attached[slot].n = 0;
	for (uint16_t i = 0; i < dp->ports->n; i++)
		if (dp->ports->port[i].pass == slot)
			dp->ports->port[i].pass = dp->ports->port[i].host_of = NO_PORT;
	ebpf_net__del_link(dp->instance, dp->ports->port[slot].ifindex);
}

static int del(struct dataplane *dp, uint16_t slot, char **errmsg)
{
	struct port *port = &dp->ports->port[slot];
	int err;

	if (slot >= dp->ports->n || port->state != PORT_STARTED)
		return error__set(errmsg, -ENODEV, "there is no port %u", slot);
	port->state = PORT_LEAVING;
	err = dataplane__publish(dp, errmsg);
	if (!err && !wait_until_quiet(dp, slot))
		err = error__set(errmsg, -EBUSY, "port %s: packets to it or from it do not leave",
			port->name);
	if (!err) {
		port->state = PORT_GONE;
		err = dataplane__publish(dp, errmsg);
	}
	if (err) {
		port->state = PORT_STARTED;
		dataplane__publish(dp, NULL);
		return err;
	}
	retire_counters(dp, slot);
	forget_port(dp, slot);
	port__close(dp->ports, slot);
	return 0;
}

int dataplane__del_port(struct dataplane *dp, uint16_t slot, char **errmsg)
{
	int err;

	pthread_mutex_lock(&dp->lock);
	err = del(dp, slot, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return err;
}

static bool is_started(const struct ports *ports, uint16_t slot)
{
	return slot < ports->n && ports->port[slot].state == PORT_STARTED;
}

static int set_host(struct dataplane *dp, uint16_t slot, uint16_t host, char **errmsg)
{
	struct ports *ports = dp->ports;
	struct port port, other;
	int err;

	if (!is_started(ports, slot) || !is_started(ports, host))
		return error__set(errmsg, -ENODEV, "there is no port %u",
			is_started(ports, slot) ? host : slot);
	if (dp->attached[host].n)
		return error__set(errmsg, -EBUSY,
			"port %s has programs, so it cannot be a host side: detach them",
			ports->port[host].name);
	port = ports->port[slot];
	other = ports->port[host];
	err = ports__set_host(ports, slot, host, errmsg);
	if (err)
		return err;
	port__resemble(&ports->port[host], &ports->port[slot]);
	err = dataplane__publish(dp, errmsg);
	if (err) {
		ports->port[slot] = port;
		ports->port[host] = other;
	}
	return err;
}

int dataplane__set_host(struct dataplane *dp, uint16_t slot, uint16_t host, char **errmsg)
{
	int err;

	pthread_mutex_lock(&dp->lock);
	err = set_host(dp, slot, host, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return err;
}

static int set_pass(struct dataplane *dp, uint16_t slot, uint16_t to, char **errmsg)
{
	struct port *port = &dp->ports->port[slot];
	uint16_t before;
	int err;

	if (!is_started(dp->ports, slot) || (to != NO_PORT && !is_started(dp->ports, to)))
		return error__set(errmsg, -ENODEV, "there is no port %u",
			is_started(dp->ports, slot) ? to : slot);
	if (port->host_of != NO_PORT)
		return error__set(errmsg, -EINVAL, "port %s is the host side of port %s",
			port->name, dp->ports->port[port->host_of].name);
	before = port->pass;
	port->pass = to;
	err = dataplane__publish(dp, errmsg);
	if (err)
		port->pass = before;
	return err;
}

int dataplane__set_pass(struct dataplane *dp, uint16_t slot, uint16_t to, char **errmsg)
{
	int err;

	pthread_mutex_lock(&dp->lock);
	err = set_pass(dp, slot, to, errmsg);
	pthread_mutex_unlock(&dp->lock);
	return err;
}
