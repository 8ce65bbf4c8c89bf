/* SPDX-License-Identifier: BSD-3-Clause
 *
 * staged-route.c -- the sample router as one writes it by hand for tables larger than the cache:
 * over a burst, in stages, each of which finds in the cache what the one before it asked for.
 *
 *	all headers are fetched │ table's word fetched │ route's value fetched │ the usual way
 */
#define ebpf_driver one_by_one
#include "driver-bench.c"
#undef ebpf_driver

/* 0: a packet that is not routed. */
static inline __be32 find_daddr(const struct bench_packet *p)
{
	struct cursor c = {p->data, p->data + p->len};
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct iphdr *ip = take(&c, sizeof(*ip));

	return eth && ip && eth->h_proto == bpf_htons(ETH_P_IP) ? ip->daddr : 0;
}

void ebpf_driver(struct ebpf_env *env, void *arg);

void ebpf_driver(struct ebpf_env *env, void *arg)
{
	const struct rt_map m = *native_map(&routes);
	struct bench_burst *burst = arg;
	struct bench_packet *p = burst->packets;
	uint64_t way[BENCH_BURST];

	for (uint32_t i = 0; i < burst->n; i++)
		rt_prefetch(p[i].data);
	for (uint32_t i = 0; i < burst->n; i++) {
		struct prefix key = {32, find_daddr(&p[i])};

		way[i] = rt_map__fetch(&m, &key);
	}
	for (uint32_t i = 0; i < burst->n; i++)
		rt_map__fetch_next(&m, 0, way[i]);
	one_by_one(env, arg);
}
