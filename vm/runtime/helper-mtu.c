/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-mtu.c -- bpf_check_mtu, by the links of net.h. Compiled natively only.
 */
#include "helpers.h"
#include "net.h"
#include "uapi.h"

#define ETH_HEADER 14

enum { MTU_FITS, MTU_FRAGMENT };

/* *length: of the network header's packet, 0: that of the packet at hand; then the MTU. */
uint64_t helper_check_mtu(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, uint64_t ifindex,
	uint32_t *length, uint64_t len_diff, uint64_t flags)
{
	uint32_t index = (uint32_t)ifindex ? (uint32_t)ifindex : ctx->ingress_ifindex;
	uint32_t size = (uint32_t)(ctx->data_end - ctx->data);
	struct rt_link link;

	if (flags)
		return (uint64_t)-RT_EINVAL;
	if (!rt_net__read(&env->net->links, &index, &link))
		return (uint64_t)-RT_ENODEV;
	if (*length)
		size = *length + ETH_HEADER;
	size += (uint32_t)len_diff;
	*length = link.mtu;
	return (int32_t)size > (int32_t)(link.mtu + ETH_HEADER) ? MTU_FRAGMENT : MTU_FITS;
}
