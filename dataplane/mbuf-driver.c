/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mbuf-driver.c -- burst-driver.c as the machine wants it.
 */
#include <pthread.h>

#include <rte_config.h>
#include <rte_mbuf_core.h>

#include "core/checksum.h"
#include "mbuf-driver.h"

#ifdef DATAPLANE_BITCODE
extern const unsigned char burst_driver_bitcode[];
extern const unsigned long burst_driver_bitcode_size;
#endif

static struct ebpf_driver driver = {
	.name = "mbuf",
	.native = burst_driver,
};

/* All that burst-driver.c and what it includes touch. */
static void describe(void)
{
	static const size_t layout[] = {
		sizeof(struct rte_mbuf),
		offsetof(struct rte_mbuf, buf_addr),
		offsetof(struct rte_mbuf, data_off),
		offsetof(struct rte_mbuf, refcnt),
		offsetof(struct rte_mbuf, nb_segs),
		offsetof(struct rte_mbuf, ol_flags),
		offsetof(struct rte_mbuf, pkt_len),
		offsetof(struct rte_mbuf, data_len),
		offsetof(struct rte_mbuf, vlan_tci),
		offsetof(struct rte_mbuf, hash),
		offsetof(struct rte_mbuf, buf_len),
		offsetof(struct rte_mbuf, next),
		RTE_PKTMBUF_HEADROOM,
		RTE_MBUF_F_RX_RSS_HASH,
		RTE_MBUF_F_RX_VLAN_STRIPPED,
		sizeof(struct burst),
		offsetof(struct burst, n),
		offsetof(struct burst, unchecked),
		offsetof(struct burst, ifindex),
		offsetof(struct burst, verdict),
		offsetof(struct burst, redirect),
		offsetof(struct burst, state),
		PACKET_HEAD_ROOM,
		PACKET_BUF_SIZE,
	};

	driver.layout = checksum__add(0, layout, sizeof(layout));
#ifdef DATAPLANE_BITCODE
	driver.bitcode = burst_driver_bitcode;
	driver.bitcode_size = burst_driver_bitcode_size;
#endif
}

const struct ebpf_driver *mbuf_driver(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, describe);
	return &driver;
}
