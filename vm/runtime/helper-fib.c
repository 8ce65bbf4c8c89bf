/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-fib.c -- bpf_fib_lookup: where would the kernel forward a packet to? Out of the tables
 * of net.h, in the kernel's order of checks, since what a failed lookup has already written is
 * the program's to see.
 *
 * A table is asked for its longest prefix. Where that route does not fit (it leads out of another
 * link than wanted), the next shorter one is asked for. Without rules of the user's, Linux keeps
 * IPv4's local and main table as one: the longest prefix of both counts.
 *
 * Compiled natively only: images call it here.
 */
#include "helpers.h"
#include "net.h"
#include "uapi.h"

/* struct bpf_fib_lookup of Linux 6.12 */
struct fib_params {
	uint8_t family, l4_protocol;
	uint16_t sport, dport;
	uint16_t length; /* in: of the packet; out: the MTU */
	uint32_t ifindex;
	uint32_t metric; /* in: tos or flow info */
	uint8_t src[16], dst[16];
	uint32_t table; /* out: VLAN */
	union {
		uint32_t mark;
		uint8_t macs[12]; /* out: source, destination */
	};
} __attribute__((packed, may_alias)); /* it may be anywhere */

_Static_assert(sizeof(struct fib_params) == 64, "as in <linux/bpf.h>");

enum fib_flag {
	FIB_DIRECT = 1 << 0,
	FIB_OUTPUT = 1 << 1,
	FIB_SKIP_NEIGH = 1 << 2,
	FIB_TBID = 1 << 3,
	FIB_SRC = 1 << 4,
	FIB_MARK = 1 << 5,
	FIB_ALL = (1 << 6) - 1,
};

enum fib_result {
	FIB_SUCCESS,
	FIB_BLACKHOLE,
	FIB_UNREACHABLE,
	FIB_PROHIBIT,
	FIB_NOT_FWDED,
	FIB_FWD_DISABLED,
	FIB_UNSUPP_LWT,
	FIB_NO_NEIGH,
	FIB_FRAG_NEEDED,
	FIB_NO_SRC_ADDR,
};

#define IP_MAX_MTU   0xffff
#define IPV6_MIN_MTU 1280
#define IPV6_MAX_MTU (0xffff + 40)

struct flow {
	const struct rt_net *net;
	uint32_t family;
	uint32_t ifindex; /* the only one that it may leave by; 0: any */
	uint32_t mark;
	const uint8_t *dst;
};

/* --- routes ---------------------------------------------------------------------------------- */

/* The longest prefix of at most `length` bits. */
static bool table__find(
	const struct flow *f, uint32_t table, uint32_t length, struct rt_route *route)
{
	const struct rt_table_key key = {table, f->family};
	struct rt_route_key prefix = {.length = length};
	const struct rt_map *routes;

	if (!rt_net__read(&f->net->tables, &key, &routes))
		return false;
	__builtin_memcpy(prefix.ip, f->dst, rt_ip_size(f->family));
	return rt_net__read(&routes, &prefix, route);
}

/* A route that leads somewhere leads out of the link that is wanted. IPv6 does not insist; its
 * anycast addresses are those of routers. */
static bool flow__takes(const struct flow *f, const struct rt_route *route)
{
	struct rt_link link;

	if (route->type == RT_ROUTE_ANYCAST)
		return rt_net__read(&f->net->links, &route->ifindex, &link) && link.forwarding;
	return !f->ifindex || f->family == RT_INET6 || route->ifindex == f->ifindex ||
	       route->type >= RT_ROUTE_BLACKHOLE;
}

static bool flow__look_up(const struct flow *f, uint32_t table, struct rt_route *route)
{
	uint32_t length = rt_ip_size(f->family) * 8;

	while (table__find(f, table, length, route)) {
		if (flow__takes(f, route))
			return true;
		if (!route->length)
			break;
		length = route->length - 1;
	}
	return false;
}

static bool flow__in_local_and_main(const struct flow *f, struct rt_route *route)
{
	bool found = flow__look_up(f, RT_LOCAL, route);
	struct rt_route other;

	if (!flow__look_up(f, RT_MAIN, &other) || (found && other.length <= route->length))
		return found;
	*route = other;
	return true;
}

