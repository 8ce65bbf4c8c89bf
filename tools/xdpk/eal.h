/* SPDX-License-Identifier: BSD-3-Clause
 *
 * eal.h -- start DPDK's environment: with the user's options, or so that an ordinary user
 * without hugepages can run virtual devices.
 */
#ifndef XDPK_EAL_H
#define XDPK_EAL_H

#include "input.h"
#include "options.h"

/* inputs: what each of the options' ports will receive, for the size of memory. */
int eal__start(const struct options *o, const struct input *inputs, char **errmsg);

#endif
