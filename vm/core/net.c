/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net.c -- the tables of an instance's network, and its links.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"
#include "instance.h"
#include "map.h"

#define FIRST_ENTRIES 32

const struct net_table net_links = {
	"links", BPF_MAP_TYPE_HASH, sizeof(uint32_t), sizeof(struct rt_link)};
const struct net_table net_addresses = {
	"addresses", BPF_MAP_TYPE_HASH, sizeof(struct rt_address_key), sizeof(struct rt_address)};
const struct net_table net_neighbours = {"neighbours", BPF_MAP_TYPE_HASH,
	sizeof(struct rt_neighbour_key), sizeof(struct rt_neighbour)};
const struct net_table net_tables = {
	"tables", BPF_MAP_TYPE_HASH, sizeof(struct rt_table_key), sizeof(struct rt_map *)};
const struct net_table net_routes4 = {
	"IPv4 routes", BPF_MAP_TYPE_LPM_TRIE, sizeof(uint32_t) + 4, sizeof(struct rt_route)};
const struct net_table net_routes6 = {
	"IPv6 routes", BPF_MAP_TYPE_LPM_TRIE, sizeof(uint32_t) + 16, sizeof(struct rt_route)};

#define KEY_MAX   sizeof(struct rt_neighbour_key)
#define VALUE_MAX sizeof(struct rt_route)

/* --- tables ---------------------------------------------------------------------------------- */

static struct ebpf_map *create(
	const struct net_table *t, struct ebpf_instance *inst, uint32_t entries, char **errmsg)
{
	const struct ebpf_map_opts opts = {.name = t->name,
		.type = t->type,
		.key_size = t->key_size,
		.value_size = t->value_size,
		.max_entries = entries,
		.flags = t->type == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0};

	return ebpf_map__create(inst, &opts, errmsg);
}

struct ebpf_map *net_table__create(
	const struct net_table *t, struct ebpf_instance *inst, char **errmsg)
{
	return create(t, inst, FIRST_ENTRIES, errmsg);
}

static int copy_entries(struct ebpf_map *from, struct ebpf_map *to)
{
	uint64_t key[KEY_MAX / 8], value[VALUE_MAX / 8];
	int err = 0;

	for (bool more = !ebpf_map__next_key(from, NULL, key); more && !err;
		more = !ebpf_map__next_key(from, key, key)) {
		err = ebpf_map__lookup(from, key, value);
		if (!err)
			err = ebpf_map__update(to, key, value, BPF_NOEXIST);
	}
	return err;
}

static void release_map(void *map)
{
	ebpf_map__unref(map);
}

/* A map twice as large with the same entries. */
static struct ebpf_map *grow(
	const struct net_table *t, struct ebpf_instance *inst, struct ebpf_map *old, char **errmsg)
{
	struct ebpf_map *new =
		create(t, inst, old ? old->opts.max_entries * 2 : FIRST_ENTRIES, errmsg);
	int err = new &&old ? copy_entries(old, new) : 0;

	if (!err)
		return new;
	ebpf_map__unref(new);
	error__set(errmsg, err, "%s: they cannot be copied: %s", t->name, strerror(-err));
	return NULL;
}

int net_table__put_or_grow(const struct net_table *t, struct ebpf_instance *inst,
	struct ebpf_map **map, const void *key, const void *value, uint64_t flags, char **errmsg)
{
	struct ebpf_map *new, *old = *map;
	int err = old ? ebpf_map__update(old, key, value, flags) : -E2BIG;

	if (err != -E2BIG && err != -ENOSPC)
		return err;
	new = grow(t, inst, old, errmsg);
	if (!new)
		return -errno;
	*map = new;
	return ebpf_map__update(new, key, value, flags);
}

void net_table__retire(struct ebpf_instance *inst, struct ebpf_map *map)
{
	if (map)
		reclaim__defer(&inst->reclaim, release_map, map);
}

int net_table__put(const struct net_table *t, struct ebpf_instance *inst, struct ebpf_map **map,
	const struct rt_map **published, const void *key, const void *value, uint64_t flags,
	char **errmsg)
{
	struct ebpf_map *old = *map;
	int err = net_table__put_or_grow(t, inst, map, key, value, flags, errmsg);

	if (*map != old) {
		rt_write_release(published, &(*map)->rt);
		net_table__retire(inst, old);
	}
	return err;
}

