/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lower-insn.c -- instructions that librte_bpf does not have, or whose code it gets wrong, in
 * others. DPDK 22.11's JIT for x86-64:
 *
 *	jset with an immediate of one byte      an instruction that is too short: what follows is
 *lost shift by an immediate beyond one byte   one that is too long shift of a register by itself
 *shifts r4 r0 /= r0, r3 /= r3, and remainders      divides by what happens to be there 32-bit
 *division by a register           cuts r0 to 32 bits division by a register that is 0        ends
 *the program the least number by -1                  its verifier divides, too, and takes the
 *process down store of a byte of r10                  stores another register's
 */
#include "../core/error.h"
#include "lower.h"

#define ALU64(op)   (BPF_ALU64 | (op) | BPF_X)
#define ALU64_K(op) (BPF_ALU64 | (op) | BPF_K)
#define MOV64       ALU64(BPF_MOV)
#define MOV32       (BPF_ALU | BPF_MOV | BPF_X)

/* User space lies below. */
#define ADDRESS_MASK ((UINT64_C(1) << 48) - 1)

/* --- calls of the runtime ---------------------------------------------------------------- */

struct argument {
	bool is_imm;
	unsigned reg;
	int32_t imm; /* or what is to be added to the register */
};

static struct argument reg_argument(unsigned reg)
{
	return (struct argument){.reg = reg};
}

static struct argument operand(const struct lowering *l)
{
	return (struct argument){.is_imm = l->in->use_imm,
		.reg = l->in->src,
		.imm = l->in->use_imm ? (int32_t)l->in->imm : 0};
}

static void pass(struct lowering *l, unsigned to, const struct argument *a)
{
	if (a->is_imm) {
		emit(l, ALU64_K(BPF_MOV), to, 0, 0, a->imm);
		return;
	}
	if (a->reg <= 5)
		emit(l, BPF_LDX | BPF_MEM | BPF_DW, to, EBPF_REG_FRAME, save_slot(l, a->reg), 0);
	else
		emit(l, MOV64, to, a->reg, 0, 0);
	if (a->imm)
		emit(l, ALU64_K(BPF_ADD), to, 0, 0, a->imm);
}

/* r0 to r5 are the function's meanwhile: arguments come out of where those were saved, too. */
#define NO_RESULT EBPF_N_REGS
static int call(struct lowering *l, enum runtime_function fn, unsigned n_args,
	const struct argument *args, unsigned result)
{
	uint16_t keep = l->live & 0x3f & ~(1u << result), saved = keep;

	for (unsigned i = 0; i < n_args; i++)
		if (!args[i].is_imm && args[i].reg <= 5)
			saved |= (uint16_t)(1u << args[i].reg);
	for (unsigned reg = 0; reg <= 5; reg++)
		if (saved >> reg & 1)
			emit(l, BPF_STX | BPF_MEM | BPF_DW, EBPF_REG_FRAME, reg, save_slot(l, reg),
				0);
	for (unsigned i = 0; i < n_args; i++)
		pass(l, 1 + i, &args[i]);
	emit(l, BPF_JMP | BPF_CALL, 0, 0, 0, (int32_t)fn);
	if (result != NO_RESULT && result != 0)
		emit(l, MOV64, result, 0, 0, 0);
	for (unsigned reg = 0; reg <= 5; reg++)
		if (keep >> reg & 1)
			emit(l, BPF_LDX | BPF_MEM | BPF_DW, reg, EBPF_REG_FRAME, save_slot(l, reg),
				0);
	return 0;
}

/* --- arithmetic -------------------------------------------------------------------------- */

static int same(struct lowering *l)
{
	emit_same(l);
	return 0;
}

/* Of a number and an address the latter must be the first for librte_bpf to see what it is. */
static int add(struct lowering *l)
{
	const struct isa_insn *in = l->in;
	unsigned t;

	if (!in->is64 || !raw_value__is_number(&l->known->dst) ||
		raw_value__is_number(&l->known->src))
		return same(l);
	t = scratch(l);
	emit(l, MOV64, t, in->dst, 0, 0);
	emit(l, MOV64, in->dst, in->src, 0, 0);
	emit(l, ALU64(BPF_ADD), in->dst, t, 0, 0);
	return 0;
}

