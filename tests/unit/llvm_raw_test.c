/* SPDX-License-Identifier: BSD-3-Clause
 *
 * llvm_raw_test.c -- compiled raw programs do what interpreted ones do, faults included.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ebpf-vm.h>

#include "random-program.h"
#include "raw-vm.h"

static ebpf_jit_fn compile(struct ebpf_vm *vm)
{
	char *err = NULL;
	ebpf_jit_fn fn = ebpf_compile(vm, &err);

	if (!fn)
		fail_msg("%s", err);
	return fn;
}

static void random_programs_agree_with_the_interpreter(void **state)
{
	uint64_t seed = 0x2545f4914f6cdd1d;

	for (unsigned i = 0; i < 150; i++) {
		struct ebpf_insn insns[RANDOM_PROGRAM_MAX];
		uint32_t n = random_program(&seed, 120, insns);
		struct ebpf_vm *interp = raw_vm__create("interp"), *llvm = raw_vm__create("llvm");
		uint8_t mem[2][RANDOM_PROGRAM_MEMORY] = {{0}};
		uint64_t expected = 0, got = 1;
		char *err = NULL;

		ebpf_toggle_bounds_check(llvm, i % 2);
		if (ebpf_load(interp, insns, n * 8, &err) || ebpf_load(llvm, insns, n * 8, &err))
			fail_msg("program %u: %s", i, err);
		assert_int_equal(ebpf_exec(interp, mem[0], sizeof(mem[0]), &expected), 0);
		assert_int_equal(ebpf_exec(llvm, mem[1], sizeof(mem[1]), &got), 0);
		if (got != expected)
			fail_msg("program %u: %#lx instead of %#lx", i, got, expected);
		assert_memory_equal(mem[0], mem[1], sizeof(mem[0]));
		ebpf_destroy(interp);
		ebpf_destroy(llvm);
	}
}

/* Both backends stop at the same instruction for the same reason, and leave the same in the
 * first byte of memory. */
static void expect_fault(const char *text, struct ebpf_fault expected, uint8_t left)
{
	static const char *const backends[] = {"interp", "llvm"};

	for (unsigned i = 0; i < 2; i++) {
		struct ebpf_vm *vm = raw_vm__create(backends[i]);
		uint8_t mem[16] = {0};
		struct ebpf_fault f;
		uint64_t r = 0;

		raw_vm__load(vm, text);
		assert_int_equal(ebpf_exec(vm, mem, sizeof(mem), &r), -EFAULT);
		assert_int_equal(mem[0], left);
		assert_int_equal(r, UINT64_MAX);
		assert_int_equal(ebpf_last_fault(vm, &f), 0);
		assert_int_equal(f.reason, expected.reason);
		assert_int_equal(f.insn, expected.insn);
		if (expected.reason == EBPF_FAULT_ACCESS) {
			assert_int_equal(f.size, expected.size);
			assert_int_equal(f.address, (uintptr_t)mem + expected.address);
		}
		ebpf_destroy(vm);
	}
}

static void faults_come_home_through_all_frames(void **state)
{
	expect_fault("call local a\n"
		     "mov %r0, 1\n"
		     "exit\n"
		     "a:\n"
		     "call local b\n"
		     "mov %r0, 2\n"
		     "exit\n"
		     "b:\n"
		     "ldxw %r0, [%r1+13]\n"
		     "exit\n",
		(struct ebpf_fault){EBPF_FAULT_ACCESS, 6, 13, 4}, 0);
	expect_fault("stxdw [%r1-8], %r2\n"
		     "exit\n",
		(struct ebpf_fault){EBPF_FAULT_ACCESS, 0, (uint64_t)-8, 8}, 0);
}

static void the_ninth_frame_is_one_too_many(void **state)
{
	expect_fault("call local again\n"
		     "exit\n"
		     "again:\n"
		     "ldxb %r2, [%r1]\n"
		     "add %r2, 1\n"
		     "stxb [%r1], %r2\n"
		     "call local again\n"
		     "exit\n",
		(struct ebpf_fault){EBPF_FAULT_DEPTH, 5, 0, 0}, EBPF_MAX_FRAMES - 1);
}

/* Addresses of frames, the callers' too, that only run time knows. */
static void frames_are_memory(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("llvm");
	uint8_t mem[8] = {24};
	uint64_t r;

	raw_vm__load(vm, "ldxb %r3, [%r1]\n"
			 "mov %r1, %r10\n"
			 "sub %r1, %r3\n"
			 "stdw [%r1], 41\n"
			 "call local add\n"
			 "ldxdw %r0, [%r0]\n"
			 "exit\n"
			 "add:\n"
			 "ldxdw %r2, [%r1]\n"
			 "add %r2, 1\n"
			 "stxdw [%r1], %r2\n"
			 "mov %r0, %r1\n"
			 "exit\n");
	assert_int_equal(ebpf_exec(vm, mem, sizeof(mem), &r), 0);
	assert_int_equal(r, 42);
	ebpf_destroy(vm);
}

