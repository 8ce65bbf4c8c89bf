/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs that go wrong are stopped, and it is told why and where. On every backend, through
 * the public API.
 */
#include <errno.h>
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

#define MEM_LEN 16

/* Runs the program over MEM_LEN bytes; true if it was stopped. */
static bool run(const char *backend, const char *text, uint8_t *mem, struct ebpf_fault *fault)
{
	struct ebpf_vm *vm = ebpf_create(backend);
	struct ebpf_insn *insns;
	uint64_t result;
	char *err;
	uint32_t n;
	int rc;

	if (!vm)
		fail_msg("no backend %s", backend);
	if (isa__assemble(text, &insns, &n, &err))
		fail_msg("%s: %s", text, err);
	if (ebpf_load(vm, insns, n * sizeof(*insns), &err))
		fail_msg("%s: %s: %s", backend, text, err);
	rc = ebpf_exec(vm, mem, MEM_LEN, &result);
	assert_true(rc == 0 || rc == -EFAULT);
	assert_int_equal(ebpf_last_fault(vm, fault), rc ? 0 : -ENOENT);
	if (rc)
		assert_true(result == UINT64_MAX);
	free(insns);
	ebpf_destroy(vm);
	return rc;
}

static void assert_stopped_on(size_t n_backends, const char *text, enum ebpf_fault_reason reason,
	uint32_t insn, uint32_t size)
{
	uint8_t mem[MEM_LEN];
	struct ebpf_fault fault;
	size_t b;

	for (b = 0; b < n_backends; b++) {
		if (!run(backends[b], text, mem, &fault))
			fail_msg("%s: not stopped:\n%s", backends[b], text);
		if (fault.reason != reason || fault.insn != insn || fault.size != size)
			fail_msg("%s: reason %d at %u, size %u:\n%s", backends[b], fault.reason,
				fault.insn, fault.size, text);
	}
}

static void assert_stopped(
	const char *text, enum ebpf_fault_reason reason, uint32_t insn, uint32_t size)
{
	assert_stopped_on(sizeof(backends) / sizeof(backends[0]), text, reason, insn, size);
}

/* The interpreter is stricter than compiled code. */
static void assert_interp_stops(const char *text, uint32_t insn, uint32_t size)
{
	assert_stopped_on(1, text, EBPF_FAULT_ACCESS, insn, size);
}

static void assert_access_stopped(const char *access, uint32_t size)
{
	char text[256];

	snprintf(text, sizeof(text), "mov %%r0, 0\n%s\nexit", access);
	assert_stopped(text, EBPF_FAULT_ACCESS, 1, size);
}

/* Every instruction that touches memory, over both ends of the memory and of the stack. */
static void test_every_access_is_checked(void **state)
{
	static const struct {
		char format[40];
		uint32_t size;
	} accesses[] = {
		{"ldxb %%r2, [%s%+d]", 1},
		{"ldxh %%r2, [%s%+d]", 2},
		{"ldxw %%r2, [%s%+d]", 4},
		{"ldxdw %%r2, [%s%+d]", 8},
		{"ldxsb %%r2, [%s%+d]", 1},
		{"ldxsh %%r2, [%s%+d]", 2},
		{"ldxsw %%r2, [%s%+d]", 4},
		{"stb [%s%+d], 1", 1},
		{"sth [%s%+d], 1", 2},
		{"stw [%s%+d], 1", 4},
		{"stdw [%s%+d], 1", 8},
		{"stxb [%s%+d], %%r2", 1},
		{"stxh [%s%+d], %%r2", 2},
		{"stxw [%s%+d], %%r2", 4},
		{"stxdw [%s%+d], %%r2", 8},
		{"lock add32 [%s%+d], %%r2", 4},
		{"lock add [%s%+d], %%r2", 8},
		{"lock or [%s%+d], %%r2", 8},
		{"lock and [%s%+d], %%r2", 8},
		{"lock xor [%s%+d], %%r2", 8},
		{"lock fetch add32 [%s%+d], %%r2", 4},
		{"lock fetch xor [%s%+d], %%r2", 8},
		{"lock xchg32 [%s%+d], %%r2", 4},
		{"lock xchg [%s%+d], %%r2", 8},
		{"lock cmpxchg32 [%s%+d], %%r2", 4},
		{"lock cmpxchg [%s%+d], %%r2", 8},
	};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
		int size = accesses[i].size;
		struct {
			const char *base;
			int off;
		} places[] = {
			{"%r1", MEM_LEN},
			{"%r1", -size},
			{"%r1", MEM_LEN - size + 1},
			{"%r1", -1},
			{"%r10", 0},
			{"%r10", -EBPF_STACK_SIZE - size},
			{"%r10", 1 - size},
			{"%r10", -EBPF_STACK_SIZE - 1},
			{"%r0", 0},
		};
		size_t p;

		for (p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
			snprintf(text, sizeof(text), accesses[i].format, places[p].base,
				places[p].off);
			assert_access_stopped(text, size);
		}
	}
}

