/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net-address.c -- addresses of links. Each is in two lists, its link's and that of all links, and
 * brings routes: to itself, to its subnet, and to the subnet's broadcast or anycast address.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"
#include "instance.h"
#include "map.h"

#define IPV6_METRIC_CONNECTED 256

/* --- lists ----------------------------------------------------------------------------------- */

static bool list__get(const struct net *net, const struct rt_address_key *key, struct rt_address *a)
{
	return net->addresses && !ebpf_map__lookup(net->addresses, key, a);
}

static bool same(const struct rt_address *a, const struct rt_address *b)
{
	return a->ifindex == b->ifindex && !memcmp(a->ip, b->ip, sizeof(a->ip));
}

/* The key of the address, or the one after the last. */
static struct rt_address_key list__find(
	const struct net *net, uint32_t ifindex, uint16_t family, const struct rt_address *wanted)
{
	struct rt_address_key key = {ifindex, family, 0};
	struct rt_address a;

	while (list__get(net, &key, &a) && !same(&a, wanted))
		key.n++;
	return key;
}

static int list__append(struct ebpf_instance *inst, uint32_t ifindex, uint16_t family,
	const struct rt_address *a, char **errmsg)
{
	struct net *net = &inst->net;
	const struct rt_address_key key = list__find(net, ifindex, family, a);

	return net_table__put(&net_addresses, inst, &net->addresses, &net->rt.addresses, &key, a,
		BPF_NOEXIST, errmsg);
}

/* Those after it move up by one place. */
static bool list__remove(
	struct net *net, uint32_t ifindex, uint16_t family, const struct rt_address *wanted)
{
	struct rt_address_key key = list__find(net, ifindex, family, wanted), next = key;
	struct rt_address a;

	if (!list__get(net, &key, &a))
		return false;
	for (next.n++; list__get(net, &next, &a); key.n++, next.n++)
		ebpf_map__update(net->addresses, &key, &a, BPF_EXIST);
	ebpf_map__delete(net->addresses, &key);
	return true;
}

/* --- routes ---------------------------------------------------------------------------------- */

static void set_host_bits(struct ebpf_ip *ip, bool to)
{
	uint32_t bits = rt_ip_size(ip->family) * 8;

	for (uint32_t i = ip->length; i < bits; i++) {
		if (to)
			ip->bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
		else
			ip->bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	}
	ip->length = (uint8_t)bits;
}

/* Up to three routes; how many. */
static int routes_of_address(
	struct ebpf_route routes[3], uint32_t ifindex, const struct ebpf_ip *ip)
{
	bool ipv4 = ip->family == AF_INET;
	uint32_t bits = rt_ip_size(ip->family) * 8;
	int n = 0;

	routes[n] = (struct ebpf_route){.prefix = *ip,
		.table = RT_TABLE_LOCAL,
		.ifindex = ifindex,
		.type = RTN_LOCAL,
		.src = ipv4 ? *ip : (struct ebpf_ip){0}};
	routes[n++].prefix.length = (uint8_t)bits;
	if (ip->length == bits)
		return n;
	routes[n++] = (struct ebpf_route){.prefix = *ip,
		.ifindex = ifindex,
		.metric = ipv4 ? 0 : IPV6_METRIC_CONNECTED,
		.src = ipv4 ? *ip : (struct ebpf_ip){0}};
	if (ip->length == bits - 1)
		return n;
	routes[n] = (struct ebpf_route){.prefix = *ip,
		.table = RT_TABLE_LOCAL,
		.ifindex = ifindex,
		.type = ipv4 ? RTN_BROADCAST : RTN_ANYCAST};
	set_host_bits(&routes[n++].prefix, ipv4);
	return n;
}

static int add_address(
	struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip, char **errmsg)
{
	struct net *net = &inst->net;
	struct rt_address a = {.length = ip->length, .ifindex = ifindex};
	struct rt_address_key key;
	struct rt_address other;
	struct ebpf_route routes[3];
	int n = routes_of_address(routes, ifindex, ip), err;

	memcpy(a.ip, ip->bytes, rt_ip_size(ip->family));
	if (!net__has_link(net, ifindex))
		return error__set(
			errmsg, -ENODEV, "there is no link with ifindex %" PRIu32, ifindex);
	key = list__find(net, ifindex, ip->family, &a);
	if (list__get(net, &key, &other))
		return error__set(errmsg, -EEXIST, "the link has that address");
	err = list__append(inst, ifindex, ip->family, &a, errmsg);
	if (!err)
		err = list__append(inst, 0, ip->family, &a, errmsg);
	for (int i = 0; i < n && !err; i++) {
		err = net__put_route(inst, &routes[i], false, errmsg);
		if (err == -EEXIST) /* another address in the subnet, or the user's route */
			err = 0;
	}
	return err;
}

int ebpf_net__add_address(
	struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip, char **errmsg)
{
	int err = net__check_ip(ip, errmsg);

	if (err)
		return err;
	pthread_mutex_lock(&inst->net.lock);
	err = add_address(inst, ifindex, ip, errmsg);
	pthread_mutex_unlock(&inst->net.lock);
	return err;
}

/* The routes to the subnet stay for another address in it. */
static bool subnet_is_used(const struct net *net, uint32_t ifindex, const struct ebpf_ip *ip)
{
	struct rt_address_key key = {ifindex, ip->family, 0};
	struct rt_address a;
	struct ebpf_ip subnet = *ip;

	for (set_host_bits(&subnet, false); list__get(net, &key, &a); key.n++) {
		struct ebpf_ip other = {.family = ip->family, .length = ip->length};

		memcpy(other.bytes, a.ip, sizeof(other.bytes));
		set_host_bits(&other, false);
		if (a.length == ip->length && !memcmp(other.bytes, subnet.bytes, 16))
			return true;
	}
	return false;
}

int ebpf_net__del_address(
	struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip, char **errmsg)
{
	struct net *net = &inst->net;
	struct rt_address a = {.length = ip->length, .ifindex = ifindex};
	struct ebpf_route routes[3];
	int err = net__check_ip(ip, errmsg), n;

	if (err)
		return err;
	memcpy(a.ip, ip->bytes, rt_ip_size(ip->family));
	n = routes_of_address(routes, ifindex, ip);
	pthread_mutex_lock(&net->lock);
	if (!list__remove(net, ifindex, ip->family, &a)) {
		err = error__set(errmsg, -EADDRNOTAVAIL, "the link has no such address");
	} else {
		list__remove(net, 0, ip->family, &a);
		for (int i = 0; i < n; i++)
			if (i == 0 || !subnet_is_used(net, ifindex, ip))
				net__take_route(inst, routes[i].table, &routes[i].prefix);
	}
	pthread_mutex_unlock(&net->lock);
	return err;
}

void net__forget_addresses(struct net *net, uint32_t ifindex)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	struct rt_address a;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct rt_address_key first = {ifindex, families[i], 0};

		while (list__get(net, &first, &a)) {
			list__remove(net, 0, families[i], &a);
			list__remove(net, ifindex, families[i], &a);
		}
	}
}
