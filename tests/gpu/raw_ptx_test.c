/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw_ptx_test.c -- ebpf_get_ptx(): what a GPU would run of raw programs, on a machine for PTX,
 * gives what the interpreter gives. Folders of vectors are its arguments.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../isa/vector.h"
#include "../unit/random-program.h"
#include "isa/isa.h"
#include "ptx.h"

#define PIECES   3
#define PROGRAMS 60

static char **folders;

static struct ebpf_vm *load(const struct ebpf_insn *insns, uint32_t n)
{
	struct ebpf_vm *vm = ebpf_create("interp");
	char *err = NULL;

	assert_non_null(vm);
	if (ebpf_load(vm, insns, n * sizeof(*insns), &err))
		fail_msg("%s", err);
	return vm;
}

static struct ebpf_vm *load_text(const char *text)
{
	struct ebpf_insn *insns;
	struct ebpf_vm *vm;
	char *err = NULL;
	uint32_t n;

	if (isa__assemble(text, &insns, &n, &err))
		fail_msg("%s", err);
	vm = load(insns, n);
	free(insns);
	return vm;
}

/* The program over n pieces of memory, by two threads to a block. */
static void launch(const char *what, struct ebpf_vm *vm, uint8_t *mem, size_t len, size_t stride,
	uint64_t results[PIECES])
{
	uint64_t params[] = {(uintptr_t)mem, len, stride, PIECES, (uintptr_t)results};
	char why[PTX_WHY], *ptx, *err = NULL;
	struct ptx_module *module;

	if (ebpf_get_ptx(vm, NULL, &ptx, &err))
		fail_msg("%s: %s", what, err);
	module = ptx_module__load(ptx, why);
	if (!module)
		fail_msg("%s: %s\n%s", what, why, ptx);
	if (!ptx_module__launch(module, "ebpf_kernel", (PIECES + 1) / 2, 2, params, 5, why))
		fail_msg("%s: %s\n%s", what, why, ptx);
	ptx_module__unload(module);
	free(ptx);
}

/* Pieces that differ in their last byte, and one byte more between them than they have. */
static void compare(const char *what, struct ebpf_vm *vm, const uint8_t *mem, size_t len)
{
	uint8_t *pieces = calloc(PIECES, len + 16), *others = calloc(PIECES, len + 16);
	size_t stride = (len + 15) / 8 * 8; /* atomics want their alignment */
	uint64_t results[PIECES], expected;

	assert_true(pieces && others);
	for (size_t i = 0; i < PIECES && len; i++) {
		memcpy(pieces + i * stride, mem, len);
		memcpy(others + i * stride, mem, len);
	}
	launch(what, vm, pieces, len, stride, results);
	for (size_t i = 0; i < PIECES; i++) {
		int err = ebpf_exec(vm, others + i * stride, len, &expected);

		assert_true(err == 0 || (err == -EFAULT && expected == UINT64_MAX));
		if (results[i] != expected)
			fail_msg("%s: %#lx instead of %#lx", what, results[i], expected);
	}
	assert_memory_equal(pieces, others, PIECES * stride);
	free(pieces);
	free(others);
}

static void compare_vector(const char *path)
{
	struct ebpf_vm *vm;
	struct vector v;
	char *err;

	if (vector__read(path, &v, &err))
		fail_msg("%s: %s", path, err);
	vm = load(v.insns, v.n_insns);
	compare(path, vm, v.mem, v.mem_len);
	ebpf_destroy(vm);
	vector__release(&v);
}

static void vectors_give_what_they_should(void **state)
{
	unsigned n = 0;

	for (char **folder = folders; *folder; folder++) {
		char pattern[4096];
		glob_t files;

		snprintf(pattern, sizeof(pattern), "%s/*.data", *folder);
		assert_int_equal(glob(pattern, 0, NULL, &files), 0);
		for (size_t i = 0; i < files.gl_pathc; i++, n++)
			compare_vector(files.gl_pathv[i]);
		globfree(&files);
	}
	print_message("%u vectors as kernels\n", n);
}

static void random_programs_do_what_the_interpreter_does(void **state)
{
	uint64_t seed = 0x853c49e6748fea9b;

	for (unsigned i = 0; i < PROGRAMS; i++) {
		struct ebpf_insn insns[RANDOM_PROGRAM_MAX];
		uint8_t mem[RANDOM_PROGRAM_MEMORY];
		struct ebpf_vm *vm = load(insns, random_program(&seed, 60, insns));
		char what[32];

		snprintf(what, sizeof(what), "program %u", i);
		for (size_t at = 0; at < sizeof(mem); at++)
			mem[at] = (uint8_t)(seed >> at % 8 * 8);
		compare(what, vm, mem, sizeof(mem));
		ebpf_destroy(vm);
	}
}

