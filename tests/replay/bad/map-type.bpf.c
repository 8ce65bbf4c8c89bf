/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-type.bpf.c -- wants a map of a type that XDP programs on xdpk cannot have.
 */
#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16);
	__uint(key_size, 4);
	__uint(value_size, 80);
} traces SEC(".maps");

SEC("xdp")
int xdp_map_type(struct xdp_md *ctx)
{
	void *map = &traces;

	asm volatile("" : "+r"(map));
	return map ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
