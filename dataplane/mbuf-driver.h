/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mbuf-driver.h -- the driver of programs that run on ports: of bursts of mbufs (burst.h). What
 * compiles such programs needs nothing else of the dataplane, nor of DPDK.
 */
#ifndef DATAPLANE_MBUF_DRIVER_H
#define DATAPLANE_MBUF_DRIVER_H

#include <ebpf-program.h>

#include "burst.h"

/* Any thread's; it is always there. */
const struct ebpf_driver *mbuf_driver(void);

#endif
