/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a VM is told about its programs: how much they may take, what else they may touch, and that
 * their code is to be hidden, which changes nothing that they do (hidden.c looks for it). On every
 * backend, through the public API.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "isa/isa.h"

static const char *const backends[] = {
	"interp",
#ifdef HAVE_LLVM
	"llvm",
#endif
};
#define N_BACKENDS (sizeof(backends) / sizeof(backends[0]))

static struct ebpf_vm *create(size_t backend, const struct ebpf_limits *limits)
{
	struct ebpf_vm *vm = ebpf_create(backends[backend]);

	assert_non_null(vm);
	if (limits)
		assert_int_equal(ebpf_set_limits(vm, limits), 0);
	return vm;
}

static void load(struct ebpf_vm *vm, const char *text)
{
	struct ebpf_insn *insns;
	uint32_t n;
	char *err;

	if (isa__assemble(text, &insns, &n, &err) || ebpf_load(vm, insns, n * sizeof(*insns), &err))
		fail_msg("%s: %s", text, err);
	explicit_bzero(insns, n * sizeof(*insns));
	free(insns);
}

#define ANYWHERE UINT32_MAX

/* Must end with r0, or if there is a reason, be stopped for it at the instruction. */
static void assert_run(
	struct ebpf_vm *vm, uint64_t r0, enum ebpf_fault_reason reason, uint32_t insn)
{
	struct ebpf_fault fault = {0};
	uint64_t result = 0;
	int err = ebpf_exec(vm, NULL, 0, &result);

	if (!reason) {
		assert_int_equal(err, 0);
		assert_int_equal(result, r0);
		return;
	}
	assert_int_equal(err, -EFAULT);
	assert_int_equal(ebpf_last_fault(vm, &fault), 0);
	if (fault.reason != reason || (insn != ANYWHERE && fault.insn != insn))
		fail_msg("%s: reason %d at %u instead of %d at %u", ebpf_get_vm_name(vm),
			fault.reason, fault.insn, reason, insn);
}

static void run_with(const struct ebpf_limits *limits, const char *text, uint64_t r0,
	enum ebpf_fault_reason reason, uint32_t insn)
{
	for (size_t b = 0; b < N_BACKENDS; b++) {
		struct ebpf_vm *vm = create(b, limits);

		load(vm, text);
		assert_run(vm, r0, reason, insn);
		ebpf_destroy(vm);
	}
}

static void test_frames_are_as_large_as_was_said(void **state)
{
	static const char text[] = "mov %r1, %r10\n"
				   "sub %r1, 4096\n"
				   "stdw [%r1], 7\n"
				   "ldxdw %r0, [%r10-4096]\n"
				   "exit";

	run_with(&(struct ebpf_limits){.stack_size = 4096}, text, 7, EBPF_FAULT_NONE, 0);
	run_with(&(struct ebpf_limits){.stack_size = EBPF_MAX_STACK_SIZE}, text, 7, EBPF_FAULT_NONE,
		0);
	run_with(&(struct ebpf_limits){.stack_size = 4080}, text, 0, EBPF_FAULT_ACCESS, 2);
	run_with(&(struct ebpf_limits){.stack_size = 16},
		"stb [%r10-16], 1\nldxb %r0, [%r10-16]\nexit", 1, EBPF_FAULT_NONE, 0);
	run_with(&(struct ebpf_limits){.stack_size = 16}, "stb [%r10-17], 1\nexit", 0,
		EBPF_FAULT_ACCESS, 0);
}

static void test_every_function_has_a_whole_frame(void **state)
{
	run_with(&(struct ebpf_limits){.stack_size = 2048},
		"stdw [%r10-2048], 1\n"
		"mov %r1, %r10\n"
		"call local f\n"
		"ldxdw %r1, [%r10-2048]\n"
		"add %r0, %r1\n"
		"exit\n"
		"f:\n"
		"ldxdw %r0, [%r1-2048]\n"
		"stdw [%r10-2048], 2\n"
		"ldxdw %r2, [%r10-2048]\n"
		"add %r0, %r2\n"
		"exit",
		1 + 2 + 1, EBPF_FAULT_NONE, 0);
}

static void test_so_many_frames_and_no_more(void **state)
{
	static const char text[] = "call local f\n"
				   "exit\n"
				   "f:\n"
				   "call local g\n"
				   "exit\n"
				   "g:\n"
				   "mov %r0, 3\n"
				   "exit";

	run_with(&(struct ebpf_limits){.frames = 3}, text, 3, EBPF_FAULT_NONE, 0);
	run_with(&(struct ebpf_limits){.frames = 2}, text, 0, EBPF_FAULT_DEPTH, 2);
	run_with(&(struct ebpf_limits){.frames = 1}, text, 0, EBPF_FAULT_DEPTH, 0);
}

