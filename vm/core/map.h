/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map.h -- the host's object around a runtime map.
 */
#ifndef VM_CORE_MAP_H
#define VM_CORE_MAP_H

#include <linux/bpf.h>
#include <pthread.h>
#include <stdatomic.h>

#include "ebpf-map.h"
#include "instance.h"
#include "../runtime/map.h"

/* Programs of one kind may call each other. */
struct program_kind {
	bool known;
	bool has_frags;
	uint32_t type; /* enum ebpf_program_type */
};

struct ebpf_map {
	struct rt_map rt;          /* what programs hold the address of */
	struct ebpf_map_opts opts; /* .name is owned */
	uint32_t id;
	/* Maps of maps: what opts.inner points at (.name is owned), and its geometry. */
	struct ebpf_map_opts inner_opts;
	struct rt_geometry inner_geo;
	char *refusal;            /* why programs that use the map are not loaded; NULL: they are */
	struct program_kind kind; /* of all programs in it; PROG_ARRAY: and of those that use it */
	void *walk_key;           /* HASH_OF_MAPS: key_size bytes for the one who empties it */
	struct ebpf_instance *inst;
	atomic_uint refs;     /* all */
	atomic_uint users;    /* those of ebpf_map__create() and ebpf_map__ref() */
	pthread_mutex_t lock; /* host calls on maps that hold programs or maps; readers of events */
	atomic_bool frozen;
	/* The host's changes exclude snapshots, not each other: map__begin_change(). */
	pthread_rwlock_t changes;
	atomic_ullong version;
	uint32_t slots; /* per-CPU slots: the instance's workers and one for the host */
	uint64_t bytes; /* of rt.mem, charged to the instance */
};

/* References that programs and other maps hold: see ebpf_map__unref(). */
struct ebpf_map *map__hold(struct ebpf_map *map);
void map__release(struct ebpf_map *map);

/* map-snapshot.c: around whatever the host does to the map's memory. */
void map__init_changes(struct ebpf_map *map);
void map__begin_change(struct ebpf_map *map);
void map__end_change(struct ebpf_map *map);

static inline bool map__is_read_only(const struct ebpf_map *map)
{
	return (map->opts.flags & BPF_F_RDONLY) || atomic_load(&map->frozen);
}

#endif
