/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ports.c -- set DPDK ports up.
 *
 * Queues: one pair per worker where the port has so many, or as many to receive from as is asked
 * for; all the captures of a net_pcap port, since each is a queue. With fewer tx queues than
 * workers each tx queue belongs to one worker, for rte_eth_tx_burst() is not thread-safe, and the
 * others hand packets over to it.
 *
 * Buffers: one pool per socket, large enough that no queue, ring and cache can run it dry. A
 * buffer holds any packet the kernel could make of a linear one (burst.h).
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <ebpf-net.h>

#include "burst.h"
#include "core/error.h"
#include "interface.h"
#include "offloads.h"
#include "pool.h"
#include "ports.h"

#define QUEUE_DESCRIPTORS 512
#define HANDOVER_SLOTS    1024u
/* net_ring's and the like, per queue */
#define DEVICE_SLOTS 1024

/* Receive queues that it is to have, if the device can: each capture is one. */
static unsigned wanted_queues(const struct input *input, unsigned queues, unsigned workers)
{
	unsigned wanted = RTE_MAX(queues ? queues : workers, input->captures);

	return RTE_MIN(wanted, (unsigned)MAX_QUEUES);
}

uint64_t port__mbufs(const struct input *input, unsigned queues, unsigned workers)
{
	uint64_t pairs = RTE_MAX(wanted_queues(input, queues, workers), workers);

	return input->held + pairs * (2 * QUEUE_DESCRIPTORS + HANDOVER_SLOTS + DEVICE_SLOTS);
}

/* The lowest free one: there are as many as DPDK can have ports. */
static uint16_t free_slot(const struct ports *ports)
{
	uint16_t slot = 0;

	while (ports->port[slot].state != PORT_NONE)
		slot++;
	return slot;
}

static int port__add(struct ports *ports, uint16_t id, const struct input *input, char **errmsg)
{
	uint16_t slot = free_slot(ports);
	struct port *port = &ports->port[slot];

	*port = (struct port){.id = id,
		.pass = NO_PORT,
		.host_of = NO_PORT,
		.ifindex = slot + 1u,
		.input = *input};
	if (rte_eth_dev_get_name_by_port(id, port->name))
		return error__set(errmsg, -ENODEV, "port %u: it is gone", id);
	port->state = PORT_FOUND;
	ports->n = RTE_MAX(ports->n, slot + 1);
	return 0;
}

static bool is_listed(const struct ports *ports, uint16_t id)
{
	for (uint16_t i = 0; i < ports->n; i++)
		if (ports->port[i].state && ports->port[i].id == id)
			return true;
	return false;
}

int ports__probe(struct ports *ports, const char *devargs, const struct input *input, char **errmsg)
{
	int err = rte_dev_probe(devargs);
	bool found = false;
	uint16_t id;

	/* DPDK's error numbers here say little: most drivers give -1 or -EFAULT. */
	if (err)
		return error__set(errmsg, -ENODEV,
			"port %s: the device cannot be created: no such driver, bad arguments, or "
			"a file or interface that cannot be opened (xdpk -v shows what DPDK says)",
			devargs);
	RTE_ETH_FOREACH_DEV(id)
	{
		if (is_listed(ports, id))
			continue;
		err = port__add(ports, id, input, errmsg);
		if (err)
			return err;
		found = true;
	}
	if (!found)
		return error__set(errmsg, -ENODEV,
			"port %s: the device is there already, or has no port", devargs);
	return 0;
}

int ports__adopt(struct ports *ports, char **errmsg)
{
	uint16_t id;

	RTE_ETH_FOREACH_DEV(id)
	{
		const struct rte_devargs *devargs;
		struct rte_eth_dev_info info;
		struct input input = {.kind = INPUT_LIVE};
		char text[RTE_ETH_NAME_MAX_LEN + 4096];
		int err;

		if (is_listed(ports, id))
			continue;
		if (rte_eth_dev_info_get(id, &info))
			return error__set(errmsg, -ENODEV, "port %u: no information", id);
		devargs = info.device ? rte_dev_devargs(info.device) : NULL;
		if (devargs) {
			snprintf(text, sizeof(text), "%s,%s", devargs->name,
				devargs->args ? devargs->args : "");
			err = input__describe(&input, text, errmsg);
			if (err)
				return err;
		}
		err = port__add(ports, id, &input, errmsg);
		if (err)
			return err;
	}
	return 0;
}

