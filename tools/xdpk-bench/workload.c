/* SPDX-License-Identifier: BSD-3-Clause
 *
 * workload.c -- the table of workloads. Objects and modules are in the build folder, where the
 * build says.
 */
#include "workload.h"

#define SAMPLE(name) XDPK_BENCH_SAMPLES "/" name ".bpf.o"
#define NATIVE(name) XDPK_BENCH_BUILD "/native-" name ".so"

const struct workload workloads[] = {
	{
		.name = "firewall-1k",
		.what = "the sample firewall: 16-byte keys of a HASH, 1024 rules",
		.object = SAMPLE("firewall"),
		.program = "xdp_firewall",
		.native = NATIVE("firewall-1k"),
		.map = "rules",
		.entries = 1024,
		.packets = 4096,
		.packet_len = 60,
		.fill = fill__firewall,
		.packet = packet__flow,
	},
};
const size_t n_workloads = sizeof(workloads) / sizeof(workloads[0]);
