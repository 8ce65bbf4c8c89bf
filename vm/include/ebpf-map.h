/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ebpf-map.h -- maps seen from the host: create, look up, change, walk.
 *
 * A map belongs to an instance (ebpf-program.h), which limits map memory and fixes the
 * greatest number of workers. Maps are reference-counted: create returns one reference,
 * every loaded program holds one.
 *
 * Shapes: a key is key_size bytes. A value is ebpf_map__value_bytes() bytes: value_size for
 * ordinary maps; for per-CPU maps one value per worker of the instance plus one for the
 * host (the last), each rounded up to 8 bytes, as the kernel's syscall interface lays out
 * its CPUs.
 *
 * Maps without keys (queue, stack, bloom filter) take NULL for a key: update is push, lookup is
 * peek. A bloom filter is asked for the bytes that are in `value`.
 *
 * A struct bpf_spin_lock in values is the programs': update leaves it as it is, lookup gives
 * zeros in its place, and reads the value while no program holds it.
 *
 * Maps that programs write and the host reads, each record once (ring buffer, perf event array):
 * ebpf_map__consume(). A perf event array has a ring of 256 KiB for each worker from the start;
 * nobody puts events into it, and an event has at most 65516 bytes.
 *
 * Errors: negative errno values, the kernel's for the same mistake (-E2BIG full, -ENOENT no
 * such key, -EEXIST, -EINVAL flags). Threads: every call may run beside workers and beside
 * other calls.
 */
#ifndef EBPF_MAP_H
#define EBPF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_map;
struct ebpf_program;
struct ebpf_instance;

/* Types and flags are those of enum bpf_map_type and BPF_F_* in <linux/bpf.h>. */
struct ebpf_map_opts {
	const char *name; /* copied */
	uint32_t type;
	uint32_t key_size;   /* bytes */
	uint32_t value_size; /* bytes */
	uint32_t max_entries;
	uint32_t flags;
	/* ARRAY_OF_MAPS, HASH_OF_MAPS: what the maps in it are like; copied */
	const struct ebpf_map_opts *inner;
	uint64_t map_extra; /* BLOOM_FILTER: number of hash functions, 0: 5 */
	uint32_t lock_off;  /* offset of the values' struct bpf_spin_lock, plus 1; 0: none */
	uint32_t numa_node; /* with BPF_F_NUMA_NODE: where its memory shall be */
	/* What else in the values is not for programs to write, by name (a static string), or NULL:
	 * such maps are like those of a type that is not supported. */
	const char *special;
};

/* NULL on failure with *errmsg (if not NULL) set and errno as the kernel would have it.
 *
 * A map of a type that Linux has and xdpk has not (ebpf_map_type__supported()) is there for
 * programs to be verified with: loading one that uses it fails, calls on it give -ENOTSUP. */
struct ebpf_map *ebpf_map__create(
	struct ebpf_instance *inst, const struct ebpf_map_opts *opts, char **errmsg);
struct ebpf_map *ebpf_map__ref(struct ebpf_map *map);
/* NULL is fine. As in the kernel, a PROG_ARRAY loses its entries with the last reference that
 * is not a program's; other maps lose those with programs. */
void ebpf_map__unref(struct ebpf_map *map);

/* Keeps the map in its instance, under its name, until the instance is destroyed. -EEXIST if
 * another is there. */
int ebpf_map__pin(struct ebpf_map *map);
/* A reference to the map pinned under that name, or NULL. */
struct ebpf_map *ebpf_map__pinned(struct ebpf_instance *inst, const char *name);

const struct ebpf_map_opts *ebpf_map__opts(const struct ebpf_map *map);
/* From 1, unique in the instance. */
uint32_t ebpf_map__id(const struct ebpf_map *map);
size_t ebpf_map__value_bytes(const struct ebpf_map *map);

int ebpf_map__lookup(struct ebpf_map *map, const void *key, void *value);
/* flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST. -EPERM on a frozen map. */
int ebpf_map__update(struct ebpf_map *map, const void *key, const void *value, uint64_t flags);
int ebpf_map__delete(struct ebpf_map *map, const void *key);
/* A PROG_ARRAY's entry: the map holds a reference to `prog`, an XDP program of the same
 * instance. Workers see it with their next tail call; what it replaces goes when none can be
 * running it (ebpf_env__quiescent()). By ebpf_map__lookup() an entry is the program's id.
 * -EINVAL: not such a map, or not such a program: those that use the map and those in it are all
 * of one type, and all take packets in fragments or none does. */
