/* SPDX-License-Identifier: BSD-3-Clause
 *
 * permute.c -- bytes that only change places: a program that swaps addresses reads and writes them
 * by the byte or by a few, as its compiler knew of no alignment. Here all of them are read at once,
 * shuffled, and written at once; LLVM's own passes merge no more than what is a power of two.
 *
 * In a basic block a *run* goes from one instruction that may write to memory, or read what the run
 * has written, to the next such; stores near one base, a constant number of bytes from it, do not
 * end it. The bytes that such a store writes may all be bytes that were in memory when the run
 * began. Stores of that kind that join without gaps to a *piece* become one, in the place of the
 * last of them, if the program reads everything from the first byte to the last of what is read for
 * it. What the run read stays as it is: it was read before the piece is written, now as then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"

#define MAX_STORES 32
#define MAX_LOADS  64
#define MAX_BYTES  16 /* of a piece: what a vector holds */
#define MAX_STEPS  16 /* between a load and the store of what it has read */

struct place {
	LLVMValueRef base;
	int64_t offset;
	unsigned bytes; /* 0: nothing that is looked at */
};

struct load {
	LLVMValueRef insn;
	struct place at;
};

struct store {
	LLVMValueRef insn;
	struct place at;
	unsigned turn;   /* its place among the stores of the run */
	bool copies;     /* bytes that the run has found in memory: */
	int64_t from[8]; /* offsets from the same base */
};

struct run {
	struct compilation *c;
	struct load load[MAX_LOADS];
	struct store store[MAX_STORES]; /* near one base */
	unsigned n_loads, n_stores;
};

/* Where a byte of a value comes from. */
struct origin {
	enum { ORIGIN_OTHER, ORIGIN_ZERO, ORIGIN_LOAD } kind;
	LLVMValueRef load;
	unsigned byte; /* of the load's */
};

static const struct origin zero = {.kind = ORIGIN_ZERO}, other = {.kind = ORIGIN_OTHER};

static unsigned bytes_of(LLVMTypeRef type)
{
	unsigned bits =
		LLVMGetTypeKind(type) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 0;

	return bits % 8 || bits > 64 ? 0 : bits / 8;
}

static struct origin origin_of(LLVMValueRef v, unsigned byte, unsigned steps);

static struct origin origin_of_either(LLVMValueRef v, unsigned byte, unsigned steps)
{
	struct origin x = origin_of(LLVMGetOperand(v, 0), byte, steps);
	struct origin y = origin_of(LLVMGetOperand(v, 1), byte, steps);

	return x.kind == ORIGIN_ZERO ? y : y.kind == ORIGIN_ZERO ? x : other;
}

static struct origin origin_of_masked(LLVMValueRef v, unsigned byte, unsigned steps)
{
	LLVMValueRef mask = LLVMGetOperand(v, 1);
	uint8_t bits;

	if (!LLVMIsAConstantInt(mask))
		return other;
	bits = (uint8_t)(LLVMConstIntGetZExtValue(mask) >> 8 * byte);
	if (!bits)
		return zero;
	return bits == UINT8_MAX ? origin_of(LLVMGetOperand(v, 0), byte, steps) : other;
}

static struct origin origin_of_shifted(LLVMValueRef v, unsigned byte, unsigned steps)
{
	LLVMValueRef count = LLVMGetOperand(v, 1);
	uint64_t bits = LLVMIsAConstantInt(count) ? LLVMConstIntGetZExtValue(count) : 1;
	unsigned by = (unsigned)(bits / 8);

	if (bits % 8)
		return other;
	if (LLVMGetInstructionOpcode(v) == LLVMShl)
		return byte < by ? zero : origin_of(LLVMGetOperand(v, 0), byte - by, steps);
	return byte + by >= bytes_of(LLVMTypeOf(v))
		       ? zero
		       : origin_of(LLVMGetOperand(v, 0), byte + by, steps);
}

/* Bytes are counted from the least significant. */
static struct origin origin_of(LLVMValueRef v, unsigned byte, unsigned steps)
{
	if (LLVMIsAConstantInt(v))
		return LLVMConstIntGetZExtValue(v) >> 8 * byte & UINT8_MAX ? other : zero;
	if (!LLVMIsAInstruction(v) || !steps--)
		return other;
	switch (LLVMGetInstructionOpcode(v)) {
	case LLVMLoad: return (struct origin){ORIGIN_LOAD, v, byte};
	case LLVMTrunc: return origin_of(LLVMGetOperand(v, 0), byte, steps);
	case LLVMZExt:
		return byte < bytes_of(LLVMTypeOf(LLVMGetOperand(v, 0)))
			       ? origin_of(LLVMGetOperand(v, 0), byte, steps)
		       : bytes_of(LLVMTypeOf(LLVMGetOperand(v, 0))) ? zero
								    : other;
	case LLVMOr: return origin_of_either(v, byte, steps);
	case LLVMAnd: return origin_of_masked(v, byte, steps);
	case LLVMShl:
	case LLVMLShr: return origin_of_shifted(v, byte, steps);
	default: return other;
	}
}

