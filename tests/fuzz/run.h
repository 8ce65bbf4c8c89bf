/* SPDX-License-Identifier: BSD-3-Clause
 *
 * run.h -- runs a generated program in one way after the other and keeps what it did, so that
 * two ways can be compared: verdicts, packets, maps.
 *
 * Every run starts from the same maps and packets. A run is one thread's.
 */
#ifndef TESTS_FUZZ_RUN_H
#define TESTS_FUZZ_RUN_H

#include "generate.h"

#define RUN_PACKETS     5
#define RUN_PACKET_ROOM 512 /* the longest packet and what a program may add to it */
#define RUN_ENTRIES     8   /* more than any of the maps holds */

/* What packet i is: the same bytes on every machine. */
uint32_t run_packet__fill(uint32_t i, uint8_t *bytes);

struct run_outcome {
	struct run_packet {
		uint32_t verdict;
		uint32_t len, meta_len; /* meta data, then the packet */
		uint8_t bytes[RUN_PACKET_ROOM];
	} packets[RUN_PACKETS];
	struct run_map {
		uint32_t n_entries;
		struct run_entry { /* unused bytes are 0; per-CPU: the value of CPU 0 */
			uint8_t key[8], value[64];
		} entries[RUN_ENTRIES];
	} maps[GENERATED_N_MAPS];
	uint32_t fault_reason, fault_insn; /* of the first packet that had one */
};

/* A map's contents before every run: entry i, while there is one. False after the last. */
bool run_map__initial(uint32_t map, uint32_t i, struct run_entry *entry);
/* Entries in the order of their keys, as engines walk a hash in different orders. */
void run_map__sort(struct run_map *map);

struct run_machine {
	struct ebpf_instance *inst;
	struct ebpf_map *maps[GENERATED_N_MAPS];
};

int run_machine__init(struct run_machine *m, char **errmsg);
void run_machine__release(struct run_machine *m);
/* NULL with *errmsg when the verifier refuses it. */
struct ebpf_program *run_machine__load(
	struct run_machine *m, const struct generated_program *p, char **errmsg);
/* Resets the maps, runs every packet by `code`, reads the maps. */
void run_machine__run(struct run_machine *m, struct ebpf_program *prog,
	const struct ebpf_code *code, struct run_outcome *out);

/* NULL if equal, else one sentence: what differs first, in a buffer of the thread. */
const char *run_outcome__difference(const struct run_outcome *a, const struct run_outcome *b);

/* The program's instructions on stderr. */
void run_print(const struct generated_program *p);

#endif
