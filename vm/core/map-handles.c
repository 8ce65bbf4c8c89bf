/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-handles.c -- who holds what in a PROG_ARRAY, an ARRAY_OF_MAPS, a HASH_OF_MAPS.
 *
 * An entry is a reference to a program or map. The host's calls exclude each other by the map's
 * lock, so that a reference or an id can be taken from what another call is taking out; workers
 * only load the pointer. What was taken out is let go of when no worker can have it any more,
 * and outside the lock: that may free a program, its maps, and their entries.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "map-handles.h"
#include "map-targets.h"
#include "program.h"
#include "../runtime/map-hash.h"

static void release_program(void *prog)
{
	ebpf_program__unref(prog);
}

static void release_map(void *map)
{
	map__release(map);
}

static bool is_programs(const struct ebpf_map *map)
{
	return map->opts.type == BPF_MAP_TYPE_PROG_ARRAY;
}

static uint32_t index_of(const void *key)
{
	uint32_t i;

	memcpy(&i, key, sizeof(i));
	return i;
}

static void *handle_at(const struct ebpf_map *map, const void *key)
{
	return is_programs(map) ? rt_handles__get(&map->rt, index_of(key))
				: rt_map__lookup(&map->rt, 0, key);
}

/* What the kernel looks at before it looks at the value. */
static int check_place(const struct ebpf_map *map, const void *key, uint64_t flags)
{
	if (map__is_read_only(map))
		return -EPERM;
	if (map->opts.type == BPF_MAP_TYPE_HASH_OF_MAPS)
		return 0;
	if (flags != BPF_ANY)
		return -EINVAL;
	return index_of(key) < map->opts.max_entries ? 0 : -E2BIG;
}

static int put_in_array(struct ebpf_map *map, const void *key, void *handle, void **old)
{
	*old = rt_handles__exchange(&map->rt, index_of(key), handle);
	return handle || *old ? 0 : -ENOENT;
}

static int put_in_hash(
	struct ebpf_map *map, const void *key, void *handle, uint64_t flags, void **old)
{
	*old = rt_map__lookup(&map->rt, 0, key);
	if (!handle)
		return (int)rt_hash__delete(&map->rt, key);
	return (int)rt_hash__write_all(&map->rt, map->slots, key, (const uint8_t *)&handle, flags);
}

/* Puts a reference into the entry, there being a place for it (it stays the caller's if this
 * fails), or NULL: takes it out. */
static int put(struct ebpf_map *map, const void *key, void *handle, uint64_t flags)
{
	void *old = NULL;
	int err;

	pthread_mutex_lock(&map->lock);
	if (map->opts.type == BPF_MAP_TYPE_HASH_OF_MAPS)
		err = put_in_hash(map, key, handle, flags, &old);
	else
		err = put_in_array(map, key, handle, &old);
	pthread_mutex_unlock(&map->lock);
	if (!err && old)
		reclaim__defer(
			&map->inst->reclaim, is_programs(map) ? release_program : release_map, old);
	return err;
}

int map_handles__lookup(struct ebpf_map *map, const void *key, void *value)
{
	uint32_t id = 0;
	void *handle;

	pthread_mutex_lock(&map->lock);
	handle = handle_at(map, key);
	if (handle)
		id = is_programs(map) ? ((const struct ebpf_program *)handle)->id
				      : ((const struct ebpf_map *)handle)->id;
	pthread_mutex_unlock(&map->lock);
	if (!handle)
		return -ENOENT;
	memcpy(value, &id, sizeof(id));
	return 0;
}

/* No number is a program or map: the kernel's answer to a descriptor of nothing. */
int map_handles__update(struct ebpf_map *map, const void *key, uint64_t flags)
{
	int err = check_place(map, key, flags);

	return err ? err : -EBADF;
}

int map_handles__delete(struct ebpf_map *map, const void *key)
{
	int err = check_place(map, key, BPF_ANY);

	return err ? err : put(map, key, NULL, BPF_ANY);
}

static void clear_hash(struct ebpf_map *map)
{
	while (!rt_map__next_key(&map->rt, NULL, map->walk_key))
		put(map, map->walk_key, NULL, BPF_ANY);
}

