/* SPDX-License-Identifier: BSD-3-Clause
 *
 * workload.h -- what is measured: a program, what its maps hold, and the packets that it gets.
 * The table is workload.c; fill.c fills maps, traffic.c makes packets.
 */
#ifndef XDPK_BENCH_WORKLOAD_H
#define XDPK_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

struct bench_case;
struct ebpf_map;

struct workload {
	const char *name;    /* "firewall-64k" */
	const char *what;    /* a line for the report */
	const char *object;  /* file in the build folder */
	const char *program; /* its function */
	const char *native;  /* module of the same source as C for this machine; NULL: none */
	const char *raw;     /* object of the same source for r1 = packet; NULL: none */
	const char *random;  /* object of the same source with keys random inside the program */
	uint32_t entries;    /* of the map that it is about: flows, routes; 0: no such map */
	uint32_t packets;    /* in the set */
	uint32_t packet_len;
	/* Fills the case's maps; NULL: they stay empty. */
	int (*fill)(struct bench_case *c, char **errmsg);
	/* Packet i of the set, `len` zeroed bytes at p. NULL: UDP over IPv4 of random flows. */
	void (*packet)(const struct workload *w, uint32_t i, uint8_t *p);
};

extern const struct workload workloads[];
extern const size_t n_workloads;

#endif
