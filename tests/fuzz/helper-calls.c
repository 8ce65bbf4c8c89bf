/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Calls of helpers, of all that there are: each argument is found or made by the kind that the
 * helper's prototype gives it, so that a new helper needs nothing here unless it has a kind of
 * its own.
 *
 * First every argument is planned and what it needs is written; a plan takes from what r1..r5 do
 * not hold, so that the arguments can then be put there in their order.
 */
#include <string.h>

#include "model.h"
#include "runtime/helpers.h"
#include "verifier/map-use.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum source {
	FROM_NOTHING, /* whatever is in the register */
	FROM_NUMBER,
	FROM_REGISTER,
	FROM_STACK,
	FROM_MAP,
	FROM_MAP_VALUE,
};

struct argument {
	enum source from;
	int reg;        /* or map */
	int32_t number; /* or what is added to the register, the stack pointer, the value */
};

struct plan {
	const struct helper_proto *proto;
	struct argument args[5];
	const struct ebpf_map_opts *map; /* NULL: none so far */
	uint32_t map_index;
	uint32_t size;  /* of what it returns, where that is memory */
	uint8_t dynptr; /* that it makes, a bit */
};

/* Results on which no two machines agree: time, chance, who it is that runs, what is elsewhere. */
static const uint32_t volatile_helpers[] = {BPF_FUNC_ktime_get_ns, BPF_FUNC_get_prandom_u32,
	BPF_FUNC_get_current_pid_tgid, BPF_FUNC_get_current_uid_gid, BPF_FUNC_get_current_task,
	BPF_FUNC_get_numa_node_id, BPF_FUNC_get_current_cgroup_id, BPF_FUNC_probe_read_user,
	BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read_user_str, BPF_FUNC_probe_read_kernel_str,
	BPF_FUNC_jiffies64, BPF_FUNC_get_ns_current_pid_tgid,
	BPF_FUNC_get_current_ancestor_cgroup_id, BPF_FUNC_ktime_get_boot_ns,
	BPF_FUNC_ktime_get_coarse_ns, 208 /* ktime_get_tai_ns */, BPF_FUNC_trace_printk,
	BPF_FUNC_trace_vprintk, BPF_FUNC_perf_event_output, BPF_FUNC_fib_lookup, BPF_FUNC_check_mtu,
	BPF_FUNC_tcp_raw_gen_syncookie_ipv4, BPF_FUNC_tcp_raw_gen_syncookie_ipv6,
	BPF_FUNC_tcp_raw_check_syncookie_ipv4, BPF_FUNC_tcp_raw_check_syncookie_ipv6,
	BPF_FUNC_get_current_comm};

/* A register that a call's arguments do not overwrite and that holds one of `kinds`; -1: none. */
static int steady(struct writer *w, const struct state *s, uint32_t kinds)
{
	static const uint8_t regs[] = {7, 8, 9, 0};
	uint32_t i, first = draw(w, 4);

	for (i = 0; i < 4; i++) {
		int reg = regs[(first + i) % 4];

		if (kinds & 1U << s->regs[reg].kind)
			return reg;
	}
	return -1;
}

static bool plan_number(struct writer *w, struct state *s, struct argument *a)
{
	static const int32_t small[] = {0, 0, 1, 2, 3, 4, 8, 14, 16, -1, -4, -8, 64};
	int reg = draw(w, 3) ? -1 : steady(w, s, 1 << SCALAR);

	*a = (struct argument){FROM_NUMBER, .number = small[draw(w, ARRAY_SIZE(small))]};
	if (reg >= 0)
		*a = (struct argument){FROM_REGISTER, reg};
	else if (!draw(w, 8))
		a->number = draw_imm(w);
	return true;
}

/* Numbers below `slots` at the stack's buffer that begins in `slot`; low addresses last. */
static void fill_slots(struct writer *w, struct state *s, int slot, int slots, bool small)
{
	for (; slots--; slot--) {
		int reg = small ? -1 : scalar(w, s);

		if (mistake(w, WRONG_STACK))
			continue;
		if (reg < 0)
			emit(w, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, slot_offset(slot),
				draw(w, 4));
		else
			emit(w, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, reg, slot_offset(slot), 0);
		s->slots[slot].kind = SCALAR;
	}
}