uint16_t ports__find(const struct ports *ports, const char *name)
{
	char *end;
	unsigned long index = strtoul(name, &end, 10);

	for (uint16_t i = 0; i < ports->n; i++)
		if (ports->port[i].state && !strcmp(ports->port[i].name, name))
			return i;
	return end != name && !*end && index < ports->n && ports->port[index].state
		       ? (uint16_t)index
		       : NO_PORT;
}

int ports__set_host(struct ports *ports, uint16_t slot, uint16_t host, char **errmsg)
{
	struct port *port = &ports->port[slot], *other = &ports->port[host];

	if (slot == host || port->host_of != NO_PORT || other->host_of != NO_PORT)
		return error__set(errmsg, -EINVAL, "port %s cannot be the host side of port %s: %s",
			other->name, port->name,
			slot == host                ? "it is the same"
			: other->host_of != NO_PORT ? "it is another's already"
						    : "that is a host side itself");
	port->pass = host;
	other->pass = other->host_of = slot;
	return 0;
}

/* The kernel's, if it has the interface: of virtual devices DPDK says 1500 whatever it is. */
static uint16_t port__mtu(const struct port *port)
{
	struct rte_eth_dev_info info = {0};
	char interface[IF_NAMESIZE];
	uint16_t mtu = RTE_ETHER_MTU;
	uint32_t kernels = 0;

	if (port->mtu)
		return port->mtu;
	rte_eth_dev_get_mtu(port->id, &mtu);
	if (!rte_eth_dev_info_get(port->id, &info) && info.if_index &&
		if_indextoname(info.if_index, interface))
		kernels = interface__mtu(interface);
	return kernels ? (uint16_t)RTE_MIN(kernels, (uint32_t)UINT16_MAX) : mtu;
}

void port__resemble(const struct port *host, const struct port *port)
{
	struct rte_ether_addr mac;

	if (!rte_eth_macaddr_get(port->id, &mac))
		rte_eth_dev_default_mac_addr_set(host->id, &mac);
	rte_eth_dev_set_mtu(host->id, port__mtu(port));
}

static int check_ifindexes(const struct ports *ports, char **errmsg)
{
	for (uint16_t i = 0; i < ports->n; i++)
		for (uint16_t j = 0; j < i; j++)
			if (ports->port[i].state && ports->port[j].state &&
				ports->port[i].ifindex == ports->port[j].ifindex)
				return error__set(errmsg, -EEXIST,
					"ifindex %u: both port %s and port %s have it",
					ports->port[i].ifindex, ports->port[j].name,
					ports->port[i].name);
	return 0;
}

static int port__create_handover(struct port *port, unsigned workers, char **errmsg)
{
	unsigned slots = rte_align32pow2(RTE_MAX(HANDOVER_SLOTS, 2 * workers * BURST_SIZE));

	if (port->n_txq >= workers)
		return 0;
	for (uint16_t q = 0; q < port->n_txq; q++) {
		char name[RTE_RING_NAMESIZE];

		snprintf(name, sizeof(name), "handover_%u_%u", port->id, q);
		port->handover[q] = rte_ring_create(name, slots, SOCKET_ID_ANY, RING_F_SC_DEQ);
		if (!port->handover[q])
			return error__set(errmsg, -rte_errno, "port %s: no memory for a ring of %u",
				port->name, slots);
	}
	return 0;
}

static bool is_af_xdp(const struct port *port)
{
	static const char driver[] = "net_af_xdp";

	return !strncmp(port->name, driver, sizeof(driver) - 1);
}

