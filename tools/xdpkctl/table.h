/* SPDX-License-Identifier: BSD-3-Clause
 *
 * table.h -- rows under the keys that they share, as wide as the terminal at most: the widest
 * columns of text are cut; where that is not enough, every row is printed key by key. What is no
 * terminal gets all of it. The first rows say how wide columns are, so that a million rows need
 * no memory.
 */
#ifndef XDPKCTL_TABLE_H
#define XDPKCTL_TABLE_H

#include <stddef.h>

struct table;

/* NULL without memory. */
struct table *table__begin(void);
/* A row, as JSON. */
void table__add(struct table *t, const char *json, size_t len);
/* Prints what is left, and goes. */
void table__end(struct table *t);

/* What JSON calls rx_queues is "rx queues" to people. malloc'ed. */
char *key__title(const char *key);

#endif
