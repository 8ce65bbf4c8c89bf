/* SPDX-License-Identifier: BSD-3-Clause
 *
 * workload.h -- what is measured: a program, what its maps hold, and the packets that it gets.
 * The table is workload.c; fill.c fills maps, packet.c makes packets.
 */
#ifndef XDPK_BENCH_WORKLOAD_H
#define XDPK_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_case;

/* Either a program or, where `tables` is not NULL, a table. */
struct workload {
	const char *name;    /* "firewall-64k" */
	const char *what;    /* a line for the list */
	const char *object;  /* file in the build folder */
	const char *program; /* its function */
	const char *native;  /* module of the same source as C for this machine */
	const char *staged;  /* module of the same, written by hand to fetch ahead; NULL: none */
	const char *raw;     /* object of the same source for r1 = packet; NULL: none */
	const char *random; /* object that chooses a packet's flow or route by itself; NULL: none */
	const char
		*tables;  /* no program, but lookups: their module; `program` is the table's name */
	const char *map;  /* that gets as many entries, NULL: as the source says */
	uint32_t entries; /* flows or routes that there are; 0: it is not about them */
	uint32_t packets; /* in the set */
	uint32_t packet_len;
	/* The program changes packets so that the next time it would decide otherwise. */
	bool restore;
	/* The program changes all of the packet, not only its first bytes. */
	bool rewrite;
	const char *letters; /* that payloads are made of; NULL: of any bytes */
	const char *init;    /* file of control lines, NULL: none */
	/* Fills the case's maps; NULL: they stay empty. 0, or -1 with *errmsg. */
	int (*fill)(struct bench_case *c, char **errmsg);
	/* Packet i of the set, `packet_len` zeroed bytes at p. */
	void (*packet)(const struct workload *w, uint32_t i, uint8_t *p);
};

extern const struct workload workloads[];
extern const size_t n_workloads;

/* For `packet`: UDP over IPv4, with right checksums. The flow of a firewall's rule, the destination
 * of a route, the client of a service. */
void packet__flow(const struct workload *w, uint32_t i, uint8_t *p);
void packet__route(const struct workload *w, uint32_t i, uint8_t *p);
void packet__client(const struct workload *w, uint32_t i, uint8_t *p);
/* The destination of a network (networks.h). */
void packet__network(const struct workload *w, uint32_t i, uint8_t *p);

/* For `fill`, by the program. */
int fill__firewall(struct bench_case *c, char **errmsg);
int fill__route(struct bench_case *c, char **errmsg);
int fill__balancer(struct bench_case *c, char **errmsg);
int fill__networks(struct bench_case *c, char **errmsg);

#endif
