/* SPDX-License-Identifier: BSD-3-Clause
 *
 * networks.h -- routes by the million, each to another network. Networks of a length lie about as
 * far from each other as they can, so that no two of them are the same up to eleven million. As
 * configs/routes.py has them.
 */
#ifndef XDPK_BENCH_NETWORKS_H
#define XDPK_BENCH_NETWORKS_H

#include "programs/packets.h"

struct network {
	__u32 addr; /* host order */
	__u32 length;
};

static inline struct network network__of(__u32 i)
{
	static const __u8 lengths[] = {
		24, 23, 24, 22, 24, 24, 32, 24, 23, 24, 21, 24, 22, 24, 24, 28, 24, 23, 24, 22};
	__u32 n = sizeof(lengths), length = lengths[i % n], before = 0, all = 0;

	for (__u32 k = 0; k < n; k++) {
		before += k < i % n && lengths[k] == length;
		all += lengths[k] == length;
	}
	return (struct network){scatter(i / n * all + before) & ~0u << (32 - length), length};
}

#endif