/* A route that says to go on is none of this table's. */
static bool flow__in_table(const struct flow *f, uint32_t table, struct rt_route *route)
{
	return flow__look_up(f, table, route) && route->type != RT_ROUTE_THROW;
}

static bool flow__by_rules(const struct flow *f, struct rt_route *route)
{
	const struct rt_rules *rules =
		rt_read_acquire(f->family == RT_INET ? &f->net->rules : &f->net->rules6);

	if (!rules && f->family == RT_INET)
		return (flow__in_local_and_main(f, route) && route->type != RT_ROUTE_THROW) ||
		       flow__in_table(f, RT_DEFAULT, route);
	if (!rules)
		return flow__in_table(f, RT_LOCAL, route) || flow__in_table(f, RT_MAIN, route);
	for (uint32_t i = 0; i < rules->n; i++)
		if (!((f->mark ^ rules->rule[i].mark) & rules->rule[i].mask) &&
			flow__in_table(f, rules->rule[i].table, route))
			return true;
	return false;
}

/* The table that the program asks for, main if it says none. */
static bool flow__direct(const struct flow *f, uint32_t table, struct rt_route *route)
{
	const bool as_one = f->family == RT_INET && !rt_read_acquire(&f->net->rules);

	if (!table)
		table = RT_MAIN;
	if (as_one && (table == RT_MAIN || table == RT_LOCAL))
		return flow__in_local_and_main(f, route);
	return flow__look_up(f, table, route);
}

/* --- source addresses ------------------------------------------------------------------------ */

static bool address__at(const struct flow *f, uint32_t ifindex, uint16_t n, struct rt_address *a)
{
	const struct rt_address_key key = {ifindex, (uint16_t)f->family, n};

	return rt_net__read(&f->net->addresses, &key, a);
}

static uint32_t common_bits(const uint8_t *a, const uint8_t *b, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (a[i] != b[i])
			return i * 8 + (uint32_t)__builtin_clz((uint32_t)(a[i] ^ b[i])) - 24;
	return size * 8;
}

/* The link's first address whose subnet the next hop is in, else its first; else that of the
 * first link. */
static void select_ipv4(
	const struct flow *f, uint32_t ifindex, const uint8_t *hop, struct rt_address *best)
{
	bool found = address__at(f, ifindex, 0, best);
	struct rt_address a;

	for (uint16_t n = 0; hop && address__at(f, ifindex, n, &a); n++) {
		if (common_bits(a.ip, hop, 4) < a.length)
			continue;
		*best = a;
		return;
	}
	for (uint16_t n = 0; !found && address__at(f, 0, n, &a); n++)
		if (!best->ifindex || a.ifindex < best->ifindex)
			*best = a;
}

/* Of the link's addresses, of all if it has none, the one whose subnet has most in common with
 * the destination; of equal ones the first link's and there the newest. */
static bool select_ipv6(const struct flow *f, uint32_t ifindex, struct rt_address *best)
{
	struct rt_address a;
	uint32_t most = 0;
	uint16_t n;

	if (!address__at(f, ifindex, 0, &a))
		ifindex = 0;
	for (n = 0; address__at(f, ifindex, n, &a); n++) {
		uint32_t bits = common_bits(a.ip, f->dst, 16);

		bits = bits == 128 ? bits : bits < a.length ? bits : a.length;
		if (n && (bits < most || (bits == most && a.ifindex > best->ifindex)))
			continue;
		*best = a;
		most = bits;
	}
	return n != 0;
}

/* IPv4 has no answer, too: it is 0 then. */
static bool flow__source(const struct flow *f, const struct rt_route *route, uint8_t *src)
{
	struct rt_address a = {.ifindex = 0};
	bool found = true;

	if (route->has_src)
		__builtin_memcpy(a.ip, route->src, sizeof(a.ip));
	else if (f->family == RT_INET)
		select_ipv4(
			f, route->ifindex, route->via_family == RT_INET ? route->via : NULL, &a);
	else
		found = select_ipv6(f, route->ifindex, &a);
	if (found)
		__builtin_memcpy(src, a.ip, rt_ip_size(f->family));
	return found;
}

/* --- the helper ------------------------------------------------------------------------------ */

/* Never forwarded: multicast, link-local, loopback. */
static bool is_kept_on_link(const uint8_t ip[16])
{
	static const uint8_t loopback[16] = {[15] = 1};

	return ip[0] == 0xff || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) ||
	       common_bits(ip, loopback, 16) == 128;
}

