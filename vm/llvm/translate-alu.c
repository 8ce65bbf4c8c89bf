/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate-alu.c -- arithmetic. Registers are i64; a 32-bit operation truncates its operands
 * and extends its result. What is undefined in LLVM is defined in RFC 9669: shifts are masked,
 * division by zero gives 0, remainder by zero the dividend, INT_MIN / -1 wraps.
 */
#include "translate.h"

/* A binary operation on two values of `type`. */
typedef LLVMValueRef (*alu_build_fn)(
	LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef x, LLVMValueRef y);

static LLVMValueRef is_zero(LLVMBuilderRef b, LLVMValueRef v)
{
	return LLVMBuildICmp(b, LLVMIntEQ, v, LLVMConstNull(LLVMTypeOf(v)), "");
}

#define PLAIN(name, Build)                                                          \
	static LLVMValueRef name(                                                   \
		LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef x, LLVMValueRef y) \
	{                                                                           \
		return Build(b, x, y, "");                                          \
	}
PLAIN(add, LLVMBuildAdd)
PLAIN(sub, LLVMBuildSub)
PLAIN(mul, LLVMBuildMul)
PLAIN(bit_or, LLVMBuildOr)
PLAIN(bit_and, LLVMBuildAnd)
PLAIN(bit_xor, LLVMBuildXor)

static LLVMValueRef shift_count(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef y)
{
	return LLVMBuildAnd(b, y, LLVMConstInt(type, LLVMGetIntTypeWidth(type) - 1, false), "");
}

#define SHIFT(name, Build)                                                          \
	static LLVMValueRef name(                                                   \
		LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef x, LLVMValueRef y) \
	{                                                                           \
		return Build(b, x, shift_count(b, type, y), "");                    \
	}
SHIFT(lsh, LLVMBuildShl)
SHIFT(rsh, LLVMBuildLShr)
SHIFT(arsh, LLVMBuildAShr)

/* The divisor, with those replaced by 1 for which the division itself is undefined. */
static LLVMValueRef safe_divisor(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef y, bool is_signed)
{
	LLVMValueRef undefined = is_zero(b, y);

	if (is_signed)
		undefined = LLVMBuildOr(b, undefined,
			LLVMBuildICmp(b, LLVMIntEQ, y, LLVMConstAllOnes(type), ""), "");
	return LLVMBuildSelect(b, undefined, LLVMConstInt(type, 1, false), y, "");
}

static LLVMValueRef udiv(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef x, LLVMValueRef y)
{
	LLVMValueRef q = LLVMBuildUDiv(b, x, safe_divisor(b, type, y, false), "");

	return LLVMBuildSelect(b, is_zero(b, y), LLVMConstNull(type), q, "");
}

static LLVMValueRef umod(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef x, LLVMValueRef y)
{
	LLVMValueRef r = LLVMBuildURem(b, x, safe_divisor(b, type, y, false), "");

	return LLVMBuildSelect(b, is_zero(b, y), x, r, "");
}

static LLVMValueRef sdiv(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef x, LLVMValueRef y)
{
	LLVMValueRef q = LLVMBuildSDiv(b, x, safe_divisor(b, type, y, true), "");
	LLVMValueRef by_minus_one = LLVMBuildICmp(b, LLVMIntEQ, y, LLVMConstAllOnes(type), "");

	q = LLVMBuildSelect(b, by_minus_one, LLVMBuildNeg(b, x, ""), q, "");
	return LLVMBuildSelect(b, is_zero(b, y), LLVMConstNull(type), q, "");
}

/* x % 1 is 0, and so is x % -1. */
static LLVMValueRef smod(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef x, LLVMValueRef y)
{
	LLVMValueRef r = LLVMBuildSRem(b, x, safe_divisor(b, type, y, true), "");

	return LLVMBuildSelect(b, is_zero(b, y), x, r, "");
}

static const alu_build_fn binary[] = {
	[ISA_ADD] = add,
	[ISA_SUB] = sub,
	[ISA_MUL] = mul,
	[ISA_DIV] = udiv,
	[ISA_SDIV] = sdiv,
	[ISA_MOD] = umod,
	[ISA_SMOD] = smod,
	[ISA_OR] = bit_or,
	[ISA_AND] = bit_and,
	[ISA_XOR] = bit_xor,
	[ISA_LSH] = lsh,
	[ISA_RSH] = rsh,
	[ISA_ARSH] = arsh,
};

static void set_narrow(struct function *f, LLVMValueRef value)
{
	function__set_int(f, f->in->dst, LLVMBuildZExt(f->b, value, f->c->i64, ""));
}