/* Memory of `size` bytes to read; in the packet only where the helper may. */
static bool plan_memory(struct writer *w, struct state *s, struct plan *p, struct argument *a,
	uint32_t size, bool write)
{
	uint32_t kinds = write ? 1U << VALUE : 1U << VALUE | 1U << CONST_VALUE;
	int32_t at;
	int reg;

	if (p->proto->id == BPF_FUNC_dynptr_from_mem) {
		reg = steady(w, s, 1U << VALUE);
		*a = (struct argument){FROM_REGISTER, reg, reg < 0 ? 0 : -s->regs[reg].off};
		return reg >= 0 && s->regs[reg].range >= size;
	}
	if (p->proto->flags & HELPER_READS_PACKET)
		kinds |= 1U << PACKET | 1U << PACKET_META;
	reg = draw(w, 2) ? -1 : steady(w, s, kinds);
	if (reg >= 0 && s->regs[reg].range >= size) {
		at = (int32_t)draw(w, s->regs[reg].range - size + 1) - s->regs[reg].off;
		*a = (struct argument){FROM_REGISTER, reg, at + mistake(w, WRONG_BOUNDS)};
		return true;
	}
	if (size > VALUE_BYTES)
		return false;
	if (!write || draw(w, 2))
		fill_slots(w, s, VALUE_SLOT, VALUE_SLOT - KEY_SLOT, false);
	*a = (struct argument){FROM_STACK, .number = slot_offset(VALUE_SLOT)};
	return true;
}

static bool is_lpm(const struct plan *p)
{
	return p->map->type == BPF_MAP_TYPE_LPM_TRIE;
}

/* A small key, so that it is found now and then; the length of a prefix first. */
static bool plan_key(struct writer *w, struct state *s, struct plan *p, struct argument *a)
{
	if (!p->map || p->map->key_size > 8)
		return false;
	if (!draw(w, 6) && plan_memory(w, s, p, a, p->map->key_size, false))
		return true;
	fill_slots(w, s, KEY_SLOT, 1, draw(w, 4));
	if (is_lpm(p))
		emit(w, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, slot_offset(KEY_SLOT),
			draw(w, 5) * 8);
	*a = (struct argument){FROM_STACK, .number = slot_offset(KEY_SLOT)};
	return true;
}

static bool writes(const struct helper_proto *proto)
{
	return proto->id == BPF_FUNC_map_update_elem || proto->id == BPF_FUNC_map_delete_elem;
}

static bool plan_map(struct writer *w, struct state *s, struct plan *p, struct argument *a)
{
	int reg = draw(w, 3) ? -1 : steady(w, s, 1 << INNER_MAP);
	uint32_t i, first = draw(w, GENERATED_N_MAPS), map;

	if (reg >= 0) {
		p->map_index = s->regs[reg].range;
		p->map = generated_maps[p->map_index].inner;
		*a = (struct argument){FROM_REGISTER, reg};
		return map_use__allowed(p->proto->id, p->map->type);
	}
	for (i = 0; i < GENERATED_N_MAPS; i++) {
		map = (first + i) % GENERATED_N_MAPS;
		if ((map_use__allowed(p->proto->id, generated_maps[map].type) &&
			    !(writes(p->proto) && generated_maps[map].flags & BPF_F_RDONLY_PROG)) ||
			(!i && (mistake(w, WRONG_HELPER) || mistake(w, WRONG_WRITE)))) {
			p->map_index = map;
			p->map = &generated_maps[map];
			*a = (struct argument){FROM_MAP, (int)map};
			return true;
		}
	}
	return false;
}

static bool is_size(uint8_t kind)
{
	return kind == ARG_SIZE || kind == ARG_SIZE_OR_ZERO || kind == ARG_CONST_SIZE ||
	       kind == ARG_CONST_SIZE_OR_ZERO;
}

/* A number that is masked, in a register that stays; -1: none. */
static int bounded(struct writer *w, struct state *s, uint32_t mask, bool positive)
{
	int reg = steady(w, s, 1 << SCALAR);

	if (reg <= 0 || s->locked & 1 << reg)
		return -1;
	if (!mistake(w, WRONG_RANGE))
		emit(w, BPF_ALU64 | BPF_AND | BPF_K, reg, 0, 0, (int32_t)mask);
	if (positive)
		emit(w, BPF_ALU64 | BPF_OR | BPF_K, reg, 0, 0, 1);
	return reg;
}

