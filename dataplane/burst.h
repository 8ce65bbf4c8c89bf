/* SPDX-License-Identifier: BSD-3-Clause
 *
 * burst.h -- what goes between a worker and the burst driver: packets in, verdicts out.
 *
 * burst-driver.c is compiled natively and to bitcode, where the program is inlined in it; so
 * this layout is part of every compiled image.
 */
#ifndef DATAPLANE_BURST_H
#define DATAPLANE_BURST_H

#include <stdbool.h>
#include <stdint.h>

#include <ebpf-env.h>

struct rte_mbuf;

/* What opens and closes packets: inlined first of all, so that the compiler sees what their
 * pointers are made of (vm/llvm/offsets.c). */
#define driver_inline static inline __attribute__((always_inline))

/* Packets of one round; more would overflow a mempool's cache. */
#define BURST_SIZE 64

/* Packets that a driver looks at together. */
#define PLAIN_GROUP 8

/* How far a program may grow a packet at its head: what the kernel leaves of its headroom. */
#define PACKET_HEAD_ROOM (EBPF_XDP_HEADROOM - EBPF_XDP_FRAME_HEADER)

/* A packet buffer holds the longest packet the kernel would hand to a program, grown at the
 * head as far as the kernel would let it. Where it lies in the buffer does not matter: a
 * packet that meets the buffer's start is moved. */
#define PACKET_BUF_SIZE (PACKET_HEAD_ROOM + EBPF_XDP_MAX_LINEAR)

/* What one program leaves to the next beside the packet itself. Zero before the first. */
struct packet_state {
	uint16_t meta; /* bytes of metadata before the packet */
	int16_t moved; /* how far the packet begins behind where it did when it was received */
};

struct burst {
	/* Direct, unshared, in the first segment 14 to EBPF_XDP_MAX_LINEAR bytes in a buffer of
	 * PACKET_BUF_SIZE at least: what admit.c admits.
	 * Behind the last, pointers are read, but not what is there: plain.h. */
	struct rte_mbuf *pkts[BURST_SIZE + PLAIN_GROUP];
	uint32_t n;
	uint32_t judged; /* so many the driver has judged: all, or those before what is not plain */
	bool unchecked;  /* whether packets are plain (plain.h) the driver is to see for itself */
	bool moved;      /* states may be other than zero; chain.c takes it back */
	bool uniform;    /* all verdicts are the same; else a driver need not say so */
	bool in_frags;   /* some have more segments: the programs take that */
	uint32_t ifindex, queue;      /* where they came from */
	uint32_t egress_ifindex;      /* where they go, for an egress program; else 0 */
	uint32_t verdict[BURST_SIZE]; /* what the program returned, checked by nobody yet */
	struct ebpf_redirect redirect[BURST_SIZE]; /* XDP_REDIRECT: where to */
	struct packet_state state[BURST_SIZE];
	uint8_t judge[BURST_SIZE]; /* in a chain of several: whose verdict it is */
};

/* The native compilation of burst-driver.c. */
void burst_driver(struct ebpf_env *env, void *burst);

#endif