/* Without checks, too: it is the setting of the VM that counts. */
static void what_leaves_its_memory_is_stopped(void **state)
{
	static const char *const texts[] = {"ldxb %r0, [%r1+24]\nexit", "ldxdw %r0, [%r1-1]\nexit",
		"stb [%r10-513], 1\nexit", "mov %r6, 77\nstxdw [%r6], %r6\nexit"};
	uint8_t mem[24] = {0};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ebpf_vm *vm = load_text(texts[i]);

		compare(texts[i], vm, mem, sizeof(mem));
		ebpf_destroy(vm);
	}
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Where a program reads its frame nobody knows: all of it is nothing at first, by as few stores as
 * there can be. */
static void frames_are_cleared_by_wide_stores(void **state)
{
	struct ebpf_vm *vm = load_text("ldxb %r2, [%r1]\n"
				       "and %r2, 504\n"
				       "mov %r3, %r10\n"
				       "sub %r3, %r2\n"
				       "ldxdw %r0, [%r3-8]\n"
				       "stdw [%r3-8], 7\n"
				       "add %r0, 1\n"
				       "exit");
	uint8_t mem[8] = {0xf8};
	char *ptx, *err = NULL;

	if (ebpf_get_ptx(vm, NULL, &ptx, &err))
		fail_msg("%s", err);
	assert_int_equal(count(ptx, "st.local.v2.u64"), EBPF_STACK_SIZE / 16);
	assert_int_equal(count(ptx, "st.local"), EBPF_STACK_SIZE / 16);
	free(ptx);
	compare("a frame", vm, mem, sizeof(mem));
	ebpf_destroy(vm);
}

static uint64_t nobody(void *user, uint32_t index)
{
	return (uintptr_t)&nobody + index;
}

static void expect_refusal(struct ebpf_vm *vm, const struct ebpf_ptx_options *o, int expected)
{
	char *ptx = (char *)vm, *err = NULL;

	assert_int_equal(ebpf_get_ptx(vm, o, &ptx, &err), expected);
	assert_null(ptx);
	assert_non_null(err);
	print_message("%s\n", err);
	free(err);
	ebpf_destroy(vm);
}

static void what_a_gpu_cannot_do_is_refused(void **state)
{
	struct ebpf_lddw_helpers lddw = {.var_addr = nobody};
	struct ebpf_ptx_options other = {sizeof(other), "sm_35"}, short_one = {.size = 4};
	const struct ebpf_insn code[] = {
		{.opcode = 0x18, .src = EBPF_LDDW_VAR}, {0}, {.opcode = 0x95}};
	struct ebpf_vm *vm = ebpf_create("interp"), *none = ebpf_create("interp");
	const struct ebpf_insn call[] = {{.opcode = 0x85, .imm = 7}, {.opcode = 0x95}};
	char *err = NULL;

	assert_true(vm && none);
	expect_refusal(none, NULL, -ENOENT);
	expect_refusal(load_text("mov %r0, 1\nexit"), &other, -ENOTSUP);
	expect_refusal(load_text("mov %r0, 1\nexit"), &short_one, -EINVAL);
	assert_int_equal(ebpf_register(vm, 7, "seven", (ebpf_helper_fn)(uintptr_t)abort), 0);
	assert_int_equal(ebpf_set_lddw_helpers(vm, &lddw), 0);
	assert_int_equal(ebpf_load(vm, code, sizeof(code), &err), 0);
	expect_refusal(vm, NULL, -ENOTSUP);
	vm = ebpf_create("interp");
	assert_non_null(vm);
	assert_int_equal(ebpf_register(vm, 7, "seven", (ebpf_helper_fn)(uintptr_t)abort), 0);
	assert_int_equal(ebpf_load(vm, call, sizeof(call), &err), 0);
	expect_refusal(vm, NULL, -ENOTSUP);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_give_what_they_should),
		cmocka_unit_test(random_programs_do_what_the_interpreter_does),
		cmocka_unit_test(what_leaves_its_memory_is_stopped),
		cmocka_unit_test(frames_are_cleared_by_wide_stores),
		cmocka_unit_test(what_a_gpu_cannot_do_is_refused),
	};

	folders = argv + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
