/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-lpm.h -- the memory of LPM_TRIE, and what geometry.c needs of it.
 *
 *	mem ─► head │ fine table │ coarse table │ links │ nodes │ values
 *
 * A key is the length of a prefix in bits (the kernel's struct bpf_lpm_trie_key: 32 bits, host
 * order) and its data, most significant bit first. Values have numbers from 1, nodes too; 0 is
 * none.
 *
 * Reclamation: values and nodes never leave the map's memory. What a route gave up goes to the
 * end of a queue and serves another one as late as possible; a program that still holds the
 * address of a value reads that value until then.
 */
#ifndef VM_RUNTIME_MAP_LPM_H
#define VM_RUNTIME_MAP_LPM_H

#include "free-queue.h"
#include "map-types.h"

#define RT_LPM_DATA_MAX 256 /* bytes */
/* Values beyond max_entries: an update fills a fresh value before it gives back the old. */
#define RT_LPM_SPARES 16
/* The fine table has a word for each value of the first bits of a key: 2^10 per route, 64 MiB
 * at the most. */
#define RT_LPM_BITS_MIN   8
#define RT_LPM_BITS_MAX   24
#define RT_LPM_BITS_EXTRA 10
#define RT_LPM_LINE       64 /* bytes that the processor fetches at once */

/* In a word of the fine table: the number is a node's, not a value's. */
#define RT_LPM_BELOW (UINT32_C(1) << 31)

struct rt_lpm_head {
	uint32_t seq; /* changes whenever a value or node leaves the trie */

	/* Writers' own cache line. */
	uint32_t lock __attribute__((aligned(64)));
	uint32_t root;  /* a node */
	uint32_t count; /* of routes */
	struct rt_free_queue free_values, free_nodes;
};

/* A prefix. Two prefixes that part have a node above them, without a value if it is no route. */
struct rt_lpm_node {
	uint32_t length; /* bits; child nodes have more */
	uint32_t value;  /* 0: not a route */
	uint32_t child[2];
	uint32_t above; /* value of the longest prefix in the fine table that covers this one */
	uint32_t pad;
	uint64_t data[]; /* the bytes of the key, all of them, as they were given */
};

_Static_assert(sizeof(struct rt_lpm_head) == 128, "two cache lines");

/* Too long to be compiled into every image. */
int64_t rt_lpm__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags);
int64_t rt_lpm__delete(const struct rt_map *m, const void *key);

#endif
