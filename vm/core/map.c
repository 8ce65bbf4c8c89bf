/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map.c -- maps from the host's side: memory, limits, rights, names.
 *
 * What a map does is in vm/runtime; here it gets its memory (map-memory.h), and the rules that
 * apply to the host alone: frozen maps, BPF_F_RDONLY and BPF_F_WRONLY.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "error.h"
#include "map-handles.h"
#include "map-memory.h"
#include "map-targets.h"
#include "../runtime/map-types.h"

static int map__refuse_geometry(const struct ebpf_map_opts *opts, int err, char **errmsg)
{
	const char *type = ebpf_map_type__name(opts->type);

	if (!type)
		return error__set(errmsg, -EINVAL, "map %s: there is no map type %" PRIu32,
			opts->name, opts->type);
	return error__set(errmsg, err,
		"map %s: there is no %s with key size %" PRIu32 ", value size %" PRIu32 ", %" PRIu32
		" entries and flags 0x%" PRIx32,
		opts->name, type, opts->key_size, opts->value_size, opts->max_entries, opts->flags);
}

/* Takes the map's memory out of the instance's limit and formats it. */
static int map__allocate(struct ebpf_map *map, char **errmsg)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), seed;
	uint64_t bytes = rt_map__bytes(&map->rt.geo, map->slots);
	uint64_t taken = atomic_load(&map->inst->map_bytes);

	bytes = (bytes + page - 1) / page * page;
	if (!bytes || instance__charge(map->inst, bytes))
		return error__set(errmsg, -ENOMEM,
			"map %s wants %" PRIu64 " bytes; %" PRIu64 " of the limit of %" PRIu64
			" are taken",
			map->opts.name, bytes, taken, map->inst->map_memory);
	map->rt.mem = map_memory__get(
		bytes, map->opts.flags & BPF_F_NUMA_NODE ? map->opts.numa_node : ANY_NODE);
	if (!map->rt.mem) {
		instance__uncharge(map->inst, bytes);
		if (errno == EINVAL)
			return error__set(errmsg, -EINVAL, "map %s: there is no NUMA node %" PRIu32,
				map->opts.name, map->opts.numa_node);
		return error__set(errmsg, -ENOMEM,
			"map %s: the system has no %" PRIu64 " bytes of memory", map->opts.name,
			bytes);
	}
	map->bytes = bytes;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uintptr_t)map ^ (uintptr_t)map->rt.mem << 16;
	rt_map__format(&map->rt, map->slots, seed);
	return 0;
}

/* -ENOTSUP: a type that Linux has and the machine has not; the geometry is what was given. */
static int init_geometry(struct rt_geometry *geo, const struct ebpf_map_opts *opts)
{
	int err = rt_geometry__init(
		geo, opts->type, opts->key_size, opts->value_size, opts->max_entries, opts->flags);

	if (err == -ENOTSUP && ebpf_map_type__name(opts->type)) {
		geo->lock_off = opts->lock_off;
		return -ENOTSUP;
	}
	if (!err)
		err = rt_geometry__set_extra(geo, opts->map_extra);
	if (!err)
		err = rt_geometry__set_lock(geo, opts->lock_off);
	return err == -ENOTSUP ? -EINVAL : err;
}

/* Programs that use the map can be verified, but not loaded. */
static int map__refuse_programs(
	struct ebpf_map *map, const char *what, const char *name, char **errmsg)
{
	error__set(&map->refusal, 0, "map %s: %s %s is not supported", map->opts.name, what, name);
	return map->refusal ? 0 : error__set(errmsg, -ENOMEM, "map %s: no memory", map->opts.name);
}

