/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pair.h -- one map here and one in the kernel that are given the same operations and must
 * answer alike: results, errno, values, what a walk meets.
 *
 * What is not compared:
 *	which key an LRU map evicts      its keys fit twice
 *	a bloom filter's false positives only values that were pushed are asked for
 *	the order of a walk              it is compared as a set; arrays' order is
 *	what XSKMAP says to a lookup     the kernel does not tell the host; an entry here is a port
 *	interfaces                       the kernel wants them to exist
 *	the number of CPUs               workers are as many as the kernel has CPUs
 *
 * All functions fail the test at the first difference.
 */
#ifndef TESTS_OPERATIONS_PAIR_H
#define TESTS_OPERATIONS_PAIR_H

#include "ebpf-program.h"
#include "kernel.h"
#include "random.h"

#define MAX_KEY    640         /* bytes, in these tests */
#define MAX_VALUES (32u << 10) /* bytes of all values of a key */
#define MAX_THINGS 4

struct shape {
	uint32_t type, key_size, value_size, max_entries, flags;
};

/* What a map of maps, programs or sockets holds, here and there. The last one of a map's
 * things does not fit it. */
struct thing {
	struct ebpf_map *map;
	struct ebpf_program *prog;
	uint32_t our_id, their_id;
	int fd;
};

struct pair {
	struct shape shape;
	const struct kind *kind;
	struct ebpf_instance *inst;
	struct ebpf_map *ours;
	int theirs;
	uint32_t slots; /* per-CPU slots of ours; the kernel's CPUs are one fewer */
	struct thing things[MAX_THINGS];
	uint32_t n_things;
	uint8_t *pushed; /* bloom filter: which of its possible values */
};

/* How the maps of one type are used. */
struct kind {
	uint32_t type;
	const char *name;
	const struct shape *shapes; /* ends with type 0 */
	/* A random key, of which about half are there; NULL: no keys. */
	void (*key)(const struct pair *p, uint8_t *key);
	/* A random value as each side is given it. */
	void (*value)(struct pair *p, uint8_t *ours, uint8_t *theirs);
	bool in_order;   /* a walk meets the keys in the order of their numbers */
	bool unreadable; /* the kernel does not let the host look */
	/* The kernel waits until no program is running, or starts a thread: of the changes only
	 * one in so many is made, the others are questions. */
	uint32_t slow;
};

/* Of the maps in maps, but for the last of the things. */
extern const struct shape inner_shape;

extern const struct kind kinds[];
extern const uint32_t n_kinds;

/* As many workers as the kernel has CPUs. */
struct ebpf_instance *pair__instance(void);
/* Keeps the process to one CPU, as the kernel's maps have parts per CPU (values, lists of free
 * elements), and gives its number: the worker that does the same here. */
uint32_t pair__worker(void);
void pair__open(struct pair *p, struct ebpf_instance *inst, const struct shape *shape);
void pair__close(struct pair *p);
/* The same program here and in the kernel, both of which it owns from now on. */
struct thing thing__of_program(struct ebpf_program *prog, int fd);
void thing__drop(struct thing *t);
/* Makes programs what a PROG_ARRAY can hold: they stay the caller's. */
void pair__set_programs(struct pair *p, const struct thing *things, uint32_t n);

/* Puts all things that fit into a map of things. */
void pair__fill(struct pair *p);
/* A random operation of the host on both. */
void pair__step(struct pair *p);
/* A random key or value for both; a kind without keys has none. */
void pair__random_key(const struct pair *p, uint8_t *key);
/* Flags of an update: most of them valid. */
uint64_t random_flags(void);
/* Of a bloom filter: was the value pushed, and from now on it was. */
bool pair__was_pushed(const struct pair *p, const void *value);
void pair__note_pushed(struct pair *p, const void *value);
/* Walks both, and looks all keys up. Queues and stacks are emptied by it. */
void pair__compare_contents(struct pair *p);

/* Operations that each test does: XDPK_OPERATIONS, or a share of a few seconds. */
uint32_t operations_wanted(void);

#endif
