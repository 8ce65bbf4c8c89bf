/* SPDX-License-Identifier: BSD-3-Clause
 *
 * iterators.bpf.c -- loops over numbers by bpf_iter_num and over bits, and loops that may_goto
 * ends.
 */
#include <linux/version.h>

#include "results.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0) /* bpf.h has it since */
struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));
#endif

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

struct bpf_iter_bits {
	__u64 opaque[2];
} __attribute__((aligned(8)));

extern int bpf_iter_bits_new(struct bpf_iter_bits *it, const __u64 *words, __u32 n) __ksym;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *it) __ksym;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *it) __ksym;

/* Jumps to `end` when the function has made as many rounds as it may. */
#define MAY_GOTO_END()                                                                          \
	asm volatile goto("1: .byte 0xe5, 0; .long ((%l[end] - 1b - 8) / 8) & 0xffff; .short 0" \
			  :                                                                     \
			  :                                                                     \
			  :                                                                     \
			  : end)

struct bytes {
	__u8 at[256];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bytes);
} bytes SEC(".maps");

static __always_inline void over(__u32 i, int from, int to)
{
	struct bpf_iter_num it;
	__u64 sum = 0;
	int *n;

	note(i, bpf_iter_num_new(&it, from, to));
	while ((n = bpf_iter_num_next(&it)))
		sum = sum * 5 + *n;
	note(i + 1, bpf_iter_num_next(&it) != 0);
	bpf_iter_num_destroy(&it);
	note(i + 2, sum);
}

/* A body with an access that depends on the number. */
static __always_inline void fill(int length)
{
	struct bpf_iter_num it;
	__u32 zero = 0;
	struct bytes *b = bpf_map_lookup_elem(&bytes, &zero);
	int *n;

	if (!b)
		return;
	bpf_iter_num_new(&it, 0, length);
	while ((n = bpf_iter_num_next(&it))) {
		int i = *n;

		if (i < 0 || i >= 256)
			break;
		b->at[i] += i;
	}
	bpf_iter_num_destroy(&it);
}

static __always_inline void bits_of(__u32 i, const __u64 *words, __u32 n)
{
	struct bpf_iter_bits it;
	__u64 sum = 0;
	int *bit;

	note(i, bpf_iter_bits_new(&it, words, n));
	while ((bit = bpf_iter_bits_next(&it)))
		sum = sum * 7 + *bit;
	note(i + 1, bpf_iter_bits_next(&it) != 0);
	bpf_iter_bits_destroy(&it);
	note(i + 2, sum);
}

static __noinline __u64 rounds(__u64 last)
{
	__u64 i = 0, sum = 0;

	for (; i < last; i++) {
		MAY_GOTO_END();
		sum += i ^ sum << 1;
	}
end:
	return sum + i;
}

SEC("xdp")
int xdp_iterators(struct xdp_md *ctx)
{
	int length = ctx->data_end - ctx->data;
	__u64 words[3] = {0};

	over(0, 0, length);
	over(4, -3, length & 7);
	over(8, length, length);
	over(12, length, 3);
	over(16, -(1 << 30), 1 << 30);
	over(20, (1U << 31) - 5, (1U << 31) - 1);
	over(24, -(1 << 30) * 2, -(1 << 30) * 2 + 3);
	fill(length);
	note(30, rounds(length));
	words[0] = length * 0x9e3779b97f4a7c15;
	words[2] = (__u64)length << 40;
	bits_of(32, words, 1);
	bits_of(36, words, 3);
	bits_of(40, words + 1, 1);
	bits_of(44, words, 0);
	bits_of(48, words, 512);
	bits_of(52, (void *)0, 1);
	bits_of(56, (void *)8, 1);
	bits_of(60, (void *)8, 2);
	return XDP_TX;
}
