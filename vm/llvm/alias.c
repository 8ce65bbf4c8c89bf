/* SPDX-License-Identifier: BSD-3-Clause
 *
 * alias.c -- what the facts say of an access, told to the optimiser: packet, context, values of
 * maps and the program's stack are memory of four kinds, and what is stored to one of them changes
 * nothing in the others.
 *
 * Each kind is an alias scope; an access is in the one and not in the rest. What has no scope may
 * alias everything: memory of other kinds, as slices of dynptrs, which are parts of packets, and
 * all that the runtime does.
 */
#include <string.h>

#include "translate.h"

enum memory {
	MEMORY_ANY,
	MEMORY_PACKET,
	MEMORY_CTX,
	MEMORY_VALUE,
	MEMORY_STACK,
	N_MEMORIES,
};

static enum memory memory_of(uint8_t kind)
{
	switch (kind) {
	case FACT_PACKET:
	case FACT_PACKET_META: return MEMORY_PACKET;
	case FACT_CTX: return MEMORY_CTX;
	case FACT_MAP_VALUE: return MEMORY_VALUE;
	case FACT_STACK: return MEMORY_STACK;
	default: return MEMORY_ANY;
	}
}

static LLVMMetadataRef string(struct compilation *c, const char *text)
{
	return LLVMMDStringInContext2(c->context, text, strlen(text));
}

static LLVMMetadataRef node(struct compilation *c, LLVMMetadataRef *operands, size_t n)
{
	return LLVMMDNodeInContext2(c->context, operands, n);
}

static LLVMMetadataRef scope(struct compilation *c, enum memory m)
{
	static const char *const names[] = {[MEMORY_PACKET] = "packet",
		[MEMORY_CTX] = "ctx",
		[MEMORY_VALUE] = "value",
		[MEMORY_STACK] = "stack"};
	LLVMMetadataRef domain = string(c, "program"), operands[2];

	operands[0] = string(c, names[m]);
	operands[1] = node(c, &domain, 1);
	return node(c, operands, 2);
}

static void attach(struct compilation *c, LLVMValueRef access, const char *what,
	LLVMMetadataRef *operands, size_t n)
{
	unsigned kind = LLVMGetMDKindIDInContext(c->context, what, (unsigned)strlen(what));

	LLVMSetMetadata(access, kind, LLVMMetadataAsValue(c->context, node(c, operands, n)));
}

void function__set_scope(struct function *f, LLVMValueRef access)
{
	enum memory own = memory_of(f->fact->access);
	LLVMMetadataRef scopes[1], others[N_MEMORIES];
	size_t n = 0;

	if (own == MEMORY_ANY)
		return;
	for (enum memory m = MEMORY_ANY + 1; m < N_MEMORIES; m++)
		if (m != own)
			others[n++] = scope(f->c, m);
	scopes[0] = scope(f->c, own);
	attach(f->c, access, "alias.scope", scopes, 1);
	attach(f->c, access, "noalias", others, n);
}

void function__set_not_null(struct function *f, LLVMValueRef load)
{
	attach(f->c, load, "nonnull", NULL, 0);
}
