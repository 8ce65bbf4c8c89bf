/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rte_test.c -- the backend rte does what the interpreter does, or says what it cannot do.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "random-program.h"
#include "raw-vm.h"

#define PROGRAMS 4000

static struct ebpf_vm *loaded(const char *backend, const char *text)
{
	struct ebpf_vm *vm = raw_vm__create(backend);

	raw_vm__load(vm, text);
	return vm;
}

/* --- results ----------------------------------------------------------------------------- */

struct run {
	int err;
	uint64_t result;
	uint8_t mem[RANDOM_PROGRAM_MEMORY];
};

static struct run run_insns(
	const char *backend, bool checks, const struct ebpf_insn *insns, uint32_t n, uint64_t seed)
{
	struct ebpf_vm *vm = raw_vm__create(backend);
	struct run r = {0};
	char *err = NULL;

	for (size_t i = 0; i < sizeof(r.mem); i++)
		r.mem[i] = (uint8_t)(seed >> i % 8 * 8) * (uint8_t)i;
	ebpf_toggle_bounds_check(vm, checks);
	if (ebpf_load(vm, insns, n * 8, &err))
		fail_msg("%s", err);
	r.err = ebpf_exec(vm, r.mem, sizeof(r.mem), &r.result);
	ebpf_destroy(vm);
	return r;
}

/* Of those some make DPDK 22.11's JIT stop before its jumps have settled: see layout.c. */
static void random_programs_agree_with_the_interpreter(void **state)
{
	const char *more = getenv("XDPK_RTE_PROGRAMS");
	unsigned programs = more ? (unsigned)atoi(more) : PROGRAMS, refused = 0;
	uint64_t seed = 0x9e3779b97f4a7c15;

	for (unsigned i = 0; i < programs; i++) {
		struct ebpf_insn insns[RANDOM_PROGRAM_MAX];
		uint32_t n = random_program(&seed, 1 + i % 100, insns);
		struct run expected = run_insns("interp", true, insns, n, seed),
			   got = run_insns("rte", i % 2, insns, n, seed);

		assert_int_equal(expected.err, 0);
		if (got.err == -ENOTSUP) {
			refused++;
			continue;
		}
		assert_int_equal(got.err, 0);
		if (got.result != expected.result || memcmp(got.mem, expected.mem, sizeof(got.mem)))
			fail_msg(
				"program %u: %#lx instead of %#lx", i, got.result, expected.result);
	}
	print_message("%u programs agree, %u are refused\n", programs - refused, refused);
	assert_true(refused < programs / 10);
}

static uint64_t result_of(const char *backend, const char *text)
{
	struct ebpf_vm *vm = loaded(backend, text);
	uint64_t result = 0;
	char *err = NULL;

	if (ebpf_exec(vm, NULL, 0, &result)) {
		ebpf_compile(vm, &err);
		fail_msg("%s:\n%s\n%s", backend, text, err);
	}
	ebpf_destroy(vm);
	return result;
}

/* What DPDK 22.11 has wrong: each of these gives something else there, or ends the process. */
static void faults_of_librte_bpf_are_avoided(void **state)
{
	static const char *const texts[] = {
		"mov %r0, 1\nmov %r6, 6\njset %r6, 2, +1\nmov %r0, 2\nexit",
		"mov %r0, 1\nmov %r6, 6\njset %r6, -1, +1\nmov %r0, 2\nexit",
		"mov %r0, 1\nmov %r6, 6\njset32 %r6, 1, +1\nmov %r0, 2\nexit",
		"mov %r0, 3\nlsh %r0, 200\nexit",
		"mov %r4, 9\nmov %r0, 3\nlsh %r0, %r0\nadd %r0, %r4\nexit",
		"mov %r0, 7\ndiv %r0, %r0\nexit",
		"mov %r3, 7\ndiv %r3, %r3\nmov %r0, %r3\nexit",
		"mov %r3, 7\nmod %r3, %r3\nmov %r0, %r3\nexit",
		"lddw %r0, 0x100000001\nmov %r6, 9\nmov %r7, 2\ndiv32 %r6, %r7\nadd %r0, %r6\nexit",
		"mov %r0, 5\nmov %r6, 9\nmov %r7, 0\ndiv %r6, %r7\nadd %r0, 1\nexit",
		"mov %r0, 5\nmov %r6, 9\nmov %r7, 0\nmod %r6, %r7\nadd %r0, %r6\nexit",
		"lddw %r0, 0x8000000000000000\ndiv %r0, -1\nexit",
		"lddw %r0, 0x8000000000000000\nmov %r6, -1\nmod %r0, %r6\nexit",
		"stxdw [%r10-8], %r10\nstxb [%r10-8], %r10\nldxdw %r0, [%r10-8]\nsub %r0, "
		"%r10\nexit",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(result_of("rte", texts[i]), result_of("interp", texts[i]));
}

/* --- memory ------------------------------------------------------------------------------ */

/* `len` bytes, behind which is none that may be touched. */
static uint8_t *guarded(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + page, page, PROT_NONE), 0);
	return p + page - len;
}

