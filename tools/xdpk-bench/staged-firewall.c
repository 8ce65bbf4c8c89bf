/* SPDX-License-Identifier: BSD-3-Clause
 *
 * staged-firewall.c -- the sample firewall as one writes it by hand for tables larger than the
 * cache: over a burst, in stages, each of which finds in the cache what the one before it asked
 * for, and the hash is computed once.
 *
 *	all headers are fetched │ flow, hash, bucket fetched │ tags, element fetched │ verdict
 *
 * Packets that are no first fragments over IPv4 go the usual way.
 */
#define ebpf_driver one_by_one
#include "driver-bench.c"
#undef ebpf_driver

struct sought {
	struct flow flow;
	uint64_t hash;
	bool usual; /* the usual way */
};

static inline bool find_flow(const struct bench_packet *p, struct flow *flow)
{
	struct cursor c = {p->data, p->data + p->len};
	struct ports ports;
	struct iphdr *ip;
	__be16 proto;

	if (!take_eth(&c, &proto) || proto != bpf_htons(ETH_P_IP))
		return false;
	ip = take_ipv4(&c);
	if (!ip || !is_first_fragment(ip) || take_ports(&c, ip->protocol, &ports))
		return false;
	*flow = (struct flow){ip->saddr, ip->daddr, ports.src, ports.dst, ip->protocol, {0}};
	return true;
}

static inline uint32_t find_verdict(const struct rt_map *m, const struct sought *s)
{
	struct rt_hash_bucket *b = rt_hash__bucket(m, hash__index(m, s->hash));
	uint32_t seq, elem, where;

	do {
		seq = rt_read_acquire(&b->seq);
		elem = hash__find_once(m, b, hash__tag(s->hash), seq, &s->flow, &where);
	} while (bucket__changed(b, seq));
	return elem ? *(uint32_t *)rt_hash__value(m, 0, elem) : default_verdict;
}

static inline uint32_t count(uint32_t verdict, uint32_t bytes)
{
	struct counter *counter = bpf_map_lookup_elem(&counters, &verdict);

	if (!counter)
		return XDP_ABORTED;
	counter->packets++;
	counter->bytes += bytes;
	return verdict;
}

void ebpf_driver(struct ebpf_env *env, void *arg);

void ebpf_driver(struct ebpf_env *env, void *arg)
{
	const struct rt_map m = *native_map(&rules);
	struct bench_burst *burst = arg;
	struct bench_packet *p = burst->packets;
	struct sought s[BENCH_BURST];

	env->redirect.kind = EBPF_REDIRECT_NONE;
	for (uint32_t i = 0; i < burst->n; i++)
		rt_prefetch(p[i].data);
	for (uint32_t i = 0; i < burst->n; i++) {
		s[i].usual = !find_flow(&p[i], &s[i].flow);
		if (!s[i].usual)
			s[i].hash = rt_hash__fetch(&m, &s[i].flow);
	}
	for (uint32_t i = 0; i < burst->n; i++)
		if (!s[i].usual)
			rt_hash__fetch_next(&m, 0, s[i].hash);
	for (uint32_t i = 0; i < burst->n; i++) {
		if (s[i].usual)
			one_by_one(env, &(struct bench_burst){&p[i], 1});
		else
			p[i].verdict = count(find_verdict(&m, &s[i]), p[i].len);
	}
}
