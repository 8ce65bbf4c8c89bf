/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A program of several versions that take each other's place: each stamps a packet at both ends,
 * and with the number that its own map holds; and gives a verdict of its own.
 *
 *	1, 2  one leaves by XDP_TX, the other by XDP_PASS
 *	3     its shared map is another than theirs
 *	4     like 2; for a compiler that does not work
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
	p->tail = VERSION;
	return VERSION == 1 ? XDP_TX : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
