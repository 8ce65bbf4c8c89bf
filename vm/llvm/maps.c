/* SPDX-License-Identifier: BSD-3-Clause
 *
 * maps.c -- what the module holds for each map.
 *
 * A map's descriptor (struct rt_map) is a constant: its geometry byte for byte, and an
 * external symbol for its memory. The runtime's code, inlined over it, becomes that map's own.
 *
 * A lookup is a shim per map that takes the key by value, so that a key built on the
 * program's stack travels in registers whether the shim is inlined or not.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "translate.h"

#define MAX_KEY_PARTS 16 /* larger keys travel by pointer */

/* So many lookups, those in arrays not counted, are inlined whatever their size: what is called
 * saves registers on the way in. Of more the optimiser chooses, whom each takes 10 ms. */
#define MAX_INLINED_LOOKUPS 1

_Static_assert(offsetof(struct rt_map, mem) == sizeof(struct rt_geometry), "no padding");

LLVMValueRef compilation__map_memory(struct compilation *c, uint32_t map)
{
	struct map_code *m = &c->maps[map];
	char name[32];

	if (!m->memory && c->is_ptx)
		m->memory = compilation__kernel_memory(c, map);
	if (!m->memory) {
		snprintf(name, sizeof(name), "ebpf_map.%" PRIu32, map);
		m->memory = LLVMAddGlobal(c->module, c->i8, name);
		LLVMSetAlignment(m->memory, 64);
	}
	return m->memory;
}

static LLVMValueRef constant(
	struct compilation *c, const char *what, uint32_t map, LLVMValueRef value)
{
	LLVMValueRef g;
	char name[32];

	snprintf(name, sizeof(name), "%s.%" PRIu32, what, map);
	g = LLVMAddGlobal(c->module, LLVMTypeOf(value), name);
	LLVMSetInitializer(g, value);
	LLVMSetGlobalConstant(g, true);
	LLVMSetLinkage(g, LLVMInternalLinkage);
	LLVMSetAlignment(g, 16);
	return g;
}

static LLVMValueRef bytes(struct compilation *c, const void *p, size_t size)
{
	return LLVMConstStringInContext2(c->context, p, size, true);
}

static bool is_template(const struct compilation *c, uint32_t map)
{
	return map >= c->view->n_maps;
}

LLVMValueRef compilation__map_descriptor(struct compilation *c, uint32_t map)
{
	struct map_code *m = &c->maps[map];

	if (!m->descriptor) {
		LLVMValueRef fields[] = {
			bytes(c, &c->view->maps[map].geo, sizeof(struct rt_geometry)),
			is_template(c, map) ? LLVMConstNull(c->ptr)
					    : compilation__map_memory(c, map)};

		m->descriptor = constant(
			c, "map", map, LLVMConstStructInContext(c->context, fields, 2, false));
	}
	return m->descriptor;
}

LLVMValueRef compilation__map_value(struct compilation *c, uint32_t map, uint32_t offset)
{
	const struct map_view *v = &c->view->maps[map];
	struct map_code *m = &c->maps[map];
	LLVMValueRef base, at;

	if (v->frozen && !m->contents)
		m->contents = constant(c, "frozen", map, bytes(c, v->frozen, v->geo.value_size));
	base = v->frozen ? m->contents : compilation__map_memory(c, map);
	at = LLVMConstInt(c->i64, (v->frozen ? 0 : v->geo.values) + offset, false);
	return LLVMConstGEP2(c->i8, base, &at, 1);
}

struct key_part {
	uint32_t offset, size;
};

/* The key as the fewest integers; 0 if it is too long. */
static unsigned split_key(uint32_t key_size, struct key_part parts[MAX_KEY_PARTS])
{
	unsigned n = 0;

	for (uint32_t at = 0, size = 8; at < key_size; size /= 2) {
		for (; key_size - at >= size; at += size) {
			if (n == MAX_KEY_PARTS)
				return 0;
			parts[n++] = (struct key_part){at, size};
		}
	}
	return n;
}

static LLVMValueRef gep(struct compilation *c, LLVMBuilderRef b, LLVMValueRef p, uint32_t offset)
{
	LLVMValueRef at = LLVMConstInt(c->i64, offset, false);

	return LLVMBuildGEP2(b, c->i8, p, &at, 1, "");
}

