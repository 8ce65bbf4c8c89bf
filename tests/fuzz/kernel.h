/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel.h -- the running kernel as one more way to run a generated program.
 */
#ifndef TESTS_FUZZ_KERNEL_H
#define TESTS_FUZZ_KERNEL_H

#include "run.h"

struct run_kernel {
	int maps[GENERATED_N_MAPS]; /* descriptors */
};

/* Creates the maps and stays on CPU 0. Negative errno with the reason where bpf() is not
 * permitted or does not know the whole instruction set (before Linux 6.6). */
int run_kernel__init(struct run_kernel *k, const char **reason);
/* A descriptor, or negative errno with the end of the verifier's log in `log`. */
int run_kernel__load(
	struct run_kernel *k, const struct generated_program *p, char *log, size_t log_size);
/* 0, or negative errno. Closes the descriptor. */
int run_kernel__run(struct run_kernel *k, int prog, struct run_outcome *out);

#endif