/* As deep as it goes, each function at the far end of its frame; or first all that again, in a run
 * of its own that a helper begins. */
static const char deep[] = "call 1\n"
			   "mov %r1, 6\n"
			   "call local f\n"
			   "exit\n"
			   "f:\n"
			   "mov %r2, %r10\n"
			   "sub %r2, 65536\n"
			   "stxdw [%r2], %r1\n"
			   "mov %r0, 0\n"
			   "jeq %r1, 0, back\n"
			   "sub %r1, 1\n"
			   "call local f\n"
			   "back:\n"
			   "mov %r2, %r10\n"
			   "ldxdw %r1, [%r2-32768]\n" /* half way, where nothing was written */
			   "add %r0, %r1\n"
			   "sub %r2, 65536\n"
			   "ldxdw %r1, [%r2]\n"
			   "add %r0, %r1\n"
			   "exit";
static _Thread_local unsigned nested;
static struct ebpf_vm *deep_vm;

static uint64_t run_nested(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	uint64_t result = 0;

	if (nested++ || ebpf_exec(deep_vm, NULL, 0, &result))
		return 0;
	return result;
}

static void *run_deep(void *result)
{
	for (int i = 0; i < 100; i++) {
		nested = 0;
		if (ebpf_exec(deep_vm, NULL, 0, result))
			return NULL;
	}
	return result;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SMALL_STACK ((size_t)512 << 10) /* sanitizers have needs of their own */
#else
#define SMALL_STACK ((size_t)64 << 10)
#endif

static void test_interpreted_frames_are_not_on_small_stacks(void **state)
{
	enum { N = 4 };
	uint64_t result[N];
	pthread_t thread[N];
	pthread_attr_t attr;

	deep_vm = create(0, &(struct ebpf_limits){.stack_size = EBPF_MAX_STACK_SIZE});
	assert_int_equal(ebpf_register(deep_vm, 1, "run_nested", run_nested), 0);
	load(deep_vm, deep);
	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstacksize(&attr, SMALL_STACK), 0);
	for (int i = 0; i < N; i++)
		assert_int_equal(pthread_create(&thread[i], &attr, run_deep, &result[i]), 0);
	for (int i = 0; i < N; i++) {
		void *done;

		pthread_join(thread[i], &done);
		assert_non_null(done);
		assert_int_equal(result[i], 6 * 7 / 2);
	}
	pthread_attr_destroy(&attr);
	ebpf_destroy(deep_vm);
}

static void test_endless_loops_end(void **state)
{
	struct ebpf_limits limits = {.budget = 1000000};

	run_with(&limits, "ja -1\nexit", 0, EBPF_FAULT_BUDGET, 0);
	run_with(&limits, "mov %r0, 0\nadd %r0, 1\nja -2\nexit", 0, EBPF_FAULT_BUDGET, ANYWHERE);
	/* a function that is called for ever */
	run_with(&limits, "call local f\nja -2\nexit\nf:\nexit", 0, EBPF_FAULT_BUDGET, ANYWHERE);
	/* and one that does not come back */
	run_with(&limits, "call local f\nexit\nf:\nmov %r0, 1\nja -1\nexit", 0, EBPF_FAULT_BUDGET,
		3);
}

/* A loop of so many rounds takes exactly so many instructions. */
static void test_the_budget_is_exact(void **state)
{
	static const char text[] = "mov %r6, 100\n"
				   "mov %r7, 0\n"
				   "again:\n"
				   "mov %r1, %r7\n"
				   "call local f\n"
				   "mov %r7, %r0\n"
				   "sub %r6, 1\n"
				   "jne %r6, 0, again\n"
				   "lddw %r1, 0x100000000\n"
				   "mov %r0, %r7\n"
				   "exit\n"
				   "f:\n"
				   "mov %r0, %r1\n"
				   "jset %r0, 1, odd\n"
				   "add %r0, 1\n"
				   "exit\n"
				   "odd:\n"
				   "add %r0, 3\n"
				   "exit";
	uint64_t takes = 2 + 100 * (5 + 4) + 3;

	for (size_t b = 0; b < N_BACKENDS; b++) {
		for (int less = 0; less <= 1; less++) {
			struct ebpf_vm *vm =
				create(b, &(struct ebpf_limits){.budget = takes - less});
			struct ebpf_fault fault;
			uint64_t result;

			load(vm, text);
			/* each run has all of it */
			for (int i = 0; i < 3; i++) {
				int err = ebpf_exec(vm, NULL, 0, &result);

				assert_int_equal(err, less ? -EFAULT : 0);
				if (!less)
					assert_int_equal(result, 50 * 4);
				else
					assert_int_equal(ebpf_last_fault(vm, &fault), 0);
				if (less)
					assert_int_equal(fault.reason, EBPF_FAULT_BUDGET);
			}
			ebpf_destroy(vm);
		}
	}
}

