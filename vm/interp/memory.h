/* SPDX-License-Identifier: BSD-3-Clause
 *
 * memory.h -- every access of an interpreted program goes through these checks.
 *
 * The common cases are inline: frames, packet, the value looked up last. Whatever is not
 * found there is searched for in memory.c, and is not the program's if it is not found.
 */
#ifndef VM_INTERP_MEMORY_H
#define VM_INTERP_MEMORY_H

#include <string.h>

#include "code.h"

/* The maps that the program may use: its own, and those it got out of them. NULL after the
 * last. */
const struct rt_map *interp_memory__map(const struct interp_run *run, uint32_t i);

/* Lets the program touch [address, address + size), until it is revoked. False: too much at once.
 */
bool interp_memory__grant(struct interp_run *run, uint64_t address, uint64_t size, bool writable);
/* False if nothing that begins at the address was granted. */
bool interp_memory__revoke(struct interp_run *run, uint64_t address);
bool interp_memory__is_granted(const struct interp_run *run, uint64_t address);

/* Notes in env what access it was that fails. */
void interp_memory__blame(struct interp_run *run, uint64_t addr, uint64_t size);

/* A pointer to [addr, addr+size) if all of it is the program's, NULL (and blame) otherwise. */
void *interp_memory__find(struct interp_run *run, uint64_t addr, uint64_t size, bool write);

/* Of what is not near: a load, which may be one of the context; a store. */
bool interp_memory__load_far(struct interp_run *run, uint64_t addr, uint32_t size, uint64_t *value);
bool interp_memory__store_far(struct interp_run *run, uint64_t addr, uint32_t size, uint64_t value);

static inline void interp_window__set(struct interp_window *w, uint64_t base, uint64_t size)
{
	w->base = base;
	if (likely(size >= 8))
		for (unsigned i = 0; i < 4; i++)
			w->places[i] = size - (1u << i) + 1;
	else
		for (unsigned i = 0; i < 4; i++)
			w->places[i] = size >> i ? size - (1u << i) + 1 : 0;
}

/* Sets the packet's (or the raw memory's) bounds from the context, as they are now. */
static inline void interp_memory__refresh(struct interp_run *run)
{
	const struct interp_code *code = run->code;
	uint64_t data, end;

	if (code->raw) {
		const struct ebpf_raw_ctx *raw = (const void *)run->ctx;

		interp_window__set(&run->memory, (uintptr_t)raw->mem, raw->mem ? raw->len : 0);
		return;
	}
	memcpy(&data, run->ctx + code->packet_place, sizeof(data));
	memcpy(&end, run->ctx + code->packet_end_place, sizeof(end));
	interp_window__set(&run->memory, data, end > data ? end - data : 0);
}

/* Is it the address of something in a frame, as far as the program has seen that? */
static inline bool interp_memory__in_frames(const struct interp_run *run, uint64_t addr)
{
	uint64_t frame = (addr - (uintptr_t)run->stack) >> run->code->frame_shift;

	return frame <= run->depth &&
	       (uintptr_t)interp_frame__top(run, frame) - addr <= run->frames[frame].cleared;
}

/* Without a check. size is a constant of at most 8, here and below. */
static inline uint64_t interp_memory__read(uint64_t addr, uint32_t size)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)(uintptr_t)addr, size);
	return value;
}

static inline void interp_memory__write(uint64_t addr, uint32_t size, uint64_t value)
{
	memcpy((void *)(uintptr_t)addr, &value, size);
}

/* Is it in one of the common places? */
static inline bool interp_memory__near(const struct interp_run *run, uint64_t addr, uint32_t size)
{
	uint32_t i = size == 8 ? 3 : size / 2;

	return likely(addr - run->memory.base < run->memory.places[i]) ||
	       addr - run->frame.base < run->frame.places[i] ||
	       addr - run->value.base < run->value.places[i];
}

static inline bool interp_memory__load(
	struct interp_run *run, uint64_t addr, uint32_t size, uint64_t *value)
{
	if (unlikely(!interp_memory__near(run, addr, size)))
		return interp_memory__load_far(run, addr, size, value);
	*value = interp_memory__read(addr, size);
	return true;
}

static inline bool interp_memory__store(
	struct interp_run *run, uint64_t addr, uint32_t size, uint64_t value)
{
	if (unlikely(!interp_memory__near(run, addr, size)))
		return interp_memory__store_far(run, addr, size, value);
	interp_memory__write(addr, size, value);
	return true;
}

#endif
