/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ringed.h -- a dataplane between rings: for tests that put packets in, let it run, and look at
 * what came out and what was counted.
 *
 * A packet says itself what shall become of it. The programs' place is taken by drivers that read
 * that from the packet, or by those that a test installs. A port is a net_ring device between rings
 * of ours, QUEUES to receive from and as many to send to; two workers.
 *
 *	main():  return ringed__main(tests, RTE_DIM(tests));
 *	test:    ringed__open(&b, 2, RING_SLOTS, NULL);
 *	         ringed__inject(&b, port, queue, ringed__packet(&b, number, verdict, ifindex));
 *	         ringed__run(&b, packets);             until the drivers have seen so many
 *	         ringed__take_number(&b, port, queue)
 *	         ringed__close(&b);                    every buffer is back
 */
#ifndef TESTS_DATAPLANE_RINGED_H
#define TESTS_DATAPLANE_RINGED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "dataplane.h"
#include "pool.h"
#include "port-change.h"
#include "trace.h"

#define QUEUES     2
#define RING_SLOTS 2048
#define MAX_RINGED 4

/* What is in a packet, after padding like an Ethernet header's. */
struct tag {
	uint8_t padding[14];
	uint32_t number, verdict, redirect; /* redirect: to this ifindex */
} __attribute__((packed));

struct ringed {
	struct ports ports;
	struct trace *trace;
	struct ebpf_instance *instance;
	struct dataplane *dataplane;
	struct rte_ring *in[MAX_RINGED][QUEUES], *out[MAX_RINGED][QUEUES];
	unsigned n_ringed;
	struct rte_mempool *pool;
};

/* Judges by the tag, and stops the dataplane with the last packet that is awaited. */
void obedient_driver(struct ebpf_env *env, void *burst);
/* Packets that a driver has seen. */
void ringed__seen(uint32_t n);

/* Ports of rings, the program `obedient` attached to all, and one port more (devargs, or NULL). */
void ringed__open(struct ringed *b, unsigned n_ringed, unsigned out_slots, const char *devargs);
/* The same in an instance with a compiler, say; its workers and traces are set here. */
void ringed__open_with(struct ringed *b, unsigned n_ringed, unsigned out_slots, const char *devargs,
	const struct ebpf_instance_opts *opts);
void ringed__close(struct ringed *b);

/* Adds a program under a name that runs with this driver. */
void ringed__add_prog(struct ringed *b, const char *name, ebpf_driver_fn driver);

struct rte_mbuf *ringed__make(
	struct rte_mempool *pool, uint32_t number, uint32_t verdict, uint32_t redirect);
void ringed__inject(struct ringed *b, unsigned port, unsigned queue, struct rte_mbuf *m);
/* NULL if there is none. */
struct rte_mbuf *ringed__take(struct ringed *b, unsigned port, unsigned queue);
/* The number of the next packet that has left, -1 if there is none. */
int64_t ringed__take_number(struct ringed *b, unsigned port, unsigned queue);

/* Until drivers have seen so many packets; then nothing is in flight. */
void ringed__run(struct ringed *b, unsigned packets);

/* Starts DPDK, runs the tests; skipped where it does not start. */
int ringed__main(const struct CMUnitTest *tests, size_t n);

#endif
