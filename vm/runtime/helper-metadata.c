/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-metadata.c -- kernel functions that tell what the device found out about a packet. The
 * driver puts it into the context: what its device can tell, and what it told of this packet.
 *
 * A result may be written anywhere, aligned or not.
 */
#include "helpers.h"
#include "uapi.h"
#include "words.h"

#define HTONS_ETH_P_8021Q 0x0081

rt_inline uint64_t told(const struct ebpf_xdp_ctx *ctx, uint32_t what)
{
	if (ctx->metadata & what)
		return 0;
	return (uint32_t)(ctx->metadata & what << EBPF_RX_OFFERED ? -RT_ENODATA : -RT_ENOTSUP);
}

rt_hot uint64_t helper_xdp_metadata_rx_timestamp(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, void *timestamp)
{
	uint64_t err = told(ctx, EBPF_RX_TIMESTAMP);

	if (!err)
		*(rt_unaligned64 *)timestamp = ctx->rx_timestamp;
	return err;
}

rt_hot uint64_t helper_xdp_metadata_rx_hash(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, void *hash, void *type)
{
	uint64_t err = told(ctx, EBPF_RX_HASH);

	if (!err) {
		*(rt_unaligned32 *)hash = ctx->rx_hash;
		*(rt_unaligned32 *)type = ctx->rx_hash_type;
	}
	return err;
}

rt_hot uint64_t helper_xdp_metadata_rx_vlan_tag(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, void *proto, void *tci)
{
	uint64_t err = told(ctx, EBPF_RX_VLAN);

	if (!err) {
		*(rt_unaligned16 *)proto = HTONS_ETH_P_8021Q;
		*(rt_unaligned16 *)tci = ctx->rx_vlan_tci;
	}
	return err;
}
