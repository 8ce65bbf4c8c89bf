/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Code that a VM is told to hide is nowhere in the process's heap as it was given, on no backend;
 * code that it is not told to hide is. Where a sanitizer has memory of its own for what is
 * allocated there is nothing to look at, and the test is skipped (exit status 77).
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ebpf-vm.h"

#define EXIT_SKIPPED 77

/* What a program gives, another number each: copies of the one before may lie in freed memory. */
static uint32_t number = 0x5ca1ab1e;

/* The number in an instruction (low: its opcode), or in the operands that the interpreter makes of
 * it (0): words that nobody else has. The complement is what is looked for, so that looking leaves
 * no copy. */
static uint64_t inverted_word(uint8_t low)
{
	return ~((uint64_t)number << 32 | low);
}

static void count_in(const char *from, const char *to, uint64_t inverted, unsigned *n)
{
	for (const char *p = from; p + 8 <= to; p += 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		*n += ~word == inverted;
	}
}

/* How often is the word in this process's heap, the complement of which is given? */
static unsigned words_in_heap(uint64_t inverted)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t from, to;
	char line[512];
	unsigned n = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " rw", &from, &to) == 2 &&
			strstr(line, "[heap]"))
			count_in((const char *)(uintptr_t)from, (const char *)(uintptr_t)to,
				inverted, &n);
	fclose(maps);
	return n;
}

static bool heap_is_seen(void)
{
	volatile uint64_t *word = malloc(sizeof(*word));
	unsigned n;

	if (!word)
		return false;
	*word = ~inverted_word(0);
	n = words_in_heap(inverted_word(0));
	*word = 0;
	free((void *)word);
	return n;
}

static void look_for_code(const char *backend, bool hides)
{
	static struct ebpf_insn code[] = {
		{.opcode = 0xb7}, /* r0 = number */
		{.opcode = 0x95}, /* exit */
	};
	struct ebpf_vm *vm = ebpf_create(backend);
	unsigned kept;
	uint64_t r0 = 0;

	assert_non_null(vm);
	code[0].imm = (int32_t)++number;
	if (hides)
		assert_int_equal(ebpf_set_pointer_secret(vm, 0x0123456789abcdef), 0);
	assert_int_equal(ebpf_load(vm, code, sizeof(code), NULL), 0);
	kept = words_in_heap(inverted_word(code[0].opcode)) + words_in_heap(inverted_word(0));
	if (hides != (kept == 0))
		fail_msg("%s: %u copies, hidden: %d", backend, kept, hides);
	assert_int_equal(ebpf_exec(vm, NULL, 0, &r0), 0);
	assert_int_equal(r0, number);
	ebpf_destroy(vm);
}

static void test_hidden_code_is_not_in_the_heap(void **state)
{
	static const char *const backends[] = {
		"interp",
#ifdef HAVE_LLVM
		"llvm",
#endif
	};

	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		look_for_code(backends[i], false);
		look_for_code(backends[i], true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_hidden_code_is_not_in_the_heap)};

	if (!heap_is_seen()) {
		printf("skipped: what is allocated is not in the process's heap\n");
		return EXIT_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
