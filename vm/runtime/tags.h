/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tags.h -- eight 16-bit tags in two words, compared with one tag at once.
 *
 * A match has a bit for each slot whose tag is equal, lowest first:
 *
 *	for (m = tags__match(tags, tag); m; m = match__next(m))
 *		... match__slot(m) ...
 *
 * Only the lowest is certain; a later one may be false (portable variant). Writers change tags
 * meanwhile: each word is read whole.
 */
#ifndef VM_RUNTIME_TAGS_H
#define VM_RUNTIME_TAGS_H

#include "target.h"

#if defined(__SSE2__) && !defined(RT_THREAD_SANITIZER)

typedef uint32_t rt_match;
typedef int16_t rt_tag_vector __attribute__((vector_size(16), may_alias));
typedef char rt_byte_vector __attribute__((vector_size(16)));

rt_inline rt_match tags__match(const uint64_t tags[2], uint64_t tag)
{
	int16_t t = (int16_t)tag;
	rt_tag_vector want = {t, t, t, t, t, t, t, t};
	rt_byte_vector equal = (rt_byte_vector)(*(const volatile rt_tag_vector *)tags == want);

	return (uint32_t)__builtin_ia32_pmovmskb128(equal) & 0x5555;
}

rt_inline uint32_t match__slot(rt_match match)
{
	return (uint32_t)__builtin_ctz(match) / 2;
}

#else

typedef uint64_t rt_match;

#define RT_TAG_LANES UINT64_C(0x0001000100010001)

/* Bit 15 of each 16-bit lane that is 0; lanes above one that is 0 may be wrong. */
rt_inline uint64_t zero_lanes(uint64_t w)
{
	return (w - RT_TAG_LANES) & ~w & (RT_TAG_LANES << 15);
}

rt_inline rt_match tags__match(const uint64_t tags[2], uint64_t tag)
{
	uint64_t want = tag * RT_TAG_LANES;

	return zero_lanes(rt_read(&tags[0]) ^ want) >> 15 |
	       zero_lanes(rt_read(&tags[1]) ^ want) >> 14;
}

rt_inline uint32_t match__slot(rt_match match)
{
	uint32_t bit = (uint32_t)__builtin_ctzll(match);

	return bit / 16 + bit % 2 * 4;
}

#endif

rt_inline rt_match match__next(rt_match match)
{
	return match & (match - 1);
}

rt_inline uint64_t tags__get(const uint64_t tags[2], uint32_t slot)
{
	return rt_read(&tags[slot / 4]) >> slot % 4 * 16 & 0xffff;
}

/* One writer at a time. */
rt_inline void tags__set(uint64_t tags[2], uint32_t slot, uint64_t tag)
{
	uint64_t *word = &tags[slot / 4];
	uint32_t shift = slot % 4 * 16;

	rt_write_release(word, (rt_read(word) & ~(UINT64_C(0xffff) << shift)) | tag << shift);
}

#endif
