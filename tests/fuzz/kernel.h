/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel.h -- the running kernel as one more way to run a program.
 */
#ifndef TESTS_FUZZ_KERNEL_H
#define TESTS_FUZZ_KERNEL_H

#include "run.h"

struct run_kernel {
	struct map_set set;
	int maps[MOST_MAPS]; /* descriptors */
	int inner[MOST_MAPS];
};

/* Stays on CPU 0. Negative errno with the reason where bpf() is not permitted or does not know
 * the whole instruction set (before Linux 6.6). */
int run_kernel__permitted(const char **reason);
/* Creates the maps. Negative errno with the reason. */
int run_kernel__init(struct run_kernel *k, const struct map_set *set, const char **reason);
void run_kernel__release(struct run_kernel *k);
/* A descriptor, or negative errno with the end of the verifier's log in `log`. */
int run_kernel__load(struct run_kernel *k, const struct ebpf_insn *insns, uint32_t n, char *log,
	size_t log_size);
/* 0, or negative errno. Closes the descriptor. */
int run_kernel__run(struct run_kernel *k, int prog, uint64_t uses, struct run_outcome *out);

#endif