static void test_limits_that_cannot_be(void **state)
{
	struct ebpf_vm *vm = create(0, NULL);
	struct ebpf_limits was, now;

	ebpf_get_limits(vm, &was);
	assert_int_equal(was.stack_size, EBPF_STACK_SIZE);
	assert_int_equal(was.frames, EBPF_MAX_FRAMES);
	assert_int_equal(was.insns, EBPF_MAX_INSNS);
	assert_int_equal(was.helpers, EBPF_MAX_HELPERS);
	assert_true(was.budget == UINT64_MAX);
	assert_int_equal(ebpf_set_limits(vm, &(struct ebpf_limits){.frames = 1, .stack_size = 100}),
		-EINVAL);
	assert_int_equal(ebpf_set_limits(vm, &(struct ebpf_limits){.stack_size = 65552}), -EINVAL);
	assert_int_equal(
		ebpf_set_limits(vm, &(struct ebpf_limits){.frames = EBPF_MAX_FRAMES + 1}), -EINVAL);
	assert_int_equal(ebpf_set_limits(vm, &(struct ebpf_limits){0}), 0);
	ebpf_get_limits(vm, &now);
	assert_memory_equal(&was, &now, sizeof(was));
	load(vm, "mov %r0, 0\nexit");
	assert_int_equal(ebpf_set_limits(vm, &(struct ebpf_limits){.frames = 1}), -EBUSY);
	assert_int_equal(ebpf_set_pointer_secret(vm, 1), -EBUSY);
	ebpf_destroy(vm);
}

static uint64_t region_address(void *user, uint32_t number)
{
	return (uintptr_t)user + number;
}

/* A program that gets at `memory` by a callback, and does `access` there with r1. */
static struct ebpf_vm *load_region_program(size_t backend, uint8_t *memory, const char *access)
{
	struct ebpf_lddw_helpers h = {.var_addr = region_address, .user = memory};
	struct ebpf_vm *vm = create(backend, NULL);
	struct ebpf_insn code[8] = {{.opcode = 0x18, .dst = 1, .src = 3}}, *insns;
	uint32_t n;
	char *err;

	assert_int_equal(isa__assemble(access, &insns, &n, &err), 0);
	memcpy(code + 2, insns, n * sizeof(*insns));
	free(insns);
	assert_int_equal(ebpf_set_lddw_helpers(vm, &h), 0);
	if (ebpf_load(vm, code, (2 + n) * sizeof(*code), &err))
		fail_msg("%s", err);
	return vm;
}

static void test_regions_are_memory_of_the_program(void **state)
{
	uint8_t memory[32];

	for (size_t b = 0; b < N_BACKENDS; b++) {
		struct ebpf_vm *vm = load_region_program(
			b, memory, "stxdw [%r1+8], %r10\nldxb %r0, [%r1+7]\nexit");

		memset(memory, 5, sizeof(memory));
		assert_run(vm, 0, EBPF_FAULT_ACCESS, 2);
		assert_int_equal(memory[8], 5);
		/* to read, not to write */
		assert_int_equal(ebpf_add_region(vm, memory, sizeof(memory), false), 0);
		assert_int_equal(ebpf_add_region(vm, memory, 8, true), -EEXIST);
		assert_run(vm, 0, EBPF_FAULT_ACCESS, 2);
		assert_int_equal(memory[8], 5);
		assert_int_equal(ebpf_remove_region(vm, memory), 0);
		/* both, to the last byte */
		assert_int_equal(ebpf_add_region(vm, memory, 16, true), 0);
		assert_run(vm, 5, EBPF_FAULT_NONE, 0);
		assert_int_equal(ebpf_remove_region(vm, memory), 0);
		assert_int_equal(ebpf_add_region(vm, memory, 15, true), 0);
		assert_run(vm, 0, EBPF_FAULT_ACCESS, 2);
		assert_int_equal(ebpf_remove_region(vm, memory), 0);
		/* from the first */
		assert_int_equal(ebpf_add_region(vm, memory + 8, 24, true), 0);
		assert_run(vm, 0, EBPF_FAULT_ACCESS, 3);
		ebpf_destroy(vm);
	}
}