static int divide(struct lowering *l)
{
	static const uint8_t functions[] = {[ISA_DIV] = RUNTIME_DIV,
		[ISA_MOD] = RUNTIME_MOD,
		[ISA_SDIV] = RUNTIME_SDIV,
		[ISA_SMOD] = RUNTIME_SMOD};
	const struct isa_insn *in = l->in;
	struct argument args[] = {reg_argument(in->dst), operand(l)};
	bool is_signed = in->op == ISA_SDIV || in->op == ISA_SMOD;

	if (!is_signed && in->use_imm && in->imm && in->imm != -1)
		return same(l);
	return call(l, (enum runtime_function)(functions[in->op] + !in->is64), 2, args, in->dst);
}

/* The low `bits` of dst as a signed number. */
static void sign_extend(struct lowering *l, unsigned dst, int bits)
{
	emit(l, ALU64_K(BPF_LSH), dst, 0, 0, 64 - bits);
	emit(l, ALU64_K(BPF_ARSH), dst, 0, 0, 64 - bits);
}

/* librte_bpf has no arithmetic shift of 32 bits. */
static int arsh32(struct lowering *l)
{
	const struct isa_insn *in = l->in;

	if (in->use_imm) {
		sign_extend(l, in->dst, 32);
		emit(l, ALU64_K(BPF_ARSH), in->dst, 0, 0, in->imm & 31);
	} else {
		unsigned t = scratch(l);

		emit(l, MOV64, t, in->src, 0, 0);
		emit(l, ALU64_K(BPF_AND), t, 0, 0, 31);
		sign_extend(l, in->dst, 32);
		emit(l, ALU64(BPF_ARSH), in->dst, t, 0, 0);
	}
	emit(l, MOV32, in->dst, in->dst, 0, 0);
	return 0;
}

static int shift(struct lowering *l)
{
	const struct isa_insn *in = l->in;
	uint8_t opcode = l->x->req->view.insns[l->insn].opcode;
	unsigned t;

	if (in->op == ISA_ARSH && !in->is64)
		return arsh32(l);
	if (in->use_imm) {
		emit(l, opcode, in->dst, 0, 0, in->imm & (in->is64 ? 63 : 31));
		return 0;
	}
	if (in->src != in->dst)
		return same(l);
	t = scratch(l);
	emit(l, MOV64, t, in->src, 0, 0);
	emit(l, opcode, in->dst, t, 0, 0);
	return 0;
}

static int movsx(struct lowering *l)
{
	const struct isa_insn *in = l->in;

	if (in->dst != in->src)
		emit(l, MOV64, in->dst, in->src, 0, 0);
	sign_extend(l, in->dst, 8 * in->size);
	if (!in->is64)
		emit(l, MOV32, in->dst, in->dst, 0, 0);
	return 0;
}

/* On machines whose order is the other one, that is the same. */
static int bswap(struct lowering *l)
{
	emit(l, BPF_ALU | BPF_END | BPF_TO_BE, l->in->dst, 0, 0, 8 * l->in->size);
	return 0;
}

static int lddw(struct lowering *l)
{
	uint64_t value = (uint64_t)l->in->imm;

	if (l->in->src != EBPF_LDDW_IMM && !l->opts->lddw_value(l->opts->user, l->insn, &value))
		return error__set(
			l->errmsg, -ENOTSUP, "instruction %u: nobody knows its value", l->insn);
	emit_lddw(l, l->in->dst, value);
	return 0;
}

/* --- memory ------------------------------------------------------------------------------ */

/* The address as librte_bpf's verifier will have it: *base plus *off. What is or-ed to a number is
 * a number to it, whatever it was; in newer versions than 22.11 the sum of two pointers is none. */
static void address(struct lowering *l, unsigned *base, int *off)
{
	unsigned pointer, number;

	if (l->opts->addressing == ADDRESS_AS_IT_IS)
		return;
	pointer = scratch(l);
	number = scratch(l);
	emit(l, ALU64_K(BPF_MOV), number, 0, 0, 0);
	emit(l, ALU64(BPF_OR), number, *base, 0, 0);
	emit(l, ALU64_K(BPF_ADD), number, 0, 0, *off);
	emit_lddw(l, pointer, ADDRESS_MASK);
	emit(l, ALU64(BPF_AND), number, pointer, 0, 0);
	emit(l, BPF_LD | BPF_IMM | BPF_DW, pointer, 0, 0, 0); /* everywhere */
	emit(l, 0, 0, 0, 0, 0);
	emit(l, ALU64(BPF_ADD), pointer, number, 0, 0);
	*base = pointer;
	*off = 0;
}

