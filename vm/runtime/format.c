/* SPDX-License-Identifier: BSD-3-Clause
 *
 * format.c -- the kernel's formats:
 *
 *	%[0 +-][width][l|ll](d|i|u|x|X)    %c    %s %pks %pus    %pI4 %pi4 %pI6 %pi6
 *	%p %px %pK %ps %pS %pB             %%
 *
 * Any number may stand for an address: what cannot be read there is an empty string, or an
 * address of zeros. The kernel collects what it read in a buffer of 512 bytes and fails where
 * that is full, so that is counted here too. An ordinary %p prints the address, where the kernel
 * prints its hash; symbols are not known and print as addresses.
 *
 * It is done twice, first without writing: where it fails nothing has been written.
 */
#include "format.h"
#include "uapi.h"

#define ARGS_BYTES 512 /* MAX_BPRINTF_BIN_ARGS */
#define WIDTH_MAX  ((1 << 23) - 1)

enum spec_kind {
	SPEC_NUMBER,
	SPEC_SYMBOL,
	SPEC_CHAR,
	SPEC_STRING,
	SPEC_IP,
};

struct spec {
	bool zero, plus, space, left;
	bool plain;   /* the kernel gives it no width */
	uint8_t size; /* of the argument, bytes */
	uint8_t kind; /* enum spec_kind */
	char type;    /* of a number; SPEC_IP: 'I' or 'i' */
	char version; /* SPEC_IP: '4' or '6' */
	uint32_t width;
};

struct formatter {
	struct ebpf_env *env;
	struct rt_text *text;
	uint32_t room; /* of the kernel's buffer */
};

static void text__put(struct rt_text *t, char c, uint64_t times)
{
	for (; times && t->len < t->size; times--)
		t->bytes[t->len++] = c;
	t->len += times;
}

static void text__put_padded(
	struct rt_text *t, const struct spec *s, const char *bytes, uint64_t n, uint64_t sign_len)
{
	uint64_t pad = s->width > n && !s->plain ? s->width - n : 0;

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

static void text__put_number(struct rt_text *t, const struct spec *s, uint64_t v)
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
	if (s->kind == SPEC_SYMBOL) {
		buf[--at] = 'x';
		buf[--at] = '0';
	}
	if (sign)
		buf[--at] = sign;
	text__put_padded(t, s, buf + at, 24 - at, sign != 0);
}

/* Takes bytes of the kernel's buffer; false if it has no more. */
static bool formatter__take(struct formatter *f, uint32_t size)
{
	if (size >= 4)
		f->room &= ~UINT32_C(3);
	if (f->room < size)
		return false;
	f->room -= size;
	return true;
}

/* Reads up to the terminator, never across a boundary of 64 bytes at once: a page that is
 * there is not given up for the next one that is not. */
static uint64_t read_string(struct ebpf_env *env, char *buf, uint64_t size, uint64_t address)
{
	uint64_t n = 0, end = 0;

	while (n == end && n < size) {
		uint64_t chunk = 64 - (address + n) % 64;

		if (chunk > size - n)
			chunk = size - n;
		if (!env->host->read || env->host->read(buf + n, address + n, chunk))
			return 0;
		end = n + chunk;
		while (n < end && buf[n])
			n++;
	}
	return n;
}

static bool formatter__put_string(struct formatter *f, const struct spec *s, uint64_t address)
{
	char buf[ARGS_BYTES];
	uint64_t n;

	if (!f->room)
		return false;
	n = read_string(f->env, buf, f->room - 1, address);
	f->room -= (uint32_t)n + 1;
	text__put_padded(f->text, s, buf, n, n);
	return true;
}

static char *put_hex(char *to, uint8_t byte)
{
	*to++ = "0123456789abcdef"[byte >> 4];
	*to++ = "0123456789abcdef"[byte & 15];
	return to;
}

/* %pI4 1.2.3.4, %pi4 001.002.003.004 */
static char *put_ipv4(char *to, const uint8_t ip[4], bool padded)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*to++ = '.';
		if (padded || ip[i] >= 100)
			*to++ = (char)('0' + ip[i] / 100);
		if (padded || ip[i] >= 10)
			*to++ = (char)('0' + ip[i] / 10 % 10);
		*to++ = (char)('0' + ip[i] % 10);
	}
	return to;
}

/* %pI6 in groups between colons, %pi6 without them */
static char *put_ipv6(char *to, const uint8_t ip[16], bool colons)
{
	for (int i = 0; i < 16; i++) {
		if (i && i % 2 == 0 && colons)
			*to++ = ':';
		to = put_hex(to, ip[i]);
	}
	return to;
}

