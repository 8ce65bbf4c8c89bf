/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fake-things.h -- what the fake driver keeps account of.
 *
 * Everything that has a handle is a thing, known for ever, so that one that is gone is recognised.
 * A stream has a queue of steps. Memory is read and written when a step is taken, not when it is
 * asked for.
 *
 * Threads: under the driver's lock.
 */
#ifndef TESTS_GPU_FAKE_THINGS_H
#define TESTS_GPU_FAKE_THINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fake-cuda.h"

#define MAX_STEPS 64

enum kind { CONTEXT, MODULE, FUNCTION, STREAM, EVENT, DEVICE_MEMORY, PINNED_MEMORY, N_KINDS };
enum what { COPY_IN, COPY_OUT, FILL, RUN, RECORD };

struct step {
	enum what what;
	uint8_t *to;
	const uint8_t *from;
	size_t bytes;
	uint8_t value;
	struct thing *thing; /* the event, or the module */
	uint32_t n_threads;
};

struct thing {
	enum kind kind;
	bool gone;
	const struct thing *context; /* that it goes with */
	uint8_t *memory;             /* of memory; of a module, its map */
	size_t bytes;
	struct thing *module; /* a function's */
	struct thing *stream; /* an event's, when it was recorded last */
	uint32_t recorded, reached;
	struct step steps[MAX_STEPS];
	uint32_t first, n;
	struct thing *next;
};

extern struct thing *things; /* that are not gone */

/* Notes it; gives FAKE_INVALID_VALUE. */
__attribute__((format(printf, 1, 2))) int amiss(const char *fmt, ...);

struct thing *thing__make(enum kind kind, size_t bytes, const struct thing *context);
bool thing__is(const struct thing *t, enum kind kind);
void thing__end(struct thing *t);
/* The memory of that kind in which all the bytes lie. */
struct thing *thing__memory(const uint8_t *at, size_t bytes, enum kind kind);

/* Addresses of the device as the host has them, and back. */
uint8_t *near(uint64_t address);
uint64_t far(const uint8_t *memory);

void stream__take_step(struct thing *stream);
/* An error if there is no such stream. */
int stream__add_step(const char *call, struct thing *stream, struct step s);

#endif
