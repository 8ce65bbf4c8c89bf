/* SPDX-License-Identifier: BSD-3-Clause
 *
 * random.h -- the same random numbers in every run, for tests (xorshift64*; Marsaglia, Vigna).
 */
#ifndef TESTS_OPERATIONS_RANDOM_H
#define TESTS_OPERATIONS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static uint64_t random_state = 88172645463325252u;

static inline uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1du;
}

static inline uint32_t below(uint32_t n)
{
	return (uint32_t)(random64() >> 32) % n;
}

#endif
