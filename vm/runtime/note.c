/* SPDX-License-Identifier: BSD-3-Clause
 *
 * note.c -- what a kernel notes instead of doing it.
 */
#include "ebpf-offload.h"
#include "helpers.h"
#include "map-target.h"
#include "note.h"
#include "uapi.h"

rt_hot void rt_note__again(struct ebpf_env *env)
{
	env->notes->full = 1;
}

rt_inline void note(struct ebpf_env *env, struct ebpf_note what)
{
	struct ebpf_notes *notes = env->notes;

	if (notes->n == notes->max)
		notes->full = 1;
	else
		notes->note[notes->n++] = what;
}

rt_hot void rt_note__add(
	struct ebpf_env *env, uint32_t map, uint32_t size, uint64_t offset, uint64_t operand)
{
	note(env, (struct ebpf_note){.kind = EBPF_NOTE_ADD,
			  .size = (uint8_t)size,
			  .map = (uint16_t)map,
			  .offset = offset,
			  .operand = operand});
}

/* As helper_redirect_map(), but for the entry's program, of which the host alone has a use. The
 * last call for a packet counts, also if it finds nothing: so each is noted. */
rt_hot uint64_t rt_note__redirect_map(
	struct ebpf_env *env, const struct rt_map *m, uint32_t map, uint64_t key, uint64_t flags)
{
	if (unlikely(flags & ~rt_redirect__flags(m)))
		return RT_XDP_ABORTED;
	env->redirect.kind = EBPF_REDIRECT_NONE;
	note(env, (struct ebpf_note){.kind = EBPF_NOTE_REDIRECT,
			  .map = (uint16_t)map,
			  .offset = flags,
			  .operand = key});
	if (flags & RT_F_BROADCAST || (uint32_t)rt_target__word_of(m, (uint32_t)key))
		return RT_XDP_REDIRECT;
	return flags & RT_REDIRECT_ACTION;
}
