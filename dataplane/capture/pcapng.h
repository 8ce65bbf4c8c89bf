/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pcapng.h -- blocks of a pcapng file (draft-ietf-opsawg-pcapng), one behind the other in a buffer:
 *
 *	pcapng__section(&p, ...);                  once, first
 *	pcapng__interface(&p, ...);                gives interfaces the numbers 0, 1, ...
 *	pcapng__packet(&p, &packet);               of an interface that is there
 *	pcapng__statistics(&p, ...);               of an interface, at the end
 *
 * Everything is in this machine's byte order, as the format allows; times are nanoseconds since
 * 1970. Before each call there must be room for the block: PCAPNG_BLOCK_MAX, and for a packet its
 * bytes beside.
 */
#ifndef DATAPLANE_CAPTURE_PCAPNG_H
#define DATAPLANE_CAPTURE_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

/* Of a block, without a packet's bytes; longer text is cut. */
#define PCAPNG_BLOCK_MAX 1024

struct pcapng {
	uint8_t *bytes; /* the caller's */
	size_t len;
};

struct pcapng_interface {
	const char *name;
	const char *filter; /* its expression; NULL: none */
	uint32_t snaplen;
};

struct pcapng_packet {
	uint64_t time;
	uint64_t id; /* the same wherever the packet was seen */
	uint64_t verdict;
	uint64_t lost; /* of the same interface, between the one before and this */
	uint32_t interface, queue;
	uint32_t len;      /* of bytes */
	uint32_t wire_len; /* of the whole packet */
	const uint8_t *bytes;
};

struct pcapng_statistics {
	uint32_t interface;
	uint64_t start, end; /* times */
	uint64_t packets, lost;
};

void pcapng__section(struct pcapng *p, const char *application);
void pcapng__interface(struct pcapng *p, const struct pcapng_interface *interface);
void pcapng__packet(struct pcapng *p, const struct pcapng_packet *packet);
void pcapng__statistics(struct pcapng *p, const struct pcapng_statistics *statistics);

#endif
