/* SPDX-License-Identifier: BSD-3-Clause
 *
 * host-cpu.h -- what "native" means here: code that was compiled for one processor may not run
 * on another.
 */
#ifndef VM_CORE_HOST_CPU_H
#define VM_CORE_HOST_CPU_H

#include <stdbool.h>
#include <stdint.h>

struct host_cpu {
	uint32_t words[32];
};

/* Equal on processors with the same features. False: it cannot be told. */
bool host_cpu__identify(struct host_cpu *cpu);
/* Has this processor all of "x86-64", "x86-64-v2", "-v3" or "-v4"? */
bool host_cpu__has_level(const char *level);

#endif
