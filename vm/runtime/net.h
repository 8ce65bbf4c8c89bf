/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net.h -- links, addresses, routes and neighbours as helpers find them: in maps, which vm/core
 * fills (vm/core/net.c).
 *
 *	links        HASH  ifindex                     ─► rt_link
 *	addresses    HASH  ifindex or 0, family, n     ─► rt_address, n from 0
 *	neighbours   HASH  ifindex, family, address    ─► rt_neighbour
 *	tables       HASH  table, family               ─► an LPM_TRIE: prefix ─► rt_route
 *
 * Maps are replaced by larger ones when they are full, rules by others when they change; what is
 * replaced stays until every worker has been quiescent. Readers take no lock: they load a
 * pointer and copy a value out of the map, one that was there as a whole.
 */
#ifndef VM_RUNTIME_NET_H
#define VM_RUNTIME_NET_H

#include "map.h"

enum rt_family {
	RT_INET = 2,
	RT_INET6 = 10,
};

enum rt_route_type {
	RT_ROUTE_UNICAST = 1,
	RT_ROUTE_LOCAL = 2,
	RT_ROUTE_BROADCAST = 3,
	RT_ROUTE_ANYCAST = 4,
	RT_ROUTE_BLACKHOLE = 6,
	RT_ROUTE_UNREACHABLE = 7,
	RT_ROUTE_PROHIBIT = 8,
	RT_ROUTE_THROW = 9,
};

enum rt_table_id {
	RT_MAIN = 254,
	RT_LOCAL = 255,
	RT_DEFAULT = 253,
};

struct rt_link {
	uint32_t mtu;
	uint8_t mac[6];
	uint8_t forwarding;
	uint8_t pad;
};

struct rt_address_key {
	uint32_t ifindex; /* 0: those of all links */
	uint16_t family, n;
};

struct rt_address {
	uint8_t ip[16];
	uint32_t length; /* of the subnet */
	uint32_t ifindex;
};

struct rt_neighbour_key {
	uint32_t ifindex, family;
	uint8_t ip[16];
};

struct rt_neighbour {
	uint8_t mac[6];
	uint8_t pad[2];
};

struct rt_table_key {
	uint32_t table, family;
};

struct rt_route_key {
	uint32_t length;
	uint8_t ip[16]; /* of IPv4: the first 4 */
};

struct rt_route {
	uint32_t ifindex, metric;
	uint32_t mtu; /* 0: the link's */
	uint8_t type, length;
	uint8_t via_family; /* 0: on the link itself */
	uint8_t has_src;
	uint8_t via[16], src[16];
};

struct rt_rule {
	uint32_t priority, table;
	uint32_t mark, mask;
};

/* In order of priority. NULL for the usual rules. */
struct rt_rules {
	uint32_t n;
	struct rt_rule rule[];
};

struct rt_net {
	const struct rt_map *links, *addresses, *neighbours, *tables;
	const struct rt_rules *rules, *rules6;
};

rt_inline uint32_t rt_ip_size(uint32_t family)
{
	return family == RT_INET ? 4 : 16;
}

/* Copies a value out of one of the maps, if it has the key. */
rt_inline bool rt_net__read(const struct rt_map *const *map, const void *key, void *value)
{
	const struct rt_map *m = rt_read_acquire(map);

	return m && !rt_map__read_all(m, 1, key, value);
}

#endif
