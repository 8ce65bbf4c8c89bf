/* SPDX-License-Identifier: BSD-3-Clause
 *
 * packets.h -- packets of every kind the samples care about, made from a number: the same
 * number gives the same bytes on every machine.
 *
 * Packets belong to flows. Flow i goes from 10.0.(i / 256).(i % 256) port 1024 + i to
 * 192.0.2.(1 + i % 8), port 53, 80, 443 or 8080 by i % 4; in IPv6 from 2001:db8::i to
 * 2001:db8:1::(1 + i % 8). MAC addresses: 02:00:00:00:(i / 256):(i % 256) to 02:00:00:00:ff:01.
 */
#ifndef TESTS_REPLAY_PACKETS_H
#define TESTS_REPLAY_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

struct packet {
	unsigned len;
	uint8_t data[2048];
};

struct packet_kind {
	const char *name, *summary;
	/* *p is zeroed. Packet n belongs to flow n % flows; n / flows counts on within it. */
	void (*build)(struct packet *p, unsigned n, unsigned flows);
	bool cut; /* a mixed capture holds every truncation of one packet of this kind */
};

/* Ends with a NULL name. */
extern const struct packet_kind packet_kinds[];

unsigned packet_flow__port(unsigned flow); /* its destination port */

#endif
