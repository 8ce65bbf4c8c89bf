/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rx-metadata.h -- what a device tells of a packet, as a program's context has it. Also compiled to
 * bitcode.
 */
#ifndef DATAPLANE_RX_METADATA_H
#define DATAPLANE_RX_METADATA_H

#include <rte_config.h>
#include <rte_mbuf_core.h>

#include <ebpf-env.h>

#include "burst.h"

/* DPDK has a device's flags for every packet, set or not. */
driver_inline void open_metadata(struct ebpf_xdp_ctx *ctx, const struct rte_mbuf *m)
{
	ctx->metadata = (EBPF_RX_HASH | EBPF_RX_VLAN) << EBPF_RX_OFFERED;
	if (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH)
		ctx->metadata |= EBPF_RX_HASH;
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		ctx->metadata |= EBPF_RX_VLAN;
	ctx->rx_hash = m->hash.rss;
	ctx->rx_hash_type = 0; /* not told */
	ctx->rx_vlan_tci = m->vlan_tci;
}

#endif
