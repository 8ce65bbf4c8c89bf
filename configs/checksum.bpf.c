/* SPDX-License-Identifier: BSD-3-Clause
 *
 * checksum.bpf.c -- drops IPv4 packets whose checksums are wrong.
 *
 * The header's checksum is summed by bpf_csum_diff(), that of UDP and TCP by a loop over the
 * segment, which shows a bounded loop with packet accesses. Segments longer than MAX_SEGMENT
 * bytes pass unchecked.
 */
#include "parse.h"

#define MAX_SEGMENT 1600

enum result { CSUM_GOOD, CSUM_BAD_HEADER, CSUM_BAD_SEGMENT, CSUM_UNCHECKED, N_RESULTS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, N_RESULTS);
	__type(key, __u32);
	__type(value, __u64);
} results SEC(".maps");

/* The pseudo header of RFC 9293 section 3.1, as a sum. */
static __always_inline __u64 pseudo_sum(const struct iphdr *ip, __u32 len)
{
	return (__u64)ip->saddr + ip->daddr + bpf_htons(ip->protocol) + bpf_htons(len);
}

static __always_inline enum result check_segment(const struct iphdr *ip, __u8 *pos, __u8 *end)
{
	__u32 len = bpf_ntohs(ip->tot_len) - ip->ihl * 4;
	__u64 sum = pseudo_sum(ip, len);
	__u32 i;

	if (len > MAX_SEGMENT)
		return CSUM_UNCHECKED;
	for (i = 0; i + 1 < MAX_SEGMENT && i + 1 < len; i += 2) {
		if (pos + 2 > end)
			return CSUM_BAD_SEGMENT; /* shorter than it says */
		sum += *(__u16 *)pos;
		pos += 2;
	}
	if (len & 1) {
		if (pos + 1 > end)
			return CSUM_BAD_SEGMENT;
		sum += *pos; /* padded with a zero byte: little-endian hosts need no shift */
	}
	return csum_fold(sum) ? CSUM_BAD_SEGMENT : CSUM_GOOD;
}

static __always_inline enum result check_ipv4(struct cursor *c)
{
	struct iphdr *ip = c->pos;
	struct udphdr *udp;
	__s64 sum;

	if (!take(c, sizeof(*ip)) || ip->version != 4)
		return CSUM_UNCHECKED;
	/* bpf_csum_diff() wants a size known to be within the packet; options are rare enough to
	 * be left to the host. */
	if (ip->ihl != 5)
		return CSUM_UNCHECKED;
	sum = bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0);
	if (sum < 0 || csum_fold(sum))
		return CSUM_BAD_HEADER;
	if (ip->frag_off & bpf_htons(IP_MF | IP_OFFSET))
		return CSUM_UNCHECKED;
	switch (ip->protocol) {
	case IPPROTO_UDP:
		udp = c->pos;
		if (udp + 1 > (struct udphdr *)c->end)
			return CSUM_BAD_SEGMENT;
		if (!udp->check) /* the sender made none */
			return CSUM_UNCHECKED;
		break;
	case IPPROTO_TCP: break;
	default: return CSUM_UNCHECKED;
	}
	return check_segment(ip, c->pos, c->end);
}

SEC("xdp")
int xdp_checksum(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	__u32 result = CSUM_UNCHECKED;
	__be16 proto;
	__u64 *count;

	if (take_eth(&c, &proto) && proto == bpf_htons(ETH_P_IP))
		result = check_ipv4(&c);
	count = bpf_map_lookup_elem(&results, &result);
	if (count)
		(*count)++;
	return result == CSUM_BAD_HEADER || result == CSUM_BAD_SEGMENT ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
