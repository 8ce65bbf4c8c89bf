/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile-child.h -- the compiler as a process of its own. Whatever becomes of it, the caller has
 * an object or an error, in time.
 *
 * What goes between the two lies in files in memory, which are the child's only descriptors:
 *
 *	0  the compile request
 *	1  the answer: struct compile_answer, then `size` bytes
 *	2  what else it says
 *
 * so nobody waits for a pipe. The child is called `PATH BACKEND OUTPUT`, where OUTPUT is "object",
 * or the text "ir", "ir-opt" or "asm".
 *
 * Threads: any number of compilations at once.
 */
#ifndef VM_CORE_COMPILE_CHILD_H
#define VM_CORE_COMPILE_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "ebpf-program.h"

struct compile_child; /* how an instance runs its compiler */

#define COMPILE_ANSWER_MAGIC 0x736e616b70647801ull /* "\1xdpkans" */
#define COMPILE_ANSWER_MAX   (64u << 20)           /* bytes in all */

struct compile_answer {
	uint64_t magic;
	int64_t err;   /* 0, or negative errno: then the bytes are its sentence */
	uint64_t size; /* of what follows, to the end of the file */
};

/* What is to be compiled, and to what. */
struct compile_order {
	const char *program; /* its name, for errors */
	const char *backend, *output;
	const uint8_t *request;
	size_t request_size;
};

/* NULL without memory or descriptors. *compiler is copied. */
struct compile_child *compile_child__create(const struct ebpf_compiler *compiler);
void compile_child__destroy(struct compile_child *child); /* NULL is fine; nobody compiles */

/* Gives the answer's bytes, malloc'ed and followed by a NUL; or negative errno with *errmsg:
 * what the compiler says, or what became of it (-ECHILD, -ETIMEDOUT, -EBADMSG). */
int compile_child__run(struct compile_child *child, const struct compile_order *order,
	uint8_t **bytes, size_t *size, char **errmsg);
/* Ends the compilations under way; from now on all fail with -ECANCELED. */
void compile_child__stop(struct compile_child *child);

#endif
