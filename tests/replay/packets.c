/* SPDX-License-Identifier: BSD-3-Clause
 *
 * packets.c -- the kinds of packets and how each is built: headers are appended from the
 * outside in, then closed from the inside out, which is when lengths and checksums are known.
 */
#include <string.h>

#include "packets.h"

enum { ICMP = 1, IPIP = 4, TCP = 6, UDP = 17, IPV6 = 41, ICMP6 = 58 };
enum { HOP_BY_HOP = 0, FRAGMENT = 44, DST_OPTIONS = 60 };
enum { ETH_IP = 0x0800, ETH_ARP = 0x0806, ETH_VLAN = 0x8100, ETH_IPV6 = 0x86dd, ETH_QINQ = 0x88a8 };
enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };
enum { DONT_FRAGMENT = 0x4000, MORE_FRAGMENTS = 0x2000 };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

unsigned packet_flow__port(unsigned flow)
{
	static const unsigned ports[] = {53, 80, 443, 8080};

	return ports[flow % COUNT(ports)];
}

static void put16(uint8_t *at, unsigned v)
{
	at[0] = v >> 8;
	at[1] = v;
}

static void put32(uint8_t *at, unsigned v)
{
	put16(at, v >> 16);
	put16(at + 2, v);
}

/* Appends n zero bytes and gives their offset. */
static unsigned push(struct packet *p, unsigned n)
{
	p->len += n;
	return p->len - n;
}

static void payload(struct packet *p, unsigned n)
{
	unsigned at = push(p, n);

	for (unsigned i = 0; i < n; i++)
		p->data[at + i] = (i * 31 + n) & 0xff;
}

static unsigned sum16(const uint8_t *at, unsigned n, unsigned sum)
{
	for (unsigned i = 0; i + 1 < n; i += 2)
		sum += at[i] << 8 | at[i + 1];
	if (n & 1)
		sum += at[n - 1] << 8;
	return sum;
}

static unsigned fold(unsigned sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return ~sum & 0xffff;
}

static void eth(struct packet *p, unsigned flow, unsigned proto)
{
	uint8_t *h = p->data + push(p, 14);

	memcpy(h, "\2\0\0\0\xff\1", 6);
	memcpy(h + 6, "\2\0\0\0\0\0", 6);
	put16(h + 10, flow);
	put16(h + 12, proto);
}

static void vlan(struct packet *p, unsigned id, unsigned proto)
{
	uint8_t *h = p->data + push(p, 4);

	put16(h, id & 0xfff);
	put16(h + 2, proto);
}

static unsigned ipv4(struct packet *p, unsigned flow, unsigned proto, unsigned options)
{
	unsigned at = push(p, 20 + options);
	uint8_t *h = p->data + at;

	h[0] = 0x40 | (20 + options) / 4;
	put16(h + 4, flow);
	put16(h + 6, proto == TCP ? DONT_FRAGMENT : 0);
	h[8] = 64;
	h[9] = proto;
	put32(h + 12, 10u << 24 | (flow & 0xffff));
	put32(h + 16, 0xc0000200 | (1 + flow % 8));
	memset(h + 20, 1, options); /* no operation */
	return at;
}

static void close_ipv4(struct packet *p, unsigned at)
{
	uint8_t *h = p->data + at;

	put16(h + 2, p->len - at);
	put16(h + 10, 0);
	put16(h + 10, fold(sum16(h, (h[0] & 15) * 4, 0)));
}

static unsigned ipv6(struct packet *p, unsigned flow, unsigned proto)
{
	unsigned at = push(p, 40);
	uint8_t *h = p->data + at;

	h[0] = 0x60;
	h[6] = proto;
	h[7] = 64;
	put32(h + 8, 0x20010db8);
	put32(h + 20, flow);
	put32(h + 24, 0x20010db8);
	put16(h + 28, 1);
	put32(h + 36, 1 + flow % 8);
	return at;
}

static void close_ipv6(struct packet *p, unsigned at)
{
	put16(p->data + at + 4, p->len - at - 40);
}

/* An IPv6 extension header of 8 * (1 + more) bytes. */
static unsigned extension(struct packet *p, unsigned next, unsigned more)
{
	unsigned at = push(p, 8 * (1 + more));

	p->data[at] = next;
	p->data[at + 1] = more;
	return at;
}

static unsigned udp(struct packet *p, unsigned flow, unsigned bytes)
{
	unsigned at = push(p, 8);

	put16(p->data + at, 1024 + flow);
	put16(p->data + at + 2, packet_flow__port(flow));
	put16(p->data + at + 4, 8 + bytes);
	payload(p, bytes);
	return at;
}