static void test_regions_that_cannot_be(void **state)
{
	struct ebpf_vm *vm = create(0, NULL);
	uint8_t memory[EBPF_MAX_REGIONS + 1];

	assert_int_equal(ebpf_remove_region(vm, memory), -ENOENT);
	assert_int_equal(ebpf_add_region(vm, memory, 0, true), -EINVAL);
	assert_int_equal(ebpf_add_region(vm, memory, SIZE_MAX, true), -EINVAL);
	for (unsigned i = 0; i < EBPF_MAX_REGIONS; i++)
		assert_int_equal(ebpf_add_region(vm, memory + i, 1, true), 0);
	assert_int_equal(ebpf_add_region(vm, memory + EBPF_MAX_REGIONS, 1, true), -ENOSPC);
	assert_int_equal(ebpf_remove_region(vm, memory), 0);
	assert_int_equal(ebpf_remove_region(vm, memory), -ENOENT);
	assert_int_equal(ebpf_add_region(vm, memory + EBPF_MAX_REGIONS, 1, true), 0);
	ebpf_destroy(vm);
}

static void *run_for_a_while(void *arg)
{
	struct ebpf_vm *vm = arg;
	uint64_t result;

	for (int i = 0; i < 20000; i++)
		if (ebpf_exec(vm, NULL, 0, &result))
			return vm;
	return NULL;
}

/* One region stays while others come and go. */
static void test_regions_change_while_programs_run(void **state)
{
	uint8_t memory[8 + EBPF_MAX_REGIONS];

	for (size_t b = 0; b < N_BACKENDS; b++) {
		struct ebpf_vm *vm = load_region_program(b, memory, "stdw [%r1], 1\nexit");
		void *stopped;
		pthread_t thread;

		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(ebpf_add_region(vm, memory + 8 + i, 1, false), 0);
		assert_int_equal(ebpf_add_region(vm, memory, 8, true), 0);
		assert_run(vm, 0, EBPF_FAULT_NONE, 0);
		assert_int_equal(pthread_create(&thread, NULL, run_for_a_while, vm), 0);
		for (unsigned i = 0; i < 20000; i++) {
			uint8_t *region = memory + 8 + i % 8;

			assert_int_equal(ebpf_remove_region(vm, region), 0);
			assert_int_equal(ebpf_add_region(vm, region, 1, false), 0);
		}
		pthread_join(thread, &stopped);
		assert_null(stopped);
		ebpf_destroy(vm);
	}
}

/* All of it works as without a secret: wide numbers, calls, faults and the budget. */
static void test_hidden_code_does_the_same(void **state)
{
	for (size_t b = 0; b < N_BACKENDS; b++) {
		struct ebpf_vm *vm = create(b, &(struct ebpf_limits){.budget = 1000});

		assert_int_equal(ebpf_set_pointer_secret(vm, UINT64_MAX), 0);
		load(vm, "lddw %r1, 0x123456789\ncall local f\nmov %r2, 10\nsub %r2, 1\n"
			 "jne %r2, 0, -2\nexit\nf:\nstxdw [%r10-8], %r1\n"
			 "lock fetch add [%r10-8], %r1\nldxdw %r0, [%r10-8]\nexit");
		assert_run(vm, 2 * 0x123456789ull, EBPF_FAULT_NONE, 0);
		ebpf_unload_code(vm);
		load(vm, "mov %r1, 0\nldxb %r0, [%r1]\nexit");
		assert_run(vm, 0, EBPF_FAULT_ACCESS, 1);
		ebpf_unload_code(vm);
		load(vm, "ja -1\nexit");
		assert_run(vm, 0, EBPF_FAULT_BUDGET, 0);
		ebpf_destroy(vm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_are_as_large_as_was_said),
		cmocka_unit_test(test_every_function_has_a_whole_frame),
		cmocka_unit_test(test_so_many_frames_and_no_more),
		cmocka_unit_test(test_interpreted_frames_are_not_on_small_stacks),
		cmocka_unit_test(test_endless_loops_end),
		cmocka_unit_test(test_the_budget_is_exact),
		cmocka_unit_test(test_limits_that_cannot_be),
		cmocka_unit_test(test_regions_are_memory_of_the_program),
		cmocka_unit_test(test_regions_that_cannot_be),
		cmocka_unit_test(test_regions_change_while_programs_run),
		cmocka_unit_test(test_hidden_code_does_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
