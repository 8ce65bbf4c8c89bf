/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port-watch.h -- tells what an operator should know about ports: a link that comes or goes,
 * packets that a kernel has not finished (offloads.h).
 */
#ifndef DATAPLANE_PORT_WATCH_H
#define DATAPLANE_PORT_WATCH_H

#include <stdio.h>

struct dataplane;

/* Looks every second, in a thread of its own, and has a line for all that is new. NULL on failure.
 */
struct port_watch *port_watch__start(struct dataplane *dp, FILE *out);
void port_watch__stop(struct port_watch *watch); /* NULL is fine */

#endif
