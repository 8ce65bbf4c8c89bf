/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs for every place that XDP has, all of which ask for the interface that a packet
 * leaves by.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp/devmap")
int at_devmap(struct xdp_md *ctx)
{
	return ctx->egress_ifindex;
}

SEC("xdp")
int at_port(struct xdp_md *ctx)
{
	return ctx->egress_ifindex;
}

SEC("xdp.frags/devmap")
int at_devmap_frags(struct xdp_md *ctx)
{
	return ctx->egress_ifindex;
}

SEC("xdp/cpumap")
int at_cpumap(struct xdp_md *ctx)
{
	return ctx->egress_ifindex;
}
