/* SPDX-License-Identifier: BSD-3-Clause
 *
 * isa.h -- the eBPF instruction set (RFC 9669, "ISA v4") as one table.
 *
 * instructions.def lists every instruction once: opcode, what else identifies it (source
 * field, offset, immediate), operation, operand form, mnemonic. Decoding, encoding,
 * assembling, disassembling and validity all read that table; the interpreter, the verifier
 * and the compiler switch on enum isa_op, never on raw opcodes.
 */
#ifndef VM_ISA_ISA_H
#define VM_ISA_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ebpf-vm.h"

/* Source field of LDDW, RFC 9669 section 5.4 */
enum {
	EBPF_LDDW_IMM = 0,
	EBPF_LDDW_MAP_FD = 1,
	EBPF_LDDW_MAP_FD_VALUE = 2,
	EBPF_LDDW_VAR = 3,
	EBPF_LDDW_CODE = 4,
	EBPF_LDDW_MAP_IDX = 5,
	EBPF_LDDW_MAP_IDX_VALUE = 6,
};

/* Source field of CALL */
enum {
	EBPF_CALL_HELPER = 0,
	EBPF_CALL_LOCAL = 1,
	EBPF_CALL_KFUNC = 2,
};

#define EBPF_REG_FRAME 10
#define EBPF_N_REGS    11

/* What an instruction does. ALU and jump operations are the same for 32 and 64 bit and for
 * register and immediate operands: see struct isa_insn. */
enum isa_op {
	ISA_ADD,
	ISA_SUB,
	ISA_MUL,
	ISA_DIV,
	ISA_SDIV,
	ISA_MOD,
	ISA_SMOD,
	ISA_OR,
	ISA_AND,
	ISA_XOR,
	ISA_LSH,
	ISA_RSH,
	ISA_ARSH,
	ISA_NEG,
	ISA_MOV,
	ISA_MOVSX, /* movsx: from `size` bytes */
	ISA_BE,
	ISA_LE,
	ISA_BSWAP, /* imm = 16, 32, 64 */
	ISA_LDDW,
	ISA_LOAD,
	ISA_LOADSX, /* dst = *(size *)(src + off) */
	ISA_STORE,  /* *(size *)(dst + off) = src or imm */
	ISA_ATOMIC_ADD,
	ISA_ATOMIC_OR,
	ISA_ATOMIC_AND,
	ISA_ATOMIC_XOR, /* .fetch: src = old */
	ISA_ATOMIC_XCHG,
	ISA_ATOMIC_CMPXCHG,
	ISA_MAY_GOTO, /* jumps when the program has used up its budget of rounds, else does not */
	ISA_JA,       /* target in `off` or, gotol, in `imm`: see isa_insn.target */
	ISA_JEQ,
	ISA_JNE,
	ISA_JGT,
	ISA_JGE,
	ISA_JLT,
	ISA_JLE,
	ISA_JSET,
	ISA_JSGT,
	ISA_JSGE,
	ISA_JSLT,
	ISA_JSLE,
	ISA_CALL,  /* imm = helper, kfunc or relative instruction; src says which */
	ISA_CALLX, /* call of the helper whose number is in a register (dst) */
	ISA_EXIT,
	ISA_N_OPS,
};

/* A decoded instruction. */
struct isa_insn {
	uint8_t op; /* enum isa_op */
	uint8_t dst, src;
	uint8_t size;   /* bytes: 1, 2, 4, 8 of a memory access, movsx, a change of byte order */
	bool is64;      /* ALU and jumps: 64-bit operation, else 32 */
	bool use_imm;   /* second operand is imm, not src */
	bool fetch;     /* atomics */
	uint8_t words;  /* 1, or 2 for LDDW */
	int16_t off;    /* memory offset */
	int64_t imm;    /* sign-extended; LDDW: all 64 bits */
	int32_t target; /* jumps, local calls, LDDW of a function: instruction words from pos + 1 */
};

/* 0, or -EINVAL with *why a constant phrase ("unknown opcode", "reserved field used",
 * "legacy packet access").
 * Checks one instruction in isolation: opcode, reserved fields, registers, LDDW's second
 * word. n: words left at p, at least 1. */
int isa__decode(const struct ebpf_insn *p, size_t n, struct isa_insn *out, const char **why);

static inline bool isa__is_jump(uint8_t op)
{
	return op >= ISA_MAY_GOTO && op <= ISA_JSLE;
}
/* Jumps that compare registers. */
static inline bool isa__is_cond_jump(uint8_t op)
{
	return op > ISA_JA && op <= ISA_JSLE;
}
static inline bool isa__is_alu(uint8_t op)
{
	return op <= ISA_BSWAP;
}
/* Does a conversion of byte order swap, on this machine? */
static inline bool isa__swaps_bytes(uint8_t op)
{
	uint8_t native = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ISA_LE : ISA_BE;

	return op != native;
}
static inline bool isa__is_atomic(uint8_t op)
{
	return op >= ISA_ATOMIC_ADD && op <= ISA_ATOMIC_CMPXCHG;
}

/* One line of text without newline, in the assembler's syntax; `pos` is the instruction's
 * index, from which jump targets are counted ("ja +3  # to 17"). Returns the length snprintf
 * would. What is no instruction is written as ".word ...". */
int isa__disassemble(const struct ebpf_insn *p, size_t n, uint32_t pos, char *buf, size_t size);

/* Assembles text (the syntax of bpf_conformance: `mov32 %r0, 0`, `ldxdw %r0, [%r1+2]`,
 * `lock fetch add [%r10-8], %r1`, labels, `call local f`). *insns is malloc'ed.
 * -EINVAL with *errmsg "line 3: ...". The result need not be a valid program. */
int isa__assemble(const char *text, struct ebpf_insn **insns, uint32_t *n_insns, char **errmsg);

#endif
