/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm_helpers_test.c -- helpers of VMs: with types, whose arguments are checked at every call on
 * every backend; as many as there may be.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "raw-vm.h"

static unsigned calls;

static uint64_t count(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	calls++;
	return 7;
}

#define N_MEM 32
static uint8_t mem[N_MEM];

/* What r1 and r2 are, and whether helper 5 takes them. */
struct attempt {
	const char *text; /* before the call; r6 is the memory */
	bool taken;
	uint32_t size; /* not taken: of the fault */
	int64_t at;    /* ... and where, from the memory; other places are not told here */
};

#define ELSEWHERE INT64_MIN

static const struct ebpf_helper_type mem_type = {
	.arg = {{.check = EBPF_CHECK_MEM, .size = 8, .is_written = true}}};
static const struct attempt mem_attempts[] = {
	{"mov %r1, %r6\n", true},
	{"mov %r1, %r6\nadd %r1, 24\n", true},
	{"mov %r1, %r6\nadd %r1, 25\n", false, 8, 25},
	{"mov %r1, %r6\nsub %r1, 1\n", false, 8, -1},
	{"mov %r1, %r10\nadd %r1, -8\n", true},
	{"mov %r1, %r10\nadd %r1, -7\n", false, 8, ELSEWHERE},
	{"mov %r1, %r10\nadd %r1, -512\n", true},
	{"mov %r1, %r10\nadd %r1, -513\n", false, 8, ELSEWHERE},
	{"mov %r1, 0\n", false, 8, ELSEWHERE},
};

static const struct ebpf_helper_type len_type = {
	.arg = {{.check = EBPF_CHECK_MEM_LEN, .may_be_null = true}}};
static const struct attempt len_attempts[] = {
	{"mov %r1, %r6\nmov %r2, 32\n", true},
	{"mov %r1, %r6\nmov %r2, 33\n", false, 33, 0},
	{"mov %r1, %r6\nadd %r1, 1\nmov %r2, 32\n", false, 32, 1},
	{"mov %r1, %r6\nmov %r2, -1\n", false, UINT32_MAX, 0},
	{"mov %r1, 1\nmov %r2, 0\n", true},
	{"mov %r1, 0\nmov %r2, 99\n", true},
	{"mov %r1, 1\nmov %r2, 99\n", false, 99, ELSEWHERE},
};

/* The memory's last byte is the only 0. */
static const struct ebpf_helper_type string_type = {.arg = {{.check = EBPF_CHECK_STRING}}};
static const struct attempt string_attempts[] = {
	{"mov %r1, %r6\n", true},
	{"mov %r1, %r6\nadd %r1, 31\n", true},
	{"stb [%r6+31], 1\nmov %r1, %r6\nadd %r1, 3\n", false, 30, 3},
	{"mov %r1, 0\n", false, 1, ELSEWHERE},
};

static uint32_t n_insns(const char *text)
{
	uint32_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void attempt(struct ebpf_vm *vm, const struct attempt *a, const char *call, uint32_t extra)
{
	char text[256];
	uint32_t at = 1 + n_insns(a->text) + extra;
	struct ebpf_fault f;

	snprintf(text, sizeof(text), "mov %%r6, %%r1\n%s%s\nexit\n", a->text, call);
	raw_vm__load(vm, text);
	memset(mem, 'x', N_MEM - 1);
	mem[N_MEM - 1] = 0;
	calls = 0;
	if (a->taken) {
		assert_int_equal(raw_vm__run(vm, mem, N_MEM), 7);
		assert_int_equal(calls, 1);
	} else {
		f = raw_vm__run_faults(vm, mem, N_MEM, EBPF_FAULT_ARGUMENT, at);
		assert_int_equal(calls, 0);
		assert_int_equal(f.size, a->size);
		if (a->at != ELSEWHERE)
			assert_int_equal(f.address - (uintptr_t)mem, a->at);
	}
	ebpf_unload_code(vm);
}

static void attempts(const struct ebpf_helper_type *type, const struct attempt *all, unsigned n)
{
	for (unsigned b = 0; b < N_RAW_BACKENDS; b++) {
		for (int checked = 0; checked < 2; checked++) {
			struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[b]);

			ebpf_toggle_bounds_check(vm, checked);
			assert_int_equal(ebpf_register_typed(vm, 5, "five", count, type), 0);
			assert_int_equal(ebpf_register(vm, 6, "six", count), 0);
			for (unsigned i = 0; i < n; i++) {
				attempt(vm, &all[i], "call 5", 0);
				attempt(vm, &all[i], "mov %r7, 5\ncallx %r7", 1);
			}
			ebpf_destroy(vm);
		}
	}
}

#define ATTEMPTS(array) array, sizeof(array) / sizeof((array)[0])

