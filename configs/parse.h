/* SPDX-License-Identifier: BSD-3-Clause
 *
 * parse.h -- steps through a packet's headers, for the sample programs.
 *
 * A cursor stands between two headers. Every step first compares with the packet's end, which
 * is what lets the verifier prove the accesses that follow; a step that returns NULL has found
 * the packet too short or the header impossible.
 */
#ifndef CONFIGS_PARSE_H
#define CONFIGS_PARSE_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#ifndef NULL
#define NULL ((void *)0)
#endif

#define MAX_VLANS     2 /* 802.1Q within 802.1ad */
#define MAX_IPV6_EXTS 4
#define MAX_IPV6_LEN  208    /* bytes, with extension headers */
#define MAX_HEADERS   1024   /* bytes */
#define IP_MF         0x2000 /* more fragments follow */
#define IP_DF         0x4000 /* do not fragment */
#define IP_OFFSET     0x1fff /* where this fragment belongs, in units of 8 bytes */

struct cursor {
	void *pos, *end;
};

struct vlan_tag {
	__be16 tci;
	__be16 proto; /* of what follows */
};

/* What all IPv6 extension headers begin with. */
struct ipv6_ext {
	__u8 next;
	__u8 len;        /* in units of 8 bytes, less one */
	__be16 frag_off; /* of a fragment header */
	__be32 id;
};

/* RFC 792; <linux/icmp.h> would drag the C library in. */
struct icmp_header {
	__u8 type, code;
	__sum16 checksum;
	__be16 id;
	__be16 mtu; /* of a destination unreachable; an echo's sequence number */
};

/* The first bytes of TCP and UDP alike. */
struct ports {
	__be16 src, dst;
};

static __always_inline struct cursor packet_cursor(const struct xdp_md *ctx)
{
	return (struct cursor){(void *)(long)ctx->data, (void *)(long)ctx->data_end};
}

/* The next `size` bytes. */
static __always_inline void *take(struct cursor *c, __u32 size)
{
	void *p = c->pos;

	if (p + size > c->end)
		return NULL;
	c->pos = p + size;
	return p;
}

/* Forgets how the cursor came to where it is, which is not far: to the verifier all ways there are
 * one then, and what follows, a loop say, is looked at once. 0: it is too far. */
static __always_inline int forget_way(struct cursor *c, const struct xdp_md *ctx)
{
	__u64 at = c->pos - (void *)(long)ctx->data;

	barrier_var(at);
	if (at > MAX_HEADERS)
		return 0;
	c->pos = (void *)(long)ctx->data + at;
	return 1;
}

static __always_inline int is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

/* Ethernet and its VLAN tags; *proto is what follows them. */
static __always_inline struct ethhdr *take_eth(struct cursor *c, __be16 *proto)
{
	struct ethhdr *eth = take(c, sizeof(*eth));

	if (!eth)
		return NULL;
	*proto = eth->h_proto;
	for (int i = 0; i < MAX_VLANS && is_vlan(*proto); i++) {
		struct vlan_tag *tag = take(c, sizeof(*tag));

		if (!tag)
			return NULL;
		*proto = tag->proto;
	}
	return eth;
}

/* IPv4 with its options. The first byte is the version and the length in words: that one comparison
 * sees to both tells the verifier, too, that the header is no longer than 60 bytes, if what was
 * compared is what is added; librte_bpf's verifier goes by the byte. */
static __always_inline struct iphdr *take_ipv4(struct cursor *c)
{
	struct iphdr *ip = take(c, sizeof(*ip));
	__u64 options; /* words */

	if (!ip)
		return NULL;
	options = (__u8)(*(__u8 *)ip - 0x45);
	barrier_var(options);
	if (options > 10 || (void *)(ip + 1) + options * 4 > c->end)
		return NULL;
	c->pos += options * 4;
	return ip;
}

static __always_inline int is_first_fragment(const struct iphdr *ip)
{
	return !(ip->frag_off & bpf_htons(IP_OFFSET));
}

/* IPv6 with its extension headers; *proto is what follows them, IPPROTO_NONE after a fragment
 * that is not the first. That they may not be long (RFC 8504, 5.3) is what makes a program that
 * parses them read no more than the packet's first 256 bytes. */
static __always_inline struct ipv6hdr *take_ipv6(struct cursor *c, __u8 *proto)
{
	struct ipv6hdr *ip = take(c, sizeof(*ip));
	__u32 len = sizeof(*ip);

	if (!ip || ip->version != 6)
		return NULL;
	*proto = ip->nexthdr;
	for (int i = 0; i < MAX_IPV6_EXTS; i++) {
		struct ipv6_ext *ext;

		if (*proto != IPPROTO_HOPOPTS && *proto != IPPROTO_ROUTING &&
			*proto != IPPROTO_DSTOPTS && *proto != IPPROTO_FRAGMENT)
			break;
		ext = take(c, sizeof(*ext));
		if (!ext)
			return NULL;
		len += sizeof(*ext) + (*proto == IPPROTO_FRAGMENT ? 0 : ext->len * 8);
		if (len > MAX_IPV6_LEN || (void *)ip + len > c->end)
			return NULL;
		if (*proto == IPPROTO_FRAGMENT && ext->frag_off & bpf_htons(0xfff8))
			*proto = IPPROTO_NONE;
		else
			*proto = ext->next;
		c->pos = (void *)ip + len;
	}
	return ip;
}

/* The whole fixed header of TCP, UDP or ICMP; its ports, or for ICMP its type and code in the
 * place of the destination port. Other protocols have no ports: {0, 0}. */
static __always_inline int take_ports(struct cursor *c, __u8 proto, struct ports *ports)
{
	struct ports *p;

	ports->src = ports->dst = 0;
	switch (proto) {
	case IPPROTO_TCP: p = take(c, sizeof(struct tcphdr)); break;
	case IPPROTO_UDP: p = take(c, sizeof(struct udphdr)); break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6: {
		struct icmp_header *icmp = take(c, sizeof(*icmp));

		if (!icmp)
			return -1;
		ports->dst = bpf_htons(icmp->type << 8 | icmp->code);
		return 0;
	}
	default: return 0;
	}
	if (!p)
		return -1;
	*ports = *p;
	return 0;
}

/* Folds a sum of 16-bit words into the Internet checksum's 16 bits, RFC 1071. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return ~sum;
}

/* A checksum after one 16-bit word under it has changed, RFC 1624. */
static __always_inline __u16 csum_replace(__u16 check, __u16 from, __u16 to)
{
	return csum_fold((__u16)~check + (__u32)(__u16)~from + to);
}

/* ttl is the upper byte of the header's fifth word, in network order. */
static __always_inline void decrement_ttl(struct iphdr *ip)
{
	ip->check = csum_replace(ip->check, bpf_htons(ip->ttl << 8), bpf_htons((ip->ttl - 1) << 8));
	ip->ttl--;
}

#endif