/* Memory and, in the argument behind it, how much. */
static bool plan_sized(
	struct writer *w, struct state *s, struct plan *p, uint32_t i, bool write, bool nullable)
{
	uint8_t kind = i + 1 < p->proto->n_args ? p->proto->args[i + 1] : ARG_NONE;
	bool zero = kind == ARG_SIZE_OR_ZERO || kind == ARG_CONST_SIZE_OR_ZERO;
	uint32_t size = 1 + draw(w, draw(w, 4) ? 16 : VALUE_BYTES);
	int reg = -1;

	if (!is_size(kind))
		return false;
	if (nullable && !draw(w, 4)) {
		p->args[i] = p->args[i + 1] = (struct argument){FROM_NUMBER};
		return true;
	}
	if (draw(w, 4))
		size = (size + 3) & ~3U; /* what most of them like */
	if (!draw(w, 3) && (kind == ARG_SIZE || kind == ARG_SIZE_OR_ZERO))
		reg = bounded(w, s, 31, kind == ARG_SIZE);
	if (reg >= 0)
		size = 31;
	p->size = size;
	p->args[i + 1] = reg >= 0 ? (struct argument){FROM_REGISTER, reg}
				  : (struct argument){FROM_NUMBER,
					    .number = zero && !draw(w, 6) ? 0 : (int32_t)size};
	return plan_memory(w, s, p, &p->args[i], size, write);
}

/* Four or eight bytes that the helper writes, aligned. */
static bool plan_word(struct writer *w, struct state *s, struct argument *a)
{
	fill_slots(w, s, KEY_SLOT, 1, true);
	*a = (struct argument){FROM_STACK, .number = slot_offset(KEY_SLOT)};
	return true;
}

static const int dynptr_slots[] = {DYNPTR_SLOT, DYNPTR_2_SLOT};

static bool takes(const struct helper_proto *proto, uint8_t kind)
{
	uint32_t i;

	for (i = 0; i < proto->n_args; i++)
		if (proto->args[i] == kind)
			return true;
	return false;
}

/* One that was made; or where none was, the second if there is a first to be taken too. */
static bool plan_dynptr(
	struct writer *w, struct state *s, struct plan *p, struct argument *a, bool make)
{
	uint32_t which = s->dynptrs & 1 ? 0 : 1;

	if (make) {
		which = takes(p->proto, ARG_DYNPTR);
		if (s->in_loop || (which == 1 && !(s->dynptrs & 1)) || s->open)
			return false;
		p->dynptr = (uint8_t)(1 << which);
	} else if (s->dynptrs == 3 && !takes(p->proto, ARG_DYNPTR_UNINIT)) {
		which = draw(w, 2);
	} else if (!s->dynptrs && !mistake(w, WRONG_CLOSE)) {
		return false;
	}
	*a = (struct argument){FROM_STACK, .number = slot_offset(dynptr_slots[which])};
	return true;
}

static bool plan_argument(struct writer *w, struct state *s, struct plan *p, uint32_t i)
{
	struct argument *a = &p->args[i];

	switch (p->proto->args[i]) {
	case ARG_ANY:
	case ARG_SCALAR: return plan_number(w, s, a);
	case ARG_CONST:
		*a = (struct argument){FROM_NUMBER, .number = (int32_t)draw(w, 4)};
		return true;
	case ARG_CTX: *a = (struct argument){FROM_REGISTER, CONTEXT_REG}; return true;
	case ARG_MAP: return plan_map(w, s, p, a);
	case ARG_MAP_KEY: return plan_key(w, s, p, a);
	case ARG_MAP_VALUE: return p->map && plan_memory(w, s, p, a, p->map->value_size, false);
	case ARG_UNINIT_MAP_VALUE:
		return p->map && plan_memory(w, s, p, a, p->map->value_size,
					 p->map->type != BPF_MAP_TYPE_BLOOM_FILTER);
	case ARG_MEM: return plan_sized(w, s, p, i, false, false);
	case ARG_MEM_OR_NULL: return plan_sized(w, s, p, i, false, true);
	case ARG_UNINIT_MEM: return plan_sized(w, s, p, i, true, false);
	case ARG_UNINIT_MEM_OR_NULL: return plan_sized(w, s, p, i, true, true);
	case ARG_BUFFER_OR_NULL: return plan_sized(w, s, p, i, true, true);
	case ARG_INOUT_U32:
	case ARG_OUT_U64: return plan_word(w, s, a);
	case ARG_HEADER20: return plan_memory(w, s, p, a, 20, false);
	case ARG_HEADER40: return plan_memory(w, s, p, a, 40, false);
	case ARG_CONST_STRING:
		*a = (struct argument){FROM_MAP_VALUE, MAP_CONST, (int32_t)draw(w, 32)};
		return true;
	case ARG_SIZE:
	case ARG_SIZE_OR_ZERO:
	case ARG_CONST_SIZE:
	case ARG_CONST_SIZE_OR_ZERO: return i > 0; /* planned with its memory */
	case ARG_ALLOC_SIZE:
		p->size = 1 + draw(w, VALUE_BYTES);
		*a = (struct argument){FROM_NUMBER, .number = (int32_t)p->size};
		return true;
	case ARG_DYNPTR_UNINIT: return plan_dynptr(w, s, p, a, true);
	case ARG_DYNPTR: return plan_dynptr(w, s, p, a, false);
	case ARG_DONTCARE: return true;
	default: return false;
	}
}

