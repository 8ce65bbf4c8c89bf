/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net.h -- an instance's network: the maps of runtime/net.h from the writer's side.
 *
 * A table is a map that grows: when it is full a larger one takes its place, and the old one goes
 * when no worker can be reading it. All writers hold `lock`.
 */
#ifndef VM_CORE_NET_H
#define VM_CORE_NET_H

#include <pthread.h>

#include "ebpf-map.h"
#include "ebpf-net.h"
#include "../runtime/net.h"

struct net_name {
	char *name;
	uint32_t ifindex;
};

struct net {
	struct rt_net rt; /* what environments point at */
	pthread_mutex_t lock;
	struct ebpf_map *links, *addresses, *neighbours, *tables;
	struct net_name *names;
	uint32_t n_names;
};

void net__init(struct net *net);
/* Lets go of all maps; the caller still holds the instance. */
void net__clear(struct net *net);
/* Of what net__clear() left. */
void net__fini(struct net *net);

/* The rest wants net->lock. */

struct net_table {
	const char *name;
	uint32_t type, key_size, value_size;
};
extern const struct net_table net_links, net_addresses, net_neighbours, net_tables, net_routes4,
	net_routes6;

/* A map of the kind, not yet anywhere. */
struct ebpf_map *net_table__create(
	const struct net_table *t, struct ebpf_instance *inst, char **errmsg);
/* Puts key and value into the map, or into a larger one that takes its place in *map and
 * *published. */
int net_table__put(const struct net_table *t, struct ebpf_instance *inst, struct ebpf_map **map,
	const struct rt_map **published, const void *key, const void *value, uint64_t flags,
	char **errmsg);
/* The same for who publishes the larger map by other means: the old one is to be retired then, not
 * before, since a worker may find it until then. */
int net_table__put_or_grow(const struct net_table *t, struct ebpf_instance *inst,
	struct ebpf_map **map, const void *key, const void *value, uint64_t flags, char **errmsg);
void net_table__retire(struct ebpf_instance *inst, struct ebpf_map *map); /* NULL is fine */
/* Takes out all entries that `gone` says are. */
void net_table__sweep(struct ebpf_map *map,
	bool (*gone)(const void *key, const void *value, const void *user), const void *user);

bool net__has_link(const struct net *net, uint32_t ifindex);
/* -EEXIST without a sentence if the table has the prefix. */
int net__put_route(
	struct ebpf_instance *inst, const struct ebpf_route *route, bool replace, char **errmsg);
int net__take_route(struct ebpf_instance *inst, uint32_t table, const struct ebpf_ip *prefix);
/* What a link takes along. */
void net__forget_routes(struct net *net, uint32_t ifindex);
void net__forget_addresses(struct net *net, uint32_t ifindex);

/* Where calls begin: *errmsg is NULL afterwards, if there is nothing to say. */
int net__check_ip(const struct ebpf_ip *ip, char **errmsg);

#endif
