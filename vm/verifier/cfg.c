/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cfg.c -- the structure of a program: instructions, functions, jumps.
 *
 * A function begins at word 0, at every target of a local call and at every address taken by
 * LDDW; it ends where the next begins. Control enters it at its first instruction and leaves
 * it by exit only, so a function's last instruction is an exit or an unconditional jump.
 */
#include <linux/bpf.h>

#include "../core/error.h"
#include "internal.h"

static int bad(char **errmsg, uint32_t insn, const char *what)
{
	return error__set(errmsg, -EINVAL, "insn %u: %s", insn, what);
}

static int decode_all(struct program *p, char **errmsg)
{
	uint32_t n = p->view->n_insns;
	const char *why = NULL;

	for (uint32_t i = 0; i < n; i += p->insns[i].words)
		if (isa__decode(&p->view->insns[i], n - i, &p->insns[i], &why))
			return bad(errmsg, i, why);
	return 0;
}

static bool is_second_word(const struct program *p, uint32_t insn)
{
	return !p->insns[insn].words;
}

/* Nobody looks at the paths of a raw program, so no instruction of it may write r10; others may
 * where no path leads. */
static int check_frame_pointer(struct program *p, char **errmsg)
{
	for (uint32_t i = 0; i < p->view->n_insns; i++) {
		uint16_t reads, writes = 0;

		if (!is_second_word(p, i) && p->insns[i].op != ISA_CALL)
			insn__uses(p, i, &reads, &writes);
		p->info[i].writes_frame = writes >> EBPF_REG_FRAME & 1;
		if (p->info[i].writes_frame && p->view->type == EBPF_PROGRAM_RAW)
			return bad(errmsg, i, "frame pointer is read only");
	}
	return 0;
}

static bool takes_func_address(const struct program *p, const struct isa_insn *in)
{
	return in->op == ISA_LDDW && in->src == EBPF_LDDW_CODE && p->view->type != EBPF_PROGRAM_RAW;
}

/* Where a local call or a function's address leads; false if the instruction is neither. */
static bool func_target(const struct program *p, uint32_t insn, int64_t *target)
{
	const struct isa_insn *in = &p->insns[insn];

	if (in->op == ISA_CALL && in->src == EBPF_CALL_LOCAL)
		*target = (int64_t)insn + 1 + in->target;
	else if (takes_func_address(p, in))
		*target = (int64_t)insn + 1 + (int32_t)in->imm;
	else
		return false;
	return true;
}

bool program__callee(const struct program *p, uint32_t insn, uint32_t *func)
{
	int64_t target;

	if (is_second_word(p, insn) || !func_target(p, insn, &target))
		return false;
	*func = (uint32_t)target;
	return true;
}

static const struct ebpf_func *type_of(const struct program_view *view, uint32_t insn)
{
	for (uint32_t i = 0; i < view->n_funcs; i++)
		if (view->funcs[i].insn == insn)
			return &view->funcs[i];
	return NULL;
}

static int find_funcs(struct program *p, struct arena *a, char **errmsg)
{
	uint32_t n = p->view->n_insns, f = 0;
	bool *starts = arena__array(a, n, sizeof(*starts));
	int64_t target;

	if (!starts)
		return -ENOMEM;
	starts[0] = true;
	p->n_funcs = 1;
	for (uint32_t i = 0; i < n; i++) {
		if (!func_target(p, i, &target))
			continue;
		if (target < 0 || target >= n || is_second_word(p, (uint32_t)target))
			return bad(errmsg, i, "the function called is not in the program");
		p->n_funcs += !starts[target];
		starts[target] = true;
	}
	p->funcs = arena__array(a, p->n_funcs, sizeof(*p->funcs));
	if (!p->funcs)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		if (starts[i]) {
			p->funcs[f].start = i;
			p->funcs[f].type = type_of(p->view, i);
			if (f)
				p->funcs[f - 1].end = i;
			f++;
		}
		p->info[i].func = f - 1;
	}
	p->funcs[f - 1].end = n;
	return 0;
}

