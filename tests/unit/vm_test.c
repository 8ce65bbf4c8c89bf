/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm_test.c -- the plain API of ebpf-vm.h on every backend of this build.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "raw-vm.h"

static void sums_its_memory(void **state)
{
	for (unsigned i = 0; i < N_RAW_BACKENDS; i++) {
		struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[i]);
		uint8_t mem[] = {1, 2, 3};
		uint64_t r = 0;

		raw_vm__load(vm,
			"ldxb %r0, [%r1]\nldxb %r3, [%r1+2]\nadd %r0, %r3\nadd %r0, %r2\nexit\n");
		assert_int_equal(ebpf_exec(vm, mem, sizeof(mem), &r), 0);
		assert_int_equal(r, 1 + 3 + 3);
		ebpf_destroy(vm);
	}
}

static void compiles_once_and_runs(void **state)
{
	for (unsigned i = 0; i < N_RAW_BACKENDS; i++) {
		struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[i]);
		char *err = NULL;
		uint8_t mem[16] = {0};
		ebpf_jit_fn fn;

		assert_null(ebpf_compile(vm, &err));
		assert_non_null(err);
		free(err);
		raw_vm__load(vm, "mov %r0, %r2\nstxb [%r1+15], %r2\nexit\n");
		fn = ebpf_compile(vm, &err);
		if (strcmp(raw_vm_backends[i], "interp") == 0) {
			assert_null(fn);
			assert_non_null(err);
			free(err);
		} else {
			assert_non_null(fn);
			assert_ptr_equal(fn, ebpf_compile(vm, NULL));
			assert_int_equal(fn(mem, sizeof(mem)), 16);
			assert_int_equal(mem[15], 16);
		}
		ebpf_destroy(vm);
	}
}

static void stops_at_the_end_of_memory(void **state)
{
	for (unsigned i = 0; i < N_RAW_BACKENDS; i++) {
		struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[i]);
		uint8_t mem[32] = {0};
		struct ebpf_fault f;
		uint64_t r = 0;

		raw_vm__load(vm, "mov %r0, 0\nmov %r3, 5\nstxw [%r1+6], %r3\nexit\n");
		assert_int_equal(ebpf_exec(vm, mem, 10, &r), 0);
		assert_int_equal(ebpf_last_fault(vm, &f), -ENOENT);
		mem[6] = 0;
		assert_int_equal(ebpf_exec(vm, mem, 9, &r), -EFAULT);
		assert_int_equal(mem[6], 0);
		assert_int_equal(ebpf_last_fault(vm, &f), 0);
		assert_int_equal(f.reason, EBPF_FAULT_ACCESS);
		assert_int_equal(f.insn, 2);
		assert_int_equal(f.size, 4);
		assert_true(f.address == (uintptr_t)(mem + 6));
		ebpf_destroy(vm);
	}
}

static uint64_t sum5(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e;
}

static void calls_registered_helpers(void **state)
{
	for (unsigned i = 0; i < N_RAW_BACKENDS; i++) {
		struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[i]);
		uint64_t r = 0;

		raw_vm__load_fails(vm, "call 8000\nexit\n", "8000");
		assert_int_equal(ebpf_register(vm, EBPF_MAX_HELPERS, "high", sum5), -EINVAL);
		assert_int_equal(ebpf_register(vm, 8000, "sum", sum5), 0);
		assert_int_equal(ebpf_register(vm, 3, "three", sum5), 0);
		assert_int_equal(ebpf_register(vm, 8000, "sum", sum5), -EEXIST);
		raw_vm__load(vm, "mov %r1, 1\nmov %r2, 2\nmov %r3, 3\nmov %r4, 4\nmov %r5, 5\n"
				 "call 8000\nexit\n");
		assert_int_equal(ebpf_register(vm, 5, "late", sum5), -EBUSY);
		assert_int_equal(ebpf_exec(vm, NULL, 0, &r), 0);
		assert_int_equal(r, 54321);
		ebpf_unload_code(vm);
		assert_int_equal(ebpf_unregister(vm, 8000), 0);
		assert_int_equal(ebpf_unregister(vm, 8000), -ENOENT);
		raw_vm__load_fails(vm, "call 8000\nexit\n", "8000");
		ebpf_destroy(vm);
	}
}

static uint64_t plus_user(void *user, uint32_t x)
{
	return *(uint64_t *)user + x;
}

static uint64_t value_of(void *user, uint64_t map)
{
	return map * 2;
}

static void asks_for_64_bit_immediates(void **state)
{
	uint64_t base = 0x1122334400000000ull;
	struct ebpf_lddw_helpers h = {.map_by_fd = plus_user,
		.map_by_idx = plus_user,
		.map_val = value_of,
		.var_addr = plus_user,
		.code_addr = plus_user,
		.user = &base};

	for (unsigned i = 0; i < N_RAW_BACKENDS; i++) {
		for (unsigned src = 1; src <= 6; src++) {
			struct ebpf_insn code[] = {{.opcode = 0x18, .src = src, .imm = 7},
				{.imm = src == 2 || src == 6 ? 3 : 0}, {.opcode = 0x95}};
			struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[i]);
			char *err = NULL;
			uint64_t r = 0;

			assert_true(ebpf_load(vm, code, sizeof(code), &err) < 0);
			assert_non_null(err);
			free(err);
			assert_int_equal(ebpf_set_lddw_helpers(vm, &h), 0);
			if (ebpf_load(vm, code, sizeof(code), &err))
				fail_msg("source %u: %s", src, err);
			assert_int_equal(ebpf_exec(vm, NULL, 0, &r), 0);
			assert_true(r == (src == 2 || src == 6 ? (base + 7) * 2 + 3 : base + 7));
			ebpf_destroy(vm);
		}
	}
}

static void refuses_bad_code(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("interp");
	const struct ebpf_insn unknown[] = {{.opcode = 0xff}, {.opcode = 0x95}};
	char *err = NULL;

	assert_int_equal(ebpf_load(vm, unknown, 7, &err), -EINVAL);
	free(err);
	assert_int_equal(ebpf_load(vm, unknown, 0, &err), -EINVAL);
	free(err);
	assert_int_equal(ebpf_load(vm, unknown, sizeof(unknown), &err), -EINVAL);
	assert_non_null(strstr(err, "0"));
	free(err);
	raw_vm__load(vm, "mov %r0, 1\nexit\n");
	assert_int_equal(ebpf_load(vm, unknown, sizeof(unknown), &err), -EBUSY);
	free(err);
	ebpf_destroy(vm);
	ebpf_destroy(NULL);
}

static void names_of_backends(void **state)
{
	struct ebpf_vm *vm = ebpf_create("");

	assert_non_null(vm);
	assert_string_equal(ebpf_get_vm_name(vm), raw_vm_backends[N_RAW_BACKENDS - 1]);
	ebpf_destroy(vm);
	assert_null(ebpf_create("no-such-backend"));
	assert_int_equal(errno, ENOENT);
	assert_null(ebpf_create("../../evil"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_its_memory),
		cmocka_unit_test(compiles_once_and_runs),
		cmocka_unit_test(stops_at_the_end_of_memory),
		cmocka_unit_test(calls_registered_helpers),
		cmocka_unit_test(asks_for_64_bit_immediates),
		cmocka_unit_test(refuses_bad_code),
		cmocka_unit_test(names_of_backends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