static void memory_of_a_size(void **state)
{
	attempts(&mem_type, ATTEMPTS(mem_attempts));
}

static void memory_as_long_as_the_next_argument_says(void **state)
{
	attempts(&len_type, ATTEMPTS(len_attempts));
}

static void strings(void **state)
{
	attempts(&string_type, ATTEMPTS(string_attempts));
}

/* The frames below are the program's, those above are gone. */
static void frames_of_callers(void **state)
{
	for (unsigned b = 0; b < N_RAW_BACKENDS; b++) {
		struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[b]);

		assert_int_equal(ebpf_register_typed(vm, 5, "five", count, &mem_type), 0);
		raw_vm__load(vm, "mov %r1, %r10\n"
				 "add %r1, -512\n"
				 "call local inner\n"
				 "exit\n"
				 "inner:\n"
				 "call 5\n"
				 "exit\n");
		assert_int_equal(raw_vm__run(vm, NULL, 0), 7);
		ebpf_unload_code(vm);
		raw_vm__load(vm, "call local inner\n"
				 "mov %r1, %r0\n"
				 "call 5\n"
				 "exit\n"
				 "inner:\n"
				 "mov %r0, %r10\n"
				 "add %r0, -16\n"
				 "exit\n");
		calls = 0;
		raw_vm__run_faults(vm, NULL, 0, EBPF_FAULT_ARGUMENT, 2);
		assert_int_equal(calls, 0);
		ebpf_destroy(vm);
	}
}

/* What may only be read is not for helpers that write. */
static void regions_to_read(void **state)
{
	const struct ebpf_helper_type reads = {.arg = {{.check = EBPF_CHECK_MEM, .size = 8}}};
	static uint8_t region[8];

	for (unsigned b = 0; b < N_RAW_BACKENDS; b++) {
		struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[b]);
		void *at = region;

		assert_int_equal(ebpf_register_typed(vm, 5, "reader", count, &reads), 0);
		assert_int_equal(ebpf_register_typed(vm, 6, "writer", count, &mem_type), 0);
		assert_int_equal(ebpf_add_region(vm, region, sizeof(region), false), 0);
		raw_vm__load(
			vm, "ldxdw %r1, [%r1]\nmov %r6, %r1\ncall 5\nmov %r1, %r6\ncall 6\nexit");
		raw_vm__run_faults(vm, &at, sizeof(at), EBPF_FAULT_ARGUMENT, 4);
		assert_int_equal(ebpf_remove_region(vm, region), 0);
		raw_vm__run_faults(vm, &at, sizeof(at), EBPF_FAULT_ARGUMENT, 2);
		assert_int_equal(ebpf_add_region(vm, region, sizeof(region), true), 0);
		assert_int_equal(raw_vm__run(vm, &at, sizeof(at)), 7);
		ebpf_destroy(vm);
	}
}

static void types_that_cannot_be(void **state)
{
	const struct ebpf_helper_type no_size = {.arg = {{.check = EBPF_CHECK_MEM}}};
	const struct ebpf_helper_type no_next = {.arg[4] = {.check = EBPF_CHECK_MEM_LEN}};
	const struct ebpf_helper_type no_check = {.arg[2] = {.check = (enum ebpf_arg_check)99}};
	const struct ebpf_helper_type *const bad[] = {&no_size, &no_next, &no_check};
	struct ebpf_vm *vm = raw_vm__create("interp");

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ebpf_register_typed(vm, 5, "bad", count, bad[i]), -EINVAL);
	assert_int_equal(ebpf_unregister(vm, 5), -ENOENT);
	ebpf_destroy(vm);
}

static uint64_t numbered(uint64_t number, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return number + 1;
}

/* In no order that would suit a sorted table. */
static void all_the_helpers_there_may_be(void **state)
{
	for (unsigned b = 0; b < N_RAW_BACKENDS; b++) {
		struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[b]);

		for (unsigned i = 0; i < EBPF_MAX_HELPERS; i++)
			assert_int_equal(ebpf_register(vm, i * 4099 % EBPF_MAX_HELPERS, "one",
						 i % 2 ? numbered : count),
				0);
		raw_vm__load(vm, "mov %r1, 41\ncall 4099\nexit\n");
		assert_int_equal(raw_vm__run(vm, NULL, 0), 42);
		ebpf_unload_code(vm);
		raw_vm__load(vm, "call 0\nexit\n");
		assert_int_equal(raw_vm__run(vm, NULL, 0), 7);
		ebpf_destroy(vm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_a_size),
		cmocka_unit_test(memory_as_long_as_the_next_argument_says),
		cmocka_unit_test(strings),
		cmocka_unit_test(frames_of_callers),
		cmocka_unit_test(regions_to_read),
		cmocka_unit_test(types_that_cannot_be),
		cmocka_unit_test(all_the_helpers_there_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
