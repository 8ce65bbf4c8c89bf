/* SPDX-License-Identifier: BSD-3-Clause
 *
 * execute.h -- a raw program run once, for `run` and `conformance`.
 */
#ifndef XDPK_VM_EXECUTE_H
#define XDPK_VM_EXECUTE_H

#include <ebpf-vm.h>

/* code: bytecode, or an image of it. backend NULL: the best. An exit status; unless EXIT_GOOD,
 * *errmsg says what happened. */
int execute(const char *backend, const uint8_t *code, size_t code_size, uint8_t *mem,
	size_t mem_len, uint64_t *result, char **errmsg);

#endif
