/* SPDX-License-Identifier: BSD-3-Clause
 *
 * driver-fuzz.h -- what run.c hands to the driver that programs are compiled into.
 */
#ifndef TESTS_FUZZ_DRIVER_FUZZ_H
#define TESTS_FUZZ_DRIVER_FUZZ_H

#include <ebpf-env.h>

struct fuzz_packet {
	struct ebpf_xdp_ctx *ctx;
	uint32_t verdict;
};

#endif