static struct place place_of(LLVMValueRef pointer, LLVMTypeRef type)
{
	struct place at = {.base = pointer, .bytes = bytes_of(type)};

	while (LLVMIsAGetElementPtrInst(at.base) && LLVMGetNumOperands(at.base) == 2 &&
		LLVMIsAConstantInt(LLVMGetOperand(at.base, 1)) &&
		bytes_of(LLVMGetGEPSourceElementType(at.base)) == 1) {
		at.offset += LLVMConstIntGetSExtValue(LLVMGetOperand(at.base, 1));
		at.base = LLVMGetOperand(at.base, 0);
	}
	return at;
}

/* --- a run --------------------------------------------------------------------------------- */

static bool overlap(const struct place *a, const struct place *b)
{
	return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

static const struct load *find_load(const struct run *run, LLVMValueRef insn)
{
	for (unsigned i = 0; i < run->n_loads; i++)
		if (run->load[i].insn == insn)
			return &run->load[i];
	return NULL;
}

static void trace(const struct run *run, struct store *store)
{
	LLVMValueRef value = LLVMGetOperand(store->insn, 0);

	store->copies = true;
	for (unsigned i = 0; i < store->at.bytes && store->copies; i++) {
		struct origin o = origin_of(value, i, MAX_STEPS);
		const struct load *load = o.kind == ORIGIN_LOAD ? find_load(run, o.load) : NULL;

		store->copies = load && load->at.base == store->at.base;
		if (store->copies)
			store->from[i] = load->at.offset + o.byte;
	}
}

/* --- a piece ------------------------------------------------------------------------------- */

struct piece {
	struct store *store; /* n_stores of them, by offset */
	unsigned n_stores;
	int64_t from, from_end; /* what it reads */
	int64_t to, to_end;     /* what it writes */
};

static bool is_read_by_program(const struct run *run, LLVMValueRef base, int64_t offset)
{
	const struct place byte = {.offset = offset, .bytes = 1};

	for (unsigned i = 0; i < run->n_loads; i++)
		if (run->load[i].at.base == base && overlap(&run->load[i].at, &byte))
			return true;
	return false;
}

static bool is_worth_it(const struct run *run, const struct piece *p)
{
	if (p->n_stores < 2 || p->to_end - p->to > MAX_BYTES || p->from_end - p->from > MAX_BYTES)
		return false;
	for (int64_t at = p->from; at < p->from_end; at++)
		if (!is_read_by_program(run, p->store->at.base, at))
			return false;
	return true;
}

static LLVMValueRef pointer_to(
	const struct run *run, LLVMBuilderRef b, LLVMValueRef base, int64_t offset)
{
	LLVMValueRef at = LLVMConstInt(run->c->i64, (uint64_t)offset, true);

	return LLVMBuildGEP2(b, run->c->i8, base, &at, 1, "");
}

static LLVMValueRef mask_of(const struct run *run, const struct piece *p)
{
	LLVMValueRef mask[MAX_BYTES];
	unsigned n = 0;

	for (unsigned i = 0; i < p->n_stores; i++)
		for (unsigned k = 0; k < p->store[i].at.bytes; k++)
			mask[n++] = LLVMConstInt(
				run->c->i32, (uint64_t)(p->store[i].from[k] - p->from), false);
	return LLVMConstVector(mask, n);
}

/* Reads before `first`, writes in the place of the last store. */
static void move_at_once(const struct run *run, const struct piece *p, LLVMValueRef first)
{
	LLVMBuilderRef b = LLVMCreateBuilderInContext(run->c->context);
	LLVMTypeRef type = LLVMVectorType(run->c->i8, (unsigned)(p->from_end - p->from));
	LLVMValueRef base = p->store->at.base, bytes;
	const struct store *last = p->store;

	for (unsigned i = 1; i < p->n_stores; i++)
		if (p->store[i].turn > last->turn)
			last = &p->store[i];
	LLVMPositionBuilderBefore(b, first);
	bytes = LLVMBuildLoad2(b, type, pointer_to(run, b, base, p->from), "");
	LLVMSetAlignment(bytes, 1);
	LLVMPositionBuilderBefore(b, last->insn);
	bytes = LLVMBuildShuffleVector(b, bytes, LLVMGetPoison(type), mask_of(run, p), "");
	LLVMSetAlignment(LLVMBuildStore(b, bytes, pointer_to(run, b, base, p->to)), 1);
	LLVMDisposeBuilder(b);
}

/* The longest piece that begins with this store. */
static struct piece piece_from(struct store *store, unsigned n)
{
	struct piece p = {.store = store,
		.from = store->from[0],
		.from_end = store->from[0],
		.to = store->at.offset,
		.to_end = store->at.offset};

	for (; p.n_stores < n && store->copies && store->at.offset == p.to_end; store++) {
		p.n_stores++;
		p.to_end += store->at.bytes;
		for (unsigned i = 0; i < store->at.bytes; i++) {
			p.from = p.from < store->from[i] ? p.from : store->from[i];
			p.from_end = p.from_end > store->from[i] ? p.from_end : store->from[i] + 1;
		}
	}
	return p;
}

static int by_offset(const void *x, const void *y)
{
	const struct store *a = x, *b = y;

	return (a->at.offset > b->at.offset) - (a->at.offset < b->at.offset);
}

static void end_run(struct run *run)
{
	LLVMValueRef first = run->n_stores ? run->store[0].insn : NULL;
	LLVMValueRef gone[MAX_STORES];
	unsigned n_gone = 0;

	qsort(run->store, run->n_stores, sizeof(*run->store), by_offset);
	for (unsigned i = 0; i < run->n_stores;) {
		struct piece p = piece_from(&run->store[i], run->n_stores - i);

		if (is_worth_it(run, &p)) {
			move_at_once(run, &p, first);
			for (unsigned k = 0; k < p.n_stores; k++)
				gone[n_gone++] = p.store[k].insn;
		}
		i += p.n_stores ? p.n_stores : 1;
	}
	while (n_gone)
		LLVMInstructionEraseFromParent(gone[--n_gone]);
	run->n_loads = run->n_stores = 0;
}

/* --- a block ------------------------------------------------------------------------------- */

static bool is_plain_access(LLVMValueRef insn)
{
	return !LLVMGetVolatile(insn) && LLVMGetOrdering(insn) == LLVMAtomicOrderingNotAtomic;
}

/* May the access be of what the run has written? Then it must see it there. */
static bool meets_stores(const struct run *run, const struct place *at)
{
	bool meets = run->n_stores && (!at->bytes || at->base != run->store[0].at.base);

	for (unsigned i = 0; i < run->n_stores && !meets; i++)
		meets = overlap(at, &run->store[i].at);
	return meets;
}

static void see_load(struct run *run, LLVMValueRef insn)
{
	struct place at = place_of(LLVMGetOperand(insn, 0), LLVMTypeOf(insn));

	if (meets_stores(run, &at))
		end_run(run);
	if (at.bytes && run->n_loads < MAX_LOADS)
		run->load[run->n_loads++] = (struct load){.insn = insn, .at = at};
}

static void see_store(struct run *run, LLVMValueRef insn)
{
	struct place at = place_of(LLVMGetOperand(insn, 1), LLVMTypeOf(LLVMGetOperand(insn, 0)));
	struct store *store;

	if (!at.bytes || run->n_stores == MAX_STORES || meets_stores(run, &at))
		end_run(run);
	if (!at.bytes)
		return;
	store = &run->store[run->n_stores];
	*store = (struct store){.insn = insn, .at = at, .turn = run->n_stores++};
	trace(run, store);
}

static void see(struct run *run, LLVMValueRef insn)
{
	bool loads = LLVMIsALoadInst(insn), stores = LLVMIsAStoreInst(insn);

	if (loads && is_plain_access(insn))
		see_load(run, insn);
	else if (stores && is_plain_access(insn))
		see_store(run, insn);
	else if (loads || stores || LLVMIsACallInst(insn) || LLVMIsAFenceInst(insn) ||
		 LLVMIsAAtomicRMWInst(insn) || LLVMIsAAtomicCmpXchgInst(insn))
		end_run(run);
}

int compilation__permute(struct compilation *c)
{
	struct run *run = calloc(1, sizeof(*run));
	LLVMValueRef fn, insn, next;
	LLVMBasicBlockRef block;

	if (!run)
		return error__set(c->errmsg, -ENOMEM, "%s: no memory to compile it", c->view->name);
	run->c = c;
	for (fn = LLVMGetFirstFunction(c->module); fn; fn = LLVMGetNextFunction(fn)) {
		for (block = LLVMGetFirstBasicBlock(fn); block;
			block = LLVMGetNextBasicBlock(block)) {
			for (insn = LLVMGetFirstInstruction(block); insn; insn = next) {
				next = LLVMGetNextInstruction(insn);
				see(run, insn);
			}
			end_run(run);
		}
	}
	free(run);
	return 0;
}
