/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every kind of CO-RE relocation, in loads, stores, immediates and 64-bit loads.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

enum color { RED = 1, GREEN = -7, BLUE = 100 };
enum wide { NARROW = 1, WIDE = 0x123456789abcdef0 };

struct inner {
	__u8 tag;
	__u64 numbers[4];
	enum color color;
} __attribute__((preserve_access_index));

typedef const struct inner inner_t;

struct outer {
	__u32 a : 3, b : 18, c : 11;
	__s64 far : 40, near : 20;
	__s16 minus;
	union {
		inner_t one;
		struct inner many[3];
	};
	char tail[];
} __attribute__((preserve_access_index));

struct header {
	__u16 kind, len;
	__u32 id;
} __attribute__((preserve_access_index));

SEC("xdp") int packet(struct xdp_md *ctx)
{
	struct header *h = (void *)(long)ctx->data;

	if ((void *)(long)ctx->data_end < (void *)(h + 2))
		return XDP_DROP;
	h->id = h[1].id;
	return h->len;
}

SEC("xdp") int bitfields(struct xdp_md *ctx)
{
	struct outer o = {.a = ctx->rx_queue_index};

	return BPF_CORE_READ_BITFIELD(&o, a) + BPF_CORE_READ_BITFIELD(&o, b) +
	       BPF_CORE_READ_BITFIELD(&o, c) + BPF_CORE_READ_BITFIELD(&o, far) +
	       BPF_CORE_READ_BITFIELD(&o, near) + BPF_CORE_READ_BITFIELD(&o, minus);
}

SEC("xdp") int fields(struct xdp_md *ctx)
{
	struct outer *o = (void *)0;

	return bpf_core_field_exists(o->b) + bpf_core_field_exists(o->many[1].numbers[2]) +
	       bpf_core_field_size(o->minus) + bpf_core_field_size(o->many) +
	       bpf_core_field_size(o->one.color) + bpf_core_field_offset(o->many[2].numbers) +
	       bpf_core_field_offset(o->tail) + bpf_core_field_offset(struct inner, color);
}

SEC("xdp") int types(struct xdp_md *ctx)
{
	return bpf_core_type_exists(struct outer) + bpf_core_type_size(struct inner) +
	       bpf_core_type_matches(struct inner) + bpf_core_type_id_local(struct inner) +
	       bpf_core_type_id_kernel(struct outer) + bpf_core_type_size(inner_t);
}

SEC("xdp") int enumerators(struct xdp_md *ctx)
{
	return bpf_core_enum_value_exists(enum color, BLUE) +
	       bpf_core_enum_value(enum color, BLUE) + bpf_core_enum_value(enum color, GREEN) +
	       (bpf_core_enum_value(enum wide, WIDE) >> 40);
}

char _license[] SEC("license") = "GPL";
