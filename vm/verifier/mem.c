/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mem.c -- loads, stores and atomics, by what their address points to.
 *
 * Packet and map value may be accessed at any alignment; stack, context and every atomic at
 * their own.
 */
#include <linux/bpf.h>
#include <string.h>

#include "../core/map-fields.h"
#include "internal.h"

struct access {
	uint32_t addr; /* register that holds the address */
	int32_t off;
	uint32_t size;
	bool write, sign_extend, atomic;
};

static bool is_aligned(const struct reg *r, int32_t off, uint32_t size)
{
	struct tnum at = tnum__add(r->var.bits, tnum__const((uint64_t)((int64_t)r->off + off)));

	return !((at.value | at.mask) & (size - 1));
}

static int check_alignment(struct verifier *v, const struct access *a, const char *what)
{
	const struct reg *r = reg_at(v, a->addr);

	if (is_aligned(r, a->off, a->size))
		return 0;
	return reject(v, "misaligned %s access, R%u off=%d size=%u", what, a->addr, r->off + a->off,
		a->size);
}

static int check_ctx(struct verifier *v, const struct access *a, const struct ctx_field **field)
{
	const struct reg *r = reg_at(v, a->addr);

	if (!range__is_const(&r->var) || r->var.bits.value)
		return reject(v, "variable ctx access, R%u", a->addr);
	if (r->off)
		return reject(v, "dereference of modified ctx ptr R%u off=%d disallowed", a->addr,
			r->off);
	*field = ctx_table__find(v->ctx, a->off, a->size);
	if (!*field || a->write || (a->sign_extend && (*field)->kind != CTX_SCALAR))
		return reject(v, "invalid %s of the %s context, off=%d size=%u",
			a->write ? "write" : "read", v->ctx->type_name, a->off, a->size);
	return 0;
}

static void load_ctx(const struct ctx_field *field, struct reg *dst)
{
	switch (field->kind) {
	case CTX_PACKET: reg__set_pointer(dst, REG_PACKET); break;
	case CTX_PACKET_META: reg__set_pointer(dst, REG_PACKET_META); break;
	case CTX_PACKET_END: reg__set_pointer(dst, REG_PACKET_END); break;
	default: reg__set_unknown(dst);
	}
}

static int check_packet(struct verifier *v, uint32_t regno, int32_t off, uint32_t size)
{
	const struct reg *r = reg_at(v, regno);
	int64_t first = (int64_t)r->off + off;

	if (r->var.w64.smin < 0)
		return reject(v,
			"R%u min value is negative, either use unsigned index or do a if (index "
			">=0) "
			"check",
			regno);
	if (first < 0 || r->reach < 0 || first + size > r->reach)
		return reject(v,
			"invalid access to packet, off=%lld size=%u, R%u(id=%u,off=%d,r=%d): R%u "
			"offset "
			"is outside of the packet (compare the pointer with data_end first)",
			(long long)first, size, regno, r->id, r->off, r->reach, regno);
	if (r->type == REG_PACKET)
		facts__packet(v, r, off, size);
	return 0;
}

static int check_map_flags(struct verifier *v, uint32_t map, bool write)
{
	const struct map_view *m = &v->view->maps[map];

	if (write ? !rt_geometry__writable(&m->geo) : !rt_geometry__readable(&m->geo))
		return reject(
			v, "%s map '%s' forbidden", write ? "write into" : "read from", m->name);
	return 0;
}

/* [reg+off, reg+off+size) is in [0, limit) of its object. */
static int check_bounds(struct verifier *v, uint32_t regno, int32_t off, uint32_t size,
	uint32_t limit, const char *object)
{
	const struct span *var = &reg_at(v, regno)->var.w64;
	int64_t base = (int64_t)reg_at(v, regno)->off + off;

	if (var->smin < 0 && (var->smin <= -MAX_VAR_OFF || base + var->smin < 0))
		return reject(v,
			"R%u min value is negative, either use unsigned index or do a if (index "
			">=0) "
			"check",
			regno);
	if (base + var->smin < 0 || base + var->smin + size > limit)
		return reject(v,
			"invalid access to %s, size of %s=%u off=%lld size=%u: R%u min value is "
			"outside of the allowed memory range",
			object, object, limit, (long long)(base + var->smin), size, regno);
	if (var->umax >= MAX_VAR_OFF)
		return reject(v,
			"R%u unbounded memory access, make sure to bounds check any such access",
			regno);
	if (base + (int64_t)var->umax + size > limit)
		return reject(v,
			"invalid access to %s, size of %s=%u off=%lld size=%u: R%u max value is "
			"outside of the allowed memory range (compare it with the size first)",
			object, object, limit, (long long)(base + (int64_t)var->umax), size, regno);
	return 0;
}

