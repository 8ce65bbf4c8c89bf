/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-number.c -- numbers are at most 64 bits; as bit-fields they may lie across nine bytes.
 */
#include "value-number.h"

static uint64_t read_bits(const struct ebpf_layout *l, const uint8_t *at)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < l->bits; i++) {
		uint32_t bit = l->bit + i;

		value |= (uint64_t)(at[bit / 8] >> bit % 8 & 1) << i;
	}
	return value;
}

static void write_bits(const struct ebpf_layout *l, uint8_t *at, uint64_t value)
{
	for (uint32_t i = 0; i < l->bits; i++) {
		uint32_t bit = l->bit + i;
		uint8_t mask = (uint8_t)(1u << bit % 8);

		at[bit / 8] = value >> i & 1 ? at[bit / 8] | mask : at[bit / 8] & ~mask;
	}
}

uint64_t number__read(const struct ebpf_layout *l, const uint8_t *at)
{
	uint32_t unused = 64 - number__bits(l);
	uint64_t value = 0;

	if (l->bits)
		value = read_bits(l, at);
	else
		memcpy(&value, at, l->size); /* little-endian, as BPF here */
	if (l->is_network)
		value = __builtin_bswap64(value) >> unused;
	return l->is_signed ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

void number__write(const struct ebpf_layout *l, uint8_t *at, uint64_t value)
{
	if (l->is_network)
		value = __builtin_bswap64(value << (64 - number__bits(l)));
	if (l->bits)
		write_bits(l, at, value);
	else
		memcpy(at, &value, l->size);
}

bool number__fits(const struct ebpf_layout *l, bool negative, uint64_t magnitude)
{
	uint64_t most = UINT64_MAX >> (64 - number__bits(l));

	if (negative)
		return magnitude <= most / 2 + 1;
	return magnitude <= (l->is_signed ? most / 2 : most);
}
