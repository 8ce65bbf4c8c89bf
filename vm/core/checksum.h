/* SPDX-License-Identifier: BSD-3-Clause
 *
 * checksum.h -- 64 bits of any bytes, a word at a time. It finds damage and names files; it
 * withstands nobody who wants two inputs to be alike.
 */
#ifndef VM_CORE_CHECKSUM_H
#define VM_CORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t checksum__add_word(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio */
	return sum ^ sum >> 32;
}

/* Goes on from `sum`, at first any constant. The number of bytes counts too. */
static inline uint64_t checksum__add(uint64_t sum, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	uint64_t word;

	for (size_t left = size; left; left -= left < 8 ? left : 8, p += 8) {
		word = 0;
		memcpy(&word, p, left < 8 ? left : 8);
		sum = checksum__add_word(sum, word);
	}
	return checksum__add_word(sum, size);
}

#endif