static void write_argument(struct writer *w, uint8_t dst, const struct argument *a)
{
	switch (a->from) {
	case FROM_NUMBER: emit(w, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, a->number); break;
	case FROM_REGISTER:
	case FROM_STACK:
		emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst,
			a->from == FROM_STACK ? BPF_REG_10 : (uint8_t)a->reg, 0, 0);
		if (a->number)
			emit(w, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, a->number);
		break;
	case FROM_MAP: emit_map(w, dst, (uint32_t)a->reg); break;
	case FROM_MAP_VALUE: emit_map_value(w, dst, (uint32_t)a->reg, a->number); break;
	default: break;
	}
}

/* What a lookup finds. */
static struct value found_value(struct writer *w, const struct plan *p)
{
	const struct ebpf_map_opts *o = p->map;
	struct value v = {.kind = VALUE, .id = ++w->last_id, .range = (uint16_t)o->value_size};

	switch (o->type) {
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return (struct value){.kind = INNER_MAP, .range = (uint16_t)p->map_index};
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH: v.kind = CONST_VALUE; break;
	case BPF_MAP_TYPE_XSKMAP: v.kind = NOTHING; break;
	default:
		if (o->lock_off)
			v.kind = NOTHING; /* not all of it may be touched */
		else if (o->flags & BPF_F_RDONLY_PROG)
			v.kind = CONST_VALUE;
		else if (o->flags & BPF_F_WRONLY_PROG)
			v.kind = WRITE_VALUE;
	}
	return v;
}

/* r0 is a pointer or NULL: leaves the function, or a block, where it is NULL. */
static void write_null_check(struct writer *w, struct state *s, struct value found)
{
	int copy = target(w, s);
	struct state body;
	uint32_t jump;

	s->regs[0].kind = NOTHING;
	if (copy) {
		emit(w, BPF_ALU64 | BPF_MOV | BPF_X, (uint8_t)copy, 0, 0, 0);
		s->regs[copy].kind = NOTHING;
	}
	if (mistake(w, WRONG_NULL)) {
		s->regs[0] = s->regs[copy] = found;
		return;
	}
	if (!s->open && draw(w, 2)) {
		jump = emit(w, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0, 0);
		body = *s;
		write_exit(w, &body);
		land(w, jump);
		s->regs[0] = s->regs[copy] = found;
	} else {
		jump = emit(w, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
		body = *s;
		body.regs[0] = body.regs[copy] = found;
		write_block(w, &body, 6);
		land(w, jump);
		join(s, &body);
	}
}

static void write_result(struct writer *w, struct state *s, const struct plan *p)
{
	const struct helper_proto *proto = p->proto;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(volatile_helpers); i++)
		w->out->volatile_results |= proto->id == volatile_helpers[i];
	if (proto->flags & HELPER_MOVES_PACKET && !mistake(w, WRONG_STALE))
		forget_packet(s);
	if (p->dynptr) {
		forget_slices(s);
		s->dynptrs |= p->dynptr;
	}
	if (proto->ret == RET_MAP_VALUE_OR_NULL)
		write_null_check(w, s, found_value(w, p));
	else if (proto->ret == RET_MEM_OR_NULL || proto->ret == RET_RDONLY_MEM_OR_NULL)
		write_null_check(w, s,
			(struct value){.kind = proto->ret == RET_MEM_OR_NULL ? VALUE : CONST_VALUE,
				.id = ++w->last_id,
				.range = (uint16_t)p->size,
				.slice = true});
	else if (proto->ret == RET_SCALAR)
		set_scalar(s, 0);
}

