/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper_string_test.c -- strings, numbers in them, memory at any address.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ebpf-program.h"
#include "runtime/helpers.h"
#include "machine.h"
#include "random.h"

/* r0 = bpf_strncmp(8 bytes, size, string in a frozen map) */
static uint32_t kernel_strncmp(uint64_t bytes, uint32_t size, const char string[8])
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	int fd = kernel__create_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_RDONLY_PROG);
	uint32_t key = 0, verdict;
	struct bpf_insn insns[] = {
		LOAD_MAP(3, fd),
		LOAD_MAP(1, 0),
		I(BPF_STX | BPF_MEM | BPF_DW, 10, 1, -8, 0),
		MOV_REG(1, 10),
		ADD_IMM(1, -8),
		MOV_IMM(2, size),
		CALL(BPF_FUNC_strncmp),
		EXIT(),
	};

	insns[0].src_reg = BPF_PSEUDO_MAP_VALUE;
	insns[2].src_reg = 0; /* a plain number */
	insns[2].imm = (int32_t)bytes;
	insns[3].imm = (int32_t)(bytes >> 32);
	assert_int_equal(bpf_map_update_elem(fd, &key, string, BPF_ANY), 0);
	assert_int_equal(bpf_map_freeze(fd), 0);
	verdict = kernel__verdict(insns, COUNT(insns), &run);
	close(fd);
	return verdict;
}

static void test_strncmp_as_kernel(void **state)
{
	kernel__require();
	for (int round = 0; round < 300; round++) {
		char string[8] = {0};
		union {
			uint64_t word;
			char text[8];
		} s = {0};
		uint32_t size = 1 + below(8);

		for (uint32_t i = below(8); i-- > 0;)
			string[i] = (char)("abc\xff"[below(4)]);
		memcpy(s.text, string, 8);
		if (below(2))
			s.text[below(8)] = (char)below(256);
		assert_int_equal((uint32_t)helper_strncmp(&machine.env, s.text, size, string),
			kernel_strncmp(s.word, size, string));
	}
}

static void test_probe_read(void **state)
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	const struct bpf_insn insns[] = {MOV_REG(1, 10), ADD_IMM(1, -8), MOV_IMM(2, 8),
		MOV_IMM(3, -4096), CALL(BPF_FUNC_probe_read_kernel), EXIT()};
	const struct bpf_insn nothing[] = {MOV_REG(1, 10), ADD_IMM(1, -8), MOV_IMM(2, 0),
		MOV_IMM(3, 16), CALL(BPF_FUNC_probe_read_kernel), EXIT()};
	uint64_t from = 0x1122334455667788, to = 0;

	assert_int_equal(helper_probe_read_kernel(&machine.env, &to, 8, (uintptr_t)&from), 0);
	assert_int_equal(to, from);
	assert_int_equal((int64_t)helper_probe_read_kernel(&machine.env, &to, 4, 16), -ERANGE);
	assert_int_equal(to, 0x1122334400000000);
	kernel__require(); /* which gives -ERANGE for addresses of user space */
	assert_int_equal((int32_t)kernel__verdict(insns, COUNT(insns), &run), -EFAULT);
	assert_int_equal((uint32_t)helper_probe_read_kernel(&machine.env, &to, 0, 16),
		kernel__verdict(nothing, COUNT(nothing), &run));
}

/* --- numbers ------------------------------------------------------------------------------- */

#define TEXT_SIZE 24

/* Reads TEXT_SIZE bytes of the packet as numbers of `size` bytes with every one of the flags. What
 * comes out is written over the packet, the results are mixed. */
static size_t number_program(struct bpf_insn *insns, uint32_t helper, uint32_t size)
{
	static const uint32_t flags[] = {0, 8, 10, 16, 7, 32 + 10};
	size_t n = 0;

	insns[n++] = MOV_REG(6, 1);
	insns[n++] = MOV_IMM(7, 0);
	insns[n++] = MOV_IMM(2, 0);
	insns[n++] = MOV_REG(3, 10);
	insns[n++] = ADD_IMM(3, -TEXT_SIZE);
	insns[n++] = MOV_IMM(4, TEXT_SIZE);
	insns[n++] = CALL(BPF_FUNC_xdp_load_bytes);
	for (size_t i = 0; i < COUNT(flags); i++) {
		insns[n++] = STORE_IMM64(10, -TEXT_SIZE - 8, 99);
		insns[n++] = MOV_REG(1, 10);
		insns[n++] = ADD_IMM(1, -TEXT_SIZE);
		insns[n++] = MOV_IMM(2, size);
		insns[n++] = MOV_IMM(3, flags[i]);
		insns[n++] = MOV_REG(4, 10);
		insns[n++] = ADD_IMM(4, -TEXT_SIZE - 8);
		insns[n++] = CALL(helper);
		insns[n++] = MUL_IMM(7, 31);
		insns[n++] = ADD_REG(7, 0);
		insns[n++] = MOV_REG(1, 6);
		insns[n++] = MOV_IMM(2, i * 8);
		insns[n++] = MOV_REG(3, 10);
		insns[n++] = ADD_IMM(3, -TEXT_SIZE - 8);
		insns[n++] = MOV_IMM(4, 8);
		insns[n++] = CALL(BPF_FUNC_xdp_store_bytes);
	}
	insns[n++] = MOV_REG(0, 7);
	insns[n++] = EXIT();
	return n;
}