void net_table__sweep(struct ebpf_map *map,
	bool (*gone)(const void *key, const void *value, const void *user), const void *user)
{
	uint64_t key[KEY_MAX / 8], next[KEY_MAX / 8], value[VALUE_MAX / 8];
	bool more = map && !ebpf_map__next_key(map, NULL, key);

	while (more) {
		more = !ebpf_map__next_key(map, key, next);
		if (!ebpf_map__lookup(map, key, value) && gone(key, value, user))
			ebpf_map__delete(map, key);
		memcpy(key, next, sizeof(key));
	}
}

/* --- the network of an instance -------------------------------------------------------------- */

void net__init(struct net *net)
{
	pthread_mutex_init(&net->lock, NULL);
}

static bool release_routes(const void *key, const void *value, const void *user)
{
	const struct rt_map *rt;

	memcpy(&rt, value, sizeof(rt));
	ebpf_map__unref((struct ebpf_map *)rt);
	return true;
}

void net__clear(struct net *net)
{
	struct ebpf_map *maps[] = {net->links, net->addresses, net->neighbours, net->tables};

	pthread_mutex_lock(&net->lock);
	rt_write_release(&net->rt.links, NULL);
	rt_write_release(&net->rt.addresses, NULL);
	rt_write_release(&net->rt.neighbours, NULL);
	rt_write_release(&net->rt.tables, NULL);
	net_table__sweep(net->tables, release_routes, NULL);
	net->links = net->addresses = net->neighbours = net->tables = NULL;
	pthread_mutex_unlock(&net->lock);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		ebpf_map__unref(maps[i]);
}

void net__fini(struct net *net)
{
	for (uint32_t i = 0; i < net->n_names; i++)
		free(net->names[i].name);
	free(net->names);
	free((void *)net->rt.rules);
	free((void *)net->rt.rules6);
	pthread_mutex_destroy(&net->lock);
}

int net__check_ip(const struct ebpf_ip *ip, char **errmsg)
{
	if (errmsg)
		*errmsg = NULL;
	if (ip->family != AF_INET && ip->family != AF_INET6)
		return error__set(errmsg, -EAFNOSUPPORT,
			"%u is no family of addresses: expected %d or %d", ip->family, AF_INET,
			AF_INET6);
	if (ip->length > 8 * rt_ip_size(ip->family))
		return error__set(errmsg, -EINVAL, "a prefix of %u bits is longer than its address",
			ip->length);
	return 0;
}

/* --- links ----------------------------------------------------------------------------------- */

bool net__has_link(const struct net *net, uint32_t ifindex)
{
	struct rt_link link;

	return net->links && !ebpf_map__lookup(net->links, &ifindex, &link);
}

static struct net_name *find_name(struct net *net, const char *name)
{
	for (uint32_t i = 0; i < net->n_names; i++)
		if (strcmp(net->names[i].name, name) == 0)
			return &net->names[i];
	return NULL;
}

static void forget_name(struct net *net, uint32_t ifindex)
{
	for (uint32_t i = 0; i < net->n_names; i++) {
		if (net->names[i].ifindex != ifindex)
			continue;
		free(net->names[i].name);
		net->names[i] = net->names[--net->n_names];
		return;
	}
}

