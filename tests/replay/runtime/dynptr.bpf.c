/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dynptr.bpf.c -- views of the packet and of a map's value: what they give, and what they refuse.
 */
#include "results.h"

extern int bpf_dynptr_from_xdp(struct xdp_md *ctx, __u64 flags, struct bpf_dynptr *p) __ksym;
extern void *bpf_dynptr_slice(
	const struct bpf_dynptr *p, __u32 offset, void *buffer, __u32 buffer__szk) __ksym;
extern void *bpf_dynptr_slice_rdwr(
	const struct bpf_dynptr *p, __u32 offset, void *buffer, __u32 buffer__szk) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *p, __u32 start, __u32 end) __ksym;
extern _Bool bpf_dynptr_is_null(const struct bpf_dynptr *p) __ksym;
extern _Bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *p) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone) __ksym;

struct bytes {
	__u8 at[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bytes);
} memory SEC(".maps");

/* Swaps the addresses of the frame through a slice, and reads them in other ways. */
static __always_inline void swap_addresses(struct bpf_dynptr *packet)
{
	__u8 buffer[14], *eth = bpf_dynptr_slice_rdwr(packet, 0, buffer, sizeof(buffer));
	__u64 first = 0;

	if (!eth)
		return;
	for (int i = 0; i < 6; i++) {
		__u8 byte = eth[i];

		eth[i] = eth[6 + i];
		eth[6 + i] = byte;
	}
	note(0, bpf_dynptr_read(&first, 6, packet, 0, 0));
	note(1, first);
	note(2, bpf_dynptr_read(&first, 8, packet, 1 << 20, 0));
	note(3, bpf_dynptr_read(&first, 8, packet, 0, 1));
	note(4, bpf_dynptr_write(packet, 12, "\x08\x06", 2, 0));
	note(5, bpf_dynptr_write(packet, 12, "\x08\x06", 2, 1));
	note(6, bpf_dynptr_data(packet, 0, 4) != 0);
}

static __always_inline void cut(struct bpf_dynptr *packet)
{
	struct bpf_dynptr part;
	__u8 *byte;

	note(10, bpf_dynptr_size(packet));
	note(11, bpf_dynptr_clone(packet, &part));
	note(12, bpf_dynptr_adjust(&part, 14, 40));
	note(13, bpf_dynptr_adjust(&part, 20, 10));
	note(14, bpf_dynptr_adjust(&part, 10, 100));
	note(15, bpf_dynptr_size(&part));
	byte = bpf_dynptr_slice(&part, 2, 0, 4);
	note(16, byte ? byte[0] << 8 | byte[3] : 1 << 16);
	note(17, bpf_dynptr_slice(&part, 24, 0, 4) != 0);
	note(18, bpf_dynptr_is_null(&part) << 1 | bpf_dynptr_is_rdonly(&part));
	note(19, bpf_dynptr_write(&part, 20, "new", 3, 0));
}

static __always_inline void null(struct xdp_md *ctx)
{
	struct bpf_dynptr none, copy;
	__u64 word = 0;

	note(20, bpf_dynptr_from_xdp(ctx, 1, &none));
	note(21, bpf_dynptr_is_null(&none) << 1 | bpf_dynptr_is_rdonly(&none));
	note(22, bpf_dynptr_size(&none));
	note(23, bpf_dynptr_read(&word, 1, &none, 0, 0));
	note(24, bpf_dynptr_adjust(&none, 0, 0));
	note(25, bpf_dynptr_clone(&none, &copy));
	note(26, bpf_dynptr_is_null(&copy));
}

static __always_inline void of_memory(struct bpf_dynptr *packet)
{
	__u32 zero = 0;
	struct bytes *bytes = bpf_map_lookup_elem(&memory, &zero);
	struct bpf_dynptr local;
	__u8 word[8] = {0}, *p;

	if (!bytes)
		return;
	note(30, bpf_dynptr_from_mem(bytes, sizeof(*bytes), 1, &local));
	note(31, bpf_dynptr_is_null(&local));
	note(32, bpf_dynptr_from_mem(bytes, sizeof(*bytes), 0, &local));
	note(33, bpf_dynptr_read(word, sizeof(word), packet, 6, 0));
	note(34, bpf_dynptr_write(&local, 5, word, sizeof(word), 0));
	note(35, bpf_dynptr_write(&local, 60, word, sizeof(word), 0));
	note(36, bpf_dynptr_adjust(&local, 4, 50));
	p = bpf_dynptr_data(&local, 1, 8);
	if (p)
		p[7] += p[0];
	p = bpf_dynptr_slice(&local, 1, 0, 8);
	note(37, p ? p[7] : 1 << 16);
	note(38, bpf_dynptr_data(&local, 45, 8) != 0);
	note(39, bpf_dynptr_size(&local));
}

SEC("xdp")
int xdp_dynptr(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u32 buffer = 7, *word;

	note(40, bpf_dynptr_from_xdp(ctx, 0, &packet));
	swap_addresses(&packet);
	cut(&packet);
	null(ctx);
	of_memory(&packet);
	/* The dynptr keeps its size when the packet changes. */
	if (bpf_xdp_adjust_tail(ctx, -20))
		return XDP_DROP;
	note(41, bpf_dynptr_size(&packet));
	word = bpf_dynptr_slice(&packet, bpf_dynptr_size(&packet) - 24, &buffer, sizeof(buffer));
	note(42, word ? *word : 0);
	note(43, bpf_dynptr_write(&packet, bpf_dynptr_size(&packet) - 22, "far", 4, 0));
	note(44, bpf_dynptr_write(&packet, bpf_dynptr_size(&packet) - 24, "end", 4, 0));
	return XDP_TX;
}
