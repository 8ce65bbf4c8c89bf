/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verifier.c -- one run: every path of the program, instruction by instruction.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"

#define DEFAULT_BUDGET 1000000
#define DEFAULT_MEMORY (512u << 20)
#define FRAME_ALIGN    16 /* of a function's stack in the kernel's JIT for this machine */

int check_readable(struct verifier *v, uint32_t regno)
{
	if (reg_at(v, regno)->type == REG_UNSET)
		return reject(v, "R%u !read_ok: it has no value here", regno);
	return 0;
}

static int examine(struct verifier *v, uint32_t *next)
{
	const struct isa_insn *in = insn_at(v);

	*next = v->insn + in->words;
	if (v->prog.info[v->insn].writes_frame)
		return reject(v, "frame pointer is read only");
	switch (in->op) {
	case ISA_LOAD:
	case ISA_LOADSX: return mem__check_load(v, in);
	case ISA_STORE: return mem__check_store(v, in);
	case ISA_CALL: return call__check(v, in, next);
	case ISA_EXIT: return call__return(v, next);
	default: break;
	}
	if (isa__is_atomic(in->op))
		return mem__check_atomic(v, in);
	if (isa__is_jump(in->op))
		return branch__check(v, in, next);
	return alu__check(v, in);
}

/* Before an instruction: is there anything new to find? */
static int arrive(struct verifier *v, bool *covered)
{
	struct state *checkpoint = NULL;
	int err = 0;

	*covered = false;
	if (++v->stats.insns_examined > v->budget)
		return fail(v, -E2BIG,
			"the program is too large: %llu instructions examined (is there a loop "
			"without a bound?)",
			(unsigned long long)v->budget);
	if (v->prog.info[v->insn].prune)
		err = prune__visit(v, covered, &checkpoint);
	if (err || *covered)
		return err;
	return precision__append(v, checkpoint);
}

static bool is_jump_class(const struct isa_insn *in)
{
	return isa__is_jump(in->op) || in->op == ISA_CALL || in->op == ISA_EXIT;
}

static void log__before(struct verifier *v)
{
	if (v->log_level < 2)
		return;
	if (!v->insn && !v->cur->trail->prev) {
		log__add(v, "0:");
		log__state(v, v->cur);
	}
	log__source(v, v->insn);
	log__insn(v, v->insn);
}

static void log__after(struct verifier *v, uint32_t insn)
{
	if (v->log_level >= 2)
		log__effect(v, insn);
}

static void log__path_end(struct verifier *v, uint32_t from, bool covered)
{
	if (!v->log_level)
		return;
	if (covered)
		log__add(v, "%u: safe\n", from);
	if (!v->cur)
		return;
	log__add(v, "\nfrom %u to %u:", v->cur->trail ? v->cur->trail->insn : 0, v->insn);
	log__state(v, v->cur);
	v->logged_line = 0;
}

static int explore(struct verifier *v)
{
	while (v->cur) {
		uint32_t next = NO_INSN, here = v->insn;
		bool covered;
		int err = arrive(v, &covered);

		if (!err && !covered) {
			facts__before(v);
			log__before(v);
			v->jumps += is_jump_class(insn_at(v));
			err = examine(v, &next);
			log__after(v, here);
		}
		if (err)
			return err;
		if (next == NO_INSN) {
			prune__next_path(v);
			log__path_end(v, here, covered);
		} else {
			v->insn = next;
		}
	}
	return 0;
}

static int init(struct verifier *v)
{
	v->checkpoints = arena__array(&v->arena, v->view->n_insns, sizeof(*v->checkpoints));
	v->ids = state__new_id_map(&v->arena);
	v->loops = loop__new(&v->arena);
	if (!v->checkpoints || !v->ids || !v->loops)
		return -ENOMEM;
	fastcall__find(&v->prog);
	global__find_moves(&v->prog);
	program__find_live(&v->prog);
	return facts__init(v);
}

/* All paths of one function: the program, or a global one. */
static int explore_function(struct verifier *v, uint32_t func)
{
	const struct func_info *f = &v->prog.funcs[func];
	struct state *s = arena__alloc(&v->arena, sizeof(*s));

	v->cur = s;
	v->insn = f->start;
	if (!s)
		return -ENOMEM;
	s->frames[0] = frame__new(&v->arena, func, 0);
	if (!s->frames[0])
		return -ENOMEM;
	if (func)
		global__enter(v, f, s->frames[0]);
	else
		reg__set_pointer(&s->frames[0]->regs[1], REG_CTX);
	if (func && v->log_level)
		log__add(v, "\nglobal function %s:\n", f->type->name);
	return explore(v);
}

/* Linux counts the frames of every chain of calls in the text, whatever a path makes of them,
 * so recursion is refused even where it ends. level[f]: frames until f is entered, f's too. */
