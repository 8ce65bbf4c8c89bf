/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-lpm.h -- the memory of LPM_TRIE: longest prefix match by tables over a trie.
 *
 *	mem ─► head │ table │ groups │ free │ nodes │ values
 *
 * A key is the length of a prefix in bits (the kernel's struct bpf_lpm_trie_key: 32 bits, host
 * order) and its data, most significant bit first. Values, nodes and groups have numbers from 1;
 * 0 is none.
 *
 * The trie, path-compressed and binary, holds every route; it alone is the truth. The tables
 * answer the usual lookup without it. The table has a word for each value of the first F bits of
 * a key (8, 16 or 24, by the map's size); a group has 256, for the next 8 bits:
 *
 *	0                     no route of more than C bits covers what the word stands for
 *	a value               the longest one's, and no route is longer than the word's bits
 *	RT_LPM_GROUP | group  some are longer: the group says on
 *	RT_LPM_NODE | node    some are longer: the node above all of these, with node->above for
 *	                      what the word had. Where there is no group any more, or no use for one
 *
 * Routes of at most C bits, a third of F, are in a coarse table of their own, so that no update
 * writes much more than 2^(F - C) words. It lies where group 0 would be.
 *
 * Reclamation: values, nodes and groups never leave the map's memory. A value that a route gave
 * up goes to the end of a queue and serves another one as late as possible; a program that still
 * holds its address reads that value until then.
 *
 * Threads: writers hold the map's lock. Readers take none. To each reader an update happens at
 * once: for any key, one store of it changes what is found. While `seq` stays the same no more than
 * one update has happened, and nothing that it took away is used again: what a reader found
 * was so at some moment. Else it looks again.
 */
#ifndef VM_RUNTIME_MAP_LPM_H
#define VM_RUNTIME_MAP_LPM_H

#include "free-queue.h"
#include "map-types.h"
#include "words.h"

#define RT_LPM_DATA_MAX 256 /* bytes */
/* Values beyond max_entries: an update fills a fresh value before it gives back the old. */
#define RT_LPM_SPARES 16

/* So many routes are worth a table of 16 and of 24 bits (256 KiB, 64 MiB). Of IPv4, where the
 * latter answers nearly always at once, fewer. */
#define RT_LPM_ROUTES_16      64
#define RT_LPM_ROUTES_24      (1 << 14)
#define RT_LPM_ROUTES_24_IPV4 512

/* Groups resolve the first 64 bits of a key. So many are there for a route, and 64 MiB of them
 * at the most, or twice that where several are needed one below another. */
#define RT_LPM_GROUP_BITS  8
#define RT_LPM_GROUP_WORDS (1 << RT_LPM_GROUP_BITS)
#define RT_LPM_GROUPED     8 /* bytes */
#define RT_LPM_GROUPS_EACH 4
#define RT_LPM_GROUPS_MAX  (UINT32_C(1) << 16)

/* In a word of a table. Without either the number is a value's. */
#define RT_LPM_GROUP  (UINT32_C(1) << 31)
#define RT_LPM_NODE   (UINT32_C(1) << 30)
#define RT_LPM_NUMBER (RT_LPM_NODE - 1)

struct rt_lpm_head {
	uint32_t seq; /* changes before and after each update */

	/* Writers' own cache line. */
	uint32_t lock __attribute__((aligned(64)));
	uint32_t root;  /* a node */
	uint32_t count; /* of routes */
	struct rt_free_queue free_values, free_nodes;
	uint32_t groups;      /* in use */
	uint32_t groups_made; /* ever in use */
	uint32_t free_group;  /* the first of those given back: each has in it the next */
	uint32_t lines;       /* of the table that routes write, had each its own */
};

/* A prefix. Two prefixes that part have a node above them, without a value if it is no route. */
struct rt_lpm_node {
	uint32_t length; /* bits; child nodes have more */
	uint32_t value;  /* 0: not a route */
	uint32_t child[2];
	uint32_t above; /* if a table's word leads here: the value of the longest prefix in it */
	uint32_t pad;
	uint64_t data[]; /* the bytes of the key, all of them, as they were given */
};

_Static_assert(sizeof(struct rt_lpm_head) == 128, "two cache lines");

rt_inline uint32_t rt_lpm__data_size(const struct rt_geometry *geo)
{
	return geo->key_size - (uint32_t)sizeof(uint32_t);
}

/* F, C, and the bits beyond which there are no groups. */
rt_inline uint32_t rt_lpm__table_bits(const struct rt_geometry *geo)
{
	return (uint32_t)__builtin_ctz(geo->n_buckets);
}

rt_inline uint32_t rt_lpm__coarse_bits(const struct rt_geometry *geo)
{
	return rt_lpm__table_bits(geo) / 3;
}

rt_inline uint32_t rt_lpm__grouped_bits(const struct rt_geometry *geo)
{
	return rt_min(rt_lpm__data_size(geo), RT_LPM_GROUPED) * 8;
}

/* Number 0 included. */
rt_inline uint32_t rt_lpm__groups(const struct rt_geometry *geo)
{
	uint32_t levels = (rt_lpm__grouped_bits(geo) - rt_lpm__table_bits(geo)) / 8;
	uint64_t groups = (uint64_t)geo->max_entries * rt_min(levels, RT_LPM_GROUPS_EACH);
	uint64_t most = levels > 1 ? 2 * RT_LPM_GROUPS_MAX : RT_LPM_GROUPS_MAX;

	return 1 + (uint32_t)(groups < most ? groups : most);
}

rt_inline struct rt_lpm_head *lpm__head(const struct rt_map *m)
{
	return (struct rt_lpm_head *)m->mem;
}

rt_inline uint32_t lpm__max_length(const struct rt_map *m)
{
	return rt_lpm__data_size(&m->geo) * 8;
}

rt_inline uint32_t *lpm__table(const struct rt_map *m)
{
	return (uint32_t *)(m->mem + m->geo.index);
}

rt_inline uint32_t *lpm__group(const struct rt_map *m, uint32_t i)
{
	return lpm__table(m) + m->geo.n_buckets + (uint64_t)i * RT_LPM_GROUP_WORDS;
}

rt_inline uint32_t *lpm__coarse(const struct rt_map *m)
{
	return lpm__group(m, 0);
}

rt_inline struct rt_lpm_node *lpm__node(const struct rt_map *m, uint32_t i)
{
	return (struct rt_lpm_node *)(m->mem + m->geo.elems + (uint64_t)i * m->geo.elem_stride);
}

rt_inline uint8_t *lpm__value(const struct rt_map *m, uint32_t i)
{
	return m->mem + m->geo.values + (uint64_t)i * m->geo.value_stride;
}

/* --- keys ---------------------------------------------------------------------------------- */

rt_inline uint32_t lpm__length(const void *key)
{
	return *(const rt_unaligned32 *)key;
}

rt_inline const void *lpm__data(const void *key)
{
	return (const uint8_t *)key + sizeof(uint32_t);
}

/* The first 64 bits, the first of them the most significant. */
rt_inline uint64_t lpm__first_word(const struct rt_map *m, const void *data)
{
	return __builtin_bswap64(rt_load_word(data, rt_lpm__data_size(&m->geo), 0));
}

/* One word is shifted and stays in a register; of more, the byte is read. */
rt_inline uint32_t lpm__bit(const struct rt_map *m, const void *data, uint32_t at)
{
	if (rt_lpm__data_size(&m->geo) <= 8)
		return lpm__first_word(m, data) >> (63 - at % 64) & 1;
	return ((const uint8_t *)data)[at / 8] >> (7 - at % 8) & 1;
}

/* How many of the first bits a node and a key have in common. */
rt_inline uint32_t lpm__common(
	const struct rt_map *m, const struct rt_lpm_node *node, const void *data)
{
	uint32_t size = rt_lpm__data_size(&m->geo);
	uint64_t diff;

	for (uint32_t i = 0; i < rt_words(size); i++) {
		diff = rt_read(&node->data[i]) ^ rt_load_word(data, size, i);
		if (diff)
			return i * 64 + (uint32_t)__builtin_clzll(__builtin_bswap64(diff));
	}
	return size * 8;
}

rt_inline bool lpm__changed(const struct rt_map *m, uint32_t seq)
{
	rt_fence_acquire();
	return unlikely(rt_read(&lpm__head(m)->seq) != seq);
}

/* Too long to be compiled into every image. */
int64_t rt_lpm__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags);
int64_t rt_lpm__delete(const struct rt_map *m, const void *key);

#endif
