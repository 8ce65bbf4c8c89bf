/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A program of several versions that take each other's place: each stamps a packet at both ends,
 * and with the number that its own map holds; and gives a verdict of its own.
 *
 *	1, 2  one leaves by XDP_TX, the other by XDP_PASS
 *	3     its shared map is another than theirs
 *	4     like 2; for a compiler that does not work
 *	5     like 2, without a program at entries
 *
 * With HEIRS the stamp at the end is another program's, which is at an entry of the map that the
 * packet is redirected by.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "version.h"

#if VERSION == 3
typedef __u32 count_t;
#else
typedef __u64 count_t;
#endif

#define NAME_OF(version) own_##version
#define OWN_MAP(version) NAME_OF(version)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, count_t);
} shared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} OWN_MAP(VERSION) SEC(".maps");

#ifdef HEIRS
/* Entries 0 and 1: where versions 1 and 2 leave; of the CPUMAP, the workers. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} some SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} workers SEC(".maps");

static __always_inline int leave(struct stamped *p)
{
	switch (p->number % 3) {
	case 0: return bpf_redirect_map(&ports, VERSION != 1, 0);
	case 1: return bpf_redirect_map(&some, VERSION != 1, 0);
	default: return bpf_redirect_map(&workers, p->number / 3 % 2, 0);
	}
}
#else
static __always_inline int leave(struct stamped *p)
{
	p->tail = VERSION;
	return VERSION == 1 ? XDP_TX : XDP_PASS;
}
#endif

SEC("xdp")
int version(struct xdp_md *ctx)
{
	struct stamped *p = (void *)(long)ctx->data;
	__u32 first = 0;
	__u32 *generation = bpf_map_lookup_elem(&OWN_MAP(VERSION), &first);
	count_t *count = bpf_map_lookup_elem(&shared, &first);

	if ((void *)(p + 1) > (void *)(long)ctx->data_end || !generation || !count)
		return XDP_ABORTED;
	p->head = VERSION;
	p->generation = *generation;
	__sync_fetch_and_add(count, 1);
	return leave(p);
}

#ifdef HEIRS
static __always_inline int stamp(struct xdp_md *ctx)
{
	struct stamped *p = (void *)(long)ctx->data;

	if ((void *)(p + 1) > (void *)(long)ctx->data_end)
		return 0;
	p->tail = VERSION;
	return 1;
}

#if VERSION != 5
SEC("xdp/devmap")
int at_port(struct xdp_md *ctx)
{
	return stamp(ctx) ? XDP_PASS : XDP_DROP;
}
#endif

SEC("xdp/cpumap")
int at_worker(struct xdp_md *ctx)
{
	return stamp(ctx) ? bpf_redirect(VERSION == 1 ? 1 : 2, 0) : XDP_DROP;
}
#endif

char _license[] SEC("license") = "Dual BSD/GPL";
