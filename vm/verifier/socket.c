/* SPDX-License-Identifier: BSD-3-Clause
 *
 * socket.c -- what a program may read of a socket that it looked up: the fields of the kernel's
 * struct bpf_sock, as bpf_sock_is_valid_access() in net/core/filter.c has them, and of an XDP
 * socket its queue.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include "internal.h"

/* What may be read of a field, at multiples of its own size: */
enum part {
	WHOLE, /* 4 bytes at once */
	BEGIN, /* 1, 2 or 4 bytes, from the field's beginning */
	ANY,   /* 1, 2 or 4 bytes, anywhere in it */
};

/* full: not of a socket of unknown kind. */
#define FIELD(name, part, full)                                                                   \
	{                                                                                         \
		offsetof(struct bpf_sock, name), sizeof(((struct bpf_sock *)0)->name), part, full \
	}

static const struct {
	uint8_t offset, size;
	uint8_t part; /* enum part */
	bool full;
} fields[] = {
	FIELD(bound_dev_if, WHOLE, false),
	FIELD(family, BEGIN, false),
	FIELD(type, BEGIN, true),
	FIELD(protocol, BEGIN, true),
	FIELD(mark, WHOLE, true),
	FIELD(priority, WHOLE, true),
	FIELD(src_ip4, ANY, false),
	FIELD(src_ip6, ANY, false),
	FIELD(src_port, BEGIN, false),
	FIELD(dst_port, WHOLE, false), /* 4 bytes wide once */
	FIELD(dst_port, ANY, false),
	FIELD(dst_ip4, ANY, false),
	FIELD(dst_ip6, ANY, false),
	FIELD(state, BEGIN, false),
	FIELD(rx_queue_mapping, BEGIN, false),
};

static bool may_read(const struct reg *r, size_t field, int32_t off, uint32_t size)
{
	int32_t at = off - fields[field].offset, width = fields[field].size;

	if ((fields[field].full && r->type != REG_SOCK) || r->type == REG_XDP_SOCK ||
		off % (int32_t)size)
		return false;
	switch (fields[field].part) {
	case WHOLE: return at == 0 && size == 4;
	case BEGIN: return at == 0 && size <= 4;
	default: return at >= 0 && at < width && size <= 4 && (int32_t)size <= width;
	}
}

int socket__check_load(struct verifier *v, uint32_t regno, int32_t off, uint32_t size)
{
	const struct reg *r = reg_at(v, regno);

	if (r->type == REG_XDP_SOCK && off == offsetof(struct bpf_xdp_sock, queue_id) && size == 4)
		return 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (may_read(r, i, off, size))
			return 0;
	return reject(
		v, "R%u invalid %s access off=%d size=%u", regno, reg_type__name(r), off, size);
}
