/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bench.h -- the traffic, and what the bench driver's caller hands it.
 *
 * Every variant runs the same loop (driver-bench.c) over the same packets with the same maps;
 * only how the program in the middle was made differs.
 */
#ifndef XDPK_BENCH_BENCH_H
#define XDPK_BENCH_BENCH_H

#include <stdbool.h>

#include "ebpf-env.h"

#define BENCH_PACKETS 4096
#define BENCH_FLOWS   1024
#define BENCH_BURST   32

struct bench_packet {
	uint8_t *data;
	uint32_t len;
	uint32_t verdict; /* set by the driver */
};

/* The driver's argument: a burst of them. */
struct bench_burst {
	struct bench_packet *packets;
	uint32_t n;
};

/* The driver compiled natively: calls the code that is installed in env->prog. */
void driver_bench__native(struct ebpf_env *env, void *burst);

/* The module of a program compiled as C for this machine exports this: `ebpf_driver` with the
 * program in it, after bind() has been given the memory of each of its maps. */
struct bench_native {
	int (*bind)(const char *map, void *mem);
	ebpf_driver_fn driver;
};
typedef const struct bench_native *(*bench_native_fn)(void);

/* A rule of the firewall, as its maps have it; of flow i. */
struct bench_rule {
	uint8_t key[16];
	uint32_t verdict;
};

/* UDP over IPv4, 60 bytes, the flows in random order; frames with the kernel's headroom.
 * False without memory. */
bool bench_traffic__create(struct bench_packet *packets);
void bench_traffic__destroy(struct bench_packet *packets);
void bench_rule__of(uint32_t flow, struct bench_rule *rule);

#endif