static void random_text(char *text)
{
	static const char *const texts[] = {"0", "-1", "  42", "0x1f", "-0x", "0x", "08", "0777",
		"-", "", " ", "\t\n\v\f\r9", "\xa0\067", /* a 7 after it, not a third digit */
		"18446744073709551615", "18446744073709551616", "9223372036854775807",
		"9223372036854775808", "-9223372036854775808", "-9223372036854775809",
		"0xffffffffffffffff", "0x10000000000000000", "1777777777777777777777", "0X1G",
		"12abc", "--1", "+1", "1 2", "ffff", "0x-1"};
	static const char any[] = "0123456789abcdefxX- \t\ng";

	memset(text, 0, TEXT_SIZE);
	if (below(3)) {
		strncpy(text, texts[below(COUNT(texts))], TEXT_SIZE - 1);
		return;
	}
	for (uint32_t i = 0; i < below(TEXT_SIZE); i++)
		text[i] = any[below(sizeof(any) - 1)];
}

static void test_numbers_as_kernel(void **state)
{
	static const uint32_t sizes[] = {1, 3, TEXT_SIZE};
	struct bpf_insn insns[128];
	char packet[64] = {0};

	kernel__require();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (uint32_t helper = BPF_FUNC_strtol; helper <= BPF_FUNC_strtoul; helper++) {
			size_t n = number_program(insns, helper, sizes[i]);
			int fd = kernel__load_xdp(insns, n);
			struct ebpf_program *progs[3] = {0};

			for (int b = 0; machine_backends[b]; b++)
				progs[b] = machine__load(
					machine.inst, machine_backends[b], NULL, 0, insns, n);
			for (int round = 0; round < 300; round++) {
				struct kernel_run theirs = {
					.packet = packet, .size = sizeof(packet)};
				struct kernel_run ours = theirs;

				random_text(packet);
				assert_int_equal(kernel__run(fd, &theirs), 0);
				for (int b = 0; machine_backends[b]; b++) {
					machine__run_on(progs[b], &machine.env, &ours);
					machine__check_same(machine_backends[b], &ours, &theirs);
				}
			}
			for (int b = 0; b < 3; b++)
				ebpf_program__unref(progs[b]);
			close(fd);
		}
	}
}

static void test_probe_read_string(void **state)
{
	const char *text =
		"a string that goes on for more than sixty-four bytes, so that it is read in "
		"several pieces";
	size_t len = strlen(text);
	char to[128];

	for (size_t size = 1; size < sizeof(to); size++) {
		size_t n = size <= len ? size : len + 1;

		memset(to, '#', sizeof(to));
		assert_int_equal(
			helper_probe_read_kernel_str(&machine.env, to, size, (uintptr_t)text), n);
		assert_memory_equal(to, text, n - 1);
		assert_int_equal(to[n - 1], 0);
		assert_int_equal(to[n], '#');
	}
	assert_int_equal(helper_probe_read_kernel_str(&machine.env, to, 0, 16), 0);
}

/* r0 = helper(8 bytes of stack, size, an address where nothing is); then all over the packet. */
static void test_bad_addresses_as_kernel(void **state)
{
	static const uint32_t helpers[] = {BPF_FUNC_probe_read_kernel,
		BPF_FUNC_probe_read_kernel_str, BPF_FUNC_probe_read_user,
		BPF_FUNC_probe_read_user_str};
	uint8_t packet[64] = {0};

	kernel__require();
	for (size_t i = 0; i < COUNT(helpers); i++) {
		for (int size = 0; size <= 8; size += 4) {
			struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
			const struct bpf_insn insns[] = {
				MOV_REG(6, 1),
				STORE_IMM64(10, -8, 0x55555555),
				MOV_REG(1, 10),
				ADD_IMM(1, -8),
				MOV_IMM(2, size),
				MOV_IMM(3, -4096),
				CALL(helpers[i]),
				MOV_REG(7, 0),
				MOV_REG(1, 6),
				MOV_IMM(2, 0),
				MOV_REG(3, 10),
				ADD_IMM(3, -8),
				MOV_IMM(4, 8),
				CALL(BPF_FUNC_xdp_store_bytes),
				MOV_REG(0, 7),
				EXIT(),
			};

			machine__agree(machine.inst, NULL, insns, COUNT(insns), &run);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strncmp_as_kernel),
		cmocka_unit_test(test_probe_read),
		cmocka_unit_test(test_numbers_as_kernel),
		cmocka_unit_test(test_probe_read_string),
		cmocka_unit_test(test_bad_addresses_as_kernel),
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