static void test_interp_stops_misaligned_atomics(void **state)
{
	assert_interp_stops("lock add [%r10-12], %r1\nexit", 0, 8);
	assert_interp_stops("lock fetch add32 [%r10-6], %r1\nexit", 0, 4);
	assert_interp_stops("lock cmpxchg [%r10-9], %r1\nexit", 0, 8);
}

/* Of a loop that goes on beyond the memory, up or down, all is done up to there, and nothing more.
 */
static void test_loops_end_where_the_memory_does(void **state)
{
	static const char up[] = "mov %r0, 0\n"
				 "again:\n"
				 "stxw [%r1], %r2\n"
				 "add %r1, 4\n"
				 "add %r0, 1\n"
				 "jlt %r0, 1000, again\n"
				 "exit";
	static const char down[] = "add %r1, 12\n"
				   "again:\n"
				   "stxw [%r1], %r2\n"
				   "sub %r1, 4\n"
				   "ja again\n"
				   "exit";
	uint8_t mem[MEM_LEN + 4];
	struct ebpf_fault fault;

	for (size_t b = 0; b < sizeof(backends) / sizeof(backends[0]); b++) {
		for (int downwards = 0; downwards <= 1; downwards++) {
			memset(mem, 0xff, sizeof(mem));
			assert_true(run(backends[b], downwards ? down : up, mem, &fault));
			assert_int_equal(fault.reason, EBPF_FAULT_ACCESS);
			assert_int_equal(fault.insn, 1);
			assert_int_equal(
				fault.address, (uintptr_t)(downwards ? mem - 4 : mem + MEM_LEN));
			for (int i = 0; i < MEM_LEN; i++)
				assert_int_equal(mem[i], i % 4 ? 0 : MEM_LEN);
			assert_int_equal(mem[MEM_LEN], 0xff);
		}
	}
}

/* Loops that touch memory and stack in turns, at places that nobody knows before; one in another;
 * and one after the other, the first of which has left the memory for the stack. */
static void test_loops_go_from_memory_to_memory(void **state)
{
	static const char text[] = "mov %r6, %r1\n"
				   "mov %r7, %r10\n"
				   "sub %r7, 16\n"
				   "mov %r0, 0\n"
				   "mov %r3, 0\n"
				   "outer:\n"
				   "mov %r4, %r6\n"
				   "mov %r5, 0\n"
				   "inner:\n"
				   "stxb [%r4], %r5\n"
				   "ldxb %r1, [%r4]\n"
				   "add %r0, %r1\n"
				   "add %r4, 1\n"
				   "add %r5, 1\n"
				   "jlt %r5, 16, inner\n"
				   "mov %r1, %r6\n"
				   "mov %r6, %r7\n"
				   "mov %r7, %r1\n"
				   "add %r3, 1\n"
				   "jlt %r3, 4, outer\n"
				   "mov %r5, 16\n"
				   "last:\n"
				   "sub %r5, 1\n"
				   "mov %r4, %r6\n"
				   "add %r4, %r5\n"
				   "ldxb %r1, [%r4]\n"
				   "add %r0, %r1\n"
				   "jne %r5, 0, last\n"
				   "ldxb %r1, [%r7-1]\n" /* below the buffer in the stack */
				   "ldxb %r1, [%r6+16]\n"
				   "exit";
	uint8_t mem[MEM_LEN];
	struct ebpf_fault fault;

	for (size_t b = 0; b < sizeof(backends) / sizeof(backends[0]); b++) {
		assert_true(run(backends[b], text, mem, &fault));
		assert_int_equal(fault.insn, 26);
		assert_int_equal(fault.address, (uintptr_t)mem + MEM_LEN);
		for (int i = 0; i < MEM_LEN; i++)
			assert_int_equal(mem[i], i);
	}
}

