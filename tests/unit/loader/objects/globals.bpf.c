/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Global functions with every kind of argument.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TAG(name) __attribute__((btf_decl_tag("arg:" name)))

struct point {
	int x, y, z;
};
typedef const struct point point_t;
enum color { RED, GREEN };
struct unknown;

volatile int seen;

__noinline int numbers(int a, enum color b, const __u64 c)
{
	return seen + a + b + c;
}

__noinline int memory(
	struct xdp_md *ctx, point_t *a, struct point *b TAG("nonnull"), void **c, struct unknown *d)
{
	return (a ? a->x : 0) + b->y + (c != 0) + (d != 0) + ctx->rx_queue_index;
}

__noinline int tagged(void *ctx TAG("ctx"), struct point *a TAG("trusted"), struct bpf_dynptr *b)
{
	return ((struct xdp_md *)ctx)->rx_queue_index + (a != 0) + (b != 0);
}

__noinline void nothing(void)
{
	seen++;
}

SEC("xdp") int calls(struct xdp_md *ctx)
{
	struct point p = {seen, 2, 3};
	struct bpf_dynptr d = {};

	nothing();
	return numbers(seen, GREEN, 3) + memory(ctx, &p, &p, 0, 0) + tagged(ctx, &p, &d);
}

char _license[] SEC("license") = "GPL";
