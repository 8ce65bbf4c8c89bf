/* SPDX-License-Identifier: BSD-3-Clause
 *
 * view.c -- context tables of the program types, where an instruction comes from, and what types of
 * helpers there can be.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include "view.h"

#define XDP_FIELD(field, kind_, place_)                                              \
	{                                                                            \
		.name = #field, .offset = offsetof(struct xdp_md, field), .size = 4, \
		.kind = kind_, .place = offsetof(struct ebpf_xdp_ctx, place_),       \
		.place_size = sizeof(((struct ebpf_xdp_ctx *)0)->place_)             \
	}

static const struct ctx_field xdp_fields[] = {
	XDP_FIELD(data, CTX_PACKET, data), XDP_FIELD(data_end, CTX_PACKET_END, data_end),
	XDP_FIELD(data_meta, CTX_PACKET_META, data_meta),
	XDP_FIELD(ingress_ifindex, CTX_SCALAR, ingress_ifindex),
	XDP_FIELD(rx_queue_index, CTX_SCALAR, rx_queue_index),
	XDP_FIELD(egress_ifindex, CTX_SCALAR, egress_ifindex), /* the last: not for all */
};
#define N_XDP_FIELDS (sizeof(xdp_fields) / sizeof(xdp_fields[0]))

static const struct ctx_table tables[] = {
	[EBPF_PROGRAM_RAW] = {.type_name = "raw"},
	[EBPF_PROGRAM_XDP] = {"xdp", xdp_fields, N_XDP_FIELDS - 1, sizeof(struct xdp_md)},
	[EBPF_PROGRAM_XDP_DEVMAP] = {"xdp/devmap", xdp_fields, N_XDP_FIELDS, sizeof(struct xdp_md)},
	[EBPF_PROGRAM_XDP_CPUMAP] = {"xdp/cpumap", xdp_fields, N_XDP_FIELDS - 1,
		sizeof(struct xdp_md)},
};

const struct ctx_table *ctx_table__of(enum ebpf_program_type type)
{
	return &tables[type];
}

const struct ctx_field *ctx_table__find(const struct ctx_table *t, int64_t offset, uint32_t size)
{
	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct ctx_field *f = &t->fields[i];

		/* xdp_is_valid_access(): whole, aligned 32-bit fields only */
		if (offset == f->offset && size == f->size)
			return f;
	}
	return NULL;
}

const struct ebpf_line *program_view__line(const struct program_view *v, uint32_t insn)
{
	uint32_t lo = 0, hi = v->n_lines;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (v->lines[mid].insn <= insn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &v->lines[lo - 1] : NULL;
}

uint32_t program_view__func(const struct program_view *v, uint32_t insn)
{
	uint32_t i = 0;

	while (i + 1 < v->n_funcs && v->funcs[i + 1].insn <= insn)
		i++;
	return i;
}

uint32_t raw_helpers__place(const struct raw_helper *helpers, uint32_t n, uint32_t id)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (helpers[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool helper_type__is_valid(const struct ebpf_helper_type *type)
{
	for (int i = 0; i < 5; i++) {
		switch (type->arg[i].check) {
		case EBPF_CHECK_NOTHING:
		case EBPF_CHECK_STRING: break;
		case EBPF_CHECK_MEM:
			if (!type->arg[i].size)
				return false;
			break;
		case EBPF_CHECK_MEM_LEN:
			if (i == 4)
				return false;
			break;
		default: return false;
		}
	}
	return true;
}