static int check_jump(const struct program *p, uint32_t insn, char **errmsg)
{
	const struct func_info *f = &p->funcs[p->info[insn].func];
	int64_t target = (int64_t)insn + 1 + p->insns[insn].target;

	if (target < f->start || target >= f->end)
		return error__set(errmsg, -EINVAL,
			"insn %u: jump out of range from insn %u to %lld", insn, insn,
			(long long)target);
	if (is_second_word(p, (uint32_t)target))
		return bad(errmsg, insn, "jump into the second word of a 64-bit immediate");
	p->info[target].prune = true;
	p->info[target].target = true;
	if (p->insns[insn].op != ISA_JA)
		p->info[insn].prune = true;
	if (p->insns[insn].op == ISA_MAY_GOTO)
		p->info[insn].loop = LOOP_MAY_GOTO;
	return 0;
}

static bool throws(const struct isa_insn *in)
{
	return in->op == ISA_CALL && in->src == EBPF_CALL_KFUNC && in->imm == KFUNC_throw;
}

bool program__falls_through(const struct program *p, uint32_t insn)
{
	const struct isa_insn *in = &p->insns[insn];

	if (in->op == ISA_EXIT || in->op == ISA_JA)
		return false;
	return !throws(in) || insn + 1 < p->funcs[p->info[insn].func].end;
}

static int check_last_insns(const struct program *p, char **errmsg)
{
	for (uint32_t f = 0; f < p->n_funcs; f++) {
		uint32_t last = p->funcs[f].end - 1;

		if (is_second_word(p, last))
			last--;
		if (program__falls_through(p, last))
			return bad(errmsg, last,
				"the last instruction of a function is not an exit or jump");
	}
	return 0;
}

