/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mix.bpf.c -- enciphers the payload of UDP, in place, by ChaCha20 (RFC 8439): much arithmetic for
 * each byte, and every byte is written.
 *
 * A destination, address and port, has a key; what goes elsewhere passes as it is. The other end
 * runs the same program with the same key, which makes the payload what it was. The nonce is who
 * sends what to whom, and the upper half of the block counter is the packet's identification. So
 * this is a measure of work, no tunnel to be trusted: identifications come again, and nothing
 * proves who the sender was.
 *
 *	map update keys key 192 0 2 1  0 53  0 0  value hex 00 01 02 ... 1f
 */
#include "parse.h"

#define MAX_BLOCKS    32 /* 2048 bytes; longer packets are dropped */
#define WORDS         16 /* of a block */
#define DOUBLE_ROUNDS 10

struct destination {
	__be32 addr;
	__be16 port;
	__u16 pad;
};

struct secret {
	__u32 word[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct destination);
	__type(value, struct secret);
} keys SEC(".maps");

static __always_inline __u32 rotate(__u32 x, int bits)
{
	return x << bits | x >> (32 - bits);
}

static __always_inline void quarter_round(__u32 *a, __u32 *b, __u32 *c, __u32 *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

static __always_inline void double_round(__u32 *x)
{
	quarter_round(&x[0], &x[4], &x[8], &x[12]);
	quarter_round(&x[1], &x[5], &x[9], &x[13]);
	quarter_round(&x[2], &x[6], &x[10], &x[14]);
	quarter_round(&x[3], &x[7], &x[11], &x[15]);
	quarter_round(&x[0], &x[5], &x[10], &x[15]);
	quarter_round(&x[1], &x[6], &x[11], &x[12]);
	quarter_round(&x[2], &x[7], &x[8], &x[13]);
	quarter_round(&x[3], &x[4], &x[9], &x[14]);
}

/* What a block begins with: constants, key, counter, nonce. */
struct block {
	__u32 word[WORDS];
};

static __always_inline struct block first_block(
	const struct secret *key, const struct iphdr *ip, const struct ports *ports)
{
	struct block b = {{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}};

	for (int i = 0; i < 8; i++)
		b.word[4 + i] = key->word[i];
	b.word[12] = (__u32)ip->id << 16;
	b.word[13] = ip->saddr;
	b.word[14] = ip->daddr;
	b.word[15] = ports->src | (__u32)ports->dst << 16;
	return b;
}

/* The last bytes of a packet, fewer than a word of them. */
static __always_inline void mix_rest(struct cursor *c, __u32 stream)
{
	for (int i = 0; i < 3; i++) {
		__u8 *byte = take(c, 1);

		if (!byte)
			return;
		*byte ^= stream;
		stream >>= 8;
	}
}

/* Is there more to do? */
static __always_inline int mix_block(struct cursor *c, const struct block *first)
{
	__u32 x[WORDS];

	__builtin_memcpy(x, first, sizeof(x));
#pragma clang loop unroll(disable)
	for (int i = 0; i < DOUBLE_ROUNDS; i++)
		double_round(x);
#pragma clang loop unroll(full)
	for (int i = 0; i < WORDS; i++) {
		__u32 *word = take(c, sizeof(*word));

		if (!word) {
			mix_rest(c, x[i] + first->word[i]);
			return 0;
		}
		*word ^= x[i] + first->word[i];
	}
	return c->pos < c->end;
}

static __always_inline int mix(struct cursor *c, struct block *b)
{
	for (int i = 0; i < MAX_BLOCKS; i++) {
		if (!mix_block(c, b))
			return XDP_PASS;
		b->word[12]++;
	}
	return XDP_DROP;
}

SEC("xdp")
int xdp_mix(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct destination to = {};
	struct secret *key;
	struct udphdr *udp;
	struct iphdr *ip;
	struct block b;
	__be16 type;

	if (!take_eth(&c, &type) || type != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ipv4(&c);
	if (!ip || ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(IP_MF | IP_OFFSET))
		return XDP_PASS;
	udp = take(&c, sizeof(*udp));
	if (!udp)
		return XDP_PASS;
	to.addr = ip->daddr;
	to.port = udp->dest;
	key = bpf_map_lookup_elem(&keys, &to);
	if (!key)
		return XDP_PASS;
	b = first_block(key, ip, &(struct ports){udp->source, udp->dest});
	udp->check = 0; /* of what will be no more; there need be none in IPv4 */
	return forget_way(&c, ctx) ? mix(&c, &b) : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
