/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs too long for a file of text: jumps and functions beyond what 16 bits reach, and the
 * greatest program of all. On every backend, through the public API.
 */
#include <errno.h>
#include <inttypes.h>
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

static void repeat(FILE *text, const char *line, unsigned times)
{
	while (times--)
		fprintf(text, "%s\n", line);
}

static void assert_result(const char *text, uint64_t expected)
{
	struct ebpf_insn *insns;
	uint64_t result = 0;
	uint32_t n;
	char *err;
	size_t b;

	if (isa__assemble(text, &insns, &n, &err))
		fail_msg("%s", err);
	assert_true(n > INT16_MAX);
	for (b = 0; b < sizeof(backends) / sizeof(backends[0]); b++) {
		struct ebpf_vm *vm = ebpf_create(backends[b]);

		if (!vm)
			fail_msg("no backend %s", backends[b]);
		if (ebpf_load(vm, insns, n * sizeof(*insns), &err))
			fail_msg("%s: %s", backends[b], err);
		if (ebpf_exec(vm, NULL, 0, &result))
			fail_msg("%s does not run it", backends[b]);
		if (result != expected)
			fail_msg("%s: %" PRIu64 " instead of %" PRIu64, backends[b], result,
				expected);
		ebpf_destroy(vm);
	}
	free(insns);
}

static void test_long_jumps(void **state)
{
	char *buf;
	size_t size;
	FILE *text = open_memstream(&buf, &size);

	fprintf(text, "mov %%r0, 0\n"
		      "ja32 forward\n"
		      "back:\n"
		      "add %%r0, 1\n"
		      "exit\n");
	repeat(text, "add %r0, 1000", 40000);
	fprintf(text, "forward:\n"
		      "add %%r0, 10\n"
		      "ja32 back\n");
	fclose(text);
	assert_result(buf, 11);
	free(buf);
}

static void test_greatest_short_jumps(void **state)
{
	char *buf;
	size_t size;
	FILE *text = open_memstream(&buf, &size);

	fprintf(text, "mov %%r0, 0\n"
		      "jeq %%r0, 0, +32767\n");
	repeat(text, "add %r0, 1", 32767);
	fprintf(text, "exit\n");
	fclose(text);
	assert_result(buf, 0);
	free(buf);

	text = open_memstream(&buf, &size);
	fprintf(text, "mov %%r0, 0\n"
		      "ja +1\n"
		      "exit\n");
	repeat(text, "add %r0, 1", 32766);
	fprintf(text, "jne %%r0, 0, -32768\n"
		      "add %%r0, 1\n"
		      "exit\n");
	fclose(text);
	assert_result(buf, 32766);
	free(buf);
}

static void test_far_and_long_functions(void **state)
{
	char *buf;
	size_t size;
	FILE *text = open_memstream(&buf, &size);

	fprintf(text, "mov %%r1, 2\n"
		      "call local far\n"
		      "add %%r0, 1\n"
		      "exit\n"
		      "near:\n"
		      "mov %%r0, %%r1\n"
		      "add %%r0, 5\n"
		      "exit\n"
		      "middle:\n"
		      "mov %%r0, %%r1\n");
	repeat(text, "add %r0, 1", 50000);
	fprintf(text, "exit\n"
		      "far:\n"
		      "call local middle\n"
		      "mov %%r1, %%r0\n"
		      "call local near\n"
		      "exit\n");
	fclose(text);
	assert_result(buf, 2 + 50000 + 5 + 1);
	free(buf);
}

static void test_the_longest_program(void **state)
{
	char *buf, *err;
	size_t size;
	FILE *text = open_memstream(&buf, &size);
	struct ebpf_insn *insns;
	struct ebpf_vm *vm = ebpf_create("interp");
	uint32_t n;

	fprintf(text, "mov %%r0, 0\n");
	repeat(text, "add %r0, 1", EBPF_MAX_INSNS - 2);
	fprintf(text, "exit\n");
	fclose(text);
	assert_result(buf, EBPF_MAX_INSNS - 2);
	free(buf);

	text = open_memstream(&buf, &size);
	repeat(text, "mov %r0, 0", EBPF_MAX_INSNS);
	fprintf(text, "exit\n");
	fclose(text);
	assert_int_equal(isa__assemble(buf, &insns, &n, &err), 0);
	assert_int_equal(ebpf_load(vm, insns, n * sizeof(*insns), &err), -E2BIG);
	free(err);
	free(insns);
	free(buf);
	ebpf_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_jumps),
		cmocka_unit_test(test_greatest_short_jumps),
		cmocka_unit_test(test_far_and_long_functions),
		cmocka_unit_test(test_the_longest_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
