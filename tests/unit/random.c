/* SPDX-License-Identifier: BSD-3-Clause
 *
 * random.c -- xorshift64* (Marsaglia, Vigna); the upper half is the better one.
 */
#include <string.h>

#include "random.h"

uint64_t random64(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1du;
}

uint32_t below(uint32_t n)
{
	return (uint32_t)(random64() >> 32) % n;
}

void fill_random(void *p, size_t size)
{
	uint64_t word;

	for (size_t at = 0; at < size; at += sizeof(word)) {
		word = random64();
		memcpy((uint8_t *)p + at, &word,
			size - at < sizeof(word) ? size - at : sizeof(word));
	}
}
