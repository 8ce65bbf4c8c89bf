/* SPDX-License-Identifier: BSD-3-Clause
 *
 * memory.c -- what memory an interpreted program may touch, when it is not the obvious.
 */
#include <linux/bpf.h>

#include "memory.h"
#include "../core/map-fields.h"
#include "../core/regions.h"
#include "../runtime/map-types.h"

static bool within(uint64_t addr, uint64_t size, uint64_t base, uint64_t len)
{
	return addr - base <= len && len - (addr - base) >= size;
}

static bool in_window(const struct interp_window *w, uint64_t addr, uint64_t size)
{
	return w->places[0] && within(addr, size, w->base, w->places[0]);
}

/* Clears what of the frame was not expected to be used. */
static void clear_rest(struct interp_run *run, uint32_t frame)
{
	struct interp_frame *f = &run->frames[frame];
	uint8_t *top = interp_frame__top(run, frame), *bottom = top - run->code->stack_size;

	memset(bottom, 0, run->code->stack_size - f->cleared);
	f->cleared = run->code->stack_size;
	if (frame == run->depth)
		interp_window__set(&run->frame, (uintptr_t)bottom, run->code->stack_size);
}

static bool in_stack(struct interp_run *run, uint64_t addr, uint64_t size)
{
	uint64_t stack_size = run->code->stack_size;

	for (uint32_t frame = 0; frame <= run->depth; frame++) {
		uint64_t top = (uintptr_t)interp_frame__top(run, frame);

		if (within(addr, size, top - stack_size, stack_size)) {
			if (top - addr > run->frames[frame].cleared)
				clear_rest(run, frame);
			return true;
		}
	}
	return false;
}

const struct rt_map *interp_memory__map(const struct interp_run *run, uint32_t i)
{
	const struct interp_binding *b = &run->code->binding;
	uint32_t n_inner = run->n_inner < INTERP_INNER_MAPS ? run->n_inner : INTERP_INNER_MAPS;

	if (i < b->view->n_maps)
		return b->maps[i];
	i -= b->view->n_maps;
	return i < n_inner ? run->inner[i] : NULL;
}

static const struct interp_section *section_of(
	const struct interp_code *code, uint64_t addr, uint64_t size)
{
	for (uint32_t i = 0; i < code->n_sections; i++)
		if (within(addr, size, code->sections[i].address, code->sections[i].size))
			return &code->sections[i];
	return NULL;
}

/* A program may have got any worker's value. */
static bool map_owns(const struct interp_run *run, const struct rt_map *m, void *p, uint64_t size)
{
	uint32_t n = rt_is_percpu(&m->geo) ? run->env->n_workers : 1;

	for (uint32_t slot = 0; slot < n; slot++)
		if (rt_map__owns(m, slot, p, size))
			return true;
	return false;
}

static bool in_maps(const struct interp_run *run, uint64_t addr, uint64_t size, bool write)
{
	const struct interp_section *s = section_of(run->code, addr, size);
	const struct rt_map *m;

	if (s)
		return write ? s->writable : s->readable;
	for (uint32_t i = 0; (m = interp_memory__map(run, i)); i++)
		if (!write && map_field__is_at((int64_t)(addr - (uintptr_t)m), size))
			return true;
		else if (map_owns(run, m, (void *)(uintptr_t)addr, size))
			return write ? rt_geometry__writable(&m->geo)
				     : rt_geometry__readable(&m->geo);
	return false;
}

bool interp_memory__grant(struct interp_run *run, uint64_t address, uint64_t size, bool writable)
{
	if (run->n_grants == INTERP_GRANTS)
		return false;
	run->grants[run->n_grants++] = (struct interp_grant){address, size, writable};
	return true;
}

bool interp_memory__revoke(struct interp_run *run, uint64_t address)
{
	for (uint32_t i = run->n_grants; i--;) {
		if (run->grants[i].address == address) {
			run->grants[i] = run->grants[--run->n_grants];
			return true;
		}
	}
	return false;
}

bool interp_memory__is_granted(const struct interp_run *run, uint64_t address)
{
	for (uint32_t i = 0; i < run->n_grants; i++)
		if (run->grants[i].address == address)
			return true;
	return false;
}

static bool in_grants(const struct interp_run *run, uint64_t addr, uint64_t size, bool write)
{
	for (uint32_t i = 0; i < run->n_grants; i++) {
		const struct interp_grant *g = &run->grants[i];

		if (within(addr, size, g->address, g->size))
			return g->writable || !write;
	}
	return false;
}

/* A slice of the packet may lead to any of its fragments. */
static bool in_frags(const struct interp_run *run, uint64_t addr, uint64_t size)
{
	const struct ebpf_xdp_ctx *ctx = (const void *)run->ctx;

	if (run->code->raw || !(ctx->metadata & EBPF_RX_FRAGS))
		return false;
	for (uint32_t i = 0; i < ctx->frags->n; i++)
		if (within(addr, size, (uintptr_t)ctx->frags->frag[i].data,
			    ctx->frags->frag[i].size))
			return true;
	return false;
}

void interp_memory__blame(struct interp_run *run, uint64_t addr, uint64_t size)
{
	run->env->fault_address = addr;
	run->env->fault_size = size < UINT32_MAX ? size : UINT32_MAX;
}

void *interp_memory__find(struct interp_run *run, uint64_t addr, uint64_t size, bool write)
{
	if (in_window(&run->memory, addr, size) || in_window(&run->frame, addr, size) ||
		in_stack(run, addr, size) || in_window(&run->value, addr, size) ||
		in_grants(run, addr, size, write) || in_frags(run, addr, size) ||
		in_maps(run, addr, size, write) ||
		ebpf_regions__allow(run->env->regions, addr, size, write))
		return (void *)(uintptr_t)addr;
	interp_memory__blame(run, addr, size);
	return NULL;
}

static const struct ctx_field *context_field(
	const struct interp_code *code, uint64_t offset, uint32_t size)
{
	if (size == 4 && offset % 4 == 0 && offset / 4 < INTERP_CTX_WORDS)
		return code->ctx_words[offset / 4];
	return ctx_table__find(code->ctx_table, offset, size);
}

/* A field of the user's context as the machine's holds it: pointers are 64 bits wide. */
static bool load_context(struct interp_run *run, uint64_t offset, uint32_t size, uint64_t *value)
{
	const struct ctx_field *f = context_field(run->code, offset, size);

	if (!f)
		return false;
	if (f->place_size == 8)
		*value = interp_memory__read((uintptr_t)run->ctx + f->place, 8);
	else
		*value = interp_memory__read((uintptr_t)run->ctx + f->place, 4);
	return true;
}

bool interp_memory__load_far(struct interp_run *run, uint64_t addr, uint32_t size, uint64_t *value)
{
	uint64_t offset = addr - (uintptr_t)run->ctx;

	if (!run->code->raw && offset < run->code->ctx_table->size) {
		if (load_context(run, offset, size, value))
			return true;
		interp_memory__blame(run, addr, size);
		return false;
	}
	if (!interp_memory__find(run, addr, size, false))
		return false;
	*value = 0;
	memcpy(value, (const void *)(uintptr_t)addr, size);
	return true;
}

bool interp_memory__store_far(struct interp_run *run, uint64_t addr, uint32_t size, uint64_t value)
{
	void *p = interp_memory__find(run, addr, size, true);

	if (p)
		memcpy(p, &value, size);
	return p;
}