static unsigned tcp(struct packet *p, unsigned flow, unsigned flags, const void *options,
	unsigned n_options, unsigned bytes)
{
	unsigned at = push(p, 20 + n_options);
	uint8_t *h = p->data + at;

	put16(h, 1024 + flow);
	put16(h + 2, packet_flow__port(flow));
	put32(h + 4, 1000 * flow);
	h[12] = (20 + n_options) / 4 << 4;
	h[13] = flags;
	put16(h + 14, 65535);
	if (n_options)
		memcpy(h + 20, options, n_options);
	payload(p, bytes);
	return at;
}

/* The checksum of UDP, TCP or ICMPv6, which covers the addresses of the IP header at `ip`. */
static void close_l4(struct packet *p, unsigned ip, unsigned at, unsigned proto)
{
	bool v6 = p->data[ip] >> 4 == 6;
	unsigned sum = proto + p->len - at;
	uint8_t *check = p->data + at + (proto == UDP ? 6 : proto == TCP ? 16 : 2);

	put16(check, 0);
	sum = sum16(p->data + ip + (v6 ? 8 : 12), v6 ? 32 : 8, sum);
	put16(check, fold(sum16(p->data + at, p->len - at, sum)));
}

static unsigned udp_packet(struct packet *p, unsigned flow, unsigned bytes)
{
	unsigned ip = ipv4(p, flow, UDP, 0);

	close_l4(p, ip, udp(p, flow, bytes), UDP);
	close_ipv4(p, ip);
	return ip;
}

static unsigned tcp_packet(struct packet *p, unsigned flow, unsigned flags, unsigned bytes)
{
	unsigned ip = ipv4(p, flow, TCP, 0);

	close_l4(p, ip, tcp(p, flow, flags, NULL, 0, bytes), TCP);
	close_ipv4(p, ip);
	return ip;
}

/* A connection's life, packet by packet; the last segment comes after the end. */
static unsigned tcp_flags(unsigned step)
{
	static const unsigned life[] = {SYN, PSH | ACK, FIN | ACK, PSH | ACK, SYN, RST};

	return life[step % COUNT(life)];
}

static void build_arp(struct packet *p, unsigned n, unsigned flows)
{
	static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0};
	unsigned at;

	eth(p, n % flows, ETH_ARP);
	at = push(p, 28);
	memcpy(p->data + at, head, sizeof(head));
	p->data[at + 7] = 1 + n % 2; /* request, reply */
	put32(p->data + at + 14, 10u << 24 | n % flows);
	put32(p->data + at + 24, 0xc0000201);
	payload(p, 18);
}

static void build_tcp(struct packet *p, unsigned n, unsigned flows)
{
	unsigned flags = tcp_flags(n / flows);

	eth(p, n % flows, ETH_IP);
	tcp_packet(p, n % flows, flags, flags & PSH ? n * 7 % 300 : 0);
}

static void build_udp(struct packet *p, unsigned n, unsigned flows)
{
	eth(p, n % flows, ETH_IP);
	udp_packet(p, n % flows, n * 5 % 200);
}

static void build_icmp(struct packet *p, unsigned n, unsigned flows)
{
	unsigned ip, at;

	eth(p, n % flows, ETH_IP);
	ip = ipv4(p, n % flows, ICMP, 0);
	if (n % 4 == 3)
		p->data[ip + 8] = 1; /* time to live: traceroute */
	at = push(p, 8);
	p->data[at] = n % 2 ? 0 : 8; /* echo reply, request */
	put16(p->data + at + 6, n);
	payload(p, 56);
	put16(p->data + at + 2, fold(sum16(p->data + at, p->len - at, 0)));
	close_ipv4(p, ip);
}

static void build_tcp6(struct packet *p, unsigned n, unsigned flows)
{
	unsigned ip;

	eth(p, n % flows, ETH_IPV6);
	ip = ipv6(p, n % flows, TCP);
	close_l4(p, ip, tcp(p, n % flows, tcp_flags(n / flows), NULL, 0, n % 100), TCP);
	close_ipv6(p, ip);
}

static void build_udp6(struct packet *p, unsigned n, unsigned flows)
{
	unsigned ip;

	eth(p, n % flows, ETH_IPV6);
	ip = ipv6(p, n % flows, UDP);
	close_l4(p, ip, udp(p, n % flows, n * 3 % 150), UDP);
	close_ipv6(p, ip);
}

static void build_icmp6(struct packet *p, unsigned n, unsigned flows)
{
	unsigned ip, at;

	eth(p, n % flows, ETH_IPV6);
	ip = ipv6(p, n % flows, ICMP6);
	at = push(p, 8);
	p->data[at] = 128 + n % 10; /* echo, and neighbour discovery at 133... */
	payload(p, 24);
	close_l4(p, ip, at, ICMP6);
	close_ipv6(p, ip);
}

