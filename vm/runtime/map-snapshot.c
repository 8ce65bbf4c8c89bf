/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-snapshot.c -- copies of a map's memory that readers may use. Compiled natively only.
 */
#include "map-types.h"
#include "words.h"

static void copy_words(uint8_t *to, const uint8_t *from, uint64_t bytes)
{
	const rt_word *src = (const rt_word *)from;
	rt_word *dst = (rt_word *)to;

	for (uint64_t i = 0; i < bytes / sizeof(*dst); i++)
		dst[i] = rt_read(&src[i]);
}

/* All that is laid out is a multiple of a word. */
void rt_map__snapshot(const struct rt_map *m, uint32_t slot, uint8_t *to, uint64_t bytes)
{
	uint64_t fixed = bytes < m->geo.fixed ? bytes : m->geo.fixed;
	uint64_t rest = bytes - fixed;

	copy_words(to, m->mem, fixed);
	if (rest > m->geo.value_set)
		rest = m->geo.value_set;
	copy_words(to + fixed, m->mem + fixed + slot * m->geo.value_set, rest);
}
