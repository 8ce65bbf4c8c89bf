/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "concrete.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* What overflows wraps; a division by zero gives 0, its remainder is the dividend. */
static uint64_t divide(uint8_t op, bool is64, uint64_t x, uint64_t y)
{
	int64_t i = is64 ? (int64_t)x : (int32_t)x, j = is64 ? (int64_t)y : (int32_t)y;

	x = is64 ? x : (uint32_t)x;
	y = is64 ? y : (uint32_t)y;
	switch (op) {
	case ISA_DIV: return y ? x / y : 0;
	case ISA_MOD: return y ? x % y : x;
	case ISA_SDIV: return !j ? 0 : j == -1 ? -(uint64_t)i : (uint64_t)(i / j);
	default: return !j ? (uint64_t)i : j == -1 ? 0 : (uint64_t)(i % j);
	}
}

uint64_t concrete__alu(uint8_t op, bool is64, uint64_t x, uint64_t y)
{
	unsigned n = y & (is64 ? 63 : 31);
	uint64_t r;

	switch (op) {
	case ISA_ADD: r = x + y; break;
	case ISA_SUB: r = x - y; break;
	case ISA_MUL: r = x * y; break;
	case ISA_AND: r = x & y; break;
	case ISA_OR: r = x | y; break;
	case ISA_XOR: r = x ^ y; break;
	case ISA_LSH: r = x << n; break;
	case ISA_RSH: r = is64 ? x >> n : (uint32_t)x >> n; break;
	case ISA_ARSH: r = is64 ? (uint64_t)((int64_t)x >> n) : (uint64_t)((int32_t)x >> n); break;
	case ISA_NEG: r = -x; break;
	default: r = divide(op, is64, x, y); break;
	}
	return is64 ? r : (uint32_t)r;
}

bool concrete__compare(uint8_t op, bool is64, uint64_t x, uint64_t y)
{
	int64_t i = is64 ? (int64_t)x : (int32_t)x, j = is64 ? (int64_t)y : (int32_t)y;

	if (!is64) {
		x = (uint32_t)x;
		y = (uint32_t)y;
	}
	switch (op) {
	case ISA_JEQ: return x == y;
	case ISA_JNE: return x != y;
	case ISA_JGT: return x > y;
	case ISA_JGE: return x >= y;
	case ISA_JLT: return x < y;
	case ISA_JLE: return x <= y;
	case ISA_JSET: return (x & y) != 0;
	case ISA_JSGT: return i > j;
	case ISA_JSGE: return i >= j;
	case ISA_JSLT: return i < j;
	default: return i <= j;
	}
}

uint64_t concrete__zero_extend(uint64_t v, unsigned size)
{
	return size == 8 ? v : v & ((1ULL << size * 8) - 1);
}

uint64_t concrete__sign_extend(uint64_t v, unsigned size, unsigned width)
{
	unsigned up = 64 - size * 8;
	uint64_t x = (uint64_t)((int64_t)(v << up) >> up);

	return width == 64 ? x : (uint32_t)x;
}

uint64_t concrete__swap_bytes(uint64_t v, unsigned size)
{
	return __builtin_bswap64(v << (64 - size * 8));
}

static bool span__holds(const struct span *s, uint64_t u, int64_t i)
{
	return s->umin <= u && u <= s->umax && s->smin <= i && i <= s->smax;
}

bool range__holds(const struct range *r, uint64_t v)
{
	return tnum__holds(r->bits, v) && span__holds(&r->w64, v, (int64_t)v) &&
	       span__holds(&r->w32, (uint32_t)v, (int32_t)v);
}

const char *range__text(const struct range *r)
{
	static _Thread_local char text[256];

	snprintf(text, sizeof(text),
		"bits %" PRIx64 "/%" PRIx64 " u %" PRIx64 "..%" PRIx64 " s %" PRIx64 "..%" PRIx64
		" u32 %" PRIx64 "..%" PRIx64 " s32 %" PRIx64 "..%" PRIx64,
		r->bits.value, r->bits.mask, r->w64.umin, r->w64.umax, (uint64_t)r->w64.smin,
		(uint64_t)r->w64.smax, r->w32.umin, r->w32.umax, (uint64_t)r->w32.smin,
		(uint64_t)r->w32.smax);
	return text;
}

uint64_t numbers__next(struct numbers *n)
{
	n->state ^= n->state << 13;
	n->state ^= n->state >> 7;
	n->state ^= n->state << 17;
	return n->state;
}

uint64_t numbers__interesting(struct numbers *n)
{
	static const uint64_t edges[] = {0, 1, 2, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256, 0x7fff,
		0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX,
		1ULL << 63, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 255};
	uint64_t r = numbers__next(n);

	if (r % 4)
		return edges[(r >> 8) % N(edges)];
	return numbers__next(n) >> (r >> 8) % 64;
}
