/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate-mem.c -- loads, stores, atomics, 64-bit immediates.
 *
 * A load or store moves a pointer as a pointer where the facts say that it is one (spilled
 * registers). A context field is loaded from its place in the machine's context. Accesses may
 * be unaligned, as in the kernel on this machine; atomics are as strong as the kernel's:
 * sequentially consistent when they give the old value, relaxed otherwise.
 */
#include <inttypes.h>
#include <stdio.h>

#include "translate.h"

/* reg + off, after the run-time check if the access needs one. */
static LLVMValueRef address(struct function *f, unsigned reg)
{
	LLVMValueRef off = function__const(f, (uint64_t)(int64_t)f->in->off);

	if (compilation__needs_check(f->c, f->pc))
		return function__checked_address(f, reg);
	return function__offset(f, function__ptr(f, reg), off);
}

static LLVMValueRef load(struct function *f, LLVMTypeRef type, LLVMValueRef ptr)
{
	LLVMValueRef v = LLVMBuildLoad2(f->b, type, ptr, "");

	LLVMSetAlignment(v, 1);
	function__set_scope(f, v);
	return v;
}

static void store(struct function *f, LLVMValueRef value, LLVMValueRef ptr)
{
	LLVMValueRef v = LLVMBuildStore(f->b, value, ptr);

	LLVMSetAlignment(v, 1);
	function__set_scope(f, v);
}

static int translate_ctx_load(struct function *f)
{
	const struct ctx_table *t = f->c->ctx_table;
	const struct ctx_field *field;
	LLVMValueRef ptr, v;

	if (f->fact->ctx_field >= t->n_fields)
		return function__refuse(f, "context field that the context table lacks");
	field = &t->fields[f->fact->ctx_field];
	ptr = function__offset(f, function__ptr(f, f->in->src), function__const(f, field->place));
	if (field->kind != CTX_SCALAR) {
		v = LLVMBuildLoad2(f->b, f->c->ptr, ptr, "");
		function__set_scope(f, v);
		function__set_not_null(f, v);
		function__set_ptr(f, f->in->dst, v);
		return 0;
	}
	if (f->in->off < field->offset ||
		f->in->off + f->in->size > field->offset + field->place_size)
		return function__refuse(f, "context access that the context table lacks");
	ptr = function__offset(f, ptr, function__const(f, f->in->off - field->offset));
	v = load(f, compilation__int_type(f->c, f->in->size), ptr);
	if (f->in->size < 8)
		v = LLVMBuildZExt(f->b, v, f->c->i64, "");
	function__set_int(f, f->in->dst, v);
	return 0;
}

static int translate_load(struct function *f)
{
	const struct isa_insn *in = f->in;
	LLVMValueRef ptr, v;

	if (f->fact->access == FACT_CTX)
		return translate_ctx_load(f);
	ptr = address(f, in->src);
	if (in->size == 8 && fact_kind__is_pointer(f->fact->result)) {
		function__set_ptr(f, in->dst, load(f, f->c->ptr, ptr));
		return 0;
	}
	v = load(f, compilation__int_type(f->c, in->size), ptr);
	if (in->size < 8)
		v = in->op == ISA_LOADSX ? LLVMBuildSExt(f->b, v, f->c->i64, "")
					 : LLVMBuildZExt(f->b, v, f->c->i64, "");
	function__set_int(f, in->dst, v);
	return 0;
}

/* The distance of `ptr` from the first byte of the map's memory. */
static LLVMValueRef distance(struct function *f, LLVMValueRef ptr, uint32_t map)
{
	LLVMTypeRef i64 = f->c->i64;

	return LLVMBuildSub(f->b, LLVMBuildPtrToInt(f->b, ptr, i64, ""),
		LLVMBuildPtrToInt(f->b, compilation__map_memory(f->c, map), i64, ""), "");
}

/* A kernel changes no map: it notes what is to be added to the value at `ptr`. Of several maps it
 * is the one whose memory that is in. */
static void note_addition(struct function *f, LLVMValueRef ptr, LLVMValueRef operand)
{
	struct compilation *c = f->c;
	LLVMValueRef args[5] = {f->env};

	for (uint32_t i = 0; i < c->view->n_maps; i++) {
		LLVMValueRef number = LLVMConstInt(c->i32, i, false), offset, bytes, is_it;

		if (!(f->fact->value_maps & fact_map__bit(i)))
			continue;
		offset = distance(f, ptr, i);
		bytes = function__const(f, rt_map__bytes(&c->view->maps[i].geo, 1));
		is_it = LLVMBuildICmp(f->b, LLVMIntULT, offset, bytes, "");
		args[1] = args[1] ? LLVMBuildSelect(f->b, is_it, number, args[1], "") : number;
		args[3] = args[3] ? LLVMBuildSelect(f->b, is_it, offset, args[3], "") : offset;
	}
	args[2] = LLVMConstInt(c->i32, f->in->size, false);
	args[4] = LLVMBuildZExt(f->b, operand, c->i64, "");
	function__call_runtime(f, "rt_note__add", c->void_type, args, 5);
}

