/* SPDX-License-Identifier: BSD-3-Clause
 *
 * note.h -- what a kernel notes instead of doing it (ebpf-offload.h). Called by compiled kernels
 * alone: env->notes is there.
 */
#ifndef VM_RUNTIME_NOTE_H
#define VM_RUNTIME_NOTE_H

#include "map.h"

/* The packet goes back: what else happens to it here does not count. */
void rt_note__again(struct ebpf_env *env);
/* To the `size` bytes at `offset` in the memory of the program's map number `map` `operand` is to
 * be added. */
void rt_note__add(
	struct ebpf_env *env, uint32_t map, uint32_t size, uint64_t offset, uint64_t operand);
/* bpf_redirect_map() by the program's map number `map`, which is `m`: whether there is an entry is
 * seen here, where it leads the host's to find. */
uint64_t rt_note__redirect_map(
	struct ebpf_env *env, const struct rt_map *m, uint32_t map, uint64_t key, uint64_t flags);

#endif