/* r0 = the helper's answer in map N; in a template's lookup `inner` is the map at hand. */
static LLVMValueRef call_helper(
	struct compilation *c, LLVMBuilderRef b, uint32_t map, LLVMValueRef shim, LLVMValueRef key)
{
	const char *name =
		is_template(c, map) ? "helper_map_lookup_inner" : "helper_map_lookup_elem";
	LLVMValueRef args[4] = {LLVMGetParam(shim, 0), compilation__map_descriptor(c, map)};
	LLVMTypeRef params[] = {c->ptr, c->ptr, c->ptr, c->ptr}, type;
	LLVMValueRef helper = LLVMGetNamedFunction(c->module, name);
	unsigned n = 2;

	if (is_template(c, map))
		args[n++] = LLVMGetParam(shim, 1);
	args[n++] = key;
	type = LLVMFunctionType(c->ptr, params, n, false);
	if (!helper)
		helper = LLVMAddFunction(c->module, name, type);
	return LLVMBuildCall2(b, type, helper, args, n, "");
}

/* ptr lookup.N(env, [inner map,] parts of the key...) */
static void make_lookup(
	struct compilation *c, uint32_t map, const struct key_part *parts, unsigned n_parts)
{
	LLVMTypeRef params[2 + MAX_KEY_PARTS] = {c->ptr, c->ptr};
	LLVMBuilderRef b = LLVMCreateBuilderInContext(c->context);
	struct map_code *m = &c->maps[map];
	unsigned first = is_template(c, map) ? 2 : 1;
	LLVMValueRef key;
	char name[32];

	for (unsigned i = 0; i < n_parts; i++)
		params[first + i] = compilation__int_type(c, parts[i].size);
	m->lookup_type = LLVMFunctionType(c->ptr, params, first + n_parts, false);
	snprintf(name, sizeof(name), "lookup.%" PRIu32, map);
	m->lookup = LLVMAddFunction(c->module, name, m->lookup_type);
	LLVMSetLinkage(m->lookup, LLVMInternalLinkage);

	LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(c->context, m->lookup, ""));
	key = LLVMBuildAlloca(b, LLVMArrayType2(c->i8, c->view->maps[map].geo.key_size), "key");
	LLVMSetAlignment(key, 8);
	for (unsigned i = 0; i < n_parts; i++)
		LLVMBuildStore(
			b, LLVMGetParam(m->lookup, first + i), gep(c, b, key, parts[i].offset));
	LLVMBuildRet(b, call_helper(c, b, map, m->lookup, key));
	LLVMDisposeBuilder(b);
}

bool function__lookup(struct function *f, uint32_t map, LLVMValueRef key)
{
	struct compilation *c = f->c;
	struct map_code *m = &c->maps[map];
	struct key_part parts[MAX_KEY_PARTS];
	unsigned n_parts = split_key(c->view->maps[map].geo.key_size, parts), n = 1;
	LLVMValueRef args[2 + MAX_KEY_PARTS] = {f->env};

	if (!n_parts)
		return false;
	if (!m->lookup)
		make_lookup(c, map, parts, n_parts);
	if (is_template(c, map))
		args[n++] = function__ptr(f, 1);
	for (unsigned i = 0; i < n_parts; i++, n++) {
		args[n] = LLVMBuildLoad2(f->b, compilation__int_type(c, parts[i].size),
			gep(c, f->b, key, parts[i].offset), "");
		LLVMSetAlignment(args[n], 1);
	}
	function__set_ptr(f, 0, LLVMBuildCall2(f->b, m->lookup_type, m->lookup, args, n, ""));
	c->n_lookups += c->view->maps[map].geo.n_buckets != 0;
	return true;
}

void compilation__inline_lookups(struct compilation *c)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("alwaysinline", 12);

	if (c->n_lookups > MAX_INLINED_LOOKUPS)
		return;
	for (uint32_t i = 0; i < c->view->n_maps + c->view->n_templates; i++)
		if (c->maps[i].lookup)
			LLVMAddAttributeAtIndex(c->maps[i].lookup, LLVMAttributeFunctionIndex,
				LLVMCreateEnumAttribute(c->context, kind, 0));
}
