/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rte.h -- backend rte: raw programs compiled by DPDK's librte_bpf, which takes microseconds.
 *
 *	examine   in which order the instructions run, what they may touch, what is beyond this
 *backend lower     the same program in instructions that librte_bpf has, and gets right librte its
 *verifier and its JIT
 *
 * librte_bpf has the instructions of ISA v2, one argument, and no loops, calls or maps. What is
 * newer is written out in those that it has, or as a call of a function of ours (runtime.c): the
 * only calls there are. It checks nothing while a program runs, so that all is proved before, but
 * for how much memory there is: that is compared when the program is called.
 */
#ifndef VM_RTE_RTE_H
#define VM_RTE_RTE_H

#include "../core/backend.h"
#include "../core/request.h"
#include "../verifier/internal.h"
#include "../verifier/raw-value.h"

/* What librte_bpf gives a program, all of it. */
#define RTE_STACK 512

/* What is known of an instruction that may run. */
struct known {
	/* Its operands: numbers, which may be addresses, too, of which nothing is known; addresses
	 * in the stack and in the memory. src of an immediate is that. */
	struct raw_value dst, src;
	int8_t decided; /* a conditional jump: 1 always jumps, 0 never does, -1 may */
	bool proved;    /* an access: to bytes of the memory or of the stack */
};

struct examined {
	const struct compile_request *req;
	struct program prog;
	struct arena arena;
	uint32_t *order; /* the instructions that may run; every jump leads forward in it */
	uint32_t n_order;
	struct known *known;  /* by instruction */
	uint64_t memory;      /* bytes of it that the program may touch, from its start */
	uint32_t stack;       /* bytes of its stack, from the top down: a multiple of 8 */
	uint64_t whole_slots; /* of 8 bytes, from the top on: never touched in parts */
};

/* 0; -ENOTSUP with a sentence that names what is not for this backend. */
int examined__make(struct examined *x, const struct compile_request *req, char **errmsg);
void examined__release(struct examined *x);

/* How librte_bpf's verifier is told of addresses. */
enum addressing {
	ADDRESS_AS_IT_IS,  /* it follows them */
	ADDRESS_AS_NUMBER, /* it cannot: it is shown numbers, each below the end of all memory */
};

/* The program in librte_bpf's instructions, whose encoding is the same. */
struct lowered {
	struct ebpf_insn *insns;
	uint32_t n, room;
	uint32_t stack; /* bytes that it uses of librte_bpf's */
};

/* value: of the 64-bit immediate loads that ask for one, by instruction. */
typedef bool (*lddw_value_fn)(void *user, uint32_t insn, uint64_t *value);

struct lowering_opts {
	enum addressing addressing;
	lddw_value_fn lddw_value;
	void *user;
};

/* -ENOTSUP, -ENOMEM with a sentence, and nothing to release. */
int lower(const struct examined *x, const struct lowering_opts *opts, struct lowered *out,
	char **errmsg);
void lowered__release(struct lowered *program);

/* runtime.c: what lowered programs call, by its number in librte_bpf's table of symbols. */
enum runtime_function {
	RUNTIME_SECOND_ARGUMENT,
	RUNTIME_DIV, /* each 64 bits wide, then 32 */
	RUNTIME_DIV32,
	RUNTIME_MOD,
	RUNTIME_MOD32,
	RUNTIME_SDIV,
	RUNTIME_SDIV32,
	RUNTIME_SMOD,
	RUNTIME_SMOD32,
	RUNTIME_ATOMIC_ADD, /* (address, operand) -> what was there */
	RUNTIME_ATOMIC_ADD32,
	RUNTIME_ATOMIC_OR,
	RUNTIME_ATOMIC_OR32,
	RUNTIME_ATOMIC_AND,
	RUNTIME_ATOMIC_AND32,
	RUNTIME_ATOMIC_XOR,
	RUNTIME_ATOMIC_XOR32,
	RUNTIME_ATOMIC_XCHG,
	RUNTIME_ATOMIC_XCHG32,
	RUNTIME_ATOMIC_CMPXCHG, /* (address, operand, expected) -> what was there */
	RUNTIME_ATOMIC_CMPXCHG32,
	RUNTIME_N,
};

typedef uint64_t (*runtime_fn)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
extern const runtime_fn runtime_functions[RUNTIME_N];

/* layout.c: of the program as machine code of that size. */
enum settled { SETTLED, NOT_SETTLED, CANNOT_TELL };
enum settled lowered__settles(const struct lowered *program, size_t size);

/* librte.c: NULL if librte_bpf refuses the program, which it does without a word. *run is the
 * machine code, of so many bytes. */
struct rte_bpf *librte__load(const struct lowered *program, ebpf_jit_fn *run, size_t *size);
void librte__unload(struct rte_bpf *bpf);

#endif
