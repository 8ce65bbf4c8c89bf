/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fake-things.c -- see fake-things.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-things.h"

#define FAR (UINT64_C(1) << 62) /* of the device's addresses */

__attribute__((visibility("default"))) struct fake_cuda fake_cuda;
struct thing *things;
static struct thing *ended;

int amiss(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!fake_cuda.n_amiss++)
		vsnprintf(fake_cuda.amiss, sizeof(fake_cuda.amiss), fmt, ap);
	va_end(ap);
	return FAKE_INVALID_VALUE;
}

struct thing *thing__make(enum kind kind, size_t bytes, const struct thing *context)
{
	struct thing *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->kind = kind;
	t->context = context;
	t->bytes = bytes;
	if (bytes && !(t->memory = aligned_alloc(256, (bytes + 255) / 256 * 256)))
		abort();
	if (bytes)
		memset(t->memory, 0x5a, bytes);
	t->next = things;
	things = t;
	fake_cuda.n_alive += kind != FUNCTION; /* which goes with its module */
	return t;
}

bool thing__is(const struct thing *t, enum kind kind)
{
	return t && t->kind == kind && !t->gone;
}

void thing__end(struct thing *t)
{
	struct thing **at = &things;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->next = ended;
	ended = t;
	t->gone = true;
	free(t->memory);
	t->memory = NULL;
	fake_cuda.n_alive -= t->kind != FUNCTION;
}

/* A module's memory is the device's. */
struct thing *thing__memory(const uint8_t *at, size_t bytes, enum kind kind)
{
	for (struct thing *t = things; t; t = t->next) {
		if ((t->kind == kind || (t->kind == MODULE && kind == DEVICE_MEMORY)) &&
			t->memory && at >= t->memory && bytes <= t->bytes &&
			(size_t)(at - t->memory) <= t->bytes - bytes)
			return t;
	}
	return NULL;
}

uint8_t *near(uint64_t address)
{
	return (uint8_t *)(uintptr_t)(address ^ FAR);
}

uint64_t far(const uint8_t *memory)
{
	return (uintptr_t)memory ^ FAR;
}

/* --- streams --------------------------------------------------------------------------------- */

static void run(const struct step *s)
{
	struct kernel_launch l;

	memcpy(&l, s->from, sizeof(l));
	l.in = (uintptr_t)near(l.in);
	l.out = (uintptr_t)near(l.out);
	if (s->n_threads < l.n)
		amiss("%u threads for %u packets", s->n_threads, l.n);
	for (uint32_t i = 0; i < s->n_threads; i++) {
		if (i < l.n)
			fake_cuda.judge(&l, i, s->thing->memory);
	}
}

void stream__take_step(struct thing *stream)
{
	struct step s;

	if (!stream->n)
		return;
	s = stream->steps[stream->first];
	stream->first = (stream->first + 1) % MAX_STEPS;
	stream->n--;
	switch (s.what) {
	case COPY_IN:
	case COPY_OUT: memcpy(s.to, s.from, s.bytes); break;
	case FILL: memset(s.to, s.value, s.bytes); break;
	case RUN: run(&s); break;
	case RECORD: s.thing->reached++; break;
	}
}

int stream__add_step(const char *call, struct thing *stream, struct step s)
{
	if (!thing__is(stream, STREAM))
		return amiss("%s on no stream", call);
	if (stream->n == MAX_STEPS)
		return amiss("%s on a stream that is full", call);
	stream->steps[(stream->first + stream->n++) % MAX_STEPS] = s;
	return 0;
}
