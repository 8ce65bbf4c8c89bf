/* SPDX-License-Identifier: BSD-3-Clause
 *
 * run.h -- runs a program in one way after the other and keeps what it did, so that two ways
 * can be compared: verdicts, packets, maps.
 *
 * Every run starts from the same maps and packets, at the same time by the clock, with the
 * same random numbers to come. A run is one thread's.
 */
#ifndef TESTS_FUZZ_RUN_H
#define TESTS_FUZZ_RUN_H

#include "generate.h"

#define RUN_PACKETS     5
#define RUN_PACKET_ROOM 512 /* the longest packet and what a program may add to it */

/* The maps of a program: what LDDW's indexes mean. */
#define MOST_MAPS 64
struct map_set {
	const struct ebpf_map_opts *opts;
	uint32_t n; /* at most MOST_MAPS */
	/* Values of maps of one entry, or NULL each, or NULL for all. Those that programs may not
	 * write are frozen. */
	const uint8_t *const *initial;
};

extern const struct map_set generated_set;

/* What packet i is: the same bytes on every machine. */
uint32_t run_packet__fill(uint32_t i, uint8_t *bytes);

struct run_outcome {
	struct run_packet {
		uint32_t verdict;
		uint32_t len, meta_len; /* meta data, then the packet */
		uint64_t bytes;         /* their hash */
	} packets[RUN_PACKETS];
	uint64_t maps[MOST_MAPS];          /* contents__sum() of those it uses */
	uint32_t fault_reason, fault_insn; /* of the first packet that had one */
};

struct run_machine {
	struct ebpf_instance *inst;
	struct map_set set;
	struct ebpf_map *maps[MOST_MAPS];
	struct ebpf_map *inner[MOST_MAPS]; /* the one entry of a map of maps */
	struct ebpf_program *called[2];    /* entries of the arrays of programs */
};

/* A bit for each map that the instructions refer to. */
uint64_t run_uses(const struct ebpf_insn *insns, uint32_t n, const struct map_set *set);

/* Can every run with these maps start from the same contents? Otherwise nothing can be compared. */
bool run_repeatable(uint64_t uses, const struct map_set *set);

int run_machine__init(struct run_machine *m, const struct map_set *set, char **errmsg);
void run_machine__release(struct run_machine *m);
/* NULL with *errmsg when the verifier refuses it. opts: NULL, or as ebpf_program__load() takes
 * them. */
struct ebpf_program *run_machine__load(struct run_machine *m, const struct ebpf_insn *insns,
	uint32_t n, const struct ebpf_load_opts *opts, char **errmsg);
/* The interpreter, for so many instructions a packet: EBPF_FAULT_BUDGET tells that they were not
 * enough. One at a time. NULL: no memory. */
#define RUN_MOST_INSNS 1000000
const struct ebpf_code *run_interpreter__begin(struct ebpf_program *prog);
void run_interpreter__end(void);
/* Compiled, with a driver that looks ahead in every map that it can.
 * The driver is run, and elsewhere the entry. */
const struct ebpf_code *run_compile(struct ebpf_program *prog, char **errmsg);
/* Resets the maps in `uses`, runs every packet by `code`, reads the maps. `elsewhere`: with the
 * packets, the context and the program's stack at other addresses. */
void run_machine__run(struct run_machine *m, struct ebpf_program *prog,
	const struct ebpf_code *code, uint64_t uses, bool elsewhere, struct run_outcome *out);

/* NULL if equal, else one sentence: what differs first, in a buffer of the thread. */
const char *run_outcome__difference(
	const struct run_outcome *a, const struct run_outcome *b, const struct map_set *set);

/* Programs that an array of programs has in every engine: one ends with its own verdict, one
 * calls itself until that is one too many. `array`: the index of the LDDW. */
uint32_t run_called__insns(uint32_t i, uint32_t array, struct ebpf_insn *insns);

/* The program's instructions on stderr. */
void run_print(const struct ebpf_insn *insns, uint32_t n);

#endif
