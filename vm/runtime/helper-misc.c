/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-misc.c -- clock, processor, random numbers.
 */
#include "helpers.h"

uint64_t helper_ktime_get_ns(struct ebpf_env *env)
{
	return env->host->ktime_ns();
}

rt_hot uint64_t helper_get_smp_processor_id(struct ebpf_env *env)
{
	return env->worker;
}

rt_inline uint64_t rotate_left(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* xoroshiro128+ (Blackman and Vigna); its upper half. */
uint64_t helper_get_prandom_u32(struct ebpf_env *env)
{
	uint64_t a = env->random[0], b = env->random[1], sum = a + b;

	b ^= a;
	env->random[0] = rotate_left(a, 24) ^ b ^ b << 16;
	env->random[1] = rotate_left(b, 37);
	return sum >> 32;
}
