/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Asks the machine what it has. Each program returns a bit for each yes.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

enum bpf_func_id___other { BPF_FUNC_csum_diff___other = 3, BPF_FUNC_made_up___other = 4 };
enum something { BPF_FUNC_no_helper };

#define HAS(bit, type, name) ((__u32)bpf_core_enum_value_exists(enum type, name) << bit)

SEC("xdp") int helpers(struct xdp_md *ctx)
{
	return HAS(0, bpf_func_id, BPF_FUNC_map_lookup_elem) |
	       HAS(1, bpf_func_id, BPF_FUNC_override_return) |
	       HAS(2, bpf_func_id___other, BPF_FUNC_csum_diff___other) |
	       HAS(3, bpf_func_id___other, BPF_FUNC_made_up___other) |
	       HAS(4, something, BPF_FUNC_no_helper);
}

SEC("xdp") int map_types(struct xdp_md *ctx)
{
	return HAS(0, bpf_map_type, BPF_MAP_TYPE_HASH) |
	       HAS(1, bpf_map_type, BPF_MAP_TYPE_CGROUP_ARRAY) |
	       HAS(2, bpf_map_type, BPF_MAP_TYPE_PERCPU_ARRAY);
}

SEC("xdp") int true_number(struct xdp_md *ctx)
{
	return bpf_core_enum_value(enum bpf_func_id___other, BPF_FUNC_csum_diff___other);
}

struct bpf_map {
	void *ops;
	__u32 id, max_entries, value_size;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 7);
	__type(key, __u64);
	__type(value, __u16);
} map SEC(".maps");

/* What this machine says of a map is not where the object has it, nor all of it there. */
SEC("xdp") int of_a_map(struct xdp_md *ctx)
{
	struct bpf_map *m = (void *)&map;

	return m->max_entries * 100 + m->value_size * 10 + bpf_core_field_exists(m->value_size) +
	       bpf_core_field_exists(m->id);
}

SEC("xdp") int operations_of_a_map(struct xdp_md *ctx)
{
	return !((struct bpf_map *)(void *)&map)->ops;
}

char _license[] SEC("license") = "GPL";
