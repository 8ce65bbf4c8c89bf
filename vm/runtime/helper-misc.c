/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-misc.c -- clocks, processor, random numbers.
 */
#include "helpers.h"
#include "random.h"
#include "uapi.h"

/* Ticks of the kernel's timer per second: programs are compiled for one kernel or another and
 * can tell time by it only roughly. This is Debian's. */
#define JIFFIES_PER_SECOND 250

uint64_t helper_ktime_get_ns(struct ebpf_env *env)
{
	return env->host->ktime_ns();
}

uint64_t helper_ktime_get_boot_ns(struct ebpf_env *env)
{
	return env->host->clock_ns(RT_CLOCK_BOOTTIME);
}

uint64_t helper_ktime_get_coarse_ns(struct ebpf_env *env)
{
	return env->host->clock_ns(RT_CLOCK_MONOTONIC_COARSE);
}

uint64_t helper_ktime_get_tai_ns(struct ebpf_env *env)
{
	return env->host->clock_ns(RT_CLOCK_TAI);
}

/* Since five minutes before the 32-bit counter wrapped, as in Linux. */
uint64_t helper_jiffies64(struct ebpf_env *env)
{
	return (uint32_t)(-300 * JIFFIES_PER_SECOND) +
	       env->host->clock_ns(RT_CLOCK_MONOTONIC_COARSE) / (1000000000 / JIFFIES_PER_SECOND);
}

/* Workers know no nodes: each has its memory where it runs. */
rt_hot uint64_t helper_get_numa_node_id(struct ebpf_env *env)
{
	return 0;
}

rt_hot uint64_t helper_get_smp_processor_id(struct ebpf_env *env)
{
	return env->cpu;
}

uint64_t helper_get_prandom_u32(struct ebpf_env *env)
{
	return rt_random__draw(env->random);
}
