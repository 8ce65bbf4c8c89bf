/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net-route.c -- routes, and the rules that choose their tables.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"
#include "instance.h"
#include "map.h"

#define IPV6_METRIC 1024

_Static_assert((int)RT_ROUTE_UNICAST == (int)RTN_UNICAST && (int)RT_ROUTE_LOCAL == (int)RTN_LOCAL &&
		       (int)RT_ROUTE_BLACKHOLE == (int)RTN_BLACKHOLE &&
		       (int)RT_ROUTE_THROW == (int)RTN_THROW &&
		       (int)RT_MAIN == (int)RT_TABLE_MAIN && (int)RT_LOCAL == (int)RT_TABLE_LOCAL &&
		       (int)RT_DEFAULT == (int)RT_TABLE_DEFAULT && (int)RT_INET == (int)AF_INET &&
		       (int)RT_INET6 == (int)AF_INET6,
	"as in the kernel");

/* --- routes ---------------------------------------------------------------------------------- */

static struct ebpf_map *routes_of(const struct net *net, uint32_t table, uint32_t family)
{
	const struct rt_table_key key = {table ? table : RT_TABLE_MAIN, family};
	const struct rt_map *rt;

	if (!net->tables || ebpf_map__lookup(net->tables, &key, &rt))
		return NULL;
	return (struct ebpf_map *)rt; /* whose first member it is */
}

static const struct net_table *routes_kind(uint32_t family)
{
	return family == AF_INET ? &net_routes4 : &net_routes6;
}

/* The prefix, without the bits after it. */
static struct rt_route_key prefix_of(const struct ebpf_ip *ip)
{
	struct rt_route_key key = {.length = ip->length};
	uint32_t size = rt_ip_size(ip->family);

	memcpy(key.ip, ip->bytes, size);
	for (uint32_t i = ip->length; i < size * 8; i++)
		key.ip[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return key;
}

static int check_route(const struct net *net, const struct ebpf_route *route, char **errmsg)
{
	int err = net__check_ip(&route->prefix, errmsg);
	bool leads_somewhere = !route->type || route->type < RTN_BLACKHOLE;

	if (!err && route->via.family)
		err = net__check_ip(&route->via, errmsg);
	if (!err && route->src.family && route->src.family != route->prefix.family)
		err = error__set(errmsg, -EINVAL, "the source address is of another family");
	if (!err && route->via.family && route->prefix.family == AF_INET6 &&
		route->via.family != AF_INET6)
		err = error__set(errmsg, -EINVAL, "IPv6 has no gateways of IPv4");
	if (!err && route->type > RTN_THROW)
		err = error__set(errmsg, -EINVAL, "%u is no type of routes", route->type);
	if (!err && leads_somewhere && !net__has_link(net, route->ifindex))
		err = error__set(
			errmsg, -ENODEV, "there is no link with ifindex %" PRIu32, route->ifindex);
	return err;
}

static struct rt_route make_route(const struct ebpf_route *route)
{
	bool ipv6 = route->prefix.family == AF_INET6;
	struct rt_route rt = {.ifindex = route->ifindex,
		.metric = route->metric || !ipv6 ? route->metric : IPV6_METRIC,
		.mtu = route->mtu_locked ? route->mtu : 0,
		.type = route->type ? route->type : RTN_UNICAST,
		.length = route->prefix.length,
		.via_family = route->via.family,
		.has_src = route->src.family != 0};

	memcpy(rt.via, route->via.bytes, sizeof(rt.via));
	memcpy(rt.src, route->src.bytes, sizeof(rt.src));
	return rt;
}

/* Makes the larger map that took the place of a full one the table's. Nobody may find the old one
 * any more when it is retired. */
static int publish_routes(struct ebpf_instance *inst, const struct rt_table_key *key,
	struct ebpf_map *old, struct ebpf_map *new, char **errmsg)
{
	const struct rt_map *rt = &new->rt;
	int err = net_table__put(&net_tables, inst, &inst->net.tables, &inst->net.rt.tables, key,
		&rt, BPF_ANY, errmsg);

	if (err)
		ebpf_map__unref(new);
	else
		net_table__retire(inst, old);
	return err;
}

int net__put_route(
	struct ebpf_instance *inst, const struct ebpf_route *route, bool replace, char **errmsg)
{
	struct net *net = &inst->net;
	const struct rt_table_key table = {
		route->table ? route->table : RT_TABLE_MAIN, route->prefix.family};
	const struct net_table *kind = routes_kind(table.family);
	struct ebpf_map *map = routes_of(net, table.table, table.family), *before = map;
	const struct rt_route rt = make_route(route);
	const struct rt_route_key key = prefix_of(&route->prefix);
	int err = net_table__put_or_grow(
		kind, inst, &map, &key, &rt, replace ? BPF_ANY : BPF_NOEXIST, errmsg);

	if (map != before && !err)
		err = publish_routes(inst, &table, before, map, errmsg);
	else if (map != before)
		ebpf_map__unref(map);
	return err;
}

int ebpf_net__add_route(
	struct ebpf_instance *inst, const struct ebpf_route *route, bool replace, char **errmsg)
{
	int err;

