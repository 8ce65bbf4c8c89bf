/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "assembled.h"
#include "isa/isa.h"

struct ebpf_driver assembled__driver(void)
{
	return (struct ebpf_driver){.name = "test",
		.bitcode = llvm_driver,
		.bitcode_size = llvm_driver_size,
		.cache_size = 1}; /* looks ahead in every map that it can */
}

struct ebpf_program *assembled__load(
	struct ebpf_instance *inst, const char *text, struct ebpf_map *map)
{
	struct ebpf_program_spec spec = {
		.name = "test", .type = EBPF_PROGRAM_XDP, .maps = &map, .n_maps = map ? 1 : 0};
	struct ebpf_program *prog;
	struct ebpf_insn *insns;
	char *err = NULL;

	if (isa__assemble(text, &insns, &spec.n_insns, &err))
		fail_msg("%s", err);
	spec.insns = insns;
	prog = ebpf_program__load(inst, &spec, NULL, &err);
	if (!prog)
		fail_msg("%s", err);
	free(insns);
	return prog;
}

char *assembled__with_prologue(unsigned need, const char *text)
{
	char *whole = NULL;
	int n = asprintf(&whole,
		"mov %%r6, %%r1\n"
		"ldxw %%r2, [%%r1]\n"
		"ldxw %%r3, [%%r1+4]\n"
		"mov %%r4, %%r2\n"
		"add %%r4, %u\n"
		"mov %%r0, 0\n"
		"jgt %%r4, %%r3, end\n"
		"%s",
		need, text);

	assert_true(n > 0);
	return whole;
}
