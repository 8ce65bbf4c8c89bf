/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tail-call.c -- calls that do not come back. Of a function that succeeds in a tail call the
 * caller gets what some other program returns, after whatever that did to the packet.
 */
#include <string.h>

#include "internal.h"

#define TAIL_CALLER_STACK 256 /* of the functions above one that tail-calls */
#define FRAME_ALIGN       16

int tail_call__check(struct verifier *v)
{
	struct func_info *func = &v->prog.funcs[state__top(v->cur)->func];
	struct state *after;
	struct frame *gone;
	int err;

	func->tail_calls = true;
	for (uint32_t f = 1; f <= v->cur->top; f++)
		if (v->cur->frames[f]->callback)
			return reject(v, "cannot tail call within a callback");
	if (!v->cur->top)
		return 0; /* the program ends there: no path to follow */
	err = prune__push(v, state__top(v->cur)->call_insn + 1, &after);
	if (err)
		return err;
	gone = state__top(after);
	call__forget_buffers(after);
	after->frames[after->top--] = NULL;
	reg__set_unknown(&state__top(after)->regs[0]);
	call__forget_packet(after);
	facts__result(v, gone->call_insn, &state__top(after)->regs[0]);
	frame__free(&v->arena, gone);
	return 0;
}

/* above[f]: bytes of the deepest chain of functions that leads to f, without f. */
static void find_stack_above(const struct verifier *v, uint32_t *above)
{
	for (uint32_t round = 0; round < MAX_FRAMES; round++) {
		for (uint32_t i = 0; i < v->view->n_insns; i++) {
			uint32_t from = v->prog.info[i].func, func, own, *most;

			if (!program__callee(&v->prog, i, &func))
				continue;
			own = v->prog.funcs[from].stack_depth;
			own = above[from] + (own + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
			most = &above[v->prog.info[func].func];
			if (own > *most)
				*most = own;
		}
	}
}

int tail_call__check_stack(struct verifier *v)
{
	uint32_t *above = arena__array(&v->arena, v->prog.n_funcs, sizeof(*above));

	if (!above)
		return -ENOMEM;
	find_stack_above(v, above);
	for (uint32_t f = 1; f < v->prog.n_funcs; f++) {
		if (!v->prog.funcs[f].tail_calls || above[f] < TAIL_CALLER_STACK)
			continue;
		v->insn = v->prog.funcs[f].start;
		return reject(v,
			"tail_calls are not allowed when call stack of previous frames is %u "
			"bytes. "
			"Too large",
			above[f]);
	}
	return 0;
}