	pthread_mutex_lock(&inst->net.lock);
	err = check_route(&inst->net, route, errmsg);
	if (!err) {
		err = net__put_route(inst, route, replace, errmsg);
		if (err == -EEXIST)
			error__set(errmsg, err, "the table has a route to that prefix");
	}
	pthread_mutex_unlock(&inst->net.lock);
	return err;
}

int net__take_route(struct ebpf_instance *inst, uint32_t table, const struct ebpf_ip *prefix)
{
	struct ebpf_map *routes = routes_of(&inst->net, table, prefix->family);
	const struct rt_route_key key = prefix_of(prefix);

	return routes && !ebpf_map__delete(routes, &key) ? 0 : -ESRCH;
}

int ebpf_net__del_route(
	struct ebpf_instance *inst, uint32_t table, const struct ebpf_ip *prefix, char **errmsg)
{
	int err = net__check_ip(prefix, errmsg);

	if (err)
		return err;
	pthread_mutex_lock(&inst->net.lock);
	err = net__take_route(inst, table, prefix);
	pthread_mutex_unlock(&inst->net.lock);
	return err ? error__set(errmsg, err, "the table has no route to that prefix") : 0;
}

static bool leads_there(const void *key, const void *value, const void *ifindex)
{
	return ((const struct rt_route *)value)->ifindex == *(const uint32_t *)ifindex;
}

void net__forget_routes(struct net *net, uint32_t ifindex)
{
	struct ebpf_map *tables = net->tables;
	struct rt_table_key key;
	const struct rt_map *rt;

	for (bool more = tables && !ebpf_map__next_key(tables, NULL, &key); more;
		more = !ebpf_map__next_key(tables, &key, &key))
		if (!ebpf_map__lookup(tables, &key, &rt))
			net_table__sweep((struct ebpf_map *)rt, leads_there, &ifindex);
}

/* --- rules ----------------------------------------------------------------------------------- */

static const struct rt_rules *usual_rules(uint8_t family)
{
	static const struct rt_rules ipv4 = {
		3, {{0, RT_TABLE_LOCAL, 0, 0}, {32766, RT_TABLE_MAIN, 0, 0},
			   {32767, RT_TABLE_DEFAULT, 0, 0}}};
	static const struct rt_rules ipv6 = {
		2, {{0, RT_TABLE_LOCAL, 0, 0}, {32766, RT_TABLE_MAIN, 0, 0}}};

	return family == AF_INET ? &ipv4 : &ipv6;
}

static const struct rt_rules **rules_of(struct net *net, uint8_t family)
{
	return family == AF_INET ? &net->rt.rules : &net->rt.rules6;
}

/* The rules with room for one more. NULL without memory. */
static struct rt_rules *copy_rules(const struct rt_rules *old)
{
	struct rt_rules *new = malloc(sizeof(*new) + (old->n + 1) * sizeof(old->rule[0]));

	if (new)
		memcpy(new, old, sizeof(*old) + old->n * sizeof(old->rule[0]));
	return new;
}

static void publish_rules(
	struct ebpf_instance *inst, const struct rt_rules **place, struct rt_rules *new)
{
	const struct rt_rules *old = *place;

	rt_write_release(place, new);
	if (old)
		reclaim__defer(&inst->reclaim, free, (void *)old);
}

static void insert_rule(struct rt_rules *rules, const struct ebpf_rule *rule)
{
	struct rt_rule new = {rule->priority, rule->table, rule->mark, rule->mask};
	uint32_t at = 0;

	if (!new.priority && rules->n > 1 && rules->rule[1].priority)
		new.priority = rules->rule[1].priority - 1;
	while (at < rules->n && rules->rule[at].priority <= new.priority)
		at++;
	memmove(&rules->rule[at + 1], &rules->rule[at], (rules->n - at) * sizeof(new));
	rules->rule[at] = new;
	rules->n++;
}

static bool remove_rule(struct rt_rules *rules, const struct ebpf_rule *rule)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct rt_rule *r = &rules->rule[i];

		if (r->table != rule->table || r->mark != rule->mark || r->mask != rule->mask ||
			(rule->priority && r->priority != rule->priority))
			continue;
		rules->n--;
		memmove(&rules->rule[i], &rules->rule[i + 1], (rules->n - i) * sizeof(*r));
		return true;
	}
	return false;
}

static int change_rules(
	struct ebpf_instance *inst, const struct ebpf_rule *rule, bool add, char **errmsg)
{
	const struct rt_rules **place = rules_of(&inst->net, rule->family);
	struct rt_rules *new = copy_rules(*place ? *place : usual_rules(rule->family));

	if (!new)
		return error__set(errmsg, -ENOMEM, "no memory for rules");
	if (add)
		insert_rule(new, rule);
	else if (!remove_rule(new, rule)) {
		free(new);
		return error__set(errmsg, -ENOENT, "there is no such rule");
	}
	publish_rules(inst, place, new);
	return 0;
}

static int change_rules_locked(
	struct ebpf_instance *inst, const struct ebpf_rule *rule, bool add, char **errmsg)
{
	int err;

	if (errmsg)
		*errmsg = NULL;
	if (rule->family != AF_INET && rule->family != AF_INET6)
		return error__set(errmsg, -EAFNOSUPPORT, "a rule is of IPv4 or of IPv6");
	pthread_mutex_lock(&inst->net.lock);
	err = change_rules(inst, rule, add, errmsg);
	pthread_mutex_unlock(&inst->net.lock);
	return err;
}

int ebpf_net__add_rule(struct ebpf_instance *inst, const struct ebpf_rule *rule, char **errmsg)
{
	return change_rules_locked(inst, rule, true, errmsg);
}

int ebpf_net__del_rule(struct ebpf_instance *inst, const struct ebpf_rule *rule, char **errmsg)
{
	return change_rules_locked(inst, rule, false, errmsg);
}
