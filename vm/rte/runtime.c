/* SPDX-License-Identifier: BSD-3-Clause
 *
 * runtime.c -- what librte_bpf has no instructions for, or has them wrong.
 *
 * Its code does not align the stack before it calls anybody, so that these do it for themselves.
 */
#include <stdint.h>

#include "rte.h"

#ifdef __x86_64__
#define ALIGNS_STACK __attribute__((force_align_arg_pointer))
#else
#define ALIGNS_STACK
#endif

#define FUNCTION(name)                     \
	static ALIGNS_STACK uint64_t name( \
		uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)

/* The program is called as (memory, length), and of its arguments nobody has touched the second
 * one yet when it calls this. */
FUNCTION(second_argument)
{
	return b;
}

/* RFC 9669: by zero, a quotient is 0 and a remainder is the dividend; the quotient that would
 * overflow wraps. */
#define DIVISIONS(bits, suffix)                                                         \
	FUNCTION(div##suffix)                                                           \
	{                                                                               \
		uint##bits##_t x = (uint##bits##_t)a, y = (uint##bits##_t)b;            \
		return y ? x / y : 0;                                                   \
	}                                                                               \
	FUNCTION(mod##suffix)                                                           \
	{                                                                               \
		uint##bits##_t x = (uint##bits##_t)a, y = (uint##bits##_t)b;            \
		return y ? x % y : x;                                                   \
	}                                                                               \
	FUNCTION(sdiv##suffix)                                                          \
	{                                                                               \
		int##bits##_t x = (int##bits##_t)a, y = (int##bits##_t)b;               \
		return (uint##bits##_t)(!y        ? 0                                   \
					: y == -1 ? (int##bits##_t) - (uint##bits##_t)x \
						  : x / y);                             \
	}                                                                               \
	FUNCTION(smod##suffix)                                                          \
	{                                                                               \
		int##bits##_t x = (int##bits##_t)a, y = (int##bits##_t)b;               \
		return (uint##bits##_t)(!y ? x : y == -1 ? 0 : x % y);                  \
	}

DIVISIONS(64, )
DIVISIONS(32, 32)

#define ATOMIC(name, bits, does)                                     \
	FUNCTION(name)                                               \
	{                                                            \
		uint##bits##_t *p = (uint##bits##_t *)(uintptr_t)a;  \
		return does(p, (uint##bits##_t)b, __ATOMIC_SEQ_CST); \
	}

#define ATOMICS(bits, suffix)                                                                   \
	ATOMIC(atomic_add##suffix, bits, __atomic_fetch_add)                                    \
	ATOMIC(atomic_or##suffix, bits, __atomic_fetch_or)                                      \
	ATOMIC(atomic_and##suffix, bits, __atomic_fetch_and)                                    \
	ATOMIC(atomic_xor##suffix, bits, __atomic_fetch_xor)                                    \
	ATOMIC(atomic_xchg##suffix, bits, __atomic_exchange_n)                                  \
	FUNCTION(atomic_cmpxchg##suffix)                                                        \
	{                                                                                       \
		uint##bits##_t *p = (uint##bits##_t *)(uintptr_t)a, was = (uint##bits##_t)c;    \
		__atomic_compare_exchange_n(                                                    \
			p, &was, (uint##bits##_t)b, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
		return was;                                                                     \
	}

ATOMICS(64, )
ATOMICS(32, 32)

const runtime_fn runtime_functions[RUNTIME_N] = {
	[RUNTIME_SECOND_ARGUMENT] = second_argument,
	[RUNTIME_DIV] = div,
	[RUNTIME_DIV32] = div32,
	[RUNTIME_MOD] = mod,
	[RUNTIME_MOD32] = mod32,
	[RUNTIME_SDIV] = sdiv,
	[RUNTIME_SDIV32] = sdiv32,
	[RUNTIME_SMOD] = smod,
	[RUNTIME_SMOD32] = smod32,
	[RUNTIME_ATOMIC_ADD] = atomic_add,
	[RUNTIME_ATOMIC_ADD32] = atomic_add32,
	[RUNTIME_ATOMIC_OR] = atomic_or,
	[RUNTIME_ATOMIC_OR32] = atomic_or32,
	[RUNTIME_ATOMIC_AND] = atomic_and,
	[RUNTIME_ATOMIC_AND32] = atomic_and32,
	[RUNTIME_ATOMIC_XOR] = atomic_xor,
	[RUNTIME_ATOMIC_XOR32] = atomic_xor32,
	[RUNTIME_ATOMIC_XCHG] = atomic_xchg,
	[RUNTIME_ATOMIC_XCHG32] = atomic_xchg32,
	[RUNTIME_ATOMIC_CMPXCHG] = atomic_cmpxchg,
	[RUNTIME_ATOMIC_CMPXCHG32] = atomic_cmpxchg32,
};
