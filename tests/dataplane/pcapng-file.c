/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pcapng-file.c -- read pcapng.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pcapng-file.h"

/* The body of a block. */
struct span {
	const uint8_t *at, *end;
};

struct option {
	uint16_t code, len;
	const uint8_t *value;
};

static const uint8_t *take(struct span *s, size_t len)
{
	const uint8_t *at = s->at;

	assert_true((size_t)(s->end - s->at) >= len);
	s->at += len;
	return at;
}

static uint16_t take16(struct span *s)
{
	uint16_t value;

	memcpy(&value, take(s, sizeof(value)), sizeof(value));
	return value;
}

static uint32_t take32(struct span *s)
{
	uint32_t value;

	memcpy(&value, take(s, sizeof(value)), sizeof(value));
	return value;
}

static uint64_t take_time(struct span *s)
{
	uint64_t high = take32(s);

	return high << 32 | take32(s);
}

static void take_padding(struct span *s, size_t len)
{
	for (; len & 3; len++)
		assert_int_equal(*take(s, 1), 0);
}

/* Code 0 for the end, which must be there. */
static struct option take_option(struct span *s)
{
	struct option o = {.code = take16(s)};

	o.len = take16(s);
	o.value = take(s, o.len);
	take_padding(s, o.len);
	if (!o.code) {
		assert_int_equal(o.len, 0);
		assert_ptr_equal(s->at, s->end);
	}
	return o;
}

static char *text_of(const struct option *o, unsigned from)
{
	assert_true(o->len >= from);
	return strndup((const char *)o->value + from, o->len - from);
}

static uint64_t number_of(const struct option *o, unsigned from, unsigned size)
{
	uint64_t value = 0;

	assert_int_equal(o->len, from + size);
	memcpy(&value, o->value + from, size);
	return value;
}

static void read_section(struct span s)
{
	assert_int_equal(take32(&s), 0x1a2b3c4d);
	assert_int_equal(take16(&s), 1);
	assert_int_equal(take16(&s), 0);
	assert_int_equal(take_time(&s), UINT64_MAX);
	while (take_option(&s).code)
		;
}

static void read_interface(struct pcapng_file *f, struct span s)
{
	uint32_t i = f->n_interfaces++;
	struct option o;
	bool nanoseconds = false;

	assert_true(i < MAX_INTERFACES);
	assert_int_equal(take16(&s), 1); /* Ethernet */
	assert_int_equal(take16(&s), 0);
	f->snaplen[i] = take32(&s);
	while ((o = take_option(&s)).code) {
		switch (o.code) {
		case 2: f->interface[i] = text_of(&o, 0); break;
		case 9: nanoseconds = number_of(&o, 0, 1) == 9; break;
		case 11:
			assert_int_equal(o.value[0], 0);
			f->filter[i] = text_of(&o, 1);
			break;
		default: fail_msg("interface option %u", o.code);
		}
	}
	assert_non_null(f->interface[i]);
	assert_true(nanoseconds);
}

static void read_packet(struct pcapng_file *f, struct span s)
{
	struct pcapng_file_packet *p = &f->packet[f->n_packets++];
	uint32_t interface = take32(&s);
	unsigned seen = 0;
	struct option o;

	assert_true(f->n_packets <= MAX_PACKETS);
	assert_true(interface < f->n_interfaces);
	p->interface = f->interface[interface];
	p->time = take_time(&s);
	p->len = take32(&s);
	p->wire_len = take32(&s);
	assert_true(p->len <= p->wire_len && p->len <= f->snaplen[interface]);
	p->bytes = take(&s, p->len);
	take_padding(&s, p->len);
	while ((o = take_option(&s)).code) {
		seen |= 1u << o.code;
		switch (o.code) {
		case 4: p->lost = number_of(&o, 0, 8); break;
		case 5: p->id = number_of(&o, 0, 8); break;
		case 6: p->queue = (uint32_t)number_of(&o, 0, 4); break;
		case 7:
			assert_int_equal(o.value[0], 2);
			p->verdict = number_of(&o, 1, 8);
			break;
		default: fail_msg("packet option %u", o.code);
		}
	}
	assert_int_equal(seen & ~(1u << 4), 1u << 5 | 1u << 6 | 1u << 7);
}

static void read_statistics(struct pcapng_file *f, struct span s)
{
	uint32_t interface = take32(&s);
	struct option o;

	assert_int_equal(interface, f->n_statistics++);
	take_time(&s);
	while ((o = take_option(&s)).code) {
		if (o.code == 5)
			f->dropped[interface] = number_of(&o, 0, 8);
		if (o.code == 8)
			f->delivered[interface] = number_of(&o, 0, 8);
	}
}

/* The block at *at, whose length stands at both of its ends; moves *at behind it. */
static struct span take_block(const uint8_t **at, const uint8_t *end, uint32_t *type)
{
	struct span s = {*at, end};
	uint32_t len;

	*type = take32(&s);
	len = take32(&s);
	assert_true(len >= 12 && len % 4 == 0 && len <= (size_t)(end - *at));
	s.end = *at += len;
	s.end -= 4;
	assert_int_equal(take32(&(struct span){s.end, *at}), len);
	return s;
}

void pcapng_file__read(struct pcapng_file *f, int fd)
{
	const uint8_t *at, *end;
	struct stat st;
	uint32_t type;

	memset(f, 0, sizeof(*f));
	assert_int_equal(fstat(fd, &st), 0);
	f->contents = malloc((size_t)st.st_size);
	assert_non_null(f->contents);
	assert_int_equal(pread(fd, f->contents, (size_t)st.st_size, 0), st.st_size);
	at = f->contents;
	end = at + st.st_size;
	read_section(take_block(&at, end, &type));
	assert_int_equal(type, 0x0a0d0d0a);
	while (at < end) {
		struct span s = take_block(&at, end, &type);

		switch (type) {
		case 1: read_interface(f, s); break;
		case 5: read_statistics(f, s); break;
		case 6: read_packet(f, s); break;
		default: fail_msg("block type %#x", type);
		}
	}
}

void pcapng_file__free(struct pcapng_file *f)
{
	for (uint32_t i = 0; i < f->n_interfaces; i++) {
		free(f->interface[i]);
		free(f->filter[i]);
	}
	free(f->contents);
}
