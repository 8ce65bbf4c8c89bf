/* SPDX-License-Identifier: BSD-3-Clause
 *
 * generate.h -- random XDP programs that mostly are right.
 *
 * Bytes decide everything, so that a fuzzer can steer and a seed repeats: when they run out
 * the program ends. While it writes, the generator keeps a model of what every register and
 * stack slot holds, as a verifier does but far simpler, and picks only statements that the
 * model allows: what it writes is accepted unless it was told to make a mistake. What a
 * program computes ends in its verdict, the packet and the maps, where engines are compared.
 */
#ifndef TESTS_FUZZ_GENERATE_H
#define TESTS_FUZZ_GENERATE_H

#include <ebpf-program.h>

/* The maps that every generated program may use, by the index that its LDDW have. */
enum generated_map {
	MAP_OUT, /* array of one: where a program leaves its registers */
	MAP_PERCPU,
	MAP_HASH,
	MAP_PERCPU_HASH,
	MAP_CONST, /* array of one, frozen */
	MAP_WRITE_ONLY,
	MAP_LRU,
	MAP_PERCPU_LRU,
	MAP_LPM,
	MAP_FIFO,
	MAP_LIFO,
	MAP_BLOOM,
	MAP_ARRAYS,
	MAP_HASHES,
	MAP_PROGRAMS,
	MAP_DEVICES,
	MAP_DEVICE_HASH,
	MAP_CPUS,
	MAP_SOCKETS,
	MAP_RING,
	MAP_EVENTS,
	MAP_WITH_LOCK,  /* a hash with a spin lock in the first 4 bytes of its values */
	MAP_LOCK_ARRAY, /* the same, in an array of one */
	GENERATED_N_MAPS
};

extern const struct ebpf_map_opts generated_maps[GENERATED_N_MAPS];

#define GENERATED_MAX_INSNS 1024

struct generated_program {
	uint32_t n_insns;
	struct ebpf_insn insns[GENERATED_MAX_INSNS];
	uint32_t mistakes;     /* made on purpose; it may be rejected, and may be right even so */
	bool volatile_results; /* it asks for what no two machines agree on: time, chance */
};

void generate_program(const uint8_t *bytes, size_t size, struct generated_program *out);
/* From bytes that may be few: noise that follows from them goes on where they end, so that the
 * program has a length of its own. */
void generate_long_program(const uint8_t *bytes, size_t size, struct generated_program *out);

#endif