static bool raw_helper_known(const struct program_view *view, uint32_t id)
{
	const struct helper_proto *proto = helper__find(id);

	for (uint32_t lo = 0, hi = view->n_helpers; lo < hi;) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (view->helpers[mid].id == id)
			return true;
		if (view->helpers[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return proto && (proto->flags & HELPER_RAW);
}

static bool asks_for_next(const struct isa_insn *in)
{
	const struct helper_proto *proto = known_helper__find((uint32_t)in->imm);

	return in->src == EBPF_CALL_KFUNC && proto && proto->ret == RET_ITER_ELEM_OR_NULL;
}

static int check_call(const struct program *p, uint32_t insn, char **errmsg)
{
	const struct isa_insn *in = &p->insns[insn];

	if (in->src == EBPF_CALL_KFUNC && p->view->type == EBPF_PROGRAM_RAW)
		return bad(errmsg, insn, "calls of kernel functions are not for raw programs");
	p->info[insn].loop = callback__is_called_by(in) ? LOOP_CALLBACK
			     : asks_for_next(in)        ? LOOP_ITER
							: LOOP_NONE;
	p->info[insn].prune |= p->info[insn].loop != LOOP_NONE;
	if (in->src == EBPF_CALL_LOCAL) {
		if (insn + 1 < p->view->n_insns)
			p->info[insn + 1].prune = true;
		return 0;
	}
	if (p->view->type == EBPF_PROGRAM_RAW && !raw_helper_known(p->view, (uint32_t)in->imm))
		return error__set(errmsg, -EINVAL, "insn %u: helper %lld is not registered", insn,
			(long long)in->imm);
	return 0;
}

int program__init(
	struct program *p, const struct program_view *view, struct arena *a, char **errmsg)
{
	int err;

	*p = (struct program){.view = view};
	if (!view->n_insns)
		return error__set(errmsg, -EINVAL, "the program has no instructions");
	p->insns = arena__array(a, view->n_insns, sizeof(*p->insns));
	p->info = arena__array(a, view->n_insns, sizeof(*p->info));
	if (!p->insns || !p->info)
		return error__set(errmsg, -ENOMEM, "out of memory");
	err = decode_all(p, errmsg);
	if (err)
		return err;
	err = find_funcs(p, a, errmsg);
	if (err == -ENOMEM)
		return error__set(errmsg, err, "out of memory");
	if (!err)
		err = check_frame_pointer(p, errmsg);
	for (uint32_t i = 0; !err && i < view->n_insns; i++) {
		if (isa__is_jump(p->insns[i].op) && !is_second_word(p, i))
			err = check_jump(p, i, errmsg);
		else if (p->insns[i].op == ISA_CALL && !is_second_word(p, i))
			err = check_call(p, i, errmsg);
	}
	return err ? err : check_last_insns(p, errmsg);
}

/* Instructions that can follow; callees and functions whose address is taken count. */
static uint32_t successors(const struct program *p, uint32_t insn, int64_t next[2])
{
	const struct isa_insn *in = &p->insns[insn];
	uint32_t n = 0;

	if (program__falls_through(p, insn))
		next[n++] = (int64_t)insn + in->words;
	if (isa__is_jump(in->op))
		next[n++] = (int64_t)insn + 1 + in->target;
	else if (func_target(p, insn, &next[n]))
		n++;
	return n;
}

static int check_reachable(struct program *p, struct arena *a, char **errmsg)
{
	uint32_t n = p->view->n_insns, depth = 0;
	bool *seen = arena__array(a, n, sizeof(*seen));
	uint32_t *todo = arena__array(a, n, sizeof(*todo));
	int64_t next[2];

	if (!seen || !todo)
		return error__set(errmsg, -ENOMEM, "out of memory");
	todo[depth++] = 0;
	seen[0] = true;
	while (depth) {
		uint32_t k = successors(p, todo[--depth], next);

		while (k--) {
			if (seen[next[k]])
				continue;
			seen[next[k]] = true;
			todo[depth++] = (uint32_t)next[k];
		}
	}
	for (uint32_t i = 0; i < n; i++)
		if (!seen[i] && !is_second_word(p, i))
			return error__set(errmsg, -EINVAL, "insn %u: unreachable insn %u", i, i);
	return 0;
}

/* The address of a map's value: only maps of one element have one. */
static int check_value_address(const struct program *p, uint32_t insn, char **errmsg)
{
	const struct map_view *m = &p->view->maps[(uint32_t)p->insns[insn].imm];
	uint32_t off = (uint32_t)((uint64_t)p->insns[insn].imm >> 32);

	if (m->geo.type != BPF_MAP_TYPE_ARRAY || m->geo.max_entries != 1)
		return error__set(errmsg, -EINVAL, "insn %u: map '%s' has no direct value access",
			insn, m->name);
	if (off >= m->geo.value_size)
		return error__set(errmsg, -EINVAL,
			"insn %u: offset %u is outside of map '%s' with value_size=%u", insn, off,
			m->name, m->geo.value_size);
	return 0;
}

static int check_lddw(const struct program *p, uint32_t insn, char **errmsg)
{
	const struct isa_insn *in = &p->insns[insn];

	switch (in->src) {
	case EBPF_LDDW_IMM:
	case EBPF_LDDW_CODE: return 0;
	case EBPF_LDDW_MAP_IDX:
	case EBPF_LDDW_MAP_IDX_VALUE:
		if ((uint32_t)in->imm >= p->view->n_maps)
			return error__set(errmsg, -EINVAL, "insn %u: there is no map %u", insn,
				(uint32_t)in->imm);
		return in->src == EBPF_LDDW_MAP_IDX_VALUE ? check_value_address(p, insn, errmsg)
							  : 0;
	default:
		return error__set(errmsg, -EINVAL,
			"insn %u: this kind of 64-bit immediate (%u) must be resolved before", insn,
			in->src);
	}
}

int program__check_typed(struct program *p, struct arena *a, char **errmsg)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < p->view->n_insns; i++) {
		if (is_second_word(p, i))
			continue;
		if (p->insns[i].op == ISA_CALLX)
			err = bad(errmsg, i, "calls through a register are for raw programs only");
		else if (p->insns[i].op == ISA_LDDW)
			err = check_lddw(p, i, errmsg);
	}
	return err ? err : check_reachable(p, a, errmsg);
}

int verifier__check_structure(const struct program_view *view, char **errmsg)
{
	struct arena arena = {0};
	struct program p;
	int err;

	err = program__init(&p, view, &arena, errmsg);
	if (!err && view->type != EBPF_PROGRAM_RAW)
		err = program__check_typed(&p, &arena, errmsg);
	arena__release(&arena);
	return err;
}
