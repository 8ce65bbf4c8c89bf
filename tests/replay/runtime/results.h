/* SPDX-License-Identifier: BSD-3-Clause
 *
 * results.h -- where these programs leave what helpers gave them: a map that is compared.
 */
#ifndef TESTS_REPLAY_RUNTIME_RESULTS_H
#define TESTS_REPLAY_RUNTIME_RESULTS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define N_RESULTS 64

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_RESULTS);
	__type(key, __u32);
	__type(value, __u64);
} results SEC(".maps");

/* Result `i` is a sum over all packets in which their order counts. */
static __always_inline void note(__u32 i, __u64 value)
{
	__u64 *sum = bpf_map_lookup_elem(&results, &i);

	if (sum)
		*sum = *sum * 31 + value;
}

char _license[] SEC("license") = "GPL";

#endif
