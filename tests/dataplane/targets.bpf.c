/* SPDX-License-Identifier: BSD-3-Clause
 *
 * targets.bpf.c -- four ways by turns: to an interface with a program, to another worker with a
 * program, which sends it on, to all interfaces, to a worker without a program. The programs leave
 * in the packet where they ran.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

static __u64 number;

SEC("xdp")
int distribute(struct xdp_md *ctx)
{
	switch (number++ & 3) {
	case 0: return bpf_redirect_map(&ports, 1, 0);
	case 1: return bpf_redirect_map(&cpus, 1, 0);
	case 2: return bpf_redirect_map(&ports, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
	default: return bpf_redirect_map(&cpus, 0, 0);
	}
}

static int sign(struct xdp_md *ctx, __u8 byte)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return -1;
	eth->h_source[5] = byte;
	return 0;
}

SEC("xdp/devmap")
int at_port(struct xdp_md *ctx)
{
	return sign(ctx, ctx->egress_ifindex) ? XDP_DROP : XDP_PASS;
}

SEC("xdp/cpumap")
int at_worker(struct xdp_md *ctx)
{
	if (sign(ctx, 0xc0 + bpf_get_smp_processor_id()))
		return XDP_DROP;
	return bpf_redirect_map(&ports, 2, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
