/* SPDX-License-Identifier: BSD-3-Clause
 *
 * words.h -- memory as 8-byte words.
 *
 * Keys and values are hashed, compared and copied word by word, in loops whose trip count is
 * a constant in compiled programs: they unroll and leave a key that lies on the program's
 * stack in registers, which memcmp and memcpy would not. Inside a map keys and values are
 * 8-byte aligned and padded with zeros to whole words; outside they are any bytes.
 *
 * Accesses to map memory are relaxed atomics, one per word: a copy that runs beside a writer
 * may mix old and new words, as in the kernel, but never bytes of a word.
 */
#ifndef VM_RUNTIME_WORDS_H
#define VM_RUNTIME_WORDS_H

#include "target.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are little-endian");

typedef uint64_t rt_unaligned64 __attribute__((aligned(1), may_alias));
typedef uint32_t rt_unaligned32 __attribute__((aligned(1), may_alias));
typedef uint16_t rt_unaligned16 __attribute__((aligned(1), may_alias));
typedef uint64_t rt_word __attribute__((may_alias));

rt_inline uint32_t rt_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

rt_inline uint64_t rt_round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* Word `i` of the `size` bytes at p, zero-padded. */
rt_inline uint64_t rt_load_word(const void *p, uint32_t size, uint32_t i)
{
	const uint8_t *b = (const uint8_t *)p + (size_t)i * 8;
	uint32_t n = size - i * 8, at = 0;
	uint64_t w = 0;

	if (n >= 8)
		return *(const rt_unaligned64 *)b;
	if (n & 4) {
		w = *(const rt_unaligned32 *)b;
		at = 4;
	}
	if (n & 2) {
		w |= (uint64_t) * (const rt_unaligned16 *)(b + at) << at * 8;
		at += 2;
	}
	if (n & 1)
		w |= (uint64_t)b[at] << at * 8;
	return w;
}

rt_inline void rt_store_word(void *p, uint32_t size, uint32_t i, uint64_t w)
{
	uint8_t *b = (uint8_t *)p + (size_t)i * 8;
	uint32_t n = size - i * 8;

	if (n >= 8) {
		*(rt_unaligned64 *)b = w;
		return;
	}
	if (n & 4) {
		*(rt_unaligned32 *)b = (uint32_t)w;
		w >>= 32;
		b += 4;
	}
	if (n & 2) {
		*(rt_unaligned16 *)b = (uint16_t)w;
		w >>= 16;
		b += 2;
	}
	if (n & 1)
		*b = (uint8_t)w;
}

rt_inline uint32_t rt_words(uint32_t size)
{
	return size / 8 + (size % 8 != 0);
}

/* Bytes into map memory ... */
rt_inline void rt_copy_in(void *map_dst, const void *src, uint32_t size)
{
	rt_word *dst = map_dst;

	for (uint32_t i = 0; i < rt_words(size); i++)
		rt_write(&dst[i], rt_load_word(src, size, i));
}

/* ... and out of it. */
rt_inline void rt_copy_out(void *dst, const void *map_src, uint32_t size)
{
	const rt_word *src = map_src;

	for (uint32_t i = 0; i < rt_words(size); i++)
		rt_store_word(dst, size, i, rt_read(&src[i]));
}

rt_inline void rt_clear(void *map_dst, uint32_t size)
{
	rt_word *dst = map_dst;

	for (uint32_t i = 0; i < rt_words(size); i++)
		rt_write(&dst[i], 0);
}

#endif
