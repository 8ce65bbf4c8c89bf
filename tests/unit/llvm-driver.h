/* SPDX-License-Identifier: BSD-3-Clause
 *
 * llvm-driver.h -- what llvm_test.c gives its driver.
 */
#ifndef TESTS_UNIT_LLVM_DRIVER_H
#define TESTS_UNIT_LLVM_DRIVER_H

#include <ebpf-env.h>

struct test_burst {
	const struct ebpf_xdp_ctx *ctx;
	uint32_t *verdict;
	uint32_t n;
};

#endif
