/* SPDX-License-Identifier: BSD-3-Clause
 *
 * random.h -- bpf_get_prandom_u32(): xoroshiro128+ (Blackman and Vigna); its upper half.
 */
#ifndef VM_RUNTIME_RANDOM_H
#define VM_RUNTIME_RANDOM_H

#include "target.h"

rt_inline uint64_t rt_rotate_left(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

rt_inline uint64_t rt_random__draw(uint64_t state[2])
{
	uint64_t a = state[0], b = state[1], sum = a + b;

	b ^= a;
	state[0] = rt_rotate_left(a, 24) ^ b ^ b << 16;
	state[1] = rt_rotate_left(b, 37);
	return sum >> 32;
}

#endif