static uint8_t size_of(const struct isa_insn *in)
{
	static const uint8_t sizes[] = {[1] = BPF_B, [2] = BPF_H, [4] = BPF_W, [8] = BPF_DW};

	return sizes[in->size];
}

static int load(struct lowering *l)
{
	const struct isa_insn *in = l->in;
	unsigned base = in->src;
	int off = in->off;

	address(l, &base, &off);
	emit(l, BPF_LDX | BPF_MEM | size_of(in), in->dst, base, off, 0);
	if (in->op == ISA_LOADSX)
		sign_extend(l, in->dst, 8 * in->size);
	return 0;
}

static int store(struct lowering *l)
{
	const struct isa_insn *in = l->in;
	unsigned base = in->dst, src = in->src;
	int off = in->off;

	address(l, &base, &off);
	if (in->use_imm) {
		emit(l, BPF_ST | BPF_MEM | size_of(in), base, 0, off, (int32_t)in->imm);
		return 0;
	}
	if (src == EBPF_REG_FRAME) {
		src = scratch(l);
		emit(l, MOV64, src, EBPF_REG_FRAME, 0, 0);
	}
	emit(l, BPF_STX | BPF_MEM | size_of(in), base, src, off, 0);
	return 0;
}

static int atomic(struct lowering *l)
{
	static const uint8_t functions[] = {[ISA_ATOMIC_ADD] = RUNTIME_ATOMIC_ADD,
		[ISA_ATOMIC_OR] = RUNTIME_ATOMIC_OR,
		[ISA_ATOMIC_AND] = RUNTIME_ATOMIC_AND,
		[ISA_ATOMIC_XOR] = RUNTIME_ATOMIC_XOR,
		[ISA_ATOMIC_XCHG] = RUNTIME_ATOMIC_XCHG,
		[ISA_ATOMIC_CMPXCHG] = RUNTIME_ATOMIC_CMPXCHG};
	const struct isa_insn *in = l->in;
	struct argument args[] = {
		{.reg = in->dst, .imm = in->off}, reg_argument(in->src), reg_argument(0)};
	bool compares = in->op == ISA_ATOMIC_CMPXCHG;
	unsigned result = compares                                 ? 0
			  : in->fetch || in->op == ISA_ATOMIC_XCHG ? in->src
								   : NO_RESULT;

	if (in->op == ISA_ATOMIC_ADD && !in->fetch) {
		unsigned base = in->dst;
		int off = in->off;

		address(l, &base, &off);
		emit(l, BPF_STX | BPF_ATOMIC | size_of(in), base, in->src, off, 0);
		return 0;
	}
	return call(l, (enum runtime_function)(functions[in->op] + (in->size == 4)),
		compares ? 3 : 2, args, result);
}

/* --- jumps ------------------------------------------------------------------------------- */

/* By the program's jump at the operation of a jump in 64 bits. What was saved for it is restored
 * on either way. */
static void jump(struct lowering *l, bool use_imm, unsigned dst, unsigned src)
{
	uint8_t op = l->x->req->view.insns[l->insn].opcode & 0xf0;
	uint8_t opcode = BPF_JMP | op | (use_imm ? BPF_K : BPF_X);
	uint32_t target = l->insn + 1 + (uint32_t)l->in->target;
	int32_t imm = use_imm ? (int32_t)l->in->imm : 0;

	if (!l->n_saved) {
		emit_jump(l, opcode, dst, use_imm ? 0 : src, imm, target);
		return;
	}
	emit(l, opcode, dst, use_imm ? 0 : src, (int)l->n_saved + 1, imm);
	restore(l);
	emit(l, BPF_JMP | BPF_JA, 0, 0, (int)l->n_saved + 1, 0);
	restore(l);
	emit_jump(l, BPF_JMP | BPF_JA, 0, 0, 0, target);
	l->n_saved = 0;
}

static bool is_signed(uint8_t op)
{
	return op == ISA_JSGT || op == ISA_JSGE || op == ISA_JSLT || op == ISA_JSLE;
}

/* Is it, as a number of 64 bits, what its low half is as one of 32? */
static bool fits(uint8_t op, const struct raw_value *v)
{
	const struct span *s = &v->at.w64;

	if (!raw_value__is_number(v))
		return false;
	return is_signed(op) ? s->smin >= INT32_MIN && s->smax <= INT32_MAX : s->umax <= UINT32_MAX;
}

