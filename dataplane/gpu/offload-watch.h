/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload-watch.h -- tells an operator which programs are not on the device that they should be on,
 * and why: at once, and when a device fails.
 */
#ifndef DATAPLANE_GPU_OFFLOAD_WATCH_H
#define DATAPLANE_GPU_OFFLOAD_WATCH_H

#include <stdio.h>

struct dataplane;

/* Looks now, then every second, in a thread of its own, and at last when it is stopped. NULL on
 * failure. */
struct offload_watch *offload_watch__start(struct dataplane *dp, FILE *out);
void offload_watch__stop(struct offload_watch *watch); /* NULL is fine */

#endif
