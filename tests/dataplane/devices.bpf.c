/* SPDX-License-Identifier: BSD-3-Clause
 *
 * devices.bpf.c -- sends packets from interface 1 by device maps, one after the other in another
 * way: by index, by hash, where a map has no entry, to all. What comes from elsewhere goes on by
 * index.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} by_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} by_hash SEC(".maps");

static __u64 number;

SEC("xdp")
int xdp_devices(struct xdp_md *ctx)
{
	if (ctx->ingress_ifindex != 1)
		return bpf_redirect_map(&by_index, 3, 0);
	switch (number++ & 7) {
	case 0: return bpf_redirect_map(&by_index, 2, 0);
	case 1: return bpf_redirect_map(&by_hash, 70000, 0);
	case 2: return bpf_redirect_map(&by_index, 4, XDP_PASS);
	case 3: return bpf_redirect_map(&by_index, 8, XDP_TX);
	case 4: return bpf_redirect_map(&by_hash, 2, XDP_DROP);
	case 5: return bpf_redirect_map(&by_index, 5, 0); /* an interface that no port is */
	case 6: return bpf_redirect_map(&by_index, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
	default: return bpf_redirect_map(&by_hash, 0, BPF_F_BROADCAST);
	}
}

char _license[] SEC("license") = "Dual BSD/GPL";