static bool formatter__put_ip(struct formatter *f, const struct spec *s, uint64_t address)
{
	uint32_t size = s->version == '4' ? 4 : 16, n;
	uint8_t ip[16] = {0};
	char buf[40], *end;

	if (f->room < size)
		return false;
	if (!f->env->host->read || f->env->host->read(ip, address, size))
		__builtin_memset(ip, 0, sizeof(ip));
	end = size == 4 ? put_ipv4(buf, ip, s->type == 'i') : put_ipv6(buf, ip, s->type == 'I');
	n = (uint32_t)(end - buf);
	f->room -= f->room > n ? n + 1 : f->room;
	text__put_padded(f->text, s, buf, n, n);
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* What may follow a plain %p, or %s: the end, a space, punctuation. */
static bool ends_word(char c)
{
	return !c || is_space(c) || (c > ' ' && c < 0x7f && !is_alnum(c));
}

/* An address prints as a number: a symbol's with 0x before it, others 16 digits long. */
static void spec__set_address(struct spec *s, bool symbol)
{
	s->type = 'x';
	s->size = 8;
	if (symbol) {
		s->kind = SPEC_SYMBOL;
		s->zero = false;
	} else if (!s->width) {
		s->zero = true;
		s->width = 16;
	}
}

/* What follows "%p". */
static const char *spec__parse_pointer(struct spec *s, const char *f)
{
	if ((f[0] == 'k' || f[0] == 'u') && f[1] == 's') {
		s->kind = SPEC_STRING;
		s->plain = true;
		return ends_word(f[2]) ? f + 2 : NULL;
	}
	if ((f[0] == 'I' || f[0] == 'i') && (f[1] == '4' || f[1] == '6')) {
		s->kind = SPEC_IP;
		s->plain = true;
		s->type = f[0];
		s->version = f[1];
		return f + 2;
	}
	if (*f == 'x' || *f == 'K' || *f == 's' || *f == 'S' || *f == 'B') {
		spec__set_address(s, *f != 'x' && *f != 'K');
		return f + 1;
	}
	spec__set_address(s, false);
	return ends_word(*f) ? f : NULL;
}

/* What follows a '%'; NULL if it is not allowed. */
static const char *spec__parse(struct spec *s, const char *f)
{
	*s = (struct spec){.kind = SPEC_NUMBER, .size = 4};
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
		if (s->width < WIDTH_MAX / 10)
			s->width = s->width * 10 + (uint32_t)(*f - '0');
	if (*f == 'p') {
		f = spec__parse_pointer(s, f + 1);
		while (f && is_alnum(*f)) /* the kernel's could mean something by it */
			f++;
		return f;
	}
	if (*f == 's' || *f == 'c') {
		s->kind = *f == 's' ? SPEC_STRING : SPEC_CHAR;
		s->zero = false;
		return *f == 'c' || ends_word(f[1]) ? f + 1 : NULL;
	}
	for (uint32_t i = 0; i < 2 && *f == 'l'; i++, f++)
		s->size = 8;
	s->type = *f;
	return *f == 'd' || *f == 'i' || *f == 'u' || *f == 'x' || *f == 'X' ? f + 1 : NULL;
}

static bool formatter__put(struct formatter *f, const struct spec *s, uint64_t arg)
{
	switch (s->kind) {
	case SPEC_STRING: return formatter__put_string(f, s, arg);
	case SPEC_IP: return formatter__put_ip(f, s, arg);
	case SPEC_CHAR:
		text__put_padded(f->text, s, &(char){(char)arg}, 1, 1);
		return formatter__take(f, 1);
	default: text__put_number(f->text, s, arg); return formatter__take(f, s->size);
	}
}

/* ASCII is printable or white space; other bytes may be UTF-8. */
static bool is_plain(char c)
{
	return is_space(c) || (uint8_t)c >= 0x80 || (c >= ' ' && c <= '~');
}

static int64_t format(struct ebpf_env *env, struct rt_text *t, const char *p, const uint64_t *args,
	uint32_t n_args)
{
	struct formatter f = {env, t, ARGS_BYTES};
	uint32_t used = 0;

	while (*p) {
		struct spec s;

		if (!is_plain(*p))
			return -RT_EINVAL;
		if (*p != '%' || p[1] == '%') {
			text__put(t, *p, 1);
			p += 1 + (*p == '%');
			continue;
		}
		p = used < n_args ? spec__parse(&s, p + 1) : NULL;
		if (!p)
			return -RT_EINVAL;
		if (args && !formatter__put(&f, &s, args[used]))
			return -RT_ENOSPC;
		used++;
	}
	return 0;
}

bool rt_format__valid(const char *f, uint32_t n_args)
{
	return !format(NULL, &(struct rt_text){0}, f, NULL, n_args);
}

int64_t rt_format(struct ebpf_env *env, struct rt_text *t, const char *f, const uint64_t *args,
	uint32_t n_args)
{
	struct rt_text nothing = {0};
	int64_t err = format(env, &nothing, f, args, n_args);

	return err ? err : format(env, t, f, args, n_args);
}
