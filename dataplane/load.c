/* SPDX-License-Identifier: BSD-3-Clause
 *
 * load.c -- which time belongs to which place.
 */
#include <rte_cycles.h>

#include "load.h"

const uint64_t load__latency_ns[LOAD_LATENCIES] = {500, 1000, 2000, 5000, 10000, 20000, 50000,
	100000, 200000, 500000, 1000000, 10000000, UINT64_MAX};

void load__count_latency(struct load *load, uint32_t n, uint64_t cycles)
{
	uint64_t ns = (uint64_t)((double)cycles * 1e9 / (double)rte_get_tsc_hz());
	unsigned i = 0;

	while (ns > load__latency_ns[i])
		i++;
	counter__add(&load->latency[i], n);
	counter__add(&load->latency_ns, ns * n);
}
