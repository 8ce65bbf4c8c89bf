/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-target.h -- the memory of DEVMAP, DEVMAP_HASH, CPUMAP and XSKMAP: entries that say where a
 * packet goes.
 *
 *	mem ─► word 0 │ word 1 │ ... │ pointer 0 │ pointer 1 │ ...      DEVMAP, CPUMAP, XSKMAP
 *
 * A DEVMAP_HASH is a hash whose values are a word and a pointer. The pointers, to pairs, are there
 * only where values have room for a program.
 *
 * A word is the target (interface, length of the queue, interface; 0: no entry) and above it the
 * program's id (0: none): what a lookup shows. Alone it is all there is to say of an entry
 * without a program, so that a redirect reads one word. An entry with a program has both in one
 * piece besides, a pair, which never changes.
 *
 * An array's entry is changed in an order in which no reader waits for a writer: a pair is there
 * before the word that tells of it, and goes after that word has gone. A reader who comes by such a
 * word and finds no pair knows that the word is another one by now.
 *
 * What a pair and its program were good for ends with the reader's quiescence: they are vm/core's
 * to release (reclaim.h).
 */
#ifndef VM_RUNTIME_MAP_TARGET_H
#define VM_RUNTIME_MAP_TARGET_H

#include "map-hash.h"

/* number 0: no entry. */
struct rt_target {
	uint32_t number;
	uint32_t id;
	const struct ebpf_program *prog; /* NULL: none */
};

rt_inline bool rt_target__is_hash(const struct rt_map *m)
{
	return m->geo.type == RT_MAP_DEVMAP_HASH;
}

rt_inline uint64_t *rt_target__word(const struct rt_map *m, uint32_t i)
{
	return (uint64_t *)m->mem + i;
}

rt_inline const struct rt_target **rt_target__pair(const struct rt_map *m, uint32_t i)
{
	return (const struct rt_target **)(m->mem + m->geo.values) + i;
}

/* An entry, after its word has told of a program: as it was at some moment of the call. */
struct rt_target rt_target__read(const struct rt_map *m, uint32_t key);

/* What is handed over is a copy, so that a constant geometry stays one. */
rt_inline struct rt_target target__read_copy(const struct rt_map *m, uint32_t key)
{
	const struct rt_map map = *m;

	return rt_target__read(&map, key);
}

/* Flags of bpf_redirect_map(): what to return without an entry, and what maps of devices take. */
#define RT_REDIRECT_ACTION UINT64_C(3)

rt_inline uint64_t rt_redirect__flags(const struct rt_map *m)
{
	bool is_devmap = m->geo.type == RT_MAP_DEVMAP || m->geo.type == RT_MAP_DEVMAP_HASH;

	return RT_REDIRECT_ACTION | (is_devmap ? RT_F_BROADCAST | RT_F_EXCLUDE_INGRESS : 0);
}

/* An entry's word, 0: there is none. */
rt_inline uint64_t rt_target__word_of(const struct rt_map *m, uint32_t key)
{
	if (rt_target__is_hash(m))
		return rt_hash__word(m, &key);
	return likely(key < m->geo.max_entries) ? rt_read(rt_target__word(m, key)) : 0;
}

/* An entry, for a redirect. */
rt_inline struct rt_target rt_target__find(const struct rt_map *m, uint32_t key)
{
	uint64_t word = rt_target__word_of(m, key);

	if (rt_targets_run(&m->geo) && unlikely(word >> 32))
		return target__read_copy(m, key);
	return (struct rt_target){.number = (uint32_t)word};
}

/* The host's, one caller at a time. */

/* Puts an entry in. An id without `pair` stands for a program that nobody knows: it is refused. */
int64_t rt_target__write(const struct rt_map *m, uint32_t n_slots, uint32_t key,
	struct rt_target entry, const struct rt_target *pair, uint64_t flags);
int64_t rt_target__remove(const struct rt_map *m, uint32_t key);
/* The pair of the entry, or NULL. */
const struct rt_target *rt_target__pair_at(const struct rt_map *m, uint32_t key);
/* Entries there are. */
uint32_t rt_target__count(const struct rt_map *m);

/* A worker's walk over all entries, in order; begins as all zeros. false: there are no more. */
struct rt_target_walk {
	struct rt_target found;
	uint32_t key, next;
	struct rt_hash_walk hash;
};
bool rt_target__walk(const struct rt_map *m, struct rt_target_walk *w);

#endif
