/* SPDX-License-Identifier: BSD-3-Clause
 *
 * start_test.c -- an interpreted program runs at once, and nobody who does not compile pays for the
 * compiler: it is not in the process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <ebpf-vm.h>

#define N_INSNS 100
#define N_TIMES 1000

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Is a file of this name in the process's memory? */
static bool is_mapped(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	bool found = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		found = found || strstr(line, name);
	fclose(maps);
	return found;
}

/* r0 counts to N_INSNS - 2. */
static void make_program(struct ebpf_insn insns[N_INSNS])
{
	insns[0] = (struct ebpf_insn){.opcode = 0xb7};
	for (int i = 1; i < N_INSNS - 1; i++)
		insns[i] = (struct ebpf_insn){.opcode = 0x07, .imm = 1};
	insns[N_INSNS - 1] = (struct ebpf_insn){.opcode = 0x95};
}

/* Microseconds from nothing to the first result. */
static double start(const struct ebpf_insn insns[N_INSNS])
{
	double since = now_us();
	struct ebpf_vm *vm = ebpf_create("interp");
	uint64_t result;

	assert_non_null(vm);
	assert_int_equal(ebpf_load(vm, insns, N_INSNS * sizeof(*insns), NULL), 0);
	assert_int_equal(ebpf_exec(vm, NULL, 0, &result), 0);
	since = now_us() - since;
	assert_int_equal(result, N_INSNS - 2);
	ebpf_destroy(vm);
	return since;
}

static void interpreter_starts_at_once(void **state)
{
	struct ebpf_insn insns[N_INSNS];
	double first, sum = 0;

	make_program(insns);
	first = start(insns);
	for (int i = 0; i < N_TIMES; i++)
		sum += start(insns);
	assert_false(is_mapped("libLLVM"));
	printf("create, load and first run of %d instructions, interpreted: %.0f us, later %.1f "
	       "us; "
	       "libLLVM is not mapped\n",
		N_INSNS, first, sum / N_TIMES);
}

/* So the test before can fail. */
static void compiler_is_there_when_asked_for(void **state)
{
#ifdef HAVE_LLVM
	struct ebpf_vm *vm = ebpf_create("llvm");

	assert_non_null(vm);
	assert_true(is_mapped("libLLVM"));
	ebpf_destroy(vm);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interpreter_starts_at_once),
		cmocka_unit_test(compiler_is_there_when_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
