/* SPDX-License-Identifier: BSD-3-Clause
 *
 * chance.h -- repeatable random numbers.
 */
#ifndef TESTS_FUZZ_CHANCE_H
#define TESTS_FUZZ_CHANCE_H

#include <stdint.h>

struct chance {
	uint64_t state;
};

static inline uint64_t chance__next(struct chance *c)
{
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return c->state;
}

/* Below n; n > 0. */
static inline uint32_t chance__below(struct chance *c, uint32_t n)
{
	return (uint32_t)(chance__next(c) >> 16) % n;
}

/* Neighbouring seeds have nothing in common. */
static inline struct chance chance__seed(uint64_t seed)
{
	struct chance c;

	seed = (seed + 1) * 0x9e3779b97f4a7c15;
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111eb;
	c.state = (seed ^ seed >> 31) | 1;
	return c;
}

#endif
