/* SPDX-License-Identifier: BSD-3-Clause
 *
 * http.h -- OpenMetrics over HTTP, for Prometheus: GET /metrics on 127.0.0.1, to nobody else.
 *
 * A thread of its own serves one request after the other; each has two seconds.
 */
#ifndef DATAPLANE_METRICS_HTTP_H
#define DATAPLANE_METRICS_HTTP_H

#include <stdint.h>

struct dataplane;
struct metrics_http;

/* port 0: any that is free. NULL with *errmsg: the port is taken, ... */
struct metrics_http *metrics_http__start(struct dataplane *dp, uint16_t port, char **errmsg);
uint16_t metrics_http__port(const struct metrics_http *http);
void metrics_http__stop(struct metrics_http *http); /* NULL is fine */

#endif
