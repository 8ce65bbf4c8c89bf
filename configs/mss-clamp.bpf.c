/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mss-clamp.bpf.c -- lowers the maximum segment size that a TCP SYN announces, so that
 * connections fit through a tunnel.
 *
 * Shows functions that stay functions (bpf-to-bpf calls, each with a stack frame of its own)
 * and a bounded loop over the options.
 */
#include "parse.h"

#define OPT_END     0
#define OPT_NOP     1
#define OPT_MSS     2
#define MAX_OPTIONS 10 /* of the 40 bytes there can be; the MSS comes early */

struct mss_option {
	__u8 kind, len;
	__be16 mss;
};

const volatile __u16 max_mss = 1360;

__u64 clamped;

/* Finds the option, NULL if there is none. */
static __noinline struct mss_option *find_mss(struct tcphdr *tcp, void *end)
{
	__u8 *pos = (__u8 *)(tcp + 1);
	__u32 left, len;

	if ((void *)(tcp + 1) > end)
		return NULL;
	left = tcp->doff * 4;
	if (left <= sizeof(*tcp))
		return NULL;
	left -= sizeof(*tcp);
	for (int i = 0; i < MAX_OPTIONS; i++) {
		if (left < 2 || (void *)(pos + 2) > end || pos[0] == OPT_END)
			return NULL;
		len = pos[0] == OPT_NOP ? 1 : pos[1];
		if (len < 1 || len > left)
			return NULL;
		if (pos[0] == OPT_MSS && len == sizeof(struct mss_option)) {
			if ((void *)(pos + sizeof(struct mss_option)) > end)
				return NULL;
			return (struct mss_option *)pos;
		}
		pos += len & 63;
		left -= len;
	}
	return NULL;
}

/* One word of the segment has changed: what is its checksum now? The word may lie at an odd
 * offset; the checksum then sees its bytes swapped. */
static __noinline __u16 update_check(__u16 check, __u16 from, __u16 to, __u32 odd)
{
	if (odd & 1) {
		from = from << 8 | from >> 8;
		to = to << 8 | to >> 8;
	}
	return csum_replace(check, from, to);
}

static __noinline int clamp(struct tcphdr *tcp, void *end)
{
	struct mss_option *opt = find_mss(tcp, end);
	__be16 from, to = bpf_htons(max_mss);

	if (!opt || (void *)(opt + 1) > end || (void *)(tcp + 1) > end)
		return 0;
	from = opt->mss;
	if (bpf_ntohs(from) <= max_mss)
		return 0;
	opt->mss = to;
	tcp->check = update_check(tcp->check, from, to, (void *)opt - (void *)tcp);
	return 1;
}

SEC("xdp")
int xdp_mss_clamp(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ipv6hdr *ip6;
	struct tcphdr *tcp;
	struct iphdr *ip;
	__be16 ethertype;
	__u8 proto = 0;

	if (!take_eth(&c, &ethertype))
		return XDP_PASS;
	if (ethertype == bpf_htons(ETH_P_IP)) {
		ip = take_ipv4(&c);
		if (!ip || !is_first_fragment(ip))
			return XDP_PASS;
		proto = ip->protocol;
	} else if (ethertype == bpf_htons(ETH_P_IPV6)) {
		ip6 = take_ipv6(&c, &proto);
		if (!ip6)
			return XDP_PASS;
	}
	if (proto != IPPROTO_TCP)
		return XDP_PASS;
	tcp = take(&c, sizeof(*tcp));
	if (!tcp || !tcp->syn)
		return XDP_PASS;
	if (clamp(tcp, c.end))
		__sync_fetch_and_add(&clamped, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