static void expect_stop(struct ebpf_vm *vm, uint8_t *mem, size_t len, uint32_t insn)
{
	ebpf_jit_fn fn = ebpf_compile(vm, NULL);
	struct ebpf_fault f;
	uint64_t result;

	assert_int_equal(ebpf_exec(vm, mem, len, &result), -EFAULT);
	assert_int_equal(result, UINT64_MAX);
	assert_int_equal(ebpf_last_fault(vm, &f), 0);
	assert_int_equal(f.reason, EBPF_FAULT_ACCESS);
	assert_int_equal(f.insn, insn);
	assert_int_equal(fn(mem, len), UINT64_MAX);
}

/* Every length from none to enough: what is stopped is stopped where the interpreter stops it. */
static void memory_that_is_too_short_is_not_overrun(void **state)
{
	struct ebpf_vm *vm = loaded("rte", "ldxb %r0, [%r1]\n"
					   "jeq %r0, 0, +2\n"
					   "stxdw [%r1+4], %r0\n"
					   "lock add [%r1+16], %r0\n"
					   "exit");
	uint64_t result;

	for (size_t len = 0; len <= 24; len++) {
		uint8_t *mem = guarded(len);

		if (len)
			mem[0] = 1;
		if (len < 24)
			expect_stop(vm, mem, len, len == 0 ? 0 : len < 12 ? 2 : 3);
		else
			assert_int_equal(ebpf_exec(vm, mem, len, &result), 0);
	}
	ebpf_destroy(vm);
}

/* The far access is not on the way: nobody is stopped for what does not happen. */
static void short_memory_is_enough_where_it_is(void **state)
{
	struct ebpf_vm *vm = loaded("rte", "mov %r0, 1\njlt %r2, 16, +1\nldxdw %r0, [%r1+8]\nexit");
	uint8_t *mem = guarded(16);
	uint64_t result;

	mem[8] = 42;
	assert_int_equal(ebpf_exec(vm, mem, 16, &result), 0);
	assert_int_equal(result, 42);
	assert_int_equal(ebpf_exec(vm, mem + 8, 8, &result), 0);
	assert_int_equal(result, 1);
	assert_int_equal(ebpf_compile(vm, NULL)(mem + 8, 8), 1);
	ebpf_destroy(vm);
}

static void ranges_prove_accesses(void **state)
{
	struct ebpf_vm *vm = loaded("rte", "ldxb %r3, [%r1]\n"
					   "jgt %r3, 20, out\n"
					   "add %r3, %r1\n"
					   "ldxw %r0, [%r3+1]\n"
					   "exit\n"
					   "out:\n"
					   "mov %r0, 0\n"
					   "exit");
	uint8_t *mem = guarded(25);
	uint64_t result;

	memset(mem, 0, 25);
	mem[0] = 20;
	mem[24] = 7;
	assert_int_equal(ebpf_exec(vm, mem, 25, &result), 0);
	assert_int_equal(result, 7u << 24);
	memmove(mem + 1, mem, 24);
	expect_stop(vm, mem + 1, 24, 3);
	ebpf_destroy(vm);
}

/* --- refusals ---------------------------------------------------------------------------- */

static char *refusal_of(const char *text, const struct ebpf_limits *limits)
{
	struct ebpf_vm *vm = raw_vm__create("rte");
	char *why = NULL;
	uint64_t result;

	assert_int_equal(ebpf_register(vm, 1, "one", (ebpf_helper_fn)(uintptr_t)abort), 0);
	if (limits)
		assert_int_equal(ebpf_set_limits(vm, limits), 0);
	raw_vm__load(vm, text);
	assert_int_equal(ebpf_exec(vm, NULL, 0, &result), -ENOTSUP);
	assert_null(ebpf_compile(vm, &why));
	ebpf_destroy(vm);
	return why;
}

static void what_it_cannot_do_is_named(void **state)
{
	static const struct {
		const char *text, *why;
	} refusals[] = {
		{"mov %r0, 9\nsub %r0, 1\njne %r0, 0, -2\nexit",
			"instruction 2: librte_bpf has no loops"},
		{"call 1\nexit", "instruction 0: librte_bpf has no calls of helpers"},
		{"call local f\nexit\nf:\nmov %r0, 1\nexit",
			"instruction 0: librte_bpf has no calls of functions"},
		{"mov %r1, 1\ncall %r1\nexit",
			"instruction 1: librte_bpf has no calls through registers"},
		{"ldxdw %r0, [%r1]\nldxb %r0, [%r0]\nexit", "instruction 1: nothing proves that"},
		{"add %r1, %r2\nldxb %r0, [%r1-1]\nexit", "instruction 1: nothing proves that"},
		{"stb [%r10-513], 1\nexit", "instruction 0: nothing proves that"},
		{"stb [%r10], 1\nexit", "instruction 0: nothing proves that"},
		{"ldxb %r0, [%r1-1]\nexit", "instruction 0: nothing proves that"},
		{"ldxb %r3, [%r1]\nadd %r3, %r10\nstb [%r3-254], 1\nexit",
			"instruction 2: nothing proves"},
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		char *why = refusal_of(refusals[i].text, NULL);

		if (!why || strncmp(why, refusals[i].why, strlen(refusals[i].why)) != 0)
			fail_msg("%s\n%s", refusals[i].text, why);
		free(why);
	}
}