/* All that the name needs, so that it cannot fail when the link is there. */
static char *prepare_name(struct net *net, const char *name)
{
	struct net_name *grown = realloc(net->names, (net->n_names + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	net->names = grown;
	return strdup(name);
}

static int set_link(struct ebpf_instance *inst, const struct ebpf_link *link, char **errmsg)
{
	struct net *net = &inst->net;
	struct rt_link rt = {.mtu = link->mtu, .forwarding = !link->no_forwarding};
	const struct net_name *other = find_name(net, link->name);
	char *name;
	int err;

	if (other && other->ifindex != link->ifindex)
		return error__set(errmsg, -EEXIST,
			"link %s: there is one of that name, with ifindex %" PRIu32, link->name,
			other->ifindex);
	name = prepare_name(net, link->name);
	if (!name)
		return error__set(errmsg, -ENOMEM, "link %s: no memory", link->name);
	memcpy(rt.mac, link->mac, sizeof(rt.mac));
	err = net_table__put(&net_links, inst, &net->links, &net->rt.links, &link->ifindex, &rt,
		BPF_ANY, errmsg);
	if (err) {
		free(name);
		return err;
	}
	forget_name(net, link->ifindex);
	net->names[net->n_names++] = (struct net_name){name, link->ifindex};
	return 0;
}

int ebpf_net__set_link(struct ebpf_instance *inst, const struct ebpf_link *link, char **errmsg)
{
	int err;

	if (errmsg)
		*errmsg = NULL;
	if (!link->ifindex || link->ifindex > INT32_MAX || link->mtu > INT32_MAX - 64)
		return error__set(errmsg, -EINVAL,
			"link %s: there is no ifindex %" PRIu32 " with MTU %" PRIu32, link->name,
			link->ifindex, link->mtu);
	pthread_mutex_lock(&inst->net.lock);
	err = set_link(inst, link, errmsg);
	pthread_mutex_unlock(&inst->net.lock);
	return err;
}

int ebpf_net__find_link(struct ebpf_instance *inst, const char *name, struct ebpf_link *link)
{
	const struct net_name *n;
	struct rt_link rt;
	int err = -ENODEV;

	pthread_mutex_lock(&inst->net.lock);
	n = find_name(&inst->net, name);
	if (n && !ebpf_map__lookup(inst->net.links, &n->ifindex, &rt)) {
		*link = (struct ebpf_link){
			.ifindex = n->ifindex, .mtu = rt.mtu, .no_forwarding = !rt.forwarding};
		memcpy(link->mac, rt.mac, sizeof(link->mac));
		err = 0;
	}
	pthread_mutex_unlock(&inst->net.lock);
	return err;
}

uint32_t ebpf_net__link_mtu(struct ebpf_instance *inst, uint32_t ifindex)
{
	struct rt_link link = {0};

	pthread_mutex_lock(&inst->net.lock);
	if (inst->net.links)
		ebpf_map__lookup(inst->net.links, &ifindex, &link);
	pthread_mutex_unlock(&inst->net.lock);
	return link.mtu;
}

static bool is_neighbour_of(const void *key, const void *value, const void *ifindex)
{
	return ((const struct rt_neighbour_key *)key)->ifindex == *(const uint32_t *)ifindex;
}

int ebpf_net__del_link(struct ebpf_instance *inst, uint32_t ifindex)
{
	struct net *net = &inst->net;
	int err = -ENODEV;

	pthread_mutex_lock(&net->lock);
	if (net->links)
		err = ebpf_map__delete(net->links, &ifindex) ? -ENODEV : 0;
	if (!err) {
		forget_name(net, ifindex);
		net__forget_addresses(net, ifindex);
		net__forget_routes(net, ifindex);
		net_table__sweep(net->neighbours, is_neighbour_of, &ifindex);
	}
	pthread_mutex_unlock(&net->lock);
	return err;
}

/* --- neighbours ------------------------------------------------------------------------------ */

static struct rt_neighbour_key neighbour_key(uint32_t ifindex, const struct ebpf_ip *ip)
{
	struct rt_neighbour_key key = {.ifindex = ifindex, .family = ip->family};

	memcpy(key.ip, ip->bytes, rt_ip_size(ip->family));
	return key;
}

int ebpf_net__set_neighbour(struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip,
	const uint8_t mac[6], char **errmsg)
{
	struct net *net = &inst->net;
	struct rt_neighbour n = {.pad = {0}};
	struct rt_neighbour_key key;
	int err = net__check_ip(ip, errmsg);

	if (err)
		return err;
	key = neighbour_key(ifindex, ip);
	memcpy(n.mac, mac, sizeof(n.mac));
	pthread_mutex_lock(&net->lock);
	if (!net__has_link(net, ifindex))
		err = error__set(
			errmsg, -ENODEV, "there is no link with ifindex %" PRIu32, ifindex);
	else
		err = net_table__put(&net_neighbours, inst, &net->neighbours, &net->rt.neighbours,
			&key, &n, BPF_ANY, errmsg);
	pthread_mutex_unlock(&net->lock);
	return err;
}

int ebpf_net__del_neighbour(
	struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip, char **errmsg)
{
	struct net *net = &inst->net;
	struct rt_neighbour_key key;
	int err = net__check_ip(ip, errmsg);

	if (err)
		return err;
	key = neighbour_key(ifindex, ip);
	pthread_mutex_lock(&net->lock);
	err = net->neighbours ? ebpf_map__delete(net->neighbours, &key) : -ENOENT;
	pthread_mutex_unlock(&net->lock);
	return err ? error__set(errmsg, err, "there is no such neighbour") : 0;
}
