/* SPDX-License-Identifier: BSD-3-Clause
 *
 * uses-maps.c -- maps of every type, and the network that bpf_fib_lookup() sees.
 */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <ebpf-map.h>
#include <ebpf-net.h>
#include <ebpf-program.h>

#include "failing.h"

enum {
	UPDATE = 1 << 0, /* elements can be set, */
	REMOVE = 1 << 1, /* deleted, */
	TAKE = 1 << 2,   /* or read and deleted at once */
	CONSUME = 1 << 3,
	FREEZE = 1 << 4,
};

static const struct ebpf_map_opts inner = {.name = "inner",
	.type = BPF_MAP_TYPE_HASH,
	.key_size = 4,
	.value_size = 8,
	.max_entries = 4};

#define RING(size)                                                                  \
	{                                                                           \
		.name = "ring", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = (size) \
	}
#define MAP(type_, key, value, ...)                                              \
	{                                                                        \
		.name = #type_, .type = BPF_MAP_TYPE_##type_, .key_size = (key), \
		.value_size = (value), .max_entries = 8, __VA_ARGS__             \
	}

static const struct kind {
	struct ebpf_map_opts opts;
	unsigned can;
} kinds[] = {
	{MAP(ARRAY, 4, 24), UPDATE | FREEZE},
	{MAP(HASH, 12, 24), UPDATE | REMOVE | TAKE | FREEZE},
	{MAP(HASH, 12, 24, .flags = BPF_F_NO_PREALLOC), UPDATE | REMOVE},
	{MAP(LRU_HASH, 12, 24), UPDATE | REMOVE | TAKE},
	{MAP(PERCPU_ARRAY, 4, 8), UPDATE},
	{MAP(PERCPU_HASH, 4, 8), UPDATE | REMOVE},
	{MAP(LRU_PERCPU_HASH, 4, 8), UPDATE | REMOVE},
	{MAP(LPM_TRIE, 8, 8, .flags = BPF_F_NO_PREALLOC), UPDATE | REMOVE},
	{MAP(QUEUE, 0, 8), UPDATE | TAKE},
	{MAP(STACK, 0, 8), UPDATE | TAKE},
	{MAP(BLOOM_FILTER, 0, 8, .map_extra = 3), UPDATE},
	{MAP(DEVMAP, 4, 4), UPDATE | REMOVE},
	{MAP(DEVMAP_HASH, 4, 8), UPDATE | REMOVE},
	{MAP(CPUMAP, 4, 4), UPDATE | REMOVE},
	{MAP(XSKMAP, 4, 4), UPDATE | REMOVE},
	{RING(4096), CONSUME},
	{MAP(PERF_EVENT_ARRAY, 4, 4), CONSUME},
	{MAP(PROG_ARRAY, 4, 4), 0},
	{MAP(ARRAY_OF_MAPS, 4, 4, .inner = &inner), 0},
	{MAP(HASH_OF_MAPS, 4, 4, .inner = &inner), 0},
	{MAP(SOCKMAP, 4, 4), 0},
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int nothing(void *user, const struct ebpf_event *event)
{
	return 0;
}

/* 1 may be anything: an index, the bits of a prefix, an interface, the length of a queue. */
static void change(struct ebpf_map *map, unsigned can)
{
	uint8_t bytes[16] = {1}, next[16], value[64] = {1};
	const void *key = ebpf_map__opts(map)->key_size ? bytes : NULL;
	bool there = false;

	if (can & UPDATE)
		there = failing__is_done(ebpf_map__update(map, key, value, BPF_ANY));
	if (there && can & REMOVE) {
		SO(!ebpf_map__next_key(map, NULL, next));
		SO(!ebpf_map__walk_key(map, NULL, next));
		failing__is_done(ebpf_map__lookup(map, key, value));
		failing__is_done(ebpf_map__delete(map, key));
	}
	if (can & TAKE && (can & REMOVE))
		there = failing__is_done(ebpf_map__update(map, key, value, BPF_ANY));
	if (there && can & TAKE)
		failing__is_done(ebpf_map__lookup_and_delete(map, key, value));
	if (can & CONSUME)
		failing__is_done(ebpf_map__consume(map, nothing, NULL));
	if (can & FREEZE)
		failing__is_done(ebpf_map__freeze(map));
}

static void use_kind(struct ebpf_instance *inst, const struct kind *k)
{
	char *why = NOT_SET;
	struct ebpf_map *map = ebpf_map__create(inst, &k->opts, &why);

	if (!failing__is_there(map, &why))
		return;
	change(map, k->can);
	if (failing__is_done(ebpf_map__pin(map))) {
		struct ebpf_map *pinned = ebpf_map__pinned(inst, k->opts.name);

		SO(pinned == map);
		ebpf_map__unref(pinned);
	}
	ebpf_map__unref(map);
}

static void use_maps_of_maps(struct ebpf_instance *inst)
{
	static const struct ebpf_map_opts outer = MAP(HASH_OF_MAPS, 4, 4, .inner = &inner);
	char *why = NOT_SET;
	struct ebpf_map *in = ebpf_map__create(inst, &inner, &why), *out;
	uint32_t key = 3;

	if (!failing__is_there(in, &why))
		return;
	out = ebpf_map__create(inst, &outer, &why);
	if (failing__is_there(out, &why) &&
		failing__is_done(ebpf_map__set_inner(out, &key, in, BPF_ANY))) {
		struct ebpf_map *found = ebpf_map__get_inner(out, &key);

		SO(found == in);
		ebpf_map__unref(found);
		failing__is_done(ebpf_map__set_inner(out, &key, in, BPF_ANY));
		failing__is_done(ebpf_map__delete(out, &key));
	}
	ebpf_map__unref(out);
	ebpf_map__unref(in);
}

void use_maps(void *unused)
{
	struct ebpf_instance_opts opts = {.workers = 2};
	char *why = NOT_SET;

	for (unsigned i = 0; i < N_KINDS; i++) {
		struct ebpf_instance *inst = ebpf_instance__create(&opts, &why);

		if (!failing__is_there(inst, &why))
			continue;
		use_kind(inst, &kinds[i]);
		if (kinds[i].opts.inner)
			use_maps_of_maps(inst);
		ebpf_instance__synchronize(inst);
		ebpf_instance__destroy(inst);
	}
}

static void use_routes(struct ebpf_instance *inst, int family, uint8_t bits)
{
	const struct ebpf_ip ip = {family, bits, {10, 1, 2, 3}},
			     near = {family, bits, {10, 1, 2, 9}};
	const struct ebpf_route route = {
		.prefix = {family, 16, {10, 7}}, .via = near, .ifindex = 3, .table = 100};
	const struct ebpf_rule rule = {
		.family = (uint8_t)family, .priority = 5, .mark = 1, .mask = 1, .table = 100};
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	char *why = NOT_SET;

	if (!failing__is_well(ebpf_net__add_address(inst, 3, &ip, &why), &why))
		return;
	if (failing__is_well(ebpf_net__set_neighbour(inst, 3, &near, mac, &why), &why))
		failing__is_well(ebpf_net__del_neighbour(inst, 3, &near, &why), &why);
	if (failing__is_well(ebpf_net__add_rule(inst, &rule, &why), &why))
		failing__is_well(ebpf_net__del_rule(inst, &rule, &why), &why);
	if (failing__is_well(ebpf_net__add_route(inst, &route, false, &why), &why)) {
		failing__is_well(ebpf_net__add_route(inst, &route, true, &why), &why);
		failing__is_well(ebpf_net__del_route(inst, 100, &route.prefix, &why), &why);
	}
	failing__is_well(ebpf_net__del_address(inst, 3, &ip, &why), &why);
}

void use_net(void *unused)
{
	const struct ebpf_link link = {.name = "eth0", .ifindex = 3, .mtu = 1500};
	char *why = NOT_SET;
	struct ebpf_instance *inst = ebpf_instance__create(NULL, &why);
	struct ebpf_link found;

	if (!failing__is_there(inst, &why))
		return;
	if (failing__is_well(ebpf_net__set_link(inst, &link, &why), &why)) {
		SO(!ebpf_net__find_link(inst, "eth0", &found) && found.mtu == 1500);
		use_routes(inst, AF_INET, 24);
		use_routes(inst, AF_INET6, 64);
		failing__is_done(ebpf_net__del_link(inst, 3));
	}
	ebpf_instance__destroy(inst);
}