/* Parts of the stack, and what librte_bpf's verifier makes of them, which it would print. */
static void what_librte_bpf_refuses_first_is_nobodys_business(void **state)
{
	static const char text[] = "stw [%r10-8], 1\nstw [%r10-4], 2\nldxdw %r0, [%r10-8]\nexit";
	FILE *said = tmpfile();
	int kept = dup(STDERR_FILENO);

	assert_true(said && kept >= 0);
	fflush(stderr);
	dup2(fileno(said), STDERR_FILENO);
	assert_int_equal(result_of("rte", text), UINT64_C(0x200000001));
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	assert_int_equal(lseek(fileno(said), 0, SEEK_END), 0);
	fclose(said);
}

static void paths_that_librte_bpf_would_walk_for_ever_are_refused(void **state)
{
	char text[8192] = "mov %r0, 0\n", *why;

	for (unsigned i = 0; i < 40; i++)
		sprintf(text + strlen(text),
			"ldxb %%r3, [%%r1+%u]\njeq %%r3, 0, +1\nadd %%r0, %u\n", i, 1u << i % 16);
	strcat(text, "exit\n");
	why = refusal_of(text, NULL);
	assert_non_null(strstr(why, "more paths lead on from here"));
	free(why);
}

static void limits_hold(void **state)
{
	struct ebpf_limits limits = {.stack_size = 64, .budget = 3};
	struct ebpf_vm *vm = raw_vm__create("rte");
	uint64_t result;
	char *why;

	why = refusal_of("stb [%r10-65], 1\nexit", &limits);
	assert_non_null(strstr(why, "nothing proves"));
	free(why);
	why = refusal_of("mov %r0, 1\nadd %r0, 1\nadd %r0, 1\nexit", &limits);
	assert_non_null(strstr(why, "a budget of 3 for 4 instructions"));
	free(why);
	assert_int_equal(ebpf_set_limits(vm, &limits), 0);
	raw_vm__load(vm, "stb [%r10-64], 1\nmov %r0, 1\nexit");
	assert_int_equal(ebpf_exec(vm, NULL, 0, &result), 0);
	ebpf_destroy(vm);
}

static void hidden_code_is_compiled(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("rte");
	uint64_t result;

	assert_int_equal(ebpf_set_pointer_secret(vm, 0x123456789abcdef), 0);
	raw_vm__load(vm, "mov %r0, 42\nexit");
	assert_int_equal(ebpf_exec(vm, NULL, 0, &result), 0);
	assert_int_equal(result, 42);
	ebpf_destroy(vm);
}

static void without_checks_any_address_will_do(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("rte");
	uint64_t cell = 42, result;
	uint64_t *mem[1] = {&cell};

	ebpf_toggle_bounds_check(vm, false);
	raw_vm__load(
		vm, "ldxdw %r3, [%r1]\nldxdw %r0, [%r3]\nstdw [%r3], 7\nlock add [%r3], %r0\nexit");
	assert_int_equal(ebpf_exec(vm, mem, sizeof(mem), &result), 0);
	assert_int_equal(result, 42);
	assert_int_equal(cell, 49);
	ebpf_destroy(vm);
}

/* --- time -------------------------------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void it_compiles_in_microseconds(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("rte");
	double best = 1e9, since;

	for (unsigned i = 0; i < 200; i++) {
		raw_vm__load(vm,
			"ldxh %r3, [%r1+12]\njne %r3, 8, out\nldxb %r3, [%r1+23]\njne %r3, 17, "
			"out\n"
			"ldxh %r3, [%r1+36]\nbe16 %r3\njne %r3, 53, out\nmov %r0, 1\nexit\n"
			"out:\nmov %r0, 2\nexit");
		since = now();
		assert_non_null(ebpf_compile(vm, NULL));
		if (now() - since < best)
			best = now() - since;
		ebpf_unload_code(vm);
	}
	print_message("a filter of 11 instructions is compiled in %.0f us\n", best);
	ebpf_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_programs_agree_with_the_interpreter),
		cmocka_unit_test(faults_of_librte_bpf_are_avoided),
		cmocka_unit_test(memory_that_is_too_short_is_not_overrun),
		cmocka_unit_test(short_memory_is_enough_where_it_is),
		cmocka_unit_test(ranges_prove_accesses),
		cmocka_unit_test(what_it_cannot_do_is_named),
		cmocka_unit_test(what_librte_bpf_refuses_first_is_nobodys_business),
		cmocka_unit_test(paths_that_librte_bpf_would_walk_for_ever_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(hidden_code_is_compiled),
		cmocka_unit_test(without_checks_any_address_will_do),
		cmocka_unit_test(it_compiles_in_microseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
