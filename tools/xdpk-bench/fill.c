/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fill.c -- what the maps of workloads hold.
 */
#include <string.h>

#include "case.h"
#include "core/error.h"
#include "object.h"
#include "networks.h"

static struct ebpf_map *find_map(
	struct bench_case *c, const char *name, size_t key_size, size_t value_size, char **errmsg)
{
	struct ebpf_map *map = ebpf_object__map_by_name(c->obj, name);

	if (map && ebpf_map__opts(map)->key_size == key_size &&
		ebpf_map__opts(map)->value_size == value_size)
		return map;
	error__set(errmsg, -1, "%s: no map `%s` with keys of %zu bytes and values of %zu",
		c->workload->name, name, key_size, value_size);
	return NULL;
}

static int update(struct ebpf_map *map, const void *key, const void *value, char **errmsg)
{
	int err = ebpf_map__update(map, key, value, 0);

	return err ? error__set(errmsg, -1, "map %s: %s", ebpf_map__opts(map)->name, strerror(-err))
		   : 0;
}

/* Who sends what to whom, as the firewall and the balancer write it. */
struct flow_key {
	uint32_t saddr, daddr;
	uint16_t sport, dport;
	uint8_t proto, pad[3];
};

static struct flow_key flow_of(const struct udp_frame *f)
{
	return (struct flow_key){
		f->ip.saddr, f->ip.daddr, f->udp.source, f->udp.dest, IPPROTO_UDP, {0}};
}

/* --- firewall -------------------------------------------------------------------------- */

int fill__firewall(struct bench_case *c, char **errmsg)
{
	static const uint32_t verdicts[] = {1, 2, 2, 3}; /* drop, pass, pass, tx */
	struct ebpf_map *rules = find_map(c, "rules", sizeof(struct flow_key), 4, errmsg);
	int err = rules ? 0 : -1;

	for (uint32_t flow = 0; flow < c->workload->entries && !err; flow++) {
		struct udp_frame f = {0};
		struct flow_key key;

		flow__write(&f, flow);
		key = flow_of(&f);
		err = update(rules, &key, &verdicts[flow % 4], errmsg);
	}
	return err;
}

/* --- routes ---------------------------------------------------------------------------- */

#define N_HOPS 64

struct route_key {
	uint32_t length, addr;
};

struct next_hop {
	uint32_t ifindex;
	uint8_t dmac[6], smac[6];
};

/* About as many of each length as full tables of the Internet have of them: of 16 routes 10 have
 * 24 bits, and none more. */
static uint32_t route_length(uint32_t route)
{
	static const uint8_t lengths[16] = {
		24, 22, 24, 24, 23, 24, 24, 20, 24, 22, 24, 24, 21, 24, 19, 24};

	return route == 0 ? 16 : lengths[route % 16];
}

static int fill_hops(struct bench_case *c, char **errmsg)
{
	struct ebpf_map *hops = find_map(c, "hops", 4, sizeof(struct next_hop), errmsg);
	int err = hops ? 0 : -1;

	for (uint32_t i = 0; i < N_HOPS && !err; i++) {
		struct next_hop hop = {1 + i, {2, 0, 0, 0, 1, i}, {2, 0, 0, 0, 2, i}};

		err = update(hops, &i, &hop, errmsg);
	}
	return err;
}

int fill__route(struct bench_case *c, char **errmsg)
{
	struct ebpf_map *routes = find_map(c, "routes", sizeof(struct route_key), 4, errmsg);
	int err = routes ? fill_hops(c, errmsg) : -1;

	for (uint32_t i = 0; i < c->workload->entries && !err; i++) {
		struct route_key key = {route_length(i), route__addr(i)};
		uint32_t hop = i % N_HOPS;

		err = update(routes, &key, &hop, errmsg);
	}
	return err;
}

int fill__networks(struct bench_case *c, char **errmsg)
{
	struct ebpf_map *routes = find_map(c, "routes", sizeof(struct route_key), 4, errmsg);
	int err = routes ? fill_hops(c, errmsg) : -1;

	for (uint32_t i = 0; i < c->workload->entries && !err; i++) {
		struct network to = network__of(i);
		struct route_key key = {to.length, __builtin_bswap32(to.addr)};
		uint32_t hop = i % N_HOPS;

		err = update(routes, &key, &hop, errmsg);
	}
	return err;
}

/* --- balancer -------------------------------------------------------------------------- */

#define N_BACKENDS 16
#define RING_SIZE  65537

struct service_key {
	uint32_t addr;
	uint16_t port;
	uint8_t proto, pad;
};

struct backend {
	uint32_t addr;
	uint8_t mac[6], pad[2];
};

/* Maglev (Eisenbud et al., NSDI 2016, section 3.4): backends take turns, each goes through all
 * places in an order of its own and takes the first that is free. */
static void make_ring(uint32_t *ring)
{
	uint32_t at[N_BACKENDS], taken = 0;

	memset(ring, 0xff, RING_SIZE * sizeof(*ring));
	for (uint32_t b = 0; b < N_BACKENDS; b++)
		at[b] = scatter(b + 1) % RING_SIZE;
	for (uint32_t b = 0; taken < RING_SIZE; taken++, b = (b + 1) % N_BACKENDS) {
		while (ring[at[b]] != UINT32_MAX)
			at[b] = (at[b] + 1 + scatter(b + 100) % (RING_SIZE - 1)) % RING_SIZE;
		ring[at[b]] = b;
	}
}

static int fill_ring(struct bench_case *c, char **errmsg)
{
	struct ebpf_map *map = find_map(c, "ring", 4, 4, errmsg);
	static uint32_t ring[RING_SIZE];
	int err = map ? 0 : -1;

	make_ring(ring);
	for (uint32_t i = 0; i < RING_SIZE && !err; i++)
		err = update(map, &i, &ring[i], errmsg);
	return err;
}

/* All of them are known: what is measured goes on for as long as they last. */
static int fill_connections(struct bench_case *c, char **errmsg)
{
	struct ebpf_map *map = find_map(c, "connections", sizeof(struct flow_key), 4, errmsg);
	int err = map ? 0 : -1;

	for (uint32_t i = 0; i < c->workload->entries && !err; i++) {
		struct udp_frame f = {0};
		struct flow_key key;
		uint32_t backend = i % N_BACKENDS;

		client__write(&f, i);
		key = flow_of(&f);
		err = update(map, &key, &backend, errmsg);
	}
	return err;
}

int fill__balancer(struct bench_case *c, char **errmsg)
{
	struct service_key key = {SERVICE_ADDR, SERVICE_PORT, IPPROTO_UDP, 0};
	struct ebpf_map *services = find_map(c, "services", sizeof(key), 4, errmsg);
	struct ebpf_map *backends =
		services ? find_map(c, "backends", 4, sizeof(struct backend), errmsg) : NULL;
	uint32_t number = 0;
	int err = backends ? update(services, &key, &number, errmsg) : -1;

	for (uint32_t i = 0; i < N_BACKENDS && !err; i++) {
		struct backend b = {ADDRESS(10, 0, 1, i + 1), {2, 0, 0, 0, 3, i}, {0}};

		err = update(backends, &i, &b, errmsg);
	}
	if (!err)
		err = fill_ring(c, errmsg);
	return err ? err : fill_connections(c, errmsg);
}
