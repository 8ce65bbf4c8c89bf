/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-syncookie.c -- bpf_tcp_raw_gen_syncookie_ipv4/6, bpf_tcp_raw_check_syncookie_ipv4/6.
 *
 * A cookie is the kernel's scheme with a secret of this process, so that the kernel takes none of
 * ours and we none of its:
 *
 *	hash(secret 0, flow, 0) + their sequence number
 *		+ (minute << 24) + ((hash(secret 1, flow, minute) + index of the MSS) mod 2^24)
 *
 * It is good in the minute it was made in and in the one after that. The hash is SipHash-2-4.
 */
#include "helpers.h"
#include "uapi.h"
#include "words.h"

#define COOKIE_BITS 24
#define COOKIE_MASK ((UINT32_C(1) << COOKIE_BITS) - 1)
#define MAX_AGE     2 /* minutes */
#define MINUTE_NS   UINT64_C(60000000000)

#define TCP_HEADER   20
#define TCP_MSS      536
#define IPV6_TCP_MSS (1280 - 40 - 20)

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2

struct flow {
	uint8_t bytes[40]; /* addresses, ports and, filled in, the minute */
	uint32_t size, minute_at;
	const uint64_t *secrets; /* two of two words */
	const uint16_t *mss;     /* four, rising */
};

static const uint16_t mss_ipv4[] = {536, 1300, 1440, 1460};
static const uint16_t mss_ipv6[] = {1280 - 60, 1480 - 60, 1500 - 60, 9000 - 60};

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

/* Of whole words. */
static uint32_t siphash(const uint64_t key[2], const void *data, uint32_t size)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};

	for (uint32_t i = 0; i <= size / 8; i++) {
		uint64_t word = i < size / 8 ? rt_load_word(data, size, i) : (uint64_t)size << 56;

		v[3] ^= word;
		sip_rounds(v, 2);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

static uint32_t flow__hash(struct flow *f, uint32_t minute, int secret)
{
	*(rt_unaligned32 *)(f->bytes + f->minute_at) = minute;
	return siphash(f->secrets + 2 * secret, f->bytes, f->size);
}

static struct flow flow_ipv4(struct ebpf_env *env, const uint8_t *ip, const uint8_t *tcp)
{
	struct flow f = {
		.size = 16, .minute_at = 12, .secrets = env->host->secret, .mss = mss_ipv4};

	__builtin_memcpy(f.bytes, ip + 12, 8);
	__builtin_memcpy(f.bytes + 8, tcp, 4);
	return f;
}

static struct flow flow_ipv6(struct ebpf_env *env, const uint8_t *ip, const uint8_t *tcp)
{
	struct flow f = {
		.size = 40, .minute_at = 36, .secrets = env->host->secret + 4, .mss = mss_ipv6};

	__builtin_memcpy(f.bytes, ip + 8, 32);
	__builtin_memcpy(f.bytes + 32, tcp, 4);
	return f;
}

static uint32_t minute_now(struct ebpf_env *env)
{
	return (uint32_t)(env->host->clock_ns(RT_CLOCK_MONOTONIC_COARSE) / MINUTE_NS);
}

static uint32_t big_endian(const uint8_t *p)
{
	return __builtin_bswap32(*(const rt_unaligned32 *)p);
}

static uint32_t tcp_seq(const uint8_t *tcp)
{
	return big_endian(tcp + 4);
}

/* The MSS that the options offer; 0: none does. */
static uint32_t offered_mss(const uint8_t *tcp)
{
	const uint8_t *o = tcp + TCP_HEADER, *end = tcp + (tcp[12] >> 4) * 4;
	uint32_t mss = 0, value;

	while (o < end && *o != OPTION_END) {
		if (*o == OPTION_NOP) {
			o++;
			continue;
		}
		if (end - o < 2 || o[1] < 2 || o[1] > end - o)
			break;
		value = o[0] == OPTION_MSS && o[1] == 4 ? (uint32_t)(o[2] << 8 | o[3]) : 0;
		mss = value ? value : mss;
		o += o[1];
	}
	return mss;
}

/* The cookie, and above it the MSS that it stands for. */
static uint64_t make(struct ebpf_env *env, struct flow *f, const uint8_t *tcp, uint32_t mss)
{
	uint32_t minute = minute_now(env), index = 3, cookie;

	while (index && mss < f->mss[index])
		index--;
	cookie = flow__hash(f, 0, 0) + tcp_seq(tcp) + (minute << COOKIE_BITS) +
		 ((flow__hash(f, minute, 1) + index) & COOKIE_MASK);
	return (uint64_t)f->mss[index] << 32 | cookie;
}

/* Is the number that is acknowledged one more than a cookie? */
static uint64_t check(struct ebpf_env *env, struct flow *f, const uint8_t *tcp)
{
	uint32_t minute = minute_now(env), cookie = big_endian(tcp + 8) - 1, age;

	cookie -= flow__hash(f, 0, 0) + tcp_seq(tcp) - 1;
	age = (minute - (cookie >> COOKIE_BITS)) & 0xff;
	if (age >= MAX_AGE || ((cookie - flow__hash(f, minute - age, 1)) & COOKIE_MASK) > 3)
		return (uint64_t)-RT_EACCES;
	return 0;
}

static bool is_whole(const uint8_t *tcp, uint32_t size)
{
	return size >= TCP_HEADER && size == (uint32_t)(tcp[12] >> 4) * 4;
}

uint64_t helper_tcp_raw_gen_syncookie_ipv4(
	struct ebpf_env *env, const void *ip, const void *tcp, uint64_t size)
{
	struct flow f;
	uint32_t mss;

	if (!is_whole(tcp, (uint32_t)size))
		return (uint64_t)-RT_EINVAL;
	f = flow_ipv4(env, ip, tcp);
	mss = offered_mss(tcp);
	return make(env, &f, tcp, mss ? mss : TCP_MSS);
}

uint64_t helper_tcp_raw_gen_syncookie_ipv6(
	struct ebpf_env *env, const void *ip, const void *tcp, uint64_t size)
{
	struct flow f;
	uint32_t mss;

	if (!is_whole(tcp, (uint32_t)size))
		return (uint64_t)-RT_EINVAL;
	f = flow_ipv6(env, ip, tcp);
	mss = offered_mss(tcp);
	return make(env, &f, tcp, mss ? mss : IPV6_TCP_MSS);
}

uint64_t helper_tcp_raw_check_syncookie_ipv4(struct ebpf_env *env, const void *ip, const void *tcp)
{
	struct flow f = flow_ipv4(env, ip, tcp);

	return check(env, &f, tcp);
}

uint64_t helper_tcp_raw_check_syncookie_ipv6(struct ebpf_env *env, const void *ip, const void *tcp)
{
	struct flow f = flow_ipv6(env, ip, tcp);

	return check(env, &f, tcp);
}