void map_handles__clear(struct ebpf_map *map)
{
	if (map->opts.type == BPF_MAP_TYPE_HASH_OF_MAPS) {
		clear_hash(map);
		return;
	}
	for (uint32_t i = 0; i < map->opts.max_entries; i++)
		put(map, &i, NULL, BPF_ANY);
}

int map_handles__join(struct ebpf_map *map, const struct ebpf_program *prog)
{
	struct program_kind *kind = &map->kind;
	bool same;

	pthread_mutex_lock(&map->lock);
	if (!kind->known)
		*kind = (struct program_kind){
			.known = true, .has_frags = prog->view.has_frags, .type = prog->view.type};
	same = kind->type == prog->view.type && kind->has_frags == prog->view.has_frags;
	pthread_mutex_unlock(&map->lock);
	return same ? 0 : -EINVAL;
}

int ebpf_map__set_program(struct ebpf_map *map, uint32_t index, struct ebpf_program *prog)
{
	int err;

	if (!is_programs(map) || prog->inst != map->inst || prog->view.type == EBPF_PROGRAM_RAW)
		return -EINVAL;
	err = check_place(map, &index, BPF_ANY);
	if (!err)
		err = map_handles__join(map, prog);
	if (err)
		return err;
	err = put(map, &index, ebpf_program__ref(prog), BPF_ANY);
	if (err)
		ebpf_program__unref(prog);
	return err;
}

int ebpf_map__set_inner(
	struct ebpf_map *map, const void *key, struct ebpf_map *inner, uint64_t flags)
{
	int err;

	if (!map->opts.inner || inner->inst != map->inst)
		return -EINVAL;
	err = check_place(map, key, flags);
	if (err)
		return err;
	if (!rt_geometry__like(&map->inner_geo, &inner->rt.geo))
		return -EINVAL;
	err = put(map, key, map__hold(inner), flags);
	if (err)
		map__release(inner);
	return err;
}

struct ebpf_program *ebpf_map__get_program(struct ebpf_map *map, uint32_t index)
{
	struct ebpf_program *prog;

	if (!is_programs(map))
		return map_targets__get_program(map, index);
	pthread_mutex_lock(&map->lock);
	prog = handle_at(map, &index);
	if (prog)
		ebpf_program__ref(prog);
	pthread_mutex_unlock(&map->lock);
	return prog;
}

static int replace_in_array(
	struct ebpf_map *map, struct ebpf_program *was, struct ebpf_program *prog)
{
	int n = 0;

	pthread_mutex_lock(&map->lock);
	for (uint32_t i = 0; i < map->opts.max_entries; i++) {
		if (rt_handles__get(&map->rt, i) != was)
			continue;
		rt_handles__exchange(&map->rt, i, ebpf_program__ref(prog));
		n++;
	}
	pthread_mutex_unlock(&map->lock);
	for (int i = 0; i < n; i++)
		reclaim__defer(&map->inst->reclaim, release_program, was);
	return n;
}

/* What is of the same kind as a program in the map may be there, too. */
int ebpf_map__replace_program(
	struct ebpf_map *map, struct ebpf_program *was, struct ebpf_program *prog)
{
	if (!is_programs(map) && !rt_targets_run(&map->rt.geo))
		return -EINVAL;
	if (prog->inst != was->inst || prog->view.type != was->view.type ||
		prog->view.has_frags != was->view.has_frags)
		return -EINVAL;
	if (map__is_read_only(map))
		return -EPERM;
	return is_programs(map) ? replace_in_array(map, was, prog)
				: map_targets__replace_program(map, was, prog);
}

struct ebpf_map *ebpf_map__get_inner(struct ebpf_map *map, const void *key)
{
	struct ebpf_map *inner;

	if (!map->opts.inner)
		return NULL;
	pthread_mutex_lock(&map->lock);
	inner = handle_at(map, key);
	if (inner)
		ebpf_map__ref(inner);
	pthread_mutex_unlock(&map->lock);
	return inner;
}
