/* SPDX-License-Identifier: BSD-3-Clause
 *
 * subject.h -- a program under test: instructions over fixed maps, given to our verifier and to
 * the running kernel's.
 */
#ifndef TESTS_VERIFIER_SUBJECT_H
#define TESTS_VERIFIER_SUBJECT_H

#include "verifier/verifier.h"

/* By the index that LDDW has; the first ones are those of generated programs (generate.h). */
enum {
	SUBJECT_ARRAY,       /* 1 entry of 64 bytes */
	SUBJECT_PERCPU,      /* percpu_array, 2 entries of 16 bytes */
	SUBJECT_HASH,        /* 8-byte keys, 24-byte values */
	SUBJECT_PERCPU_HASH, /* 4-byte keys, 8-byte values */
	SUBJECT_CONST,       /* array, 32 bytes, BPF_F_RDONLY_PROG, frozen: bytes 0, 1, 2... */
	SUBJECT_WRITE_ONLY,  /* array, 1 entry of 32 bytes, BPF_F_WRONLY_PROG */
	SUBJECT_RINGBUF,
	SUBJECT_LOCKED,  /* hash, 4-byte keys, 16-byte values with a spin lock in the first 4 */
	SUBJECT_SOCKETS, /* xskmap */
	SUBJECT_N_MAPS,
};

/* The view borrows the instructions; valid until the next call. */
const struct program_view *subject__view(
	enum ebpf_program_type type, const struct ebpf_insn *insns, uint32_t n);
/* verifier__run(); res must be released. */
int subject__verify(const struct ebpf_insn *insns, uint32_t n, struct verifier_result *res);

/* Is the kernel's verdict to be had? Prints why not, once. */
bool subject__kernel_permitted(void);
/* 0 or negative errno; with `log` (of `size` bytes) what the kernel says. */
int subject__kernel_verify(const struct ebpf_insn *insns, uint32_t n, char *log, size_t size);

#endif