static int check_map_value(
	struct verifier *v, uint32_t regno, int32_t off, uint32_t size, bool write)
{
	uint32_t map = reg_at(v, regno)->map;
	int err = check_map_flags(v, map, write);

	if (!err)
		err = check_bounds(
			v, regno, off, size, v->view->maps[map].geo.value_size, "map value");
	return err ? err : lock__check_access(v, regno, off, size);
}

static int check_mem(struct verifier *v, uint32_t regno, int32_t off, uint32_t size, bool write)
{
	const struct reg *r = reg_at(v, regno);
	int err;

	if (write && r->flags & MEM_RDONLY)
		return reject(v, "R%u cannot write into read-only memory", regno);
	err = check_bounds(v, regno, off, size, r->size, "memory");
	if (!err && write && r->buffer_frame)
		err = stack__may_store(v, r->buffer_frame - 1, r->buffer_depth, r->size);
	return err;
}

/* A constant, if the map's contents are and the place is known. */
static void load_map_value(
	struct verifier *v, const struct access *a, const struct reg *r, struct reg *dst)
{
	const struct map_view *m = &v->view->maps[r->map];
	uint64_t value = 0;

	if (m->frozen && (m->geo.flags & BPF_F_RDONLY_PROG) && range__is_const(&r->var)) {
		memcpy(&value, m->frozen + r->off + a->off + (int64_t)r->var.bits.value, a->size);
		reg__set_const(dst, value);
	} else {
		reg__set_unknown(dst);
	}
}

static int check_socket(struct verifier *v, const struct access *a)
{
	if (a->write)
		return reject(
			v, "R%u cannot write into %s", a->addr, reg_type__name(reg_at(v, a->addr)));
	return socket__check_load(v, a->addr, a->off, a->size);
}

/* A field of the map itself: as in Linux some number. */
static int check_map_field(struct verifier *v, const struct access *a)
{
	int64_t off = (int64_t)reg_at(v, a->addr)->off + a->off;

	if (!a->write && !a->atomic && map_field__is_at(off, a->size))
		return 0;
	return reject(v, "R%u invalid %s map_ptr, off=%lld size=%u", a->addr,
		a->write ? "write to" : "read of", (long long)off, a->size);
}

static int check_type(struct verifier *v, uint32_t regno)
{
	const struct reg *r = reg_at(v, regno);

	if (r->maybe_null)
		return reject(v, "R%u invalid mem access '%s' (compare it with NULL first)", regno,
			reg_type__name(r));
	switch (r->type) {
	case REG_CTX:
	case REG_PACKET:
	case REG_PACKET_META:
	case REG_STACK:
	case REG_MEM:
	case REG_SOCK:
	case REG_SOCK_COMMON:
	case REG_XDP_SOCK:
	case REG_OBJECT:
	case REG_MAP:
	case REG_MAP_VALUE: return 0;
	default: return reject(v, "R%u invalid mem access '%s'", regno, reg_type__name(r));
	}
}

/* What the program takes for a struct at this address is another one at run time: an instruction
 * that reads its fields reads no other memory. */
static bool is_translated(uint8_t type)
{
	return type == REG_CTX || type == REG_SOCK || type == REG_SOCK_COMMON ||
	       type == REG_XDP_SOCK || type == REG_OBJECT;
}

static int check_one_kind(struct verifier *v, const struct reg *addr)
{
	uint8_t *before = &v->prog.info[v->insn].address;

	if (*before == REG_UNSET)
		*before = addr->type;
	if (*before == addr->type || (!is_translated(*before) && !is_translated(addr->type)))
		return 0;
	return reject(v, "the same instruction uses the context or a socket, and another pointer");
}

/* The access may happen. dst: what a load gives, or NULL. value: what a store stores, or NULL
 * if that is not known. */
static int check_access(struct verifier *v, const struct access *a, struct reg *dst,
	struct reg *value, uint32_t value_regno)
{
	struct reg *r = reg_at(v, a->addr), addr = *r;
	const struct ctx_field *field = NULL;
	int err = check_type(v, a->addr);

