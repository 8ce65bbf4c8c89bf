/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Global functions, which are verified on their own: what may be passed to them, and what they
 * may do with it. REJECTED marks what must be rejected; all else must be accepted.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define REJECTED   __attribute__((btf_decl_tag("comment:test_expect_failure")))
#define ARG(name)  __attribute__((btf_decl_tag("arg:" name)))
#define BARRIER(x) asm volatile("" : "+r"(x))
#define MAX_ROUNDS 100

struct point {
	int x, y;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct point);
	__uint(max_entries, 4);
} points SEC(".maps");

int table[16];

/* ---- numbers ---- */

__noinline int bounded(unsigned i)
{
	return i < 16 ? table[i] : 0;
}

__noinline int unbounded(unsigned i)
{
	BARRIER(i);
	return table[i];
}

__noinline int only_small(unsigned i)
{
	BARRIER(i);
	return i == 3 ? 0 : table[i & 15];
}

SEC("xdp") int passes_any_number(struct xdp_md *ctx)
{
	return bounded(ctx->rx_queue_index);
}

/* What the caller knows of the number is not what the function knows. */
SEC("xdp") int passes_a_good_number(struct xdp_md *ctx) REJECTED;
SEC("xdp") int passes_a_good_number(struct xdp_md *ctx)
{
	return unbounded(3);
}

SEC("xdp") int result_is_any_number(struct xdp_md *ctx) REJECTED;
SEC("xdp") int result_is_any_number(struct xdp_md *ctx)
{
	unsigned i = only_small(3);

	BARRIER(i);
	return table[i];
}

SEC("xdp") int result_is_bounded(struct xdp_md *ctx)
{
	unsigned i = only_small(3);

	BARRIER(i);
	return table[i & 15];
}

SEC("xdp") int passes_a_pointer_as_number(struct xdp_md *ctx) REJECTED;
SEC("xdp") int passes_a_pointer_as_number(struct xdp_md *ctx)
{
	return ((int (*)(struct xdp_md *))(void *)bounded)(ctx);
}

/* ---- memory ---- */

__noinline int reads(struct point *p)
{
	return p ? p->x : 0;
}

__noinline int reads_at_once(struct point *p)
{
	return p->y;
}

__noinline int reads_what_is_there(struct point *p ARG("nonnull"))
{
	return p->y;
}

__noinline int reads_beyond(struct point *p)
{
	return p ? ((int *)p)[2] : 0;
}

__noinline int writes(struct point *p)
{
	if (!p)
		return 0;
	p->x = 1;
	return p->y;
}

SEC("xdp") int passes_stack(struct xdp_md *ctx)
{
	struct point p = {1, 2};

	BARRIER(ctx);
	return reads(&p) + writes(&p) + reads_what_is_there(&p);
}

SEC("xdp") int passes_null(struct xdp_md *ctx)
{
	return reads(0) + writes(0);
}

SEC("xdp") int function_lacks_null_check(struct xdp_md *ctx) REJECTED;
SEC("xdp") int function_lacks_null_check(struct xdp_md *ctx)
{
	struct point p = {1, 2};

	return reads_at_once(&p);
}

SEC("xdp") int function_reads_beyond(struct xdp_md *ctx) REJECTED;
SEC("xdp") int function_reads_beyond(struct xdp_md *ctx)
{
	int p[4] = {1, 2, 3, 4};

	return reads_beyond((struct point *)p);
}

SEC("xdp") int passes_too_little(struct xdp_md *ctx) REJECTED;
SEC("xdp") int passes_too_little(struct xdp_md *ctx)
{
	int x = 1;

	return reads((struct point *)(&x + 0));
}

SEC("xdp") int passes_value_or_null(struct xdp_md *ctx)
{
	int key = 1;

	return reads(bpf_map_lookup_elem(&points, &key));
}

SEC("xdp") int passes_null_where_it_may_not(struct xdp_md *ctx) REJECTED;
SEC("xdp") int passes_null_where_it_may_not(struct xdp_md *ctx)
{
	int key = ctx->rx_queue_index;

	return reads_what_is_there(bpf_map_lookup_elem(&points, &key));
}

SEC("xdp") int passes_packet(struct xdp_md *ctx)
{
	struct point *p = (void *)(long)ctx->data;

	return (void *)(p + 1) <= (void *)(long)ctx->data_end ? reads_what_is_there(p) : 0;
}

SEC("xdp") int passes_unchecked_packet(struct xdp_md *ctx) REJECTED;
SEC("xdp") int passes_unchecked_packet(struct xdp_md *ctx)
{
	return reads_what_is_there((void *)(long)ctx->data);
}

/* The function may have written it. */
SEC("xdp") int relies_on_what_was_written(struct xdp_md *ctx) REJECTED;
SEC("xdp") int relies_on_what_was_written(struct xdp_md *ctx)
{
	struct point p = {1, 2};
	unsigned i;

	writes(&p);
	i = p.x;
	BARRIER(i);
	return table[i];
}

/* ---- the context and the packet ---- */

__noinline int uses_context(struct xdp_md *ctx)
{
	return ctx->rx_queue_index;
}

__noinline int moves_packet(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, 4);
}

__noinline int calls_one_that_moves(struct xdp_md *ctx)
{
	return moves_packet(ctx) + 1;
}

SEC("xdp") int passes_context(struct xdp_md *ctx)
{
	return uses_context(ctx);
}

SEC("xdp") int passes_no_context(struct xdp_md *ctx) REJECTED;
SEC("xdp") int passes_no_context(struct xdp_md *ctx)
{
	struct xdp_md own = {};

	return uses_context(&own);
}

SEC("xdp") int packet_stays(struct xdp_md *ctx)
{
	char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 1 > end)
		return 0;
	uses_context(ctx);
	return *data;
}

SEC("xdp") int packet_moves(struct xdp_md *ctx) REJECTED;
SEC("xdp") int packet_moves(struct xdp_md *ctx)
{
	char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 1 > end)
		return 0;
	calls_one_that_moves(ctx);
	return *data;
}

/* ---- what is not called, and what cannot be ---- */

__noinline void nothing(void)
{
	table[1]++;
}

SEC("xdp") int calls_in_dead_code(struct xdp_md *ctx)
{
	int zero = 0;

	BARRIER(zero);
	asm volatile("%[zero] = 0" : [zero] "+r"(zero));
	return zero ? unbounded(3) : 1;
}

SEC("xdp") int calls_what_gives_nothing(struct xdp_md *ctx) REJECTED;
SEC("xdp") int calls_what_gives_nothing(struct xdp_md *ctx)
{
	nothing();
	return 0;
}

__noinline int loops(int n)
{
	int sum = 0;

	for (int i = 0; i < MAX_ROUNDS; i++)
		sum += table[i & 15] + n;
	return sum;
}

SEC("xdp") int calls_in_a_loop(struct xdp_md *ctx)
{
	int sum = 0;

	for (int i = 0; i < MAX_ROUNDS; i++)
		sum += loops(i);
	return sum;
}

char _license[] SEC("license") = "GPL";
