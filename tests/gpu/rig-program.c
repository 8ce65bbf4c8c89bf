/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/map.h"
#include "isa/isa.h"
#include "rig-program.h"

static const char source[] = "mov %r6, %r1\n"
			     "ldxw %r2, [%r1]\n"
			     "ldxw %r3, [%r1+4]\n"
			     "mov %r4, %r2\n"
			     "add %r4, 32\n"
			     "mov %r0, 0\n"
			     "jgt %r4, %r3, end\n"
			     "ldxb %r7, [%r2+18]\n"
			     "ldxb %r1, [%r2+19]\n"
			     "xor %r1, 255\n"
			     "stxb [%r2+19], %r1\n"
			     "mov %r1, %r7\n"
			     "and %r1, 3\n"
			     "stxw [%r10-4], %r1\n"
			     "mov %r2, %r10\n"
			     "add %r2, -4\n"
			     "lddw %r1, map_by_idx(0)\n"
			     "call 1\n"
			     "jeq %r0, 0, end\n"
			     "mov %r1, 1\n"
			     "lock add [%r0], %r1\n"
			     "mov %r1, 0\n"
			     "stxw [%r10-4], %r1\n"
			     "mov %r2, %r10\n"
			     "add %r2, -4\n"
			     "lddw %r1, map_by_idx(1)\n"
			     "call 1\n"
			     "jeq %r0, 0, end\n"
			     "ldxdw %r8, [%r0]\n"
			     "add %r8, %r7\n"
			     "and %r8, 3\n"
			     "jset %r7, 0x10, head\n"
			     "ja no_head\n"
			     "head:\n"
			     "mov %r1, %r6\n"
			     "mov %r2, -8\n"
			     "call 44\n"
			     "no_head:\n"
			     "jset %r7, 0x20, shrink\n"
			     "ja no_shrink\n"
			     "shrink:\n"
			     "mov %r1, %r6\n"
			     "mov %r2, -8\n"
			     "call 65\n"
			     "no_shrink:\n"
			     "jset %r7, 0x40, grow\n"
			     "ja no_grow\n"
			     "grow:\n"
			     "mov %r1, %r6\n"
			     "mov %r2, 8\n"
			     "call 65\n"
			     "no_grow:\n"
			     "mov %r0, %r8\n"
			     "end:\n"
			     "exit\n";

_Atomic uint64_t rig_noted[4];
struct ebpf_map *rig_maps[2];

static struct ebpf_map *make_array(struct ebpf_instance *inst, const char *name, uint32_t n)
{
	struct ebpf_map_opts opts = {.name = name,
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = n};
	char *err = NULL;
	struct ebpf_map *map = ebpf_map__create(inst, &opts, &err);

	if (!map)
		fail_msg("%s", err);
	return map;
}

struct ebpf_program *rig_program__load(struct ebpf_instance *inst)
{
	struct ebpf_program_spec spec = {
		.name = "rig", .type = EBPF_PROGRAM_XDP, .maps = rig_maps, .n_maps = 2};
	struct ebpf_program *prog;
	struct ebpf_insn *insns;
	char *err = NULL;

	rig_maps[0] = make_array(inst, "count", 4);
	rig_maps[1] = make_array(inst, "bias", RIG_BIASES);
	if (isa__assemble(source, &insns, &spec.n_insns, &err))
		fail_msg("%s", err);
	spec.insns = insns;
	prog = ebpf_program__load(inst, &spec, NULL, &err);
	if (!prog)
		fail_msg("%s", err);
	free(insns);
	return prog;
}

void rig_program__unload(struct ebpf_program *prog)
{
	ebpf_program__unref(prog);
	for (uint32_t i = 0; i < 2; i++)
		ebpf_map__unref(rig_maps[i]);
}

void rig_program__set_bias(uint64_t bias)
{
	rig_program__set_other(0, bias);
}

void rig_program__store_bias(uint64_t bias)
{
	const struct rt_map *m = &rig_maps[1]->rt;

	memcpy(m->mem + m->geo.values, &bias, sizeof(bias));
}

void rig_program__set_other(uint32_t key, uint64_t value)
{
	assert_int_equal(ebpf_map__update(rig_maps[1], &key, &value, BPF_ANY), 0);
}

void rig_program__clear_counts(void)
{
	uint64_t none = 0;

	for (uint32_t kind = 0; kind < 4; kind++) {
		atomic_store(&rig_noted[kind], 0);
		assert_int_equal(ebpf_map__update(rig_maps[0], &kind, &none, BPF_ANY), 0);
	}
}

uint64_t rig_program__count(uint32_t kind)
{
	uint64_t value = 0;

	assert_int_equal(ebpf_map__lookup(rig_maps[0], &kind, &value), 0);
	return value + atomic_load(&rig_noted[kind]);
}
