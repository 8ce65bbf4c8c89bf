/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-string.c -- bpf_strncmp, bpf_strtol, bpf_strtoul.
 */
#include "helpers.h"
#include "uapi.h"

#define BASE_MASK  0x1f
#define NUMBER_MAX 63 /* characters after white space and sign that the kernel looks at */

rt_hot uint64_t helper_strncmp(struct ebpf_env *env, const void *s1, uint64_t size, const char *s2)
{
	const uint8_t *a = s1, *b = (const uint8_t *)s2;

	for (uint64_t i = 0; i < size; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? (uint64_t)-1 : 1;
		if (!a[i])
			break;
	}
	return 0;
}

/* As in the kernel's table of Latin-1, with the space that does not break. */
static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

/* 36: no digit of any base */
static uint32_t digit_of(uint8_t c)
{
	uint8_t lower = c | 0x20;

	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 36;
}

struct number {
	uint64_t value;
	bool negative;
};

static uint32_t base_of(const uint8_t *s, const uint8_t *end, uint32_t base)
{
	bool zero = s < end && s[0] == '0', x = zero && end - s > 1 && (s[1] | 0x20) == 'x';

	if (base)
		return base;
	return !zero ? 10 : x && end - s > 2 && digit_of(s[2]) < 16 ? 16 : 8;
}

/* How many bytes the number takes, or -errno. */
static int64_t parse(const uint8_t *s, uint64_t size, uint64_t flags, struct number *n)
{
	const uint8_t *at = s, *end = s + size, *digits;
	uint32_t base = flags & BASE_MASK;

	if ((base && base != 8 && base != 10 && base != 16) || flags & ~(uint64_t)BASE_MASK)
		return -RT_EINVAL;
	while (at < end && is_space(*at))
		at++;
	n->negative = at < end && *at == '-';
	at += n->negative;
	if (end - at > NUMBER_MAX)
		end = at + NUMBER_MAX;
	base = base_of(at, end, base);
	if (base == 16 && end - at > 1 && at[0] == '0' && (at[1] | 0x20) == 'x')
		at += 2;
	n->value = 0;
	for (digits = at; at < end && digit_of(*at) < base; at++)
		if (__builtin_mul_overflow(n->value, base, &n->value) ||
			__builtin_add_overflow(n->value, digit_of(*at), &n->value))
			return -RT_ERANGE;
	return at == digits ? -RT_EINVAL : at - s;
}

uint64_t helper_strtol(
	struct ebpf_env *env, const void *s, uint64_t size, uint64_t flags, uint64_t *result)
{
	struct number n;
	int64_t used = parse(s, size, flags, &n);

	*result = 0;
	if (used < 0)
		return (uint64_t)used;
	if (n.value > (uint64_t)INT64_MAX + n.negative)
		return (uint64_t)-RT_ERANGE;
	*result = n.negative ? -n.value : n.value;
	return (uint64_t)used;
}

uint64_t helper_strtoul(
	struct ebpf_env *env, const void *s, uint64_t size, uint64_t flags, uint64_t *result)
{
	struct number n;
	int64_t used = parse(s, size, flags, &n);

	*result = 0;
	if (used < 0)
		return (uint64_t)used;
	if (n.negative)
		return (uint64_t)-RT_EINVAL;
	*result = n.value;
	return (uint64_t)used;
}
