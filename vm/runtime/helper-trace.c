/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-trace.c -- bpf_trace_printk and bpf_trace_vprintk: the kernel's formats, at most three
 * arguments in registers or twelve in memory.
 *
 *	%[0 +-][width][l|ll](d|i|u|x|X)    %c    %s    %p %px    %%
 *
 * A format that is not of that form, not terminated within its size or not plain ASCII gives
 * -EINVAL and no output. %s takes any number for an address: what cannot be read there is an
 * empty string. An ordinary %p prints the address, where the kernel prints its hash.
 */
#include "helpers.h"
#include "uapi.h"

#define ARGS_MAX 12   /* MAX_BPRINTF_VARARGS */
#define TEXT_MAX 1024 /* the kernel's buffer, terminator included */

struct text {
	char bytes[TEXT_MAX];
	uint64_t len; /* may exceed what fits */
};

struct spec {
	bool zero, plus, space, left;
	uint32_t width;
	uint8_t size; /* of the argument, bytes */
	char type;
};

static void text__put(struct text *t, char c, uint64_t times)
{
	for (; times && t->len < TEXT_MAX; times--)
		t->bytes[t->len++] = c;
	t->len += times;
}

static void text__put_padded(
	struct text *t, const struct spec *s, const char *bytes, uint64_t n, uint64_t sign_len)
{
	uint64_t pad = s->width > n ? s->width - n : 0;

	if (!s->left && !s->zero)
		text__put(t, ' ', pad);
	for (uint64_t i = 0; i < n; i++) {
		if (i == sign_len && s->zero && !s->left)
			text__put(t, '0', pad);
		text__put(t, bytes[i], 1);
	}
	if (s->left)
		text__put(t, ' ', pad);
}

static void text__put_number(struct text *t, const struct spec *s, uint64_t v)
{
	const char *digits = s->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	bool is_signed = s->type == 'd' || s->type == 'i';
	uint32_t base = s->type == 'x' || s->type == 'X' ? 16 : 10, at = 24;
	char buf[24], sign = 0;

	if (s->size == 4)
		v = is_signed ? (uint64_t)(int32_t)v : (uint32_t)v;
	if (is_signed) {
		sign = s->plus ? '+' : s->space ? ' ' : 0;
		if ((int64_t)v < 0) {
			sign = '-';
			v = -v;
		}
	}
	do {
		buf[--at] = digits[v % base];
		v /= base;
	} while (v);
	if (sign)
		buf[--at] = sign;
	text__put_padded(t, s, buf + at, 24 - at, sign != 0);
}

/* Reads up to the terminator, never across a boundary of 64 bytes at once: a page that is
 * there is not given up for the next one that is not. */
static void text__put_string(
	struct ebpf_env *env, struct text *t, const struct spec *s, uint64_t address)
{
	char buf[TEXT_MAX / 2];
	uint64_t n = 0, end = 0;

	while (n == end && n < sizeof(buf)) {
		uint64_t chunk = 64 - (address + n) % 64;

		if (chunk > sizeof(buf) - n)
			chunk = sizeof(buf) - n;
		if (!env->host->read || env->host->read(buf + n, address + n, chunk)) {
			n = 0;
			break;
		}
		end = n + chunk;
		while (n < end && buf[n])
			n++;
	}
	text__put_padded(t, s, buf, n, n);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What may follow %p or %s: the end, a space, punctuation. */
static bool ends_word(char c)
{
	return !c || is_space(c) || (c > ' ' && c < '0') || (c > '9' && c < 'A') ||
	       (c > 'Z' && c < 'a') || (c > 'z' && c < 0x7f);
}

/* Parses what follows a '%'; NULL if it is not allowed. */
static const char *spec__parse(struct spec *s, const char *f)
{
	*s = (struct spec){.size = 4};
	for (;; f++) {
		if (*f == '0')
			s->zero = true;
		else if (*f == '+')
			s->plus = true;
		else if (*f == ' ')
			s->space = true;
		else if (*f == '-')
			s->left = true;
		else
			break;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		if (s->width < TEXT_MAX * 8)
			s->width = s->width * 10 + (uint32_t)(*f - '0');
	s->type = *f;
	if (*f == 'p') {
		s->type = 'x';
		s->size = 8;
		s->zero = true;
		s->width = 16;
		f += f[1] == 'x';
		return ends_word(f[1]) ? f + 1 : NULL;
	}
	if (*f == 's' || *f == 'c')
		return *f == 'c' || ends_word(f[1]) ? f + 1 : NULL;
	for (uint32_t i = 0; i < 2 && *f == 'l'; i++, f++)
		s->size = 8;
	s->type = *f;
	return *f == 'd' || *f == 'i' || *f == 'u' || *f == 'x' || *f == 'X' ? f + 1 : NULL;
}

/* Terminated within `size`, printable ASCII and white space? */
static bool format__plain(const char *f, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++) {
		if (!f[i])
			return true;
		if (!is_space(f[i]) && (f[i] < ' ' || f[i] > '~'))
			return false;
	}
	return false;
}

static uint64_t trace(
	struct ebpf_env *env, const char *f, uint64_t size, const uint64_t *args, uint32_t n_args)
{
	struct text t;
	uint32_t used = 0;

	if (!format__plain(f, (uint32_t)size))
		return (uint64_t)-RT_EINVAL;
	t.len = 0;
	while (*f) {
		struct spec s;

		if (*f != '%' || f[1] == '%') {
			text__put(&t, *f, 1);
			f += 1 + (*f == '%');
			continue;
		}
		f = used < n_args ? spec__parse(&s, f + 1) : NULL;
		if (!f)
			return (uint64_t)-RT_EINVAL;
		if (s.type == 's')
			text__put_string(env, &t, &s, args[used++]);
		else if (s.type == 'c')
			text__put_padded(&t, &s, &(char){(char)args[used++]}, 1, 1);
		else
			text__put_number(&t, &s, args[used++]);
	}
	if (env->host->trace)
		env->host->trace(env, t.bytes, t.len < TEXT_MAX ? t.len : TEXT_MAX - 1);
	return t.len;
}

rt_cold uint64_t helper_trace_printk(
	struct ebpf_env *env, const void *format, uint64_t size, uint64_t a, uint64_t b, uint64_t c)
{
	return trace(env, format, size, (const uint64_t[]){a, b, c}, 3);
}

rt_cold uint64_t helper_trace_vprintk(struct ebpf_env *env, const void *format, uint64_t size,
	const void *data, uint64_t data_size)
{
	uint64_t args[ARGS_MAX];

	if (data_size % 8 || data_size > sizeof(args) || (data_size && !data))
		return (uint64_t)-RT_EINVAL;
	if (data_size)
		__builtin_memcpy(args, data, data_size);
	return trace(env, format, size, args, (uint32_t)data_size / 8);
}
