/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vector.h -- test vectors in the text form of bpf_conformance.
 *
 * A file has sections that begin with a line `-- name`:
 *
 *	-- asm      the program as text
 *	-- raw      the program as 64-bit words; beside asm, what asm must assemble to
 *	-- mem      hex bytes: r1 points at them, r2 is their number
 *	-- result   r0 in hex
 *
 * Other sections are notes. Lines that begin with # are comments.
 */
#ifndef TESTS_ISA_VECTOR_H
#define TESTS_ISA_VECTOR_H

#include <ebpf-vm.h>

struct vector {
	struct ebpf_insn *insns;
	uint32_t n_insns;
	uint8_t *mem; /* NULL if there is none */
	size_t mem_len;
	uint64_t result;
};

/* -EINVAL or -errno with *errmsg. */
int vector__read(const char *path, struct vector *v, char **errmsg);
void vector__release(struct vector *v);

#endif