static uint32_t route__mtu(const struct rt_route *route, uint32_t family, uint32_t link)
{
	if (route->mtu)
		return route->mtu;
	if (family == RT_INET)
		return link < IP_MAX_MTU ? link : IP_MAX_MTU;
	link = link > IPV6_MIN_MTU ? link : IPV6_MIN_MTU;
	return link < IPV6_MAX_MTU ? link : IPV6_MAX_MTU;
}

static enum fib_result of_type(uint8_t type)
{
	switch (type) {
	case RT_ROUTE_UNICAST: return FIB_SUCCESS;
	case RT_ROUTE_BLACKHOLE: return FIB_BLACKHOLE;
	case RT_ROUTE_UNREACHABLE: return FIB_UNREACHABLE;
	case RT_ROUTE_PROHIBIT: return FIB_PROHIBIT;
	default: return FIB_NOT_FWDED;
	}
}

static enum fib_result resolve(
	const struct flow *f, struct fib_params *p, const struct rt_link *link)
{
	struct rt_neighbour_key key = {.ifindex = p->ifindex, .family = p->family};
	struct rt_neighbour neighbour;

	__builtin_memcpy(key.ip, p->dst, rt_ip_size(p->family));
	if (!rt_net__read(&f->net->neighbours, &key, &neighbour))
		return FIB_NO_NEIGH;
	__builtin_memcpy(p->macs, link->mac, 6);
	__builtin_memcpy(p->macs + 6, neighbour.mac, 6);
	return FIB_SUCCESS;
}

static enum fib_result follow(
	const struct flow *f, struct fib_params *p, const struct rt_route *route, uint32_t flags)
{
	enum fib_result result = of_type(route->type);
	struct rt_link link;
	uint32_t mtu;

	if (result)
		return result;
	if (!rt_net__read(&f->net->links, &route->ifindex, &link))
		return FIB_NOT_FWDED; /* it is being taken away */
	mtu = route__mtu(route, f->family, link.mtu);
	if (p->length > mtu) {
		p->length = (uint16_t)mtu;
		return FIB_FRAG_NEEDED;
	}
	p->metric = route->metric;
	p->ifindex = route->ifindex;
	if (flags & FIB_SRC && !flow__source(f, route, p->src))
		return FIB_NO_SRC_ADDR;
	if (route->via_family) {
		p->family = route->via_family;
		__builtin_memcpy(p->dst, route->via, rt_ip_size(route->via_family));
	}
	if (!(flags & FIB_SKIP_NEIGH))
		result = resolve(f, p, &link);
	if (result)
		return result;
	p->table = 0;
	p->length = (uint16_t)mtu;
	return FIB_SUCCESS;
}

uint64_t helper_fib_lookup(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, void *params, uint64_t size, uint64_t flags)
{
	uint8_t dst[16];
	struct fib_params *p = params;
	struct flow f = {.net = env->net, .family = p->family, .dst = dst};
	struct rt_link link;
	struct rt_route route;
	uint32_t table = 0, ifindex = p->ifindex;
	bool found;

	if ((uint32_t)size < sizeof(*p) || (uint32_t)flags & ~FIB_ALL)
		return (uint64_t)-RT_EINVAL;
	if (f.family != RT_INET && f.family != RT_INET6)
		return (uint64_t)-RT_EAFNOSUPPORT;
	__builtin_memcpy(dst, p->dst, sizeof(dst));
	if (f.family == RT_INET6 && (is_kept_on_link(p->dst) || is_kept_on_link(p->src)))
		return FIB_NOT_FWDED;
	if (!rt_net__read(&f.net->links, &ifindex, &link))
		return (uint64_t)-RT_ENODEV;
	if (!link.forwarding)
		return FIB_FWD_DISABLED;
	if (flags & FIB_OUTPUT)
		f.ifindex = ifindex;
	if (flags & FIB_MARK && !(flags & FIB_DIRECT))
		f.mark = p->mark;
	if (flags & FIB_DIRECT && flags & FIB_TBID) {
		table = p->table;
		p->table = 0;
	}
	found = flags & FIB_DIRECT ? flow__direct(&f, table, &route) : flow__by_rules(&f, &route);
	return found ? follow(&f, p, &route, (uint32_t)flags) : FIB_NOT_FWDED;
}