int ebpf_map__set_program(struct ebpf_map *map, uint32_t index, struct ebpf_program *prog);
/* An entry of a DEVMAP, DEVMAP_HASH or CPUMAP with a program that runs there: `number` is the
 * interface or the length of the queue, `prog` an XDP_DEVMAP or XDP_CPUMAP program of the same
 * instance, to which the map holds a reference as above; NULL: none, as with ebpf_map__update().
 * By ebpf_map__lookup() the program is its id. -EINVAL also where values have no room for it, and
 * where the map's other programs take packets in fragments and it does not, or the other way. */
int ebpf_map__set_target(struct ebpf_map *map, uint32_t key, uint32_t number,
	struct ebpf_program *prog, uint64_t flags);
/* A reference to the program there, or NULL: of a PROG_ARRAY, or of the maps above. */
struct ebpf_program *ebpf_map__get_program(struct ebpf_map *map, uint32_t key);
/* Puts a program in the place of another, of the same kind, in all entries that hold that one;
 * their numbers stay. How many there were, or -EINVAL as above, or -ENOMEM, when some may have it.
 */
int ebpf_map__replace_program(
	struct ebpf_map *map, struct ebpf_program *was, struct ebpf_program *prog);
/* Reads and deletes at once, pops from a queue or stack; -524 (the kernel's ENOTSUPP) where the
 * kernel does not offer it. */
int ebpf_map__lookup_and_delete(struct ebpf_map *map, const void *key, void *value);
/* An entry of a map of maps: it holds a reference to `inner`, a map of the same instance and
 * like the template. What it replaces stays as with programs. By ebpf_map__lookup() an entry
 * is the map's id. */
int ebpf_map__set_inner(
	struct ebpf_map *map, const void *key, struct ebpf_map *inner, uint64_t flags);
/* A reference to the map there, or NULL. */
struct ebpf_map *ebpf_map__get_inner(struct ebpf_map *map, const void *key);
/* Entries that there are: of an array all, of a queue or stack what is in it; 0 where nobody counts
 * (bloom filters, maps of events). Beside writers it may be off by those under way. */
uint32_t ebpf_map__count(const struct ebpf_map *map);
/* key NULL: the first key. -ENOENT after the last. A key that has gone restarts the walk. */
int ebpf_map__next_key(struct ebpf_map *map, const void *key, void *next);
/* The same for whoever walks a hash that others write to: after a key that has gone it goes on
 * about where that was, so that the walk ends. Keys that stay are met, few of them twice. */
int ebpf_map__walk_key(struct ebpf_map *map, const void *key, void *next);

/* A record of a ring buffer or a perf event array. */
struct ebpf_event {
	const void *data; /* 8-byte aligned; gone when the callback returns */
	uint32_t size;
	uint32_t worker; /* perf event arrays: who wrote it; otherwise 0 */
	uint32_t lost;   /* perf event arrays: the worker's events before it that found no room */
};

/* Below 0 ends the reading, after this record. It may not read the same map again. */
typedef int (*ebpf_event_fn)(void *user, const struct ebpf_event *event);

/* Hands over what has been written since the last time, oldest first (of a perf event array:
 * worker by worker), and frees its place. Does not wait: at a record that is not submitted yet
 * it stops. The number of records, or what the callback said below 0. -EINVAL: another type of
 * map. Calls for one map exclude each other; workers go on meanwhile. */
int ebpf_map__consume(struct ebpf_map *map, ebpf_event_fn fn, void *user);

/* No more changes, from anywhere; the verifier takes the contents for constants. -EPERM where the
 * host can change nothing anyway. */
int ebpf_map__freeze(struct ebpf_map *map);

/* A single-entry array (.data, .rodata, .bss): its value in place, value_size bytes; NULL for
 * other maps. Stays valid as long as the reference. */
void *ebpf_map__initial_value(struct ebpf_map *map);

/* "array", "percpu_hash", ... or NULL; the other way -ENOENT. bpftool's names. */
const char *ebpf_map_type__name(uint32_t type);
int ebpf_map_type__by_name(const char *name);
/* Why Linux has maps of that type, and xdpk has not; NULL if it has. */
const char *ebpf_map_type__reason(uint32_t type);
/* Can programs that use maps of this type be loaded? */
bool ebpf_map_type__supported(uint32_t type);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
