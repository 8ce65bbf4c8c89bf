/* SPDX-License-Identifier: BSD-3-Clause
 *
 * targets.h -- a dataplane between rings (ringed.h) whose packets name the map and the key that
 * they shall go by: what tests of redirects have in common.
 *
 *	open_targets(&b, RING_SLOTS);
 *	set_target(devmap, 1, 2, driven(&b, EBPF_PROGRAM_XDP_DEVMAP, at_egress));
 *	inject(&b, 0, number, GO(BY_DEVMAP, 1));
 *	run(&b, packets);                      everything has an outcome, at every hop
 *	expect(&b, port, ...);
 *	close_targets(&b);
 */
#ifndef TESTS_DATAPLANE_TARGETS_H
#define TESTS_DATAPLANE_TARGETS_H

#include "ringed.h"

#define N_PORTS 3

/* In a tag's `redirect`: by which map, and the key there. */
enum way { BY_IFINDEX, BY_DEVMAP, BY_HASH, BY_XSKMAP, BY_CPUMAP, TO_ALL, TO_ALL_OTHERS, N_WAYS };
#define GO(way, key) ((uint32_t)(way) << 16 | (key))

#define STAMP 0x5eed /* a program at an entry was here */

/* Of 64 entries, keys of four bytes; there from open_targets() to close_targets(). */
extern struct ebpf_map *devmap, *hash, *xskmap, *cpumap;

/* What drivers at entries make of a packet, by its number modulo 5. At a DEVMAP's: two pass, one is
 * dropped, two get what is no verdict for such programs. At a CPUMAP's: two pass, one goes on to
 * interface 2. */
extern const uint32_t egress_verdicts[5], cpumap_verdicts[5];
void at_egress(struct ebpf_env *env, void *burst);
void at_cpumap(struct ebpf_env *env, void *burst);

extern const struct ebpf_insn passing[2]; /* a program that returns XDP_PASS */

/* Owned by the caller. */
struct ebpf_program *load(
	struct ringed *b, enum ebpf_program_type type, const struct ebpf_insn *insns, uint32_t n);
/* One that runs with this driver. */
struct ebpf_program *driven(struct ringed *b, enum ebpf_program_type type, ebpf_driver_fn driver);
/* Takes the program (or NULL) from the caller. number: an ifindex, or the length of a queue. */
void set_target(struct ebpf_map *map, uint32_t key, uint32_t number, struct ebpf_program *prog);
/* The DEVMAP: port 1 by a program, port 2 without, port 0 where packets come from; and nobody's. */
void set_all(struct ringed *b);

/* Ports 0 to 2 of ifindex 1 to 3; their tx rings have so many slots. */
void open_targets(struct ringed *b, unsigned out_slots);
void close_targets(struct ringed *b);

void inject(struct ringed *b, unsigned queue, uint32_t number, uint32_t redirect);
/* Until drivers have seen so many; then nothing is in flight at any hop. */
void run(struct ringed *b, unsigned packets);
struct counters counters_of(const struct ringed *b, uint16_t hop);
/* Packets first, first + step, ... below n leave by a port in order, with or without a stamp. */
void expect(
	struct ringed *b, unsigned port, unsigned first, unsigned step, unsigned n, bool stamped);
void expect_nothing(struct ringed *b, unsigned port);
/* Frees what is in a ring; returns how many. */
unsigned discard(struct rte_ring *ring);

#endif