static void test_addresses_that_wrap_are_stopped(void **state)
{
	assert_stopped("mov %r1, -1\nldxdw %r0, [%r1]\nexit", EBPF_FAULT_ACCESS, 1, 8);
	assert_stopped("mov %r1, -8\nldxdw %r0, [%r1+16]\nexit", EBPF_FAULT_ACCESS, 1, 8);
	assert_stopped("mov %r1, 0\nstb [%r1-1], 0\nexit", EBPF_FAULT_ACCESS, 1, 1);
}

static void test_frames_end_where_they_end(void **state)
{
	/* above a callee's frame, below its caller's, where compiled code may have either */
	assert_interp_stops("call local f\nexit\nf:\nldxb %r0, [%r10]\nexit", 2, 1);
	assert_interp_stops("call local f\nexit\nf:\nldxb %r0, [%r10-513]\nexit", 2, 1);
	/* across the end */
	assert_stopped("call local f\nexit\nf:\nstdw [%r10-4], 0\nexit", EBPF_FAULT_ACCESS, 2, 8);
	/* of a function that has returned */
	assert_stopped("call local f\nldxdw %r0, [%r0-8]\nexit\n"
		       "f:\nstdw [%r10-8], 1\nmov %r0, %r10\nexit",
		EBPF_FAULT_ACCESS, 1, 8);
}

static void test_ninth_frame_is_one_too_many(void **state)
{
	char text[1024] = "";
	int i;

	for (i = 1; i <= EBPF_MAX_FRAMES; i++)
		sprintf(text + strlen(text), "f%d:\ncall local f%d\nexit\n", i, i + 1);
	sprintf(text + strlen(text), "f%d:\nmov %%r0, 0\nexit\n", i);
	assert_stopped(text, EBPF_FAULT_DEPTH, 2 * (EBPF_MAX_FRAMES - 1), 0);
}

static void test_unknown_helpers_are_stopped(void **state)
{
	assert_stopped("mov %r6, 8000\ncall %r6\nexit", EBPF_FAULT_HELPER, 1, 0);
	assert_stopped("lddw %r6, 0x100000001\ncall %r6\nexit", EBPF_FAULT_HELPER, 2, 0);
}

/* The fault of one run is not that of the next. */
static void test_a_good_run_has_no_fault(void **state)
{
	uint8_t mem[MEM_LEN];
	struct ebpf_fault fault;
	size_t b;

	for (b = 0; b < sizeof(backends) / sizeof(backends[0]); b++) {
		assert_true(run(backends[b], "ldxb %r0, [%r1-1]\nexit", mem, &fault));
		assert_int_equal(fault.address, (uintptr_t)mem - 1);
		assert_false(run(backends[b], "ldxb %r0, [%r1]\nexit", mem, &fault));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_access_is_checked),
		cmocka_unit_test(test_interp_stops_misaligned_atomics),
		cmocka_unit_test(test_loops_end_where_the_memory_does),
		cmocka_unit_test(test_loops_go_from_memory_to_memory),
		cmocka_unit_test(test_addresses_that_wrap_are_stopped),
		cmocka_unit_test(test_frames_end_where_they_end),
		cmocka_unit_test(test_ninth_frame_is_one_too_many),
		cmocka_unit_test(test_unknown_helpers_are_stopped),
		cmocka_unit_test(test_a_good_run_has_no_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