static void build_vlan(struct packet *p, unsigned n, unsigned flows)
{
	eth(p, n % flows, ETH_VLAN);
	vlan(p, 100 + n % 4, ETH_IP);
	if (n / flows % 2)
		udp_packet(p, n % flows, 40);
	else
		tcp_packet(p, n % flows, SYN, 0);
}

static void build_qinq(struct packet *p, unsigned n, unsigned flows)
{
	bool deeper = n % 4 == 3; /* one tag more than most programs look at */

	eth(p, n % flows, ETH_QINQ);
	vlan(p, 100 + n % 4, ETH_VLAN);
	vlan(p, 200 + n % 4, deeper ? ETH_VLAN : ETH_IP);
	if (deeper)
		vlan(p, 300, ETH_IP);
	tcp_packet(p, n % flows, tcp_flags(n / flows), 10);
}

static void build_options(struct packet *p, unsigned n, unsigned flows)
{
	unsigned options = 4 * (1 + n % 10), ip;

	eth(p, n % flows, ETH_IP);
	ip = ipv4(p, n % flows, UDP, options);
	close_l4(p, ip, udp(p, n % flows, 30), UDP);
	close_ipv4(p, ip);
}

/* In turn: first, middle and last of an IPv4 datagram; first and last of an IPv6 one. */
static void build_fragment(struct packet *p, unsigned n, unsigned flows)
{
	static const struct {
		bool v6, has_header;
		unsigned offset, more;
	} parts[] = {{0, 1, 0, 1}, {0, 0, 100, 1}, {0, 0, 200, 0}, {1, 1, 0, 1}, {1, 0, 100, 0}};
	unsigned i = n % COUNT(parts), ip, ext;

	eth(p, n % flows, parts[i].v6 ? ETH_IPV6 : ETH_IP);
	if (parts[i].v6) {
		ip = ipv6(p, n % flows, FRAGMENT);
		ext = extension(p, UDP, 0);
		put16(p->data + ext + 2, parts[i].offset << 3 | parts[i].more);
	} else {
		ip = ipv4(p, n % flows, UDP, 0);
		put16(p->data + ip + 6, parts[i].offset | (parts[i].more ? MORE_FRAGMENTS : 0));
	}
	if (parts[i].has_header)
		udp(p, n % flows, 792);
	else
		payload(p, 800);
	if (parts[i].v6)
		close_ipv6(p, ip);
	else
		close_ipv4(p, ip);
}

static void build_extensions(struct packet *p, unsigned n, unsigned flows)
{
	unsigned ip;

	eth(p, n % flows, ETH_IPV6);
	ip = ipv6(p, n % flows, HOP_BY_HOP);
	extension(p, DST_OPTIONS, n % 3);
	for (unsigned i = n % 5; i; i--)
		extension(p, DST_OPTIONS, 0);
	extension(p, UDP, 1);
	close_l4(p, ip, udp(p, n % flows, 20), UDP);
	close_ipv6(p, ip);
}

static void build_tunnel(struct packet *p, unsigned n, unsigned flows)
{
	bool v6 = n % 2;
	unsigned outer, inner;

	eth(p, n % flows, ETH_IP);
	outer = ipv4(p, n % flows, v6 ? IPV6 : IPIP, 0);
	if (v6) {
		inner = ipv6(p, n % flows, UDP);
		close_l4(p, inner, udp(p, n % flows, 12), UDP);
		close_ipv6(p, inner);
	} else {
		tcp_packet(p, n % flows, SYN, 0);
	}
	close_ipv4(p, outer);
}

static void build_big(struct packet *p, unsigned n, unsigned flows)
{
	unsigned ip;

	eth(p, n % flows, ETH_IP);
	if (n % 3) {
		tcp_packet(p, n % flows, PSH | ACK, 1460 - n % 64);
		return;
	}
	ip = udp_packet(p, n % flows, 1472 - n % 64);
	put16(p->data + ip + 6, n % 2 ? DONT_FRAGMENT : 0);
	if (n % 12 == 9) /* says that it is long, and is not */
		p->len = ip + 24;
	else
		close_ipv4(p, ip);
}

