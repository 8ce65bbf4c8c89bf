/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hash.h -- hashing keys and values: one multiplication per 16 bytes and one more.
 */
#ifndef VM_RUNTIME_HASH_H
#define VM_RUNTIME_HASH_H

#include "words.h"

struct rt_seed {
	uint64_t a, b;
};

rt_inline uint64_t multiply_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

rt_inline struct rt_seed rt_seed__of(uint64_t random)
{
	return (struct rt_seed){
		multiply_fold(random ^ UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xd6e8feb86659fd93)),
		multiply_fold(random ^ UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db)) |
			1,
	};
}

/* One multiplication per two words is a sum of two progressions when the words are: bad for
 * one seed in ten. The last one, by a constant (2^64 over the golden ratio), scatters them.
 * The upper half of the result is the better one. */
rt_inline uint64_t rt_seed__hash(const struct rt_seed *seed, const void *p, uint32_t size)
{
	uint32_t n = rt_words(size);
	uint64_t h = seed->a;

	for (uint32_t i = 0; i + 1 < n; i += 2)
		h = multiply_fold(
			rt_load_word(p, size, i) ^ h, rt_load_word(p, size, i + 1) ^ seed->b);
	if (n & 1)
		h = multiply_fold(rt_load_word(p, size, n - 1) ^ h, seed->b);
	return h * UINT64_C(0x9e3779b97f4a7c15);
}

#endif
