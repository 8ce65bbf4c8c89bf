/* SPDX-License-Identifier: BSD-3-Clause
 *
 * call.h -- one call of a helper while it is examined: what its arguments told so far.
 */
#ifndef VM_VERIFIER_CALL_H
#define VM_VERIFIER_CALL_H

#include "internal.h"

struct call {
	const struct helper_proto *proto;
	uint32_t map;      /* FACT_NO_MAP: none yet */
	uint32_t callback; /* NO_INSN: none */
	uint32_t iterator; /* the register that points to it */
	bool key_is_known;
	uint64_t key;
	uint64_t size;     /* the constant among the arguments that is a size */
	uint32_t room;     /* the most bytes of the memory that was checked last with its size */
	struct reg buffer; /* REG_STACK: where a slice may be instead */
	uint32_t ref;      /* of an argument; 0: none has one */
	uint32_t released; /* the reference that ends with the call; 0: none */
	struct reg dynptr; /* the initialised one among the arguments, as in its slot */
};

/* arguments.c: argument `arg` (0..4) is as the prototype has it. */
int argument__check(struct verifier *v, struct call *c, uint32_t arg);
int argument__check_ctx(struct verifier *v, struct call *c, uint32_t arg);

/* dynptr.c: the same for arguments that are dynptrs. */
int dynptr__check_uninit(struct verifier *v, struct call *c, uint32_t arg);
int dynptr__check_init(struct verifier *v, struct call *c, uint32_t arg);
int dynptr__check_released(struct verifier *v, struct call *c, uint32_t arg);
/* A pointer to a dynptr that a function is called with. */
void dynptr__set_argument(struct verifier *v, struct reg *r);

/* kernel-object.c: an argument that is a struct of the kernel's; what the call gives; a load. */
int kernel_object__check_arg(struct verifier *v, struct call *c, uint32_t arg);
void kernel_object__give(struct verifier *v, const struct call *c, struct reg *r0);

/* callback.c: the argument is a function of the program. */
int callback__check_arg(struct verifier *v, struct call *c, uint32_t arg);
/* The helper calls it once more: a branch. */
int callback__enter(struct verifier *v, const struct call *c);

/* iterator.c */
int iterator__check_uninit(struct verifier *v, struct call *c, uint32_t arg);
int iterator__check(struct verifier *v, struct call *c, uint32_t arg);
int iterator__check_destroyed(struct verifier *v, struct call *c, uint32_t arg);
/* There is no next element; or, a branch, there is one. Before registers are unset. */
int iterator__next(struct verifier *v, const struct call *c);

#endif
