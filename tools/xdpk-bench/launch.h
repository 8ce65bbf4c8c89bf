/* SPDX-License-Identifier: BSD-3-Clause
 *
 * launch.h -- the command started again, several times: where code comes to lie in memory makes a
 * launch slow or fast as a whole.
 */
#ifndef XDPK_BENCH_LAUNCH_H
#define XDPK_BENCH_LAUNCH_H

#include "figures.h"

/* Starts this program with `argv` and the options for one launch and JSON, `launches` times, one
 * after the other, and gives the median of what they print. 0, or what the first that failed exits
 * with. */
int launch__all(char *const *argv, uint32_t launches, struct figures *out);

#endif
