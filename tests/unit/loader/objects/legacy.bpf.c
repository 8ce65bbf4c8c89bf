/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Maps as they were defined before BTF. DEFINITION_WORDS: 5 (libbpf), 7 (kernel samples),
 * 9 (iproute2).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct definition {
	__u32 type, key_size, value_size, max_entries, flags;
	__u32 more[DEFINITION_WORDS - 5];
};

struct definition first SEC("maps") = {BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, {}};
struct definition second SEC("maps") = {BPF_MAP_TYPE_HASH, 2, 16, 32, BPF_F_NO_PREALLOC, {}};

SEC("xdp_legacy") int legacy(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *a = bpf_map_lookup_elem(&first, &key), *b = bpf_map_lookup_elem(&second, &key);

	return a && b ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
