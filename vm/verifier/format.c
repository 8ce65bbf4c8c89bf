/* SPDX-License-Identifier: BSD-3-Clause
 *
 * format.c -- bpf_snprintf's format is constant, and so checked before it is ever used.
 */
#include "internal.h"
#include "../runtime/format.h"

/* The format is in R3, the size of the arguments in R5; both have been checked as such. Of a
 * size that is not known, what is known counts, as in the kernel. */
int format__check(struct verifier *v)
{
	const struct reg *r = reg_at(v, 3);
	const struct map_view *m = &v->view->maps[r->map];
	uint64_t size = reg_at(v, 5)->var.bits.value;
	const char *format = (const char *)m->frozen + r->off + (int64_t)r->var.bits.value;

	if (size % 8)
		return reject(v, "R5 is no size of 8-byte arguments");
	if (!rt_format__valid(format, (uint32_t)(size / 8)))
		return reject(v, "R3 is no valid format for %u arguments", (uint32_t)(size / 8));
	return 0;
}
