/* SPDX-License-Identifier: BSD-3-Clause
 *
 * assembled.h -- XDP programs as assembler text, for tests of the compiler, and the driver that
 * they are compiled into.
 */
#ifndef TESTS_UNIT_ASSEMBLED_H
#define TESTS_UNIT_ASSEMBLED_H

#include "ebpf-program.h"

extern const unsigned char llvm_driver[];
extern const unsigned long llvm_driver_size;

/* llvm-driver.c, and no map fits the cache */
struct ebpf_driver assembled__driver(void);
/* Fails the test with the reason. map: its map 0, or NULL. */
struct ebpf_program *assembled__load(
	struct ebpf_instance *inst, const char *text, struct ebpf_map *map);
/* Malloc'ed: before the program's text r6 = ctx, r2 = data, r3 = data_end, and if there are less
 * than `need` bytes of packet it jumps to `end` with 0. */
char *assembled__with_prologue(unsigned need, const char *text);

#endif
