/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-types.h -- what the kernel wants to be told by BTF, or tells by it.
 */
#ifndef TESTS_VERIFIER_KERNEL_TYPES_H
#define TESTS_VERIFIER_KERNEL_TYPES_H

#include <linux/bpf.h>

#include "ebpf-vm.h"

/* A descriptor or negative errno: types for a map whose values are 16 bytes with a struct
 * bpf_spin_lock in the first 4. */
#define LOCKED_KEY_TYPE   1
#define LOCKED_VALUE_TYPE 4
int kernel_types__locked_value(void);

/* The kernel's number of the kernel function that has the number `kfunc` here; 0: it has none. */
int32_t kernel_types__function(uint32_t kfunc);

/* Functions `static int f(void)`, the first one global: Linux takes the address of functions, and
 * lets them make tail calls, only if it knows their types. */
#define MOST_FUNC_TYPES 64
struct func_types {
	int fd; /* of the types; -1: there is one function only */
	struct bpf_func_info info[MOST_FUNC_TYPES];
	uint32_t n;
};

void func_types__find(struct func_types *t, const struct ebpf_insn *insns, uint32_t n);
void func_types__release(struct func_types *t);

#endif