/* A function that gives a pointer into its caller's frame, or stops. */
static void functions_return_pointers(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("llvm");
	uint8_t mem[8] = {0, 40};
	uint64_t r;

	raw_vm__load(vm, "mov %r2, %r1\n"
			 "mov %r1, %r10\n"
			 "add %r1, -8\n"
			 "stdw [%r10-8], 2\n"
			 "call local add\n"
			 "ldxdw %r0, [%r0]\n"
			 "exit\n"
			 "add:\n"
			 "ldxb %r3, [%r2+1]\n"
			 "ldxdw %r4, [%r1]\n"
			 "add %r4, %r3\n"
			 "stxdw [%r1], %r4\n"
			 "mov %r0, %r1\n"
			 "exit\n");
	assert_int_equal(ebpf_exec(vm, mem, sizeof(mem), &r), 0);
	assert_int_equal(r, 42);
	assert_int_equal(ebpf_exec(vm, mem, 1, &r), -EFAULT);
	assert_int_equal(r, UINT64_MAX);
	ebpf_destroy(vm);
}

static uint64_t no_map(void *user, uint32_t fd)
{
	return fd - 7;
}

static void symbolic_immediates_may_be_zero(void **state)
{
	for (uint32_t fd = 7; fd < 9; fd++) {
		struct ebpf_lddw_helpers helpers = {.map_by_fd = no_map};
		struct ebpf_vm *vm = raw_vm__create("llvm");
		uint64_t r = 9;

		assert_int_equal(ebpf_set_lddw_helpers(vm, &helpers), 0);
		raw_vm__load(vm, fd == 7 ? "lddw %r1, map_by_fd(7)\n"
					   "mov %r0, 1\n"
					   "jeq %r1, 0, end\n"
					   "mov %r0, 2\n"
					   "end:\n"
					   "exit\n"
					 : "lddw %r0, map_by_fd(8)\n"
					   "exit\n");
		assert_int_equal(ebpf_exec(vm, NULL, 0, &r), 0);
		assert_int_equal(r, 1);
		ebpf_destroy(vm);
	}
}

static ebpf_jit_fn inner;

static uint64_t run_inner(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	uint8_t mem[1];

	return inner(mem, sizeof(mem));
}

static void programs_nest_through_helpers(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("llvm"), *faulty = raw_vm__create("llvm");
	struct ebpf_fault f;

	raw_vm__load(faulty, "ldxdw %r0, [%r1]\n"
			     "exit\n");
	inner = compile(faulty);
	assert_int_equal(ebpf_register(vm, 5000, "run_inner", run_inner), 0);
	raw_vm__load(vm, "stdw [%r10-8], 3\n"
			 "mov %r6, 5000\n"
			 "call %r6\n"
			 "mov %r7, %r0\n"
			 "ldxdw %r0, [%r10-8]\n"
			 "add %r0, %r7\n"
			 "exit\n");
	assert_int_equal(compile(vm)(NULL, 0), 2);
	assert_int_equal(ebpf_last_fault(vm, &f), -ENOENT); /* the outer one ended well */
	ebpf_destroy(vm);
	ebpf_destroy(faulty);
}

static void call_of_an_unknown_helper_stops(void **state)
{
	expect_fault("mov %r6, 77\n"
		     "call %r6\n"
		     "exit\n",
		(struct ebpf_fault){EBPF_FAULT_HELPER, 1, 0, 0}, 0);
}

static void *compile_some(void *arg)
{
	uintptr_t failed = 0;

	for (unsigned i = 0; i < 5; i++) {
		struct ebpf_vm *vm = ebpf_create("llvm");
		static const struct ebpf_insn insns[] = {{0xbf, 0, 2, 0, 0}, {0x95, 0, 0, 0, 0}};
		uint64_t r = 0;

		failed |= !vm || ebpf_load(vm, insns, sizeof(insns), NULL) ||
			  ebpf_exec(vm, &r, sizeof(r), &r) || r != sizeof(r);
		ebpf_destroy(vm);
	}
	return (void *)failed;
}

static void threads_compile_side_by_side(void **state)
{
	pthread_t threads[4];
	void *failed;

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, compile_some, NULL), 0);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_programs_agree_with_the_interpreter),
		cmocka_unit_test(faults_come_home_through_all_frames),
		cmocka_unit_test(the_ninth_frame_is_one_too_many),
		cmocka_unit_test(frames_are_memory),
		cmocka_unit_test(functions_return_pointers),
		cmocka_unit_test(symbolic_immediates_may_be_zero),
		cmocka_unit_test(programs_nest_through_helpers),
		cmocka_unit_test(call_of_an_unknown_helper_stops),
		cmocka_unit_test(threads_compile_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