static int map__set_template(struct ebpf_map *map, const struct ebpf_map_opts *inner, char **errmsg)
{
	struct rt_geometry *geo = &map->inner_geo;
	const char *type = inner ? ebpf_map_type__name(inner->type) : NULL;
	int err;

	if (!inner)
		return error__set(errmsg, -EINVAL,
			"map %s: it needs a template of the maps to come", map->opts.name);
	err = init_geometry(geo, inner);
	if (!err && rt_holds_maps(geo))
		err = -EINVAL;
	else if (!err && rt_holds_handles(geo))
		err = -ENOTSUP;
	else if (err == -ENOTSUP)
		err = map__refuse_programs(map, "a template of type", type, errmsg);
	else if (!err && inner->special)
		err = map__refuse_programs(map, "a template with", inner->special, errmsg);
	if (err)
		return error__set(errmsg, err, "map %s: it cannot hold maps like its template (%s)",
			map->opts.name, type ? type : "no known type");
	map->inner_opts = *inner;
	map->inner_opts.inner = NULL;
	map->inner_opts.name = strdup(inner->name ? inner->name : "(template)");
	if (!map->inner_opts.name)
		return error__set(errmsg, -ENOMEM, "map %s: no memory", map->opts.name);
	map->opts.inner = &map->inner_opts;
	map->walk_key = malloc(map->opts.key_size);
	return map->walk_key ? 0 : error__set(errmsg, -ENOMEM, "map %s: no memory", map->opts.name);
}

static int map__make(struct ebpf_map *map, const struct ebpf_map_opts *inner, char **errmsg)
{
	int err = init_geometry(&map->rt.geo, &map->opts);

	if (err == -ENOTSUP)
		return map__refuse_programs(
			map, "type", ebpf_map_type__name(map->opts.type), errmsg);
	if (err)
		return map__refuse_geometry(&map->opts, err, errmsg);
	if (rt_holds_maps(&map->rt.geo))
		err = map__set_template(map, inner, errmsg);
	if (!err && map->opts.special)
		err = map__refuse_programs(map, "a value with", map->opts.special, errmsg);
	return err ? err : map__allocate(map, errmsg);
}

struct ebpf_map *ebpf_map__create(
	struct ebpf_instance *inst, const struct ebpf_map_opts *opts, char **errmsg)
{
	struct ebpf_map_opts named = *opts;
	struct ebpf_map *map;
	int err;

	if (errmsg)
		*errmsg = NULL;
	if (!named.name)
		named.name = "(unnamed)";
	map = calloc(1, sizeof(*map));
	if (!map || !(map->opts = named, map->opts.name = strdup(named.name))) {
		error__set(errmsg, -ENOMEM, "map %s: no memory", named.name);
		free(map);
		return NULL;
	}
	map->opts.inner = NULL;
	map->id = atomic_fetch_add(&inst->last_map_id, 1) + 1;
	map->inst = instance__ref(inst);
	atomic_init(&map->refs, 1);
	atomic_init(&map->users, 1);
	pthread_mutex_init(&map->lock, NULL);
	map__init_changes(map);
	map->slots = inst->workers + 1;
	err = map__make(map, opts->inner, errmsg);
	if (err) {
		ebpf_map__unref(map);
		errno = -err;
		return NULL;
	}
	return map;
}

struct ebpf_map *map__hold(struct ebpf_map *map)
{
	atomic_fetch_add_explicit(&map->refs, 1, memory_order_relaxed);
	return map;
}

static void map__drop_programs(struct ebpf_map *map)
{
	if (map->opts.type == BPF_MAP_TYPE_PROG_ARRAY)
		map_handles__clear(map);
	else if (rt_targets_run(&map->rt.geo))
		map_targets__drop_programs(map);
}