static int port__setup_queues(struct port *port, char **errmsg)
{
	uint16_t rx_desc = QUEUE_DESCRIPTORS, tx_desc = QUEUE_DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(port->id);
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx_desc, &tx_desc);

	for (uint16_t q = 0; !err && q < port->n_rxq; q++)
		err = rte_eth_rx_queue_setup(port->id, q, rx_desc, socket, NULL, port->pool);
	if (err && is_af_xdp(port))
		return error__set(errmsg, err,
			"port %s: no AF_XDP socket: %s; it takes CAP_SYS_ADMIN, which xdpk gives "
			"up "
			"when it runs: name the port by --port or in the file of --config, and "
			"start xdpk again",
			port->name, rte_strerror(-err));
	if (err)
		return error__set(
			errmsg, err, "port %s: receive queues: %s", port->name, rte_strerror(-err));
	for (uint16_t q = 0; !err && q < port->n_txq; q++)
		err = rte_eth_tx_queue_setup(port->id, q, tx_desc, socket, NULL);
	if (err)
		return error__set(
			errmsg, err, "port %s: send queues: %s", port->name, rte_strerror(-err));
	return 0;
}

/* Frames that are longer than a buffer come and go in several. */
static void choose_offloads(
	struct port *port, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint16_t mtu = port->mtu;

	if (!mtu)
		rte_eth_dev_get_mtu(port->id, &mtu);
	conf->rxmode.mtu = port->mtu;
	if (mtu + RTE_ETHER_HDR_LEN > EBPF_XDP_MAX_LINEAR)
		conf->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	conf->txmode.offloads |= info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	/* net_pcap does not say that it can. */
	port->sends_segments = (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) ||
			       strcmp(info->driver_name, "net_pcap") == 0;
}

/* An interface of the kernel's has the MTU that it has there. */
static int port__check_mtu(
	const struct port *port, const struct rte_eth_dev_info *info, char **errmsg)
{
	const uint32_t around = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
	uint32_t most = RTE_MIN(info->max_mtu, info->max_rx_pktlen - around);
	char interface[IF_NAMESIZE];

	if (!port->mtu)
		return 0;
	if (info->if_index && if_indextoname(info->if_index, interface))
		return error__set(errmsg, -ENOTSUP,
			"port %s: its MTU is its interface's: ip link set %s mtu %u", port->name,
			interface, port->mtu);
	if (port->mtu < info->min_mtu || port->mtu > most)
		return error__set(errmsg, -EINVAL,
			"port %s: the device's MTU is %u at least and %u at most, not %u",
			port->name, info->min_mtu, most, port->mtu);
	return 0;
}

static int port__configure(struct port *port, unsigned workers, char **errmsg)
{
	unsigned wanted = wanted_queues(&port->input, port->queues, workers);
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	int err = rte_eth_dev_info_get(port->id, &info);

	if (err)
		return error__set(errmsg, err, "port %s: no information", port->name);
	if (!info.max_tx_queues)
		return error__set(errmsg, -ENODEV, "port %s: it cannot send", port->name);
	err = port__check_mtu(port, &info, errmsg);
	if (err)
		return err;
	if (port->queues && info.max_rx_queues < wanted)
		return error__set(errmsg, -EINVAL,
			"port %s: it has %u receive queues, not %u; virtual devices are given more "
			"by an argument (qpairs=, queue_count=, queues=)",
			port->name, info.max_rx_queues, wanted);
	port->n_rxq = (uint16_t)RTE_MIN(info.max_rx_queues, wanted);
	port->n_txq = (uint16_t)RTE_MIN(info.max_tx_queues, workers);
	if (port->n_rxq > 1 && info.flow_type_rss_offloads) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			info.flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
	}
	choose_offloads(port, &info, &conf);
	err = rte_eth_dev_configure(port->id, port->n_rxq, port->n_txq, &conf);
	if (err && port->n_rxq <= info.max_tx_queues) { /* some want pairs */
		port->n_txq = port->n_rxq;
		err = rte_eth_dev_configure(port->id, port->n_rxq, port->n_txq, &conf);
	}
	if (err)
		return error__set(errmsg, err, "port %s: %u receive and %u send queues: %s",
			port->name, port->n_rxq, port->n_txq, rte_strerror(-err));
	return 0;
}

static int port__start(struct port *port, unsigned workers, char **errmsg)
{
	int err = port__configure(port, workers, errmsg);

	if (!err)
		err = port__setup_queues(port, errmsg);
	if (!err)
		err = port__create_handover(port, workers, errmsg);
	if (err)
		return err;
	port->offloads = offloads__watch(port->id, port->n_rxq);
	err = rte_eth_dev_start(port->id);
	if (err)
		return error__set(errmsg, err, "port %s: cannot be started: %s", port->name,
			rte_strerror(-err));
	/* XDP programs forward: they want every packet. Devices without the notion refuse. */
	rte_eth_promiscuous_enable(port->id);
	return 0;
}

