/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verdicts.h -- what a verdict does to a packet.
 */
#ifndef DATAPLANE_VERDICTS_H
#define DATAPLANE_VERDICTS_H

#include "worker.h"

/* Sends or frees every packet of a judged burst from this queue, and counts each once in *delta,
 * except those handed over to another worker, which counts them when they are sent. */
void verdicts__dispatch(
	struct worker *w, const struct rxq *rxq, struct burst *burst, struct counters *delta);

#endif
