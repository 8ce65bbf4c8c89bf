/* SPDX-License-Identifier: BSD-3-Clause
 *
 * outbox.h -- sending: straight to the worker's own tx queue, or by a ring to the worker that
 * owns one.
 */
#ifndef DATAPLANE_OUTBOX_H
#define DATAPLANE_OUTBOX_H

#include <stdbool.h>
#include <string.h>

#include "worker.h"

static inline void outbox__add(struct outbox *box, struct rte_mbuf *m, enum outcome outcome)
{
	box->pkts[box->n] = m;
	box->outcome[box->n++] = (uint8_t)outcome;
}

/* Empties w's outbox of port `to`, of packets from one hop. What cannot leave is freed, and its
 * outcome in *delta made a loss; what is handed over is taken out of *delta. */
void outbox__flush(struct worker *w, uint16_t to, uint16_t hop, struct delta *delta);

/* A whole burst that leaves by one port, past the outbox where it can; it is counted at its hop. */
void outbox__send_burst(
	struct worker *w, uint16_t to, uint16_t hop, struct burst *burst, enum outcome outcome);

/* Sends what others have handed over to w, and counts it. Returns how many it took. */
unsigned handover__send(struct worker *w);
/* Every ring that w feeds could take a burst from each worker. */
bool handover__has_room(const struct worker *w);

#endif
