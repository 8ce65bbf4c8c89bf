/* SPDX-License-Identifier: BSD-3-Clause
 *
 * locks.bpf.c -- values that hold a spin lock: changed under it, replaced beside it.
 */
#include "results.h"

struct counter {
	__u64 packets, bytes;
	struct bpf_spin_lock lock;
	__u32 last;
};

#define TABLE(name, kind)                      \
	struct {                               \
		__uint(type, kind);            \
		__uint(max_entries, 32);       \
		__type(key, __u32);            \
		__type(value, struct counter); \
	} name SEC(".maps")

TABLE(array, BPF_MAP_TYPE_ARRAY);
TABLE(hash, BPF_MAP_TYPE_HASH);

static __always_inline void count(struct counter *c, __u32 length)
{
	bpf_spin_lock(&c->lock);
	c->packets++;
	c->bytes += length;
	c->last = length;
	bpf_spin_unlock(&c->lock);
}

SEC("xdp")
int xdp_locks(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data, key = length % 32, other = length % 29;
	struct counter fresh = {.packets = length}, *c = bpf_map_lookup_elem(&array, &key);

	if (c)
		count(c, length);
	if (length % 7 == 0)
		note(0, bpf_map_update_elem(&array, &key, &fresh, BPF_F_LOCK));
	if (length % 9 == 0)
		note(1, bpf_map_update_elem(&array, &other, &fresh, BPF_EXIST));
	c = bpf_map_lookup_elem(&hash, &key);
	if (c)
		count(c, length);
	else
		note(2, bpf_map_update_elem(&hash, &key, &fresh, BPF_NOEXIST));
	note(3, bpf_map_update_elem(&hash, &other, &fresh, BPF_F_LOCK | BPF_EXIST));
	if (length % 5 == 0)
		note(4, bpf_map_update_elem(&hash, &other, &fresh, BPF_F_LOCK));
	if (length % 11 == 0)
		note(5, bpf_map_delete_elem(&hash, &key));
	return XDP_PASS;
}
