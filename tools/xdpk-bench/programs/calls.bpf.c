/* SPDX-License-Identifier: BSD-3-Clause
 *
 * calls.bpf.c -- a chain of functions of the program, as deep as may be: each mixes a word of the
 * packet into a number.
 */
#include "parse.h"

struct words {
	__u32 word[8];
};

static __always_inline __u32 mix(__u32 sum, __u32 word)
{
	sum = (sum ^ word) * 0x9e3779b1;
	return sum ^ sum >> 15;
}

static __noinline __u32 step_7(const struct words *w, __u32 sum)
{
	return mix(sum, w->word[7]);
}

#define STEP(n, next)                                                      \
	static __noinline __u32 step_##n(const struct words *w, __u32 sum) \
	{                                                                  \
		return step_##next(w, mix(sum, w->word[n])) + sum;         \
	}

STEP(6, 7)
STEP(5, 6)
STEP(4, 5)
STEP(3, 4)
STEP(2, 3)
STEP(1, 2)

SEC("xdp")
int xdp_calls(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct words *packet = take(&c, sizeof(*packet)), words;

	if (!packet)
		return XDP_ABORTED;
	words = *packet;
	return step_1(&words, words.word[0]) & 1 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
