/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redirect.h -- redirects that are more than sending a packet: to a DEVMAP's entry with a program,
 * to a CPUMAP's, or to all of a DEVMAP's (a broadcast).
 *
 *	                    ┌─ egress hop of the port ─ program ─► sent
 *	redirect: counted ──┼─ CPUMAP hop of the worker ─ program ─► passed, redirected
 *	                    └─ copies hop of the port where it came from ─► as any redirect
 *
 * The packet counts as redirected where it was judged, whatever becomes of it at the next hop. Of
 * a broadcast every packet that is to leave counts as a copy, the last one too, which is the packet
 * itself.
 */
#ifndef DATAPLANE_REDIRECT_H
#define DATAPLANE_REDIRECT_H

#include "worker.h"

/* Sees off the packets of a judged burst from number `first` on, of which that one is not plain
 * (verdicts.h). No outbox has anything in it, before and after. */
void redirect__dispatch(struct worker *w, const struct rxq *rxq, const struct burst *burst,
	uint32_t first, struct delta *delta);

#endif