/* What is stored is a sum with what is there (verifier/counters.c): the difference was added. */
static void note_store(struct function *f, LLVMValueRef ptr)
{
	LLVMTypeRef type = compilation__int_type(f->c, f->in->size);
	LLVMValueRef sum = LLVMBuildTrunc(f->b, function__operand(f), type, "");

	note_addition(f, ptr, LLVMBuildSub(f->b, sum, load(f, type, ptr), ""));
}

static bool notes_additions(const struct function *f)
{
	return f->c->req->flags & COMPILE_KERNEL && f->fact->access == FACT_MAP_VALUE;
}

static int translate_store(struct function *f)
{
	const struct isa_insn *in = f->in;
	LLVMValueRef ptr, v;

	if (f->fact->access == FACT_CTX)
		return function__refuse(f, "store to the context");
	ptr = address(f, in->dst);
	if (notes_additions(f)) {
		note_store(f, ptr);
		return 0;
	}
	if (in->size == 8 && !in->use_imm && function__holds_pointer(f, in->src)) {
		store(f, function__ptr(f, in->src), ptr);
		return 0;
	}
	v = function__operand(f);
	if (in->size < 8)
		v = LLVMBuildTrunc(f->b, v, compilation__int_type(f->c, in->size), "");
	store(f, v, ptr);
	return 0;
}

/* What was there is as old as the snapshot; nothing depends on it but bits that do not change. */
static void note_atomic(struct function *f)
{
	LLVMTypeRef type = compilation__int_type(f->c, f->in->size);
	LLVMValueRef ptr = address(f, f->in->dst), old = load(f, type, ptr);

	note_addition(f, ptr, LLVMBuildTrunc(f->b, function__int(f, f->in->src), type, ""));
	if (f->in->fetch)
		function__set_int(f, f->in->src, LLVMBuildZExt(f->b, old, f->c->i64, ""));
}

static int translate_plain_atomic(struct function *f)
{
	const struct isa_insn *in = f->in;
	LLVMValueRef ptr = address(f, in->dst), old = function__atomic(f, ptr);

	if (!in->fetch)
		return 0;
	if (in->size < 8)
		old = LLVMBuildZExt(f->b, old, f->c->i64, "");
	function__set_int(f, in->op == ISA_ATOMIC_CMPXCHG ? 0 : in->src, old);
	return 0;
}

static int translate_atomic(struct function *f)
{
	if (notes_additions(f)) {
		note_atomic(f);
		return 0;
	}
	return translate_plain_atomic(f);
}

int function__memory(struct function *f)
{
	switch (f->in->op) {
	case ISA_LOAD:
	case ISA_LOADSX: return translate_load(f);
	case ISA_STORE: return translate_store(f);
	default: return translate_atomic(f);
	}
}

/* A value that the machine supplies when the object is loaded. Weak, because it may be 0. */
static void load_symbolic(struct function *f)
{
	LLVMValueRef symbol;
	char name[32];

	snprintf(name, sizeof(name), "ebpf_lddw.%" PRIu32, f->pc);
	symbol = LLVMAddGlobal(f->c->module, f->c->i8, name);
	LLVMSetLinkage(symbol, LLVMExternalWeakLinkage);
	LLVMSetAlignment(symbol, 1);
	function__set_int(f, f->in->dst, LLVMConstPtrToInt(symbol, f->c->i64));
}

int function__lddw(struct function *f)
{
	const struct isa_insn *in = f->in;
	uint32_t map = (uint32_t)in->imm, offset = (uint32_t)((uint64_t)in->imm >> 32);
	bool of_map = in->src == EBPF_LDDW_MAP_IDX || in->src == EBPF_LDDW_MAP_IDX_VALUE;

	if (in->src == EBPF_LDDW_IMM) {
		function__set_int(f, in->dst, function__const(f, (uint64_t)in->imm));
	} else if (f->c->is_raw && !(of_map && f->c->view->n_maps)) {
		load_symbolic(f);
	} else if (in->src == EBPF_LDDW_CODE) {
		LLVMValueRef fn = compilation__callback(f->c, (int64_t)f->pc + 1 + (int32_t)map);

		if (!fn)
			return function__refuse(f, "address of no function");
		function__set_ptr(f, in->dst, fn);
	} else if (of_map && map < f->c->view->n_maps) {
		function__set_ptr(f, in->dst,
			in->src == EBPF_LDDW_MAP_IDX ? compilation__map_descriptor(f->c, map)
						     : compilation__map_value(f->c, map, offset));
	} else {
		return function__refuse(f, "64-bit immediate of an unsupported kind");
	}
	return 0;
}
