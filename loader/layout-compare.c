/* SPDX-License-Identifier: BSD-3-Clause
 *
 * layout-compare.c -- do two programs mean the same by a value? Names count: two members of the
 * same size that have changed places are another value. An enumeration may have got more constants.
 */
#include <errno.h>
#include <string.h>

#include "../vm/core/error.h"
#include "layout.h"
#include "value-word.h"

static int compare_kinds(const struct ebpf_layout *a, const struct ebpf_layout *b, char **errmsg)
{
	char was[64], is[64];

	if (a->kind == b->kind && a->size == b->size && a->bit == b->bit && a->bits == b->bits &&
		a->is_signed == b->is_signed && a->is_network == b->is_network)
		return 0;
	ebpf_layout__describe(a, was, sizeof(was));
	ebpf_layout__describe(b, is, sizeof(is));
	return error__set(errmsg, -EINVAL, "is %s, was %s", is, was);
}

static int compare_constants(
	const struct ebpf_layout *a, const struct ebpf_layout *b, char **errmsg)
{
	for (uint32_t i = 0; i < a->n; i++) {
		const struct ebpf_layout_constant *was = &a->constants[i];

		for (uint32_t j = 0; j < b->n; j++) {
			const struct ebpf_layout_constant *is = &b->constants[j];

			if (was->value != is->value && strcmp(was->name, is->name) == 0)
				return error__set(errmsg, -EINVAL, "%s is %lld, was %lld", is->name,
					(long long)is->value, (long long)was->value);
		}
	}
	return 0;
}

static int compare_members(const struct ebpf_layout *a, const struct ebpf_layout *b, char **errmsg)
{
	int err = 0;

	for (uint32_t i = 0; i < a->n && i < b->n && !err; i++) {
		const struct ebpf_layout *was = &a->members[i], *is = &b->members[i];

		if (strcmp(was->name, is->name) != 0)
			return error__set(
				errmsg, -EINVAL, "%s is where %s was", is->name, was->name);
		if (was->offset != is->offset)
			return error__set(errmsg, -EINVAL, "%s is at byte %u, was at %u", is->name,
				is->offset, was->offset);
		err = ebpf_layout__compare(was, is, errmsg);
		if (err)
			error__prefix(errmsg, "%s", is->name);
	}
	if (err || a->n == b->n)
		return err;
	return a->n < b->n ? error__set(errmsg, -EINVAL, "%s is new", b->members[a->n].name)
			   : error__set(errmsg, -EINVAL, "%s is gone", a->members[b->n].name);
}

int ebpf_layout__compare(const struct ebpf_layout *a, const struct ebpf_layout *b, char **errmsg)
{
	int err;

	if (errmsg)
		*errmsg = NULL;
	err = compare_kinds(a, b, errmsg);
	if (err)
		return err;
	switch (a->kind) {
	case EBPF_LAYOUT_ENUM: return compare_constants(a, b, errmsg);
	case EBPF_LAYOUT_STRUCT: return compare_members(a, b, errmsg);
	case EBPF_LAYOUT_ARRAY:
		return a->n == b->n
			       ? ebpf_layout__compare(a->members, b->members, errmsg)
			       : error__set(errmsg, -EINVAL, "has %u elements, had %u", b->n, a->n);
	default: return 0;
	}
}
