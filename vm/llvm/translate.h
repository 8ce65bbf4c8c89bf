/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate.h -- what the parts of the translator share: the function that is being
 * translated and its registers.
 *
 * A register is a pair of stack slots, one i64 and one pointer, that the optimiser turns into
 * values. Every write fills both, one by conversion; a read takes the slot that the facts
 * name: pointer if the register holds a pointer on all paths, i64 otherwise. The conversion
 * that nobody reads is dead code, so a pointer that is used as one never passes through an
 * integer, which would keep the program's stack in memory.
 */
#ifndef VM_LLVM_TRANSLATE_H
#define VM_LLVM_TRANSLATE_H

#include "compile.h"

/* translate-loop.c: an instruction of a loop that is there twice. */
struct loop_copy {
	uint32_t loop; /* the same number for all instructions of a loop; 0: not in a loop */
	/* In the slow copy: where jumps lead; where the access begins that the fast one left. */
	LLVMBasicBlockRef start, access;
};

struct function {
	struct compilation *c;
	const struct bpf_function *self;
	LLVMBuilderRef b;
	LLVMValueRef fn, env;
	LLVMValueRef frame;        /* first byte of its stack frame */
	LLVMValueRef rounds;       /* slot: how many may_goto still lets it make */
	LLVMValueRef mem, mem_len; /* raw: what the program was given; NULL: nothing is checked */
	struct loop_copy *copy;    /* by instruction; NULL: no loop is there twice */
	bool slow;                 /* it is the slow copy that is translated */
	LLVMValueRef budget;       /* slot: instructions that are left; NULL: no matter */
	LLVMValueRef way;          /* a scout: where it leaves what it found; NULL: no scout */
	LLVMValueRef ints[EBPF_N_REGS], ptrs[EBPF_N_REGS];
	LLVMBasicBlockRef slots;   /* the entry block: allocas only */
	LLVMBasicBlockRef *blocks; /* by instruction, where one starts */
	LLVMBasicBlockRef fault;   /* raw: leaves with UINT64_MAX; made on first use */

	/* the instruction */
	uint32_t pc;
	const struct isa_insn *in;
	const struct ebpf_fact *fact;
};

/* function.c */
bool function__holds_pointer(const struct function *f, unsigned reg);
LLVMValueRef function__int(struct function *f, unsigned reg);
LLVMValueRef function__ptr(struct function *f, unsigned reg);
void function__set_int(struct function *f, unsigned reg, LLVMValueRef value);
void function__set_ptr(struct function *f, unsigned reg, LLVMValueRef value);
/* The second operand: src or imm. */
LLVMValueRef function__operand(struct function *f);
LLVMValueRef function__offset(struct function *f, LLVMValueRef ptr, LLVMValueRef bytes);
LLVMValueRef function__const(const struct function *f, uint64_t value);
LLVMBasicBlockRef function__new_block(struct function *f, const char *name);
/* Continues in a new block if `ok`, else leaves the raw program with the fault set. */
void function__fault_unless(struct function *f, LLVMValueRef ok);
/* Calls a function of the runtime; `ret` and the arguments make its type. */
LLVMValueRef function__call_runtime(
	struct function *f, const char *name, LLVMTypeRef ret, LLVMValueRef *args, unsigned n_args);

/* An alloca in the entry block. */
LLVMValueRef function__slot(struct function *f, LLVMTypeRef type, const char *name);
/* One that is alive from here to function__end_temporary(). */
LLVMValueRef function__temporary(struct function *f, uint32_t size);
void function__end_temporary(struct function *f, LLVMValueRef temporary, uint32_t size);

int function__refuse(const struct function *f, const char *what); /* -ENOTSUP */

/* One each per class of instructions: 0 or negative errno with the sentence set. */
int function__alu(struct function *f);    /* translate-alu.c */
int function__lddw(struct function *f);   /* translate-mem.c */
int function__memory(struct function *f); /* translate-mem.c */
int function__jump(struct function *f);   /* translate-jump.c */
int function__call(struct function *f);   /* translate-call.c: calls and exit */

/* translate-registered.c: calls of what the VM's owner registered. */
int function__call_registered(struct function *f);
int function__callx(struct function *f);

/* translate-atomic.c: the instruction, an atomic, at that address; gives what was there. */
LLVMValueRef function__atomic(struct function *f, LLVMValueRef ptr);

/* translate-loop.c: loops that are there twice. Their blocks, and what is
 * compared; where a jump to the instruction leads; the address, compared with the memory, of what
 * the fast copy accesses. */
int function__copy_loops(struct function *f);
LLVMBasicBlockRef function__block(const struct function *f, uint32_t pc);
LLVMValueRef function__fast_address(struct function *f, unsigned reg);

/* translate-raw.c: what raw programs have besides. A function's beginning; an address that needs a
 * check at run time, checked; the budget, which is the function's own between calls. */
void function__enter_raw(struct function *f);
LLVMValueRef function__checked_address(struct function *f, unsigned reg);
void function__take_of_budget(struct function *f);
void function__hand_over_budget(struct function *f);
void function__take_over_budget(struct function *f);

/* alias.c: the access that the instruction is, and a load of what is never NULL. */
void function__set_scope(struct function *f, LLVMValueRef access);
void function__set_not_null(struct function *f, LLVMValueRef load);

/* lines.c: what is built from now on comes from this instruction. */
void function__set_line(struct function *f);

/* scout.c: a scout does not do what the program does at this instruction, but what it did. */
bool function__scout(struct function *f);
/* After a call: has the scout that was called ended? */
void function__end_with_callee(struct function *f);

/* maps.c: r0 = the value of the key that `key` points at, or NULL; of a template, in the map
 * that r1 points at. False, and nothing done, for
 * keys too long for it. */
bool function__lookup(struct function *f, uint32_t map, LLVMValueRef key);

#endif
