/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-targets.c -- entries that say where a packet goes, and which program runs there first.
 *
 * An entry with a program is a pair (map-target.h) and a reference to the program. The host's calls
 * exclude each other by the map's lock. A pair that was taken out goes when no worker can have it
 * any more, and with it the reference.
 *
 * A packet for another worker waits in a queue, and the program that it waits for with it. Its
 * sender has put it there when he is quiescent. A worker looks how many there are when he is
 * quiescent, and has run those when he is so next. Hence a CPUMAP's program may go when all
 * workers have been quiescent three times: nobody sends, all are known, all are run.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "map-handles.h"
#include "map-targets.h"
#include "program.h"
#include "../runtime/map-target.h"

struct held_pair {
	struct rt_target pair;  /* what workers see */
	struct held_pair *next; /* of those that are taken out together */
	struct reclaim *reclaim;
	unsigned wait; /* for the workers to be quiescent: how many times */
};

static uint32_t key_of(const void *key)
{
	uint32_t k;

	memcpy(&k, key, sizeof(k));
	return k;
}

static struct held_pair *pair__create(
	struct ebpf_map *map, uint32_t number, struct ebpf_program *prog)
{
	struct held_pair *held = malloc(sizeof(*held));

	if (held)
		*held = (struct held_pair){
			.pair = {.number = number, .id = prog->id, .prog = ebpf_program__ref(prog)},
			.reclaim = &map->inst->reclaim,
			.wait = map->opts.type == BPF_MAP_TYPE_CPUMAP ? 3 : 1};
	return held;
}

static void pair__destroy(struct held_pair *held)
{
	ebpf_program__unref((struct ebpf_program *)held->pair.prog);
	free(held);
}

static void pair__release(void *arg)
{
	struct held_pair *held = arg;

	if (held->wait--)
		reclaim__defer(held->reclaim, pair__release, held);
	else
		pair__destroy(held);
}

/* NULL is fine. */
static void pair__take_out(const struct rt_target *pair)
{
	if (pair)
		pair__release((struct held_pair *)pair);
}

static int put(struct ebpf_map *map, uint32_t key, struct rt_target entry,
	const struct rt_target *pair, uint64_t flags)
{
	const struct rt_target *old;
	int err;

	map__begin_change(map);
	pthread_mutex_lock(&map->lock);
	old = rt_target__pair_at(&map->rt, key);
	err = (int)rt_target__write(&map->rt, map->slots, key, entry, pair, flags);
	pthread_mutex_unlock(&map->lock);
	map__end_change(map);
	if (!err)
		pair__take_out(old);
	return err;
}

static int take_out(struct ebpf_map *map, uint32_t key)
{
	const struct rt_target *old;
	int err;

	map__begin_change(map);
	pthread_mutex_lock(&map->lock);
	old = rt_target__pair_at(&map->rt, key);
	err = (int)rt_target__remove(&map->rt, key);
	pthread_mutex_unlock(&map->lock);
	map__end_change(map);
	if (!err)
		pair__take_out(old);
	return err;
}

/* A positive number in the program's place is the kernel's file descriptor: nobody's here. */
int map_targets__update(struct ebpf_map *map, const void *key, const void *value, uint64_t flags)
{
	struct {
		uint32_t number;
		int32_t fd;
	} given = {0};
	struct rt_target entry;

	memcpy(&given, value, map->opts.value_size);
	entry = (struct rt_target){
		.number = given.number, .id = given.fd > 0 ? (uint32_t)given.fd : 0};
	return put(map, key_of(key), entry, NULL, flags);
}

int map_targets__delete(struct ebpf_map *map, const void *key)
{
	return take_out(map, key_of(key));
}

static bool runs_at(const struct ebpf_map *map, const struct ebpf_program *prog)
{
	bool cpumap = map->opts.type == BPF_MAP_TYPE_CPUMAP;

	return rt_targets_run(&map->rt.geo) && prog->inst == map->inst &&
	       prog->view.type == (cpumap ? EBPF_PROGRAM_XDP_CPUMAP : EBPF_PROGRAM_XDP_DEVMAP);
}

int ebpf_map__set_target(struct ebpf_map *map, uint32_t key, uint32_t number,
	struct ebpf_program *prog, uint64_t flags)
{
	struct held_pair *held;
	int err;

	if (!rt_holds_targets(&map->rt.geo) || (prog && (!number || !runs_at(map, prog))))
		return -EINVAL;
	if (map__is_read_only(map))
		return -EPERM;
	if (!prog)
		return put(map, key, (struct rt_target){.number = number}, NULL, flags);
	if (map_handles__join(map, prog))
		return -EINVAL;
	held = pair__create(map, number, prog);
	if (!held)
		return -ENOMEM;
	err = put(map, key, held->pair, &held->pair, flags);
	if (err)
		pair__destroy(held);
	return err;
}

struct ebpf_program *map_targets__get_program(struct ebpf_map *map, uint32_t key)
{
	struct ebpf_program *prog = NULL;
	const struct rt_target *pair;

	pthread_mutex_lock(&map->lock);
	pair = rt_target__pair_at(&map->rt, key);
	if (pair)
		prog = ebpf_program__ref((struct ebpf_program *)pair->prog);
	pthread_mutex_unlock(&map->lock);
	return prog;
}

/* Under the lock. Adds what it takes out to a list. */
static int replace_at(
	struct ebpf_map *map, uint32_t key, struct ebpf_program *prog, struct held_pair **out)
{
	struct held_pair *old = (struct held_pair *)rt_target__pair_at(&map->rt, key);
	struct held_pair *held = pair__create(map, old->pair.number, prog);
	int err = -ENOMEM;

	if (held)
		err = (int)rt_target__write(
			&map->rt, map->slots, key, held->pair, &held->pair, BPF_ANY);
	if (!err) {
		old->next = *out;
		*out = old;
	} else if (held) {
		pair__destroy(held);
	}
	return err;
}

int map_targets__replace_program(
	struct ebpf_map *map, const struct ebpf_program *was, struct ebpf_program *prog)
{
	struct rt_target_walk w = {0};
	struct held_pair *out = NULL;
	int err = 0, n = 0;

	map__begin_change(map);
	pthread_mutex_lock(&map->lock);
	while (!err && rt_target__walk(&map->rt, &w)) {
		if (w.found.prog != was)
			continue;
		err = replace_at(map, w.key, prog, &out);
		n += !err;
	}
	pthread_mutex_unlock(&map->lock);
	map__end_change(map);
	while (out) {
		struct held_pair *next = out->next;

		pair__release(out);
		out = next;
	}
	return err ? err : n;
}

void map_targets__drop_programs(struct ebpf_map *map)
{
	struct rt_target_walk w = {0};

	while (rt_target__walk(&map->rt, &w))
		if (w.found.prog)
			take_out(map, w.key);
}

void ebpf_redirect__for_each(const struct ebpf_redirect *broadcast, uint32_t ingress_ifindex,
	ebpf_redirect_fn fn, void *user)
{
	bool exclude = broadcast->target & BPF_F_EXCLUDE_INGRESS;
	struct rt_target_walk w = {0};

	while (rt_target__walk(broadcast->map, &w)) {
		struct ebpf_redirect one = {.kind = EBPF_REDIRECT_IFINDEX,
			.target = w.found.number,
			.prog = w.found.prog};

		if (!exclude || one.target != ingress_ifindex)
			fn(user, &one);
	}
}
