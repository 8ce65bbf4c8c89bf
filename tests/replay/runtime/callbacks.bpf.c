/* SPDX-License-Identifier: BSD-3-Clause
 *
 * callbacks.bpf.c -- functions that helpers call: loops that end by themselves and before, loops
 * within loops, walks over maps of every type that can be walked, which a callback may change.
 */
#include "results.h"

#define TABLE(name, kind, n)            \
	struct {                        \
		__uint(type, kind);     \
		__uint(max_entries, n); \
		__type(key, __u32);     \
		__type(value, __u64);   \
	} name SEC(".maps")

TABLE(array, BPF_MAP_TYPE_ARRAY, 64);
TABLE(array_each, BPF_MAP_TYPE_PERCPU_ARRAY, 64);
TABLE(hash, BPF_MAP_TYPE_HASH, 64);
TABLE(hash_each, BPF_MAP_TYPE_PERCPU_HASH, 64);
/* Large enough that nothing has to go. */
TABLE(recent, BPF_MAP_TYPE_LRU_HASH, 4096);
TABLE(recent_each, BPF_MAP_TYPE_LRU_PERCPU_HASH, 4096);

struct walk {
	__u64 sum, met;
	__u32 stop;
};

/* Not on the stack, where the kernel would count along. */
__u64 met, last;

static long add(__u32 i, struct walk *w)
{
	w->sum += (__u64)i * i;
	w->met++;
	return i == w->stop;
}

static long count(__u32 i, __u64 *n)
{
	++*n;
	return 0;
}

static long nested(__u32 i, struct walk *w)
{
	__u64 n = 0;

	bpf_loop(i, count, &n, 0);
	w->sum = w->sum * 3 + n;
	return 0;
}

static long alone(__u32 i, void *none)
{
	return i > 4;
}

/* A sum that does not depend on the order of the walk; what it meets becomes different. */
static long visit(void *map, __u32 *key, __u64 *value, struct walk *w)
{
	w->sum += (*key + 1) * *value;
	*value += 3;
	return ++met == last;
}

/* Takes out what it stands on, and puts back what is not there yet behind it. */
static long replace(void *map, __u32 *key, __u64 *value, struct walk *w)
{
	__u32 k = *key;
	__u64 v = *value + 1;

	w->met++;
	if (k % 3 == 0)
		w->sum += (__u64)bpf_map_delete_elem(&hash, &k);
	if (k % 6 == 0)
		w->sum += (__u64)bpf_map_update_elem(&hash, &k, &v, BPF_NOEXIST);
	return 0;
}

static __always_inline void loops(__u64 length)
{
	struct walk w = {.stop = length % 61};
	__u64 n = 0;

	note(0, bpf_loop(length % 100, add, &w, 0));
	note(1, w.sum);
	note(2, w.met);
	w.stop = 1 << 30;
	note(3, bpf_loop(length * 2, add, &w, 0));
	note(4, w.sum);
	w.sum = 0;
	note(5, bpf_loop(length % 16, nested, &w, 0));
	note(6, w.sum);
	note(7, bpf_loop(length % 9, alone, (void *)0, 0));
	note(8, bpf_loop(1 << 24, count, &n, 0));
	note(9, bpf_loop(1, count, &n, 1));
	note(10, bpf_loop(length << 32 | 2, count, &n, 0));
	note(11, n);
}

/* Of a hash only how many elements a walk meets before it stops is certain, not which. */
#define WALK(i, table, most)                                           \
	do {                                                           \
		struct walk w_ = {0};                                  \
		met = 0;                                               \
		last = most;                                           \
		note(i, bpf_for_each_map_elem(&table, visit, &w_, 0)); \
		note(i + 1, met);                                      \
		note(i + 2, w_.sum);                                   \
	} while (0)

static __always_inline void walks(__u64 length)
{
	__u32 key = length % 50, other = key * 7 % 50;

	bpf_map_update_elem(&array, &key, &length, BPF_ANY);
	bpf_map_update_elem(&array_each, &key, &length, BPF_ANY);
	bpf_map_update_elem(&hash, &key, &length, BPF_ANY);
	bpf_map_update_elem(&hash_each, &other, &length, BPF_ANY);
	bpf_map_update_elem(&recent, &key, &length, BPF_ANY);
	bpf_map_update_elem(&recent_each, &other, &length, BPF_ANY);
	bpf_map_delete_elem(&hash_each, &key);
	WALK(16, array, length % 31);
	WALK(20, array_each, length % 31);
	WALK(24, hash, 0);
	WALK(28, hash_each, 0);
	WALK(32, recent, 0);
	WALK(36, recent_each, 0);
}

static __always_inline void change(void)
{
	struct walk w = {0};

	bpf_for_each_map_elem(&hash, replace, &w, 0);
	note(44, w.sum);
}

SEC("xdp")
int xdp_callbacks(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;

	loops(length);
	walks(length);
	if (length % 5 == 0)
		change();
	return XDP_PASS;
}
