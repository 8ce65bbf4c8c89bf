/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stack.c -- frames that are too large for the stack of who runs the program.
 *
 * One stack is made with the code, so that there is one for a run when no other is under way. Those
 * that go on at the same time, or inside of another, get memory of their own; of what is given back
 * one is kept.
 */
#include <stdlib.h>

#include "code.h"

static uint8_t *make(const struct interp_code *code)
{
	return aligned_alloc(FRAME_LINE, code->stack_bytes);
}

bool interp_stack__prepare(struct interp_code *code)
{
	code->stack_bytes = (size_t)code->max_frames << code->frame_shift;
	if (code->stack_bytes <= INTERP_THREAD_STACK)
		return true;
	code->spare_stack = make(code);
	return code->spare_stack;
}

uint8_t *interp_stack__take(struct interp_code *code)
{
	uint8_t *stack = atomic_exchange(&code->spare_stack, NULL);

	return stack ? stack : make(code);
}

void interp_stack__give_back(struct interp_code *code, uint8_t *stack)
{
	free(atomic_exchange(&code->spare_stack, stack));
}