	if (!err && (r->type == REG_STACK || a->atomic))
		err = check_alignment(v, a, r->type == REG_STACK ? "stack" : "atomic");
	if (err)
		return err;
	if (dst)
		reg__set_unknown(dst); /* unless more is known */
	switch (r->type) {
	case REG_CTX:
		err = check_ctx(v, a, &field);
		if (!err && dst)
			load_ctx(field, dst);
		break;
	case REG_MAP_VALUE:
		err = check_map_value(v, a->addr, a->off, a->size, a->write);
		if (!err && dst)
			load_map_value(v, a, &addr, dst);
		break;
	case REG_MAP: err = check_map_field(v, a); break;
	case REG_PACKET:
	case REG_PACKET_META: err = check_packet(v, a->addr, a->off, a->size); break;
	case REG_MEM: err = check_mem(v, a->addr, a->off, a->size, a->write); break;
	case REG_SOCK:
	case REG_SOCK_COMMON:
	case REG_XDP_SOCK: err = check_socket(v, a); break;
	case REG_OBJECT:
		err = kernel_object__check_access(v, a->addr, a->off, a->size, a->write);
		break;
	default:
		err = a->write ? stack__store(v, a->addr, a->off, a->size, value, value_regno)
			       : stack__load(v, a->addr, a->off, a->size, dst);
	}
	if (err)
		return err;
	if (dst && reg__is_scalar(dst) && a->size < 8) {
		if (a->sign_extend)
			range__sign_extend(&dst->var, a->size, 64);
		else
			range__zero_extend(&dst->var, a->size);
	}
	err = check_one_kind(v, &addr);
	facts__access(v, &addr, a->off, a->size, field ? (uint16_t)(field - v->ctx->fields) : 0);
	return err;
}

int mem__check_load(struct verifier *v, const struct isa_insn *in)
{
	struct access a = {.addr = in->src,
		.off = in->off,
		.size = in->size,
		.sign_extend = in->op == ISA_LOADSX};
	struct reg loaded;
	int err = check_readable(v, in->src);

	if (!err)
		err = check_access(v, &a, &loaded, NULL, NO_REG);
	if (err)
		return err;
	/* A narrow sign-extending load changes the number: no longer that of the others. */
	if (a.sign_extend && reg__is_scalar(&loaded))
		loaded.id = 0;
	*reg_at(v, in->dst) = loaded;
	facts__result(v, v->insn, &loaded);
	return 0;
}

int mem__check_store(struct verifier *v, const struct isa_insn *in)
{
	struct access a = {.addr = in->dst, .off = in->off, .size = in->size, .write = true};
	struct reg imm;
	int err = check_readable(v, in->dst);

	if (!err && !in->use_imm)
		err = check_readable(v, in->src);
	if (err)
		return err;
	if (in->use_imm) {
		reg__set_const(&imm, (uint64_t)in->imm);
		return check_access(v, &a, NULL, &imm, NO_REG);
	}
	return check_access(v, &a, NULL, reg_at(v, in->src), in->src);
}

int mem__check_atomic(struct verifier *v, const struct isa_insn *in)
{
	struct access a = {.addr = in->dst, .off = in->off, .size = in->size, .atomic = true};
	bool cmpxchg = in->op == ISA_ATOMIC_CMPXCHG, fetches;
	struct reg *fetched, old;
	uint8_t type;
	int err = check_readable(v, in->src);

	if (!err)
		err = check_readable(v, in->dst);
	if (!err && cmpxchg)
		err = check_readable(v, 0);
	if (err)
		return err;
	type = reg_at(v, in->dst)->type;
	if (type == REG_CTX || type == REG_PACKET || type == REG_PACKET_META ||
		reg__is_sock(reg_at(v, in->dst)) || type == REG_OBJECT)
		return reject(v, "BPF_ATOMIC stores into R%u %s is not allowed", in->dst,
			reg_type__name(reg_at(v, in->dst)));
	fetches = cmpxchg || in->fetch || in->op == ISA_ATOMIC_XCHG;
	fetched = reg_at(v, cmpxchg ? 0 : in->src);
	if (fetches && fetched == reg_at(v, in->dst))
		return reject(v, "R%u is the address and what is fetched, too", in->dst);
	err = check_access(v, &a, fetches ? &old : NULL, NULL, NO_REG);
	a.write = true;
	if (!err)
		err = check_access(v, &a, NULL, NULL, NO_REG);
	if (err || !fetches)
		return err;
	if (!reg__is_scalar(&old))
		reg__set_unknown(&old);
	*fetched = old;
	facts__result(v, v->insn, fetched);
	return 0;
}

int mem__check_alignment(struct verifier *v, uint32_t regno, uint32_t size)
{
	struct access a = {.addr = regno, .size = size};

	return reg_at(v, regno)->type == REG_STACK ? check_alignment(v, &a, "stack") : 0;
}

int mem__check_region(struct verifier *v, uint32_t regno, uint32_t size, bool write)
{
	const struct reg *r = reg_at(v, regno);

	if (r->maybe_null)
		return reject(v, "R%u type=%s may be NULL (compare it with NULL first)", regno,
			reg_type__name(r));
	switch (r->type) {
	case REG_PACKET:
	case REG_PACKET_META: return check_packet(v, regno, 0, size);
	case REG_MAP_VALUE:
		facts__value_argument(v, r->map);
		return check_map_value(v, regno, 0, size, write);
	case REG_MEM: return check_mem(v, regno, 0, size, write);
	case REG_STACK: return stack__check_region(v, regno, size, write);
	default:
		return reject(v, "R%u type=%s expected=stack, packet, map_value or mem", regno,
			reg_type__name(r));
	}
}
