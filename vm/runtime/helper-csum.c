/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-csum.c -- bpf_csum_diff: the one's complement sum of `to` less that of `from`, on top
 * of a seed, folded to 16 bits. So it is since Linux 6.13; before, x86 left 32 bits, which the
 * usual folding in programs takes equally well, and sizes had to be multiples of 4.
 *
 * A sum is kept modulo 2^32 - 1 with 0 only for nothing but zeros, as the kernel's
 * csum_partial() gives it, so that results are equal bit by bit.
 */
#include "helpers.h"
#include "words.h"

rt_inline uint32_t fold32(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)(sum + (sum >> 32));
}

rt_inline uint32_t csum_partial(const void *p, uint32_t size, uint32_t sum)
{
	const rt_unaligned32 *words = p;
	uint64_t total = sum;

	for (uint32_t i = 0; i < size / 4; i++)
		total += words[i];
	if (size % 4)
		total += rt_load_word(words + size / 4, size % 4, 0);
	return fold32(total);
}

rt_hot uint64_t helper_csum_diff(struct ebpf_env *env, const void *from, uint64_t from_size,
	const void *to, uint64_t to_size, uint64_t seed)
{
	uint32_t n_from = (uint32_t)from_size, n_to = (uint32_t)to_size, sum = (uint32_t)seed;

	if (n_to)
		sum = csum_partial(to, n_to, sum);
	if (n_from && n_to)
		sum = fold32((uint64_t)sum + (uint32_t)~csum_partial(from, n_from, 0));
	else if (n_from)
		sum = ~csum_partial(from, n_from, ~sum);
	sum += sum >> 16 | sum << 16;
	return sum >> 16;
}
