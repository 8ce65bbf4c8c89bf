/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dataplane.h -- `xdpk-bench dataplane`: what xdpk takes per packet beside dpdk-testpmd, and what a
 * second worker adds.
 */
#ifndef XDPK_BENCH_DATAPLANE_H
#define XDPK_BENCH_DATAPLANE_H

/* argv[0] is the word `dataplane`. Exit status: 0, 1 beyond a limit, 2 it could not be measured. */
int dataplane__main(int argc, char **argv);

#endif