/* A register with the low half of the one given; that one, if it has nothing else in it. */
static unsigned low_half(struct lowering *l, unsigned reg, const struct raw_value *v)
{
	unsigned t;

	if (fits(l->in->op, v))
		return reg;
	t = scratch(l);
	if (is_signed(l->in->op)) {
		emit(l, MOV64, t, reg, 0, 0);
		sign_extend(l, t, 32);
	} else {
		emit(l, MOV32, t, reg, 0, 0);
	}
	return t;
}

static void compare32(struct lowering *l)
{
	const struct isa_insn *in = l->in;
	unsigned a = low_half(l, in->dst, &l->known->dst), b;

	if (!in->use_imm) {
		b = in->src == in->dst ? a : low_half(l, in->src, &l->known->src);
		jump(l, false, a, b);
	} else if (in->imm >= 0 || is_signed(in->op)) {
		jump(l, true, a, 0);
	} else {
		b = scratch(l);
		emit(l, BPF_ALU | BPF_MOV | BPF_K, b, 0, 0, (int32_t)in->imm);
		jump(l, false, a, b);
	}
}

/* A byte as an immediate is what the JIT has wrong. */
static void jset(struct lowering *l)
{
	const struct isa_insn *in = l->in;
	unsigned t;

	if (in->use_imm && in->imm != (int8_t)in->imm && (in->is64 || in->imm >= 0)) {
		jump(l, true, in->dst, 0);
		return;
	}
	if (!in->use_imm && in->is64) {
		jump(l, false, in->dst, in->src);
		return;
	}
	t = scratch(l);
	emit(l, (in->is64 ? BPF_ALU64 : BPF_ALU) | BPF_MOV | (in->use_imm ? BPF_K : BPF_X), t,
		in->use_imm ? 0 : in->src, 0, in->use_imm ? (int32_t)in->imm : 0);
	jump(l, false, in->dst, t);
}

static int conditional(struct lowering *l)
{
	const struct isa_insn *in = l->in;

	if (l->known->decided >= 0)
		return 0;
	if (in->op == ISA_JSET)
		jset(l);
	else if (in->is64)
		jump(l, in->use_imm, in->dst, in->src);
	else
		compare32(l);
	return 0;
}

/* Where it goes on is for lower.c. */
static int nothing(struct lowering *l)
{
	return 0;
}

int lower__insn(struct lowering *l)
{
	static int (*const lowerings[ISA_N_OPS])(struct lowering *) = {
		[ISA_ADD] = add,
		[ISA_SUB] = same,
		[ISA_MUL] = same,
		[ISA_DIV] = divide,
		[ISA_SDIV] = divide,
		[ISA_MOD] = divide,
		[ISA_SMOD] = divide,
		[ISA_OR] = same,
		[ISA_AND] = same,
		[ISA_XOR] = same,
		[ISA_LSH] = shift,
		[ISA_RSH] = shift,
		[ISA_ARSH] = shift,
		[ISA_NEG] = same,
		[ISA_MOV] = same,
		[ISA_MOVSX] = movsx,
		[ISA_BE] = same,
		[ISA_LE] = same,
		[ISA_BSWAP] = bswap,
		[ISA_LDDW] = lddw,
		[ISA_LOAD] = load,
		[ISA_LOADSX] = load,
		[ISA_STORE] = store,
		[ISA_ATOMIC_ADD] = atomic,
		[ISA_ATOMIC_OR] = atomic,
		[ISA_ATOMIC_AND] = atomic,
		[ISA_ATOMIC_XOR] = atomic,
		[ISA_ATOMIC_XCHG] = atomic,
		[ISA_ATOMIC_CMPXCHG] = atomic,
		[ISA_JA] = nothing,
		[ISA_JEQ] = conditional,
		[ISA_JNE] = conditional,
		[ISA_JGT] = conditional,
		[ISA_JGE] = conditional,
		[ISA_JLT] = conditional,
		[ISA_JLE] = conditional,
		[ISA_JSET] = conditional,
		[ISA_JSGT] = conditional,
		[ISA_JSGE] = conditional,
		[ISA_JSLT] = conditional,
		[ISA_JSLE] = conditional,
		[ISA_EXIT] = nothing,
	};
	int err = lowerings[l->in->op](l);

	if (!err)
		restore(l);
	return err;
}
