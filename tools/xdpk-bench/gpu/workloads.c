/* SPDX-License-Identifier: BSD-3-Clause
 *
 * workloads.c -- what a device is given to do: much for a byte, much memory, and little of both.
 */
#include "gpu.h"

/* Text, of which signatures begin everywhere. */
#define LETTERS "etaoin shrdlu ./<(){}$\"' :;ETCP/x0123456789&=\n"

const struct gpu_workload gpu_workloads[] = {
	{
		.base = {.name = "scan",
			.what = "payload searched for signatures, all at once",
			.object = "scan.bpf.o",
			.program = "xdp_scan",
			.init = "scan.init",
			.letters = LETTERS,
			.packets = 32 << 10,
			.packet = packet__flow},
		.lengths = {256, 1514},
	},
	{
		.base = {.name = "mix",
			.what = "payload enciphered by ChaCha20",
			.object = "mix.bpf.o",
			.program = "xdp_mix",
			.rewrite = true,
			.init = "mix.init",
			.packets = 32 << 10,
			.packet = packet__flow},
		.lengths = {256, 1514},
	},
	{
		.base = {.name = "route-10m",
			.what = "longest prefix, next hop, headers: 10000000 routes",
			.object = "route.bpf.o",
			.program = "xdp_route",
			.map = "routes",
			.entries = 10000000,
			.packets = 256 << 10,
			.restore = true,
			.fill = fill__networks,
			.packet = packet__network},
		.lengths = {60},
	},
	{
		.base = {.name = "firewall",
			.what = "5-tuples in a HASH: 65536 rules; should not pay",
			.object = "firewall.bpf.o",
			.program = "xdp_firewall",
			.map = "rules",
			.entries = 64 << 10,
			.packets = 64 << 10,
			.fill = fill__firewall,
			.packet = packet__flow},
		.lengths = {60, 1514},
	},
};
const size_t n_gpu_workloads = sizeof(gpu_workloads) / sizeof(gpu_workloads[0]);