/* A SYN and what it may offer, good and bad. */
static void build_syn(struct packet *p, unsigned n, unsigned flows)
{
	static const char offers[][8] = {
		"\2\4\x05\xb4\1\1\1",   /* MSS 1460 */
		"\1\2\4\x05\xb4\1\1",   /* the same at an odd place */
		"\3\3\7\2\4\x23\x28\1", /* window scale, MSS 9000 */
		"\2\4\x02\x18\1\1\1",   /* MSS 536 */
		"\1\1\1\1\1\1\1\1",     /* nothing */
		"\0\2\4\x05\xb4\1\1",   /* the end comes first */
		"\3\0\2\4\x05\xb4\1",   /* length 0 */
		"\3\x3f\2\4\x05\xb4\1", /* length beyond the header */
	};
	bool v6 = n % 3 == 2, bare = n % 11 == 10, cut = n % 11 == 9;
	unsigned options = bare ? 0 : 8, flow = n % flows, ip;

	eth(p, flow, v6 ? ETH_IPV6 : ETH_IP);
	ip = v6 ? ipv6(p, flow, TCP) : ipv4(p, flow, TCP, 0);
	close_l4(p, ip, tcp(p, flow, SYN, offers[n % COUNT(offers)], options, 0), TCP);
	if (v6)
		close_ipv6(p, ip);
	else
		close_ipv4(p, ip);
	if (cut) /* between the header and its options, or within them */
		p->len -= n % 2 ? 8 : 5;
}

static void build_bad_checksum(struct packet *p, unsigned n, unsigned flows)
{
	unsigned ip;

	eth(p, n % flows, ETH_IP);
	if (n % 4 == 1) {
		ip = tcp_packet(p, n % flows, ACK, 33);
		p->data[ip + 20 + 16] ^= 0x55;
		return;
	}
	ip = udp_packet(p, n % flows, 33);
	switch (n % 4) {
	case 0: p->data[ip + 10] ^= 0x55; break;        /* of the header */
	case 2: p->data[ip + 20 + 7] ^= 0x55; break;    /* of the datagram */
	case 3: put16(p->data + ip + 20 + 6, 0); break; /* none made */
	}
}

static void build_malformed(struct packet *p, unsigned n, unsigned flows)
{
	unsigned flow = n % flows, ip;

	eth(p, flow, ETH_IP);
	ip = n % 2 ? tcp_packet(p, flow, SYN, 4) : udp_packet(p, flow, 4);
	switch (n / 2 % 10) {
	case 0: p->data[ip] = 0x44; break;            /* header of 16 bytes */
	case 1: p->data[ip] = 0x4f; break;            /* header beyond the end */
	case 2: p->data[ip] = 0x65; break;            /* version 6 in an IPv4 frame */
	case 3: put16(p->data + ip + 2, 9000); break; /* total length beyond the end */
	case 4: put16(p->data + ip + 2, 8); break;    /* total length within the header */
	case 5: p->len = ip + 7; break;               /* cut in the IP header */
	case 6: p->len = ip + 23; break;              /* cut in the ports */
	case 7: put16(p->data + 12, ETH_IPV6); break; /* IPv4 in an IPv6 frame */
	case 8:                                       /* cut in a VLAN tag */
		put16(p->data + 12, ETH_VLAN);
		p->len = 16;
		break;
	case 9: memset(p->data + ip, 0xff, p->len - ip); break;
	}
}

static void build_other(struct packet *p, unsigned n, unsigned flows)
{
	static const unsigned protos[] = {0x88cc, 0x8847, 0x8863, 0x88f7, 0x0026, 0x9000};

	eth(p, n % flows, protos[n % COUNT(protos)]); /* LLDP, MPLS, PPPoE, PTP, 802.3, loopback */
	payload(p, 46);
}

const struct packet_kind packet_kinds[] = {
	{"arp", "ARP requests and replies", build_arp},
	{"tcp", "TCP over IPv4, connections from SYN to FIN or RST", build_tcp},
	{"udp", "UDP over IPv4", build_udp},
	{"icmp", "ICMP echo, some at the end of their time to live", build_icmp},
	{"tcp6", "TCP over IPv6", build_tcp6},
	{"udp6", "UDP over IPv6", build_udp6},
	{"icmp6", "ICMPv6 echo and neighbour discovery", build_icmp6},
	{"vlan", "TCP and UDP behind a VLAN tag", build_vlan},
	{"qinq", "TCP behind two or three VLAN tags", build_qinq, true},
	{"options", "IPv4 with 4 to 40 bytes of options", build_options},
	{"fragment", "fragments of IPv4 and IPv6 datagrams", build_fragment},
	{"extensions", "IPv6 with extension headers", build_extensions, true},
	{"tunnel", "IPv4 and IPv6 in IPv4", build_tunnel, true},
	{"big", "1400 bytes and more, most of them not to be fragmented", build_big},
	{"syn", "TCP SYN with options, good and bad", build_syn},
	{"bad-checksum", "wrong checksums of IPv4, TCP, UDP", build_bad_checksum},
	{"malformed", "impossible lengths and versions, cut headers", build_malformed},
	{"other", "other Ethernet types", build_other},
	{NULL},
};