void map__release(struct ebpf_map *map)
{
	if (atomic_fetch_sub_explicit(&map->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (map->rt.mem && rt_holds_handles(&map->rt.geo))
		map_handles__clear(map);
	else if (map->rt.mem)
		map__drop_programs(map);
	map_memory__put(map->rt.mem, map->bytes);
	instance__uncharge(map->inst, map->bytes);
	instance__unref(map->inst);
	pthread_mutex_destroy(&map->lock);
	pthread_rwlock_destroy(&map->changes);
	free(map->walk_key);
	free(map->refusal);
	free((char *)map->inner_opts.name);
	free((char *)map->opts.name);
	free(map);
}

struct ebpf_map *ebpf_map__ref(struct ebpf_map *map)
{
	atomic_fetch_add_explicit(&map->users, 1, memory_order_relaxed);
	return map__hold(map);
}

/* A program that is in a map may hold that very map: the circle is broken, as in the kernel that of
 * a PROG_ARRAY, when only programs are left to hold the map. */
void ebpf_map__unref(struct ebpf_map *map)
{
	if (!map)
		return;
	if (atomic_fetch_sub_explicit(&map->users, 1, memory_order_acq_rel) == 1 && map->rt.mem)
		map__drop_programs(map);
	map__release(map);
}

uint32_t ebpf_map__id(const struct ebpf_map *map)
{
	return map->id;
}

const struct ebpf_map_opts *ebpf_map__opts(const struct ebpf_map *map)
{
	return &map->opts;
}

size_t ebpf_map__value_bytes(const struct ebpf_map *map)
{
	const struct rt_geometry *geo = &map->rt.geo;

	return (size_t)rt_host_values(geo, map->slots) * rt_host_value_size(geo);
}

/* Maps without keys take none; the others want one. */
static int map__check_key(const struct ebpf_map *map, const void *key)
{
	if (!map->rt.mem)
		return -ENOTSUP;
	if (!map->opts.key_size)
		return key ? -EINVAL : 0;
	return key ? 0 : -EFAULT;
}

int ebpf_map__lookup(struct ebpf_map *map, const void *key, void *value)
{
	int err = map->opts.flags & BPF_F_WRONLY ? -EPERM : map__check_key(map, key);

	if (err)
		return err;
	if (rt_holds_handles(&map->rt.geo))
		return map_handles__lookup(map, key, value);
	return (int)rt_map__read_all(&map->rt, map->slots, key, value);
}

int ebpf_map__update(struct ebpf_map *map, const void *key, const void *value, uint64_t flags)
{
	int err = map__check_key(map, key);

	if (map__is_read_only(map))
		return -EPERM;
	if (flags & BPF_F_LOCK && !map->rt.geo.lock_off)
		return -EINVAL;
	if (err)
		return err;
	if (rt_holds_handles(&map->rt.geo))
		return map_handles__update(map, key, flags);
	if (rt_holds_targets(&map->rt.geo))
		return map_targets__update(map, key, value, flags);
	map__begin_change(map);
	err = (int)rt_map__write_all(&map->rt, map->slots, key, value, flags);
	map__end_change(map);
	return err;
}

int ebpf_map__delete(struct ebpf_map *map, const void *key)
{
	int err = map__is_read_only(map) ? -EPERM : map__check_key(map, key);

	if (err)
		return err;
	if (rt_holds_handles(&map->rt.geo))
		return map_handles__delete(map, key);
	if (rt_holds_targets(&map->rt.geo))
		return map_targets__delete(map, key);
	map__begin_change(map);
	err = (int)rt_map__delete(&map->rt, key);
	map__end_change(map);
	return err;
}

int ebpf_map__next_key(struct ebpf_map *map, const void *key, void *next)
{
	if (map->opts.flags & BPF_F_WRONLY)
		return -EPERM;
	if (!map->rt.mem)
		return -ENOTSUP;
	return (int)rt_map__next_key(&map->rt, key, next);
}

int ebpf_map__walk_key(struct ebpf_map *map, const void *key, void *next)
{
	if (map->opts.flags & BPF_F_WRONLY)
		return -EPERM;
	return map->rt.mem ? (int)rt_map__walk_key(&map->rt, key, next) : -ENOTSUP;
}

int ebpf_map__lookup_and_delete(struct ebpf_map *map, const void *key, void *value)
{
	int err = map__check_key(map, key);

	if (map->opts.flags & BPF_F_WRONLY || map__is_read_only(map))
		return -EPERM;
	if (err)
		return err;
	map__begin_change(map);
	err = (int)rt_map__take_all(&map->rt, map->slots, key, value);
	map__end_change(map);
	return err;
}

uint32_t ebpf_map__count(const struct ebpf_map *map)
{
	return map->rt.mem ? rt_map__count(&map->rt) : 0;
}

int ebpf_map__freeze(struct ebpf_map *map)
{
	if (map->opts.flags & BPF_F_RDONLY)
		return -EPERM;
	return atomic_exchange(&map->frozen, true) ? -EPERM : 0;
}

void *ebpf_map__initial_value(struct ebpf_map *map)
{
	uint32_t first = 0;

	if (map->opts.type != BPF_MAP_TYPE_ARRAY || map->opts.max_entries != 1)
		return NULL;
	return rt_map__lookup(&map->rt, 0, &first);
}
