/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stats.h -- counters for people: totals at the end, a line now and then.
 */
#ifndef DATAPLANE_STATS_H
#define DATAPLANE_STATS_H

#include <stdbool.h>
#include <stdio.h>

#include "dataplane.h"

/* Every port's counters as a table, and whether each packet is accounted for, which is what it
 * returns: true after every drain. Under the dataplane's lock, or after the run. */
bool stats__print_totals(const struct dataplane *dp, FILE *out);

/* Prints a line of rates every `seconds` from a thread of its own. NULL on failure. */
struct stats_ticker;
struct stats_ticker *stats__start_ticker(struct dataplane *dp, FILE *out, unsigned seconds);
void stats__stop_ticker(struct stats_ticker *ticker); /* NULL is fine */

#endif
