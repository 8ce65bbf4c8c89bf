/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pcapng.c -- every block is its type, its length, what is in it and its length again; what is in
 * it ends with options, each a code, a length and bytes up to a multiple of four.
 */
#include <string.h>

#include "pcapng.h"

enum block_type {
	SECTION_HEADER = 0x0a0d0d0a,
	INTERFACE_DESCRIPTION = 1,
	INTERFACE_STATISTICS = 5,
	ENHANCED_PACKET = 6,
};

#define BYTE_ORDER_MAGIC  0x1a2b3c4d
#define LINKTYPE_ETHERNET 1

enum option_code {
	OPT_END = 0,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_DROPCOUNT = 4,
	EPB_PACKETID = 5,
	EPB_QUEUE = 6,
	EPB_VERDICT = 7,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFDROP = 5,
	ISB_USRDELIV = 8,
};

/* The kinds of what stands first in an if_filter and in an epb_verdict. */
#define FILTER_IS_TEXT  0
#define VERDICT_OF_XDP  2
#define MAX_FILTER_TEXT 512
#define MAX_NAME        256

static void put(struct pcapng *p, const void *bytes, size_t len)
{
	memcpy(p->bytes + p->len, bytes, len);
	p->len += len;
}

static void put16(struct pcapng *p, uint16_t value)
{
	put(p, &value, sizeof(value));
}

static void put32(struct pcapng *p, uint32_t value)
{
	put(p, &value, sizeof(value));
}

/* The format has the high half first, whatever the byte order. */
static void put_time(struct pcapng *p, uint64_t time)
{
	put32(p, (uint32_t)(time >> 32));
	put32(p, (uint32_t)time);
}

static void pad(struct pcapng *p)
{
	static const uint8_t zero[4];

	put(p, zero, -p->len & 3);
}

static size_t begin(struct pcapng *p, enum block_type type)
{
	size_t at = p->len;

	put32(p, type);
	put32(p, 0); /* until end() knows it */
	return at;
}

static void end(struct pcapng *p, size_t at)
{
	uint32_t len = (uint32_t)(p->len - at + sizeof(len));

	memcpy(p->bytes + at + sizeof(uint32_t), &len, sizeof(len));
	put32(p, len);
}

static void put_option(struct pcapng *p, enum option_code code, const void *bytes, size_t len)
{
	put16(p, (uint16_t)code);
	put16(p, (uint16_t)len);
	put(p, bytes, len);
	pad(p);
}

static void put_option64(struct pcapng *p, enum option_code code, uint64_t value)
{
	put_option(p, code, &value, sizeof(value));
}

/* What an option says when its first byte says of what kind it is. */
static void put_kind_option(
	struct pcapng *p, enum option_code code, uint8_t kind, const void *bytes, size_t len)
{
	put16(p, (uint16_t)code);
	put16(p, (uint16_t)(1 + len));
	put(p, &kind, 1);
	put(p, bytes, len);
	pad(p);
}

void pcapng__section(struct pcapng *p, const char *application)
{
	size_t at = begin(p, SECTION_HEADER);

	put32(p, BYTE_ORDER_MAGIC);
	put16(p, 1); /* version 1.0 */
	put16(p, 0);
	put32(p, UINT32_MAX); /* its length is not told: 64 bits */
	put32(p, UINT32_MAX);
	put_option(p, SHB_USERAPPL, application, strnlen(application, MAX_NAME));
	put_option(p, OPT_END, "", 0);
	end(p, at);
}

void pcapng__interface(struct pcapng *p, const struct pcapng_interface *interface)
{
	const uint8_t nanoseconds = 9; /* ten to the power of minus that */
	size_t at = begin(p, INTERFACE_DESCRIPTION);

	put16(p, LINKTYPE_ETHERNET);
	put16(p, 0);
	put32(p, interface->snaplen);
	put_option(p, IF_NAME, interface->name, strnlen(interface->name, MAX_NAME));
	put_option(p, IF_TSRESOL, &nanoseconds, sizeof(nanoseconds));
	if (interface->filter)
		put_kind_option(p, IF_FILTER, FILTER_IS_TEXT, interface->filter,
			strnlen(interface->filter, MAX_FILTER_TEXT));
	put_option(p, OPT_END, "", 0);
	end(p, at);
}

void pcapng__packet(struct pcapng *p, const struct pcapng_packet *packet)
{
	size_t at = begin(p, ENHANCED_PACKET);

	put32(p, packet->interface);
	put_time(p, packet->time);
	put32(p, packet->len);
	put32(p, packet->wire_len);
	put(p, packet->bytes, packet->len);
	pad(p);
	if (packet->lost)
		put_option64(p, EPB_DROPCOUNT, packet->lost);
	put_option64(p, EPB_PACKETID, packet->id);
	put_option(p, EPB_QUEUE, &packet->queue, sizeof(packet->queue));
	put_kind_option(p, EPB_VERDICT, VERDICT_OF_XDP, &packet->verdict, sizeof(packet->verdict));
	put_option(p, OPT_END, "", 0);
	end(p, at);
}

static void put_time_option(struct pcapng *p, enum option_code code, uint64_t time)
{
	put16(p, (uint16_t)code);
	put16(p, sizeof(time));
	put_time(p, time);
}

void pcapng__statistics(struct pcapng *p, const struct pcapng_statistics *s)
{
	size_t at = begin(p, INTERFACE_STATISTICS);

	put32(p, s->interface);
	put_time(p, s->end);
	put_time_option(p, ISB_STARTTIME, s->start);
	put_time_option(p, ISB_ENDTIME, s->end);
	put_option64(p, ISB_IFDROP, s->lost);
	put_option64(p, ISB_USRDELIV, s->packets);
	put_option(p, OPT_END, "", 0);
	end(p, at);
}
