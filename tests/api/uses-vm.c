/* SPDX-License-Identifier: BSD-3-Clause
 *
 * uses-vm.c -- a VM of ebpf-vm.h: every call.
 */
#include <stdlib.h>
#include <string.h>

#include <ebpf-vm.h>

#include "failing.h"

static uint64_t sum(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return a + b;
}

static uint64_t number(void *user, uint32_t n)
{
	return n;
}

static uint64_t value(void *user, uint64_t map)
{
	return map + 1;
}

static void run(struct ebpf_vm *vm, uint64_t expected)
{
	uint8_t mem[16] = {5};
	char *why = NOT_SET;
	uint64_t r0 = 0;
	ebpf_jit_fn fn;

	if (failing__is_done(ebpf_exec(vm, mem, sizeof(mem), &r0)))
		SO(r0 == expected);
	fn = ebpf_compile(vm, &why);
	if (!strcmp(ebpf_get_vm_name(vm), "interp"))
		free(why);
	else if (failing__is_there((void *)fn, &why))
		SO(fn(mem, sizeof(mem)) == expected);
}

static void print_ptx(struct ebpf_vm *vm)
{
	char *text = NULL, *why = NOT_SET;

	if (failing__is_well(ebpf_get_ptx(vm, NULL, &text, &why), &why))
		SO(strstr(text, "ebpf_kernel"));
	free(text);
}

/* Compiled ahead of time, and run by a VM that has no compiler. */
static void use_aot(struct ebpf_vm *maker)
{
	char *why = NOT_SET;
	struct ebpf_aot_options opts = {.size = sizeof(opts), .errmsg = &why};
	uint8_t mem[16] = {5}, *elf = NULL;
	size_t size = 0;
	struct ebpf_vm *vm;
	uint64_t r0;

	if (!failing__is_well(ebpf_aot_compile(maker, &opts, &elf, &size), &why))
		return;
	vm = ebpf_create("interp");
	if (failing__is_there(vm, NULL) &&
		failing__is_well(ebpf_aot_load(vm, elf, size, &why), &why) &&
		failing__is_done(ebpf_exec(vm, mem, sizeof(mem), &r0)))
		SO(r0 == 10);
	ebpf_destroy(vm);
	free(elf);
}

/* r0 = first byte of the memory + 5; librte_bpf and GPUs can do that. */
static void load_plain(struct ebpf_vm *vm)
{
	const struct ebpf_insn code[] = {{.opcode = 0x71, .dst = 0, .src = 1},
		{.opcode = 0x07, .dst = 0, .imm = 5}, {.opcode = 0x95}};
	char *why = NOT_SET;

	if (failing__is_well(ebpf_load(vm, code, sizeof(code), &why), &why)) {
		run(vm, 10);
		if (!strcmp(ebpf_get_vm_name(vm), "llvm")) {
			print_ptx(vm);
			use_aot(vm);
		}
	}
	ebpf_unload_code(vm);
}

/* A helper with memory, a 64-bit load that asks, a function, a loop. */
static void load_rich(struct ebpf_vm *vm)
{
	const struct ebpf_insn code[] = {
		{.opcode = 0x18, .dst = 2, .src = 2, .imm = 6}, /* r2 = value of map 6 + 3 */
		{.imm = 3},
		{.opcode = 0xb7, .dst = 6, .imm = 3},
		{.opcode = 0x17, .dst = 6, .imm = 1},
		{.opcode = 0x55, .dst = 6, .off = -2}, /* to the line before */
		{.opcode = 0x71, .dst = 7, .src = 1},  /* r7 = first byte */
		{.opcode = 0x85, .src = 1, .imm = 2},  /* r0 = the function's */
		{.opcode = 0x0f, .dst = 0, .src = 7},
		{.opcode = 0x95},
		{.opcode = 0xb7, .dst = 1, .imm = 0},
		{.opcode = 0x85, .imm = 77},
		{.opcode = 0x95},
	};
	const struct ebpf_lddw_helpers lddw = {.map_by_fd = number, .map_val = value};
	const struct ebpf_limits limits = {.stack_size = 1024, .frames = 4, .budget = 1000};
	static uint8_t region[16];
	const struct ebpf_helper_type type = {
		.arg = {{.check = EBPF_CHECK_MEM, .size = 8, .may_be_null = true}}};
	char *why = NOT_SET;

	failing__is_done(ebpf_set_lddw_helpers(vm, &lddw));
	failing__is_done(ebpf_set_limits(vm, &limits));
	failing__is_done(ebpf_set_pointer_secret(vm, 0x123456789abcdef));
	if (failing__is_done(ebpf_add_region(vm, region, sizeof(region), true)))
		failing__is_done(ebpf_remove_region(vm, region));
	if (!failing__is_done(ebpf_register_typed(vm, 77, "sum", sum, &type)) ||
		!failing__is_done(ebpf_register(vm, 5, "five", sum)))
		return;
	if (failing__is_well(ebpf_load(vm, code, sizeof(code), &why), &why))
		run(vm, 15);
	ebpf_unload_code(vm);
	failing__is_done(ebpf_unregister(vm, 77));
}

void use_vm(void *backend)
{
	struct ebpf_vm *vm = ebpf_create(backend);

	if (!failing__is_there(vm, NULL))
		return;
	load_plain(vm);
	if (strcmp(backend, "rte") != 0)
		load_rich(vm);
	ebpf_destroy(vm);
}