/* Those that give or take what must be given back are called by sections.c. */
static bool is_plain(const struct helper_proto *proto)
{
	return !is_section(proto->id) && !(proto->flags & (HELPER_ACQUIRES | HELPER_RELEASES)) &&
	       (proto->ret == RET_SCALAR || proto->ret == RET_NOTHING ||
		       proto->ret == RET_MAP_VALUE_OR_NULL || proto->ret == RET_MEM_OR_NULL ||
		       proto->ret == RET_RDONLY_MEM_OR_NULL);
}

/* All plain helpers, and those that take a dynptr. */
static struct {
	const struct helper_proto *all[2 * 512], *of_dynptrs[2 * 512];
	uint32_t n, n_of_dynptrs;
} plain;

static void find_plain(void)
{
	uint32_t i;

	for (i = 0; i < 2 * 512; i++) {
		const struct helper_proto *proto = helper__find(i < 512 ? i : KFUNC_BASE + i - 512);

		if (!proto || !is_plain(proto))
			continue;
		plain.all[plain.n++] = proto;
		if (takes(proto, ARG_DYNPTR))
			plain.of_dynptrs[plain.n_of_dynptrs++] = proto;
	}
}

static const struct helper_proto *choose(struct writer *w, const struct state *s)
{
	if (!plain.n)
		find_plain();
	if (s->dynptrs && draw(w, 2))
		return plain.of_dynptrs[draw(w, plain.n_of_dynptrs)];
	switch (draw(w, 5)) {
	case 0: return helper__find(BPF_FUNC_map_lookup_elem);
	case 1: return helper__find(BPF_FUNC_map_update_elem);
	default: return plain.all[draw(w, plain.n)];
	}
}

/* May the function that is being written call it here? */
static bool fits(const struct writer *w, const struct state *s, const struct helper_proto *proto)
{
	if (s->no_calls || (s->no_context && takes(proto, ARG_CTX)))
		return false;
	if (proto->flags & HELPER_MOVES_PACKET)
		return !s->in_loop && w->funcs[w->func].moves_packet;
	return !(proto->flags & HELPER_TAIL_CALL) || (!w->func && !s->open);
}

static bool write_plan(struct writer *w, struct state *s, struct plan *p)
{
	uint16_t locked = s->locked;
	uint32_t i;

	if (!fits(w, s, p->proto))
		return false;
	for (i = 0; i < p->proto->n_args; i++) {
		if (!plan_argument(w, s, p, i))
			break;
		if (p->args[i].from == FROM_REGISTER)
			s->locked |= 1 << p->args[i].reg;
	}
	s->locked = locked;
	if (i < p->proto->n_args)
		return false;
	for (i = 0; i < p->proto->n_args; i++)
		write_argument(w, (uint8_t)(i + 1), &p->args[i]);
	return true;
}

bool write_call_of(struct writer *w, struct state *s, const struct helper_proto *proto,
	uint32_t *map, uint32_t *size)
{
	struct plan p = {.proto = proto};

	if (!write_plan(w, s, &p))
		return false;
	*map = p.map_index;
	*size = p.size;
	s->dynptrs |= p.dynptr;
	emit_call(w, s, proto->id);
	return true;
}

void write_helper_call(struct writer *w, struct state *s)
{
	/* Not for XDP, and harmless where a verifier lets them through. */
	static const uint32_t wrong[] = {
		0, BPF_FUNC_skb_store_bytes, BPF_FUNC_get_route_realm, 9999};
	struct plan p = {.proto = choose(w, s)};

	if (!write_plan(w, s, &p))
		return;
	emit_call(w, s, mistake(w, WRONG_HELPER) ? wrong[draw(w, 4)] : p.proto->id);
	write_result(w, s, &p);
}