static LLVMValueRef narrow(struct function *f, LLVMValueRef value, unsigned bytes)
{
	return LLVMBuildTrunc(f->b, value, compilation__int_type(f->c, bytes), "");
}

/* Pointer plus or minus a number; false if this is neither. */
static bool move_pointer(struct function *f)
{
	const struct isa_insn *in = f->in;
	bool dst = function__holds_pointer(f, in->dst);
	bool src = !in->use_imm && function__holds_pointer(f, in->src);
	LLVMValueRef bytes, pointer;

	if (!in->is64 || dst == src || (in->op != ISA_ADD && (in->op != ISA_SUB || src)))
		return false;
	bytes = dst ? function__operand(f) : function__int(f, in->dst);
	if (in->op == ISA_SUB)
		bytes = LLVMBuildNeg(f->b, bytes, "");
	pointer = function__ptr(f, dst ? in->dst : in->src);
	pointer = function__offset(f, pointer, bytes);
	function__set_ptr(f, in->dst, pointer);
	return true;
}

static void translate_mov(struct function *f)
{
	const struct isa_insn *in = f->in;

	if (!in->is64) {
		set_narrow(f, narrow(f, function__operand(f), 4));
	} else if (in->use_imm) {
		function__set_int(f, in->dst, function__operand(f));
	} else if (function__holds_pointer(f, in->src)) {
		function__set_ptr(f, in->dst, function__ptr(f, in->src));
	} else if (f->fact->regs[in->src] == FACT_ANY) {
		/* A branch may find out later that it is a pointer: both slots move. */
		LLVMBuildStore(f->b, LLVMBuildLoad2(f->b, f->c->i64, f->ints[in->src], ""),
			f->ints[in->dst]);
		LLVMBuildStore(f->b, LLVMBuildLoad2(f->b, f->c->ptr, f->ptrs[in->src], ""),
			f->ptrs[in->dst]);
	} else {
		function__set_int(f, in->dst, function__int(f, in->src));
	}
}

static void translate_movsx(struct function *f)
{
	LLVMValueRef v = narrow(f, function__int(f, f->in->src), f->in->size);

	if (f->in->is64)
		function__set_int(f, f->in->dst, LLVMBuildSExt(f->b, v, f->c->i64, ""));
	else
		set_narrow(f, LLVMBuildSExt(f->b, v, f->c->i32, ""));
}

/* Byte order operations truncate to their width, whether they swap or not. */
static void translate_swap(struct function *f, bool swap)
{
	static const char name[] = "llvm.bswap";
	unsigned id = LLVMLookupIntrinsicID(name, sizeof(name) - 1);
	LLVMTypeRef type = compilation__int_type(f->c, f->in->size);
	LLVMValueRef v = function__int(f, f->in->dst);

	if (f->in->size < 8)
		v = narrow(f, v, f->in->size);
	if (swap)
		v = LLVMBuildCall2(f->b, LLVMIntrinsicGetType(f->c->context, id, &type, 1),
			LLVMGetIntrinsicDeclaration(f->c->module, id, &type, 1), &v, 1, "");
	if (f->in->size < 8)
		set_narrow(f, v);
	else
		function__set_int(f, f->in->dst, v);
}

static void translate_neg(struct function *f)
{
	LLVMValueRef v = function__int(f, f->in->dst);

	if (f->in->is64)
		function__set_int(f, f->in->dst, LLVMBuildNeg(f->b, v, ""));
	else
		set_narrow(f, LLVMBuildNeg(f->b, narrow(f, v, 4), ""));
}

static void translate_binary(struct function *f)
{
	LLVMValueRef x = function__int(f, f->in->dst), y = function__operand(f);

	if (f->in->is64)
		function__set_int(f, f->in->dst, binary[f->in->op](f->b, f->c->i64, x, y));
	else
		set_narrow(f, binary[f->in->op](f->b, f->c->i32, narrow(f, x, 4), narrow(f, y, 4)));
}

int function__alu(struct function *f)
{
	switch (f->in->op) {
	case ISA_MOV: translate_mov(f); break;
	case ISA_MOVSX: translate_movsx(f); break;
	case ISA_NEG: translate_neg(f); break;
	case ISA_BE: translate_swap(f, true); break;
	case ISA_LE: translate_swap(f, false); break; /* the hosts are little-endian */
	case ISA_BSWAP: translate_swap(f, true); break;
	default:
		if (!move_pointer(f))
			translate_binary(f);
	}
	return 0;
}
