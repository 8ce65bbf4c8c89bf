/* SPDX-License-Identifier: BSD-3-Clause
 *
 * random.bpf.c -- a program whose packet is of another flow, or to another route, each time: the
 * kernel's test run repeats one packet, and would find all that it touches in the nearest cache.
 * From the build:
 *
 *	SOURCE, PROGRAM   the program's file and function
 *	WRITE             what of packets.h writes the flow or route into the headers
 *	ENCAPSULATES      it puts an IPv4 header before the packet, which is taken away again
 */
#include <stddef.h>

#include "parse.h"
#include "packets.h"

/* How many there are to choose from. */
const volatile __u32 entries = 1;

/* Both a program and a part of the one below. */
int PROGRAM(struct xdp_md *ctx) __attribute__((always_inline));
#include SOURCE

static __always_inline struct udp_frame *frame_of(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);

	return take(&c, sizeof(struct udp_frame));
}

SEC("xdp")
int xdp_random(struct xdp_md *ctx)
{
	struct udp_frame *f = frame_of(ctx);
	int verdict;

	if (!f)
		return XDP_ABORTED;
	WRITE(f, (__u64)bpf_get_prandom_u32() * entries >> 32);
	f->ip.ttl = 64;
	verdict = PROGRAM(ctx);
#ifdef ENCAPSULATES
	if (verdict == XDP_TX && bpf_xdp_adjust_head(ctx, sizeof(struct iphdr)))
		return XDP_ABORTED;
	f = frame_of(ctx);
	if (!f)
		return XDP_ABORTED;
	*(__be16 *)((void *)f + offsetof(struct ethhdr, h_proto)) = bpf_htons(ETH_P_IP);
#endif
	return verdict;
}
