/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw.c -- what compiled raw programs call: compiled to bitcode, linked into their modules.
 *
 * Of a raw program little is proved in advance. What another access may touch is looked up at run
 * time: the memory it was given, the frames of the functions that are running, values of its
 * maps. A violation leaves the fault in env and takes every function home with UINT64_MAX.
 *
 * A function of the program registers its frame when it begins. The frames of the callers are
 * below: env->frames[0 .. env->depth).
 */
#include "core/jit-entry.h"
#include "ebpf-vm.h"
#include "runtime/map.h"

#ifdef __NVPTX__ /* regions are the host's memory */
#define ebpf_regions__allow(r, address, size, write) false
#else
/* core/regions.h */
bool ebpf_regions__allow(const struct ebpf_regions *r, uint64_t address, uint64_t size, bool write);
#endif

/* In every module of a raw program. */
extern const struct ebpf_program ebpf_self;
extern const struct rt_map *const ebpf_raw_maps[];
extern const uint32_t ebpf_raw_n_maps, ebpf_raw_stack_size, ebpf_raw_frames;
extern const uint64_t ebpf_raw_budget;

void ebpf_raw_start(struct ebpf_env *env, uint8_t *mem, uint64_t len);
void ebpf_raw_enter(struct ebpf_env *env, uint8_t *frame);
void ebpf_raw_leave(struct ebpf_env *env);
bool ebpf_raw_check(
	struct ebpf_env *env, uint64_t address, uint64_t size, bool write, uint32_t insn);
bool ebpf_raw_may_call(struct ebpf_env *env, uint32_t insn);
bool ebpf_raw_goes_on(struct ebpf_env *env, uint32_t insn);
void ebpf_raw_no_helper(struct ebpf_env *env, uint32_t insn);
void ebpf_raw_over_budget(struct ebpf_env *env, uint32_t insn);
uint64_t ebpf_jit(void *mem, size_t len);

rt_hot void ebpf_raw_start(struct ebpf_env *env, uint8_t *mem, uint64_t len)
{
	env->mem = mem;
	env->mem_len = len;
	env->depth = 0;
	env->budget = ebpf_raw_budget;
	env->fault_reason = EBPF_FAULT_NONE;
}

rt_hot void ebpf_raw_enter(struct ebpf_env *env, uint8_t *frame)
{
	env->frames[env->depth++].stack = frame;
}

rt_hot void ebpf_raw_leave(struct ebpf_env *env)
{
	env->depth--;
}

rt_inline bool within(uint64_t address, uint64_t size, uint64_t base, uint64_t len)
{
	return size <= len && address - base <= len - size;
}

static void fault(struct ebpf_env *env, uint32_t reason, uint32_t insn)
{
	env->fault_reason = reason;
	env->fault_insn = insn;
	env->fault_address = env->fault_size = 0;
}

rt_cold static bool check_elsewhere(
	struct ebpf_env *env, uint64_t address, uint64_t size, bool write, uint32_t insn)
{
	for (uint32_t i = 0; i < env->depth; i++)
		if (within(address, size, (uintptr_t)env->frames[i].stack, ebpf_raw_stack_size))
			return true;
	for (uint32_t i = 0; i < ebpf_raw_n_maps; i++)
		if (rt_map__owns(ebpf_raw_maps[i], env->worker, (void *)address, size))
			return true;
	if (ebpf_regions__allow(env->regions, address, size, write))
		return true;
	fault(env, EBPF_FAULT_ACCESS, insn);
	env->fault_address = address;
	env->fault_size = (uint32_t)size;
	return false;
}

/* May the program touch these bytes? */
rt_hot bool ebpf_raw_check(
	struct ebpf_env *env, uint64_t address, uint64_t size, bool write, uint32_t insn)
{
	return likely(within(address, size, (uintptr_t)env->mem, env->mem_len)) ||
	       check_elsewhere(env, address, size, write, insn);
}

/* Is there room for another frame? */
rt_hot bool ebpf_raw_may_call(struct ebpf_env *env, uint32_t insn)
{
	if (likely(env->depth < ebpf_raw_frames))
		return true;
	fault(env, EBPF_FAULT_DEPTH, insn);
	return false;
}

/* Did the function that was called at `insn` come home without a fault? */
rt_hot bool ebpf_raw_goes_on(struct ebpf_env *env, uint32_t insn)
{
	return likely(env->fault_reason == EBPF_FAULT_NONE);
}

void ebpf_raw_no_helper(struct ebpf_env *env, uint32_t insn)
{
	fault(env, EBPF_FAULT_HELPER, insn);
}

void ebpf_raw_over_budget(struct ebpf_env *env, uint32_t insn)
{
	fault(env, EBPF_FAULT_BUDGET, insn);
}

uint64_t ebpf_jit(void *mem, size_t len)
{
	return ebpf_jit_run(ebpf_program_entry, &ebpf_self, mem, len);
}