static int check_call_depth(struct verifier *v)
{
	uint32_t *level = arena__array(&v->arena, v->prog.n_funcs, sizeof(*level));

	if (!level)
		return -ENOMEM;
	level[0] = 1;
	for (uint32_t round = 0; round < MAX_FRAMES; round++) {
		for (v->insn = 0; v->insn < v->view->n_insns; v->insn++) {
			uint32_t own = level[v->prog.info[v->insn].func], func, *callee;

			if (!own || !program__callee(&v->prog, v->insn, &func))
				continue;
			callee = &level[v->prog.info[func].func];
			if (*callee <= own)
				*callee = own + 1;
			if (*callee > MAX_FRAMES)
				return reject(
					v, "the call stack of %u frames is too deep", *callee);
		}
	}
	return 0;
}

/* The stack of the deepest chain of calls, whatever path leads there. deepest[f]: bytes of f
 * and the functions below it, with at most as many frames as there were rounds. */
static int check_stack_depth(struct verifier *v)
{
	uint32_t n = v->prog.n_funcs;
	uint32_t *deepest = arena__array(&v->arena, n, sizeof(*deepest));
	uint32_t *before = arena__array(&v->arena, n, sizeof(*before));

	if (!deepest || !before)
		return -ENOMEM;
	for (uint32_t round = 0; round < MAX_FRAMES; round++) {
		memcpy(before, deepest, n * sizeof(*before));
		memset(deepest, 0, n * sizeof(*deepest));
		for (uint32_t i = 0; i < v->view->n_insns; i++) {
			uint32_t *most = &deepest[v->prog.info[i].func], func, below;

			if (!program__callee(&v->prog, i, &func))
				continue;
			below = before[v->prog.info[func].func];
			if (below > *most)
				*most = below;
		}
		for (uint32_t f = 0; f < n; f++) {
			uint32_t own = v->prog.funcs[f].stack_depth;

			deepest[f] += (own + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
		}
	}
	v->insn = 0;
	if (deepest[0] > STACK_SIZE)
		return reject(v, "combined stack size of the calls is %u, too large", deepest[0]);
	return 0;
}

static int prove(struct verifier *v, struct verifier_result *res)
{
	uint32_t func = 0;
	int err = init(v);

	if (!err)
		err = explore_function(v, 0);
	while (!err && global__next(v, &func))
		err = explore_function(v, func);
	if (!err)
		err = check_call_depth(v);
	fastcall__finish(&v->prog);
	if (!err)
		err = check_stack_depth(v);
	if (!err)
		err = tail_call__check_stack(v);
	if (!err)
		err = facts__finish(v, &res->facts);
	return err;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* What the log says last. */
static void conclude(struct verifier *v, int err)
{
	if (err == -ENOMEM && !v->reason)
		v->reason = strdup("out of memory: the program has too many paths, or the machine "
				   "too little");
	if (err && v->cur) {
		log__source(v, v->insn);
		log__add(v, "%u:", v->insn);
		log__state(v, v->cur);
		log__insn(v, v->insn);
		log__add(v, "\n");
	}
	if (err && v->reason)
		log__add(v, "%s\n", v->reason);
	if (v->log_level)
		log__add(v, "processed %llu insns, total_states %u peak_states %u\n",
			(unsigned long long)v->stats.insns_examined, v->stats.states_total,
			v->stats.states_peak);
}

int verifier__run(const struct program_view *view, const struct verifier_opts *opts,
	struct verifier_result *res)
{
	struct verifier v = {.view = view, .ctx = ctx_table__of(view->type)};
	uint64_t start = now();
	int err;

	memset(res, 0, sizeof(*res));
	v.log_level = opts ? opts->log_level : 0;
	v.arena.limit = opts && opts->memory_budget ? opts->memory_budget : DEFAULT_MEMORY;
	v.budget = opts && opts->insn_budget ? opts->insn_budget : DEFAULT_BUDGET;
	err = program__init(&v.prog, view, &v.arena, &v.reason);
	if (!err && view->type != EBPF_PROGRAM_RAW) {
		err = program__check_typed(&v.prog, &v.arena, &v.reason);
		if (!err)
			err = prove(&v, res);
	}
	conclude(&v, err);
	v.stats.ns = now() - start;
	v.stats.memory = v.arena.size;
	res->stats = v.stats;
	res->missing_helper = v.missing_helper;
	res->log = v.log.text;
	res->reason = v.reason;
	arena__release(&v.arena);
	return err;
}

void verifier__release(struct verifier_result *res)
{
	free(res->facts.insn);
	free(res->log);
	free(res->reason);
	memset(res, 0, sizeof(*res));
}
