/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-types.h -- what the kernel wants to be told by BTF, or tells by it.
 */
#ifndef TESTS_VERIFIER_KERNEL_TYPES_H
#define TESTS_VERIFIER_KERNEL_TYPES_H

#include <stdint.h>

/* A descriptor or negative errno: types for a map whose values are 16 bytes with a struct
 * bpf_spin_lock in the first 4. */
#define LOCKED_KEY_TYPE   1
#define LOCKED_VALUE_TYPE 4
int kernel_types__locked_value(void);

/* The kernel's number of the kernel function that has the number `kfunc` here; 0: it has none. */
int32_t kernel_types__function(uint32_t kfunc);

#endif
