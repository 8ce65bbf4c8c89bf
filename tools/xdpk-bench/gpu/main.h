/* SPDX-License-Identifier: BSD-3-Clause
 *
 * main.h -- `xdpk-bench gpu`: from which batches on a device is faster than a core.
 */
#ifndef XDPK_BENCH_GPU_MAIN_H
#define XDPK_BENCH_GPU_MAIN_H

/* argv[0] is the word `gpu`. Exit status: 0, 1 device and core differ, 2 it could not be measured.
 */
int gpu__main(int argc, char **argv);

#endif
