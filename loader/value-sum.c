/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-sum.c -- the sum of a per-CPU value's copies.
 */
#include "value-number.h"
#include "value.h"

static uint64_t first_bit(const struct ebpf_layout *l)
{
	return (uint64_t)l->offset * 8 + l->bit;
}

/* Members of a union would be added once each, to the same bytes. */
static bool overlap(const struct ebpf_layout *before, const struct ebpf_layout *l)
{
	return first_bit(l) < first_bit(before) + number__bits(before);
}

bool ebpf_value__has_sum(const struct ebpf_layout *l)
{
	uint32_t n = l->kind == EBPF_LAYOUT_STRUCT ? l->n : 1;

	if (l->kind == EBPF_LAYOUT_NUMBER)
		return !l->is_network;
	if ((l->kind != EBPF_LAYOUT_STRUCT && l->kind != EBPF_LAYOUT_ARRAY) || !l->n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if ((i && overlap(&l->members[i - 1], &l->members[i])) ||
			!ebpf_value__has_sum(&l->members[i]))
			return false;
	}
	return true;
}

static void add(const struct ebpf_layout *l, uint8_t *sum, const uint8_t *at)
{
	if (l->kind == EBPF_LAYOUT_NUMBER)
		number__write(l, sum, number__read(l, sum) + number__read(l, at));
	for (uint32_t i = 0; l->kind == EBPF_LAYOUT_STRUCT && i < l->n; i++)
		add(&l->members[i], sum + l->members[i].offset, at + l->members[i].offset);
	for (uint32_t i = 0; l->kind == EBPF_LAYOUT_ARRAY && i < l->n; i++)
		add(l->members, sum + (size_t)i * l->members->size,
			at + (size_t)i * l->members->size);
}

void ebpf_value__add(const struct ebpf_layout *l, void *sum, const void *bytes)
{
	add(l, sum, bytes);
}