int ports__add_links(const struct ports *ports, struct ebpf_instance *inst, char **errmsg)
{
	int err = check_ifindexes(ports, errmsg);

	for (uint16_t i = 0; i < ports->n && !err; i++) {
		const struct port *port = &ports->port[i];
		struct ebpf_link link = {.name = port->name, .ifindex = port->ifindex};
		struct rte_ether_addr mac = {{0}};

		if (port->state != PORT_FOUND)
			continue;
		rte_eth_macaddr_get(port->id, &mac); /* stays where the device tells nothing */
		memcpy(link.mac, mac.addr_bytes, sizeof(link.mac));
		link.mtu = port__mtu(port);
		err = ebpf_net__set_link(inst, &link, errmsg);
	}
	return err;
}

/* Is the worker on the NUMA node of the port? Workers are numbered as lcores are. */
static bool is_near(const struct port *port, uint16_t worker)
{
	int node = rte_eth_dev_socket_id(port->id);
	unsigned lcore;

	RTE_LCORE_FOREACH(lcore)
	if (rte_lcore_index((int)lcore) == worker)
		return node < 0 || rte_lcore_to_socket_id(lcore) == (unsigned)node;
	return false;
}

/* Each queue goes to the worker that has the fewest, of several such to one that is near. */
static void share_queues(struct ports *ports, struct port *port, unsigned workers)
{
	for (uint16_t q = 0; q < port->n_rxq; q++) {
		uint16_t least = 0;

		for (uint16_t w = 1; w < workers; w++)
			if (ports->queues[w] < ports->queues[least] ||
				(ports->queues[w] == ports->queues[least] &&
					is_near(port, w) > is_near(port, least)))
				least = w;
		port->worker[q] = least;
		ports->queues[least]++;
	}
}

int ports__start(struct ports *ports, unsigned workers, char **errmsg)
{
	uint64_t room = 0;
	int err = 0;

	for (uint16_t i = 0; i < ports->n; i++)
		if (ports->port[i].state == PORT_FOUND)
			room += port__mbufs(&ports->port[i].input, ports->port[i].queues, workers);
	for (uint16_t i = 0; !err && i < ports->n; i++) {
		struct port *port = &ports->port[i];

		if (port->state != PORT_FOUND)
			continue;
		port->n_mbufs = port__mbufs(&port->input, port->queues, workers);
		port->pool = pool__reserve(
			rte_eth_dev_socket_id(port->id), port->n_mbufs, room, workers, errmsg);
		err = port->pool ? port__start(port, workers, errmsg) : -ENOMEM;
		if (!err) {
			share_queues(ports, port, workers);
			port->state = PORT_STARTED;
		}
	}
	for (uint16_t i = 0; !err && i < ports->n; i++)
		if (ports->port[i].state == PORT_STARTED && ports->port[i].host_of != NO_PORT)
			port__resemble(&ports->port[i], &ports->port[ports->port[i].host_of]);
	return err;
}

const char *port__driver(const struct port *port)
{
	struct rte_eth_dev_info info;

	return !rte_eth_dev_info_get(port->id, &info) && info.driver_name ? info.driver_name : "";
}

void port__close(struct ports *ports, uint16_t slot)
{
	struct port *port = &ports->port[slot];
	struct rte_eth_dev_info info = {0};
	bool known = !rte_eth_dev_info_get(port->id, &info);

	rte_eth_dev_stop(port->id);
	rte_eth_dev_close(port->id);
	if (known && info.device)
		rte_dev_remove(info.device); /* so that its name is free again */
	for (uint16_t q = 0; q < RTE_DIM(port->handover); q++)
		rte_ring_free(port->handover[q]);
	offloads__free(port->offloads);
	for (uint16_t q = 0; port->state >= PORT_STARTED && q < port->n_rxq; q++)
		ports->queues[port->worker[q]]--;
	pool__release(port->pool, port->n_mbufs);
	*port = (struct port){0};
}

void ports__stop(struct ports *ports)
{
	for (uint16_t i = 0; i < ports->n; i++)
		if (ports->port[i].state)
			port__close(ports, i);
	ports->n = 0;
}
