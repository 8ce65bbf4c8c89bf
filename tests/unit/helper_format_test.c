/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper_format_test.c -- the kernel's formats.
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

static struct ebpf_env env;
static char traced[2048];
static size_t traced_len;

static uint64_t print(const char *format, uint64_t a, uint64_t b, uint64_t c)
{
	traced_len = SIZE_MAX;
	return helper_trace_printk(&env, format, strlen(format) + 1, a, b, c);
}

/* r0 = bpf_trace_printk(format on the stack, size, 300, -5, 7) */
static uint32_t kernel_print(const char *format, size_t size)
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	struct bpf_insn insns[32];
	size_t n = 0;

	for (size_t i = 0; i < size; i += 4) {
		int32_t word = 0;

		memcpy(&word, format + i, size - i < 4 ? size - i : 4);
		insns[n++] = I(BPF_ST | BPF_MEM | BPF_W, 10, 0, (int16_t)((int)i - 64), word);
	}
	insns[n++] = MOV_REG(1, 10);
	insns[n++] = ADD_IMM(1, -64);
	insns[n++] = MOV_IMM(2, size);
	insns[n++] = MOV_IMM(3, 300);
	insns[n++] = MOV_IMM(4, -5);
	insns[n++] = MOV_IMM(5, 7);
	insns[n++] = CALL(BPF_FUNC_trace_printk);
	insns[n++] = EXIT();
	return kernel__verdict(insns, n, &run);
}

static void test_trace_formats_as_kernel(void **state)
{
	static const char *const formats[] = {"", "plain\n", "%d", "%d %d %d", "%d %d %d %d", "%%",
		"%u %x %X", "%i", "%ld %lu %lx", "%lld %llu %llx", "%5d|%-5d|%05d", "%+d % d", "%p",
		"%px", "%p %p", "%pa", "%pp", "%px!", "%s", "%s %s", "%sx", "%10s|", "%c", "%c%d",
		"%", "%l", "%lll", "%lld%", "%hd", "%zu", "%f", "%o", "%n", "%.3d", "%*d", "%#x",
		"%1000d", "%d%d%d%%", "a\tb\n", "a\x01", "a\x7f", "%-d", "%08x", "%lc", "%ls",
		"%5c|"};

	kernel__require();
	for (size_t i = 0; i < COUNT(formats); i++) {
		const char *f = formats[i];
		size_t size = strlen(f) + 1;
		uint32_t theirs = kernel_print(f, size);

		/* -5 and 7 as addresses: neither can be read. */
		if ((uint32_t)helper_trace_printk(&env, f, size, 300, (uint64_t)-5, 7) != theirs)
			fail_msg("\"%s\": %d, the kernel: %d", f,
				(int)helper_trace_printk(&env, f, size, 300, (uint64_t)-5, 7),
				(int)theirs);
		/* Without its terminator */
		if (size > 1)
			assert_int_equal((uint32_t)helper_trace_printk(&env, f, size - 1, 0, 0, 0),
				kernel_print(f, size - 1));
	}
}

static void expect_text(const char *text)
{
	assert_int_equal(traced_len, strlen(text));
	assert_memory_equal(traced, text, traced_len);
}

static void test_trace_text(void **state)
{
	char long_string[700];

	assert_int_equal(print("%d %u %x\n", (uint64_t)-7, UINT64_MAX, 0xabcdef), 21);
	expect_text("-7 4294967295 abcdef\n");
	print("%lld %llu %lx", (uint64_t)INT64_MIN, UINT64_MAX, 0x123456789abcu);
	expect_text("-9223372036854775808 18446744073709551615 123456789abc");
	print("[%5d|%-5d|%05d]", 42, 42, (uint64_t)-42);
	expect_text("[   42|42   |-0042]");
	print("[%+d|% d|%X]%%", 1, 2, 0xbeef);
	expect_text("[+1| 2|BEEF]%");
	print("%p %c", 0xabc, 'z', 0);
	expect_text("0000000000000abc z");
	print("<%s> <%8s> <%-8s>", (uintptr_t) "eth0", (uintptr_t) "eth1", (uintptr_t) "eth2");
	expect_text("<eth0> <    eth1> <eth2    >");
	print("<%s> <%s>", 8, UINT64_MAX - 3, 0);
	expect_text("<> <>");
	/* More than fits is cut, and the result says how long it would have been. */
	memset(long_string, 'x', sizeof(long_string));
	long_string[699] = 0;
	assert_int_equal(print("%1000d%1000d", 1, 2, 0), 2000);
	assert_int_equal(traced_len, 1023);
	/* All that is read has 512 bytes of room. */
	assert_int_equal(print("%s", (uintptr_t)long_string, 0, 0), 511);
	assert_int_equal((int64_t)print("%s%s", (uintptr_t)long_string, 8, 0), -ENOSPC);
	assert_int_equal((int64_t)print("%s%d", (uintptr_t)long_string, 1, 0), -ENOSPC);
	/* Nothing is printed for a bad format. */
	assert_int_equal((int64_t)print("fine so far %f", 0, 0, 0), -EINVAL);
	assert_int_equal(traced_len, SIZE_MAX);
}

static void test_vprintk(void **state)
{
	const uint64_t args[13] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
	const char *format = "%d %d %d %d %d|";

	assert_int_equal(helper_trace_vprintk(&env, format, strlen(format) + 1, args, 40), 10);
	expect_text("1 2 3 4 5|");
	assert_int_equal((int64_t)helper_trace_vprintk(&env, format, 16, args, 32), -EINVAL);
	assert_int_equal((int64_t)helper_trace_vprintk(&env, format, 16, args, 39), -EINVAL);
	assert_int_equal((int64_t)helper_trace_vprintk(&env, format, 16, NULL, 40), -EINVAL);
	assert_int_equal((int64_t)helper_trace_vprintk(&env, format, 16, args, 104), -EINVAL);
	assert_int_equal(helper_trace_vprintk(&env, "all", 4, NULL, 0), 3);
}

/* --- bpf_snprintf: formats in a constant map ------------------------------------------------ */

#define FORMAT_SIZE 64 /* of a slot in the map */

static const char *const formats[] = {"", "plain\n", "%d", "%d %d %d", "%d %d %d %d", "%%",
	"%u %x %X", "%i", "%ld %lu %lx", "%lld %llu %llx", "%5d|%-5d|%05d", "%+d % d", "%c%d",
	"%5c|%-5c|%05c|", "%", "%l", "%lll", "%lld%", "%hd", "%f", "%.3d", "%*d", "%#x", "%70d",
	"a\x01", "a\x7f", "na\xc3\xafve %d", "%\xc3", "%pI4 %pi4", "%20pI4|", "%pI6", "%pi6",
	"%pI4x", "%pI5", "%pIx", "%s|%10s", "%pks|%20pks|", "%pus", "%pk", "%sx", "%05s|%-9s|",
	"%ld%s", "%px", "%20px|%-20px|", "%ps", "%pS", "%pB", "%p", "%pK", "%pKx", "%-08x|", "%2c",
	"%d %s %d"};

/* The formats in a frozen map: here and in the kernel. */
static struct machine_maps make_formats(struct ebpf_instance *inst, struct ebpf_map **map, int *fd)
{
	static char text[COUNT(formats) * FORMAT_SIZE];
	struct ebpf_map_opts opts = {
		"formats", BPF_MAP_TYPE_ARRAY, 4, sizeof(text), 1, BPF_F_RDONLY_PROG};
	uint32_t key = 0;

	for (size_t i = 0; i < COUNT(formats); i++)
		strncpy(text + i * FORMAT_SIZE, formats[i], FORMAT_SIZE - 1);
	*map = ebpf_map__create(inst, &opts, NULL);
	*fd = kernel__create_map(opts.type, 4, sizeof(text), 1, opts.flags);
	assert_true(*map && *fd >= 0);
	assert_int_equal(ebpf_map__update(*map, &key, text, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(*fd, &key, text, BPF_ANY), 0);
	assert_int_equal(ebpf_map__freeze(*map), 0);
	assert_int_equal(bpf_map_freeze(*fd), 0);
	return (struct machine_maps){map, fd, 1};
}

/* r0 = bpf_snprintf(stack, size, format i, {300, -5, 7}); then 64 bytes of stack over the packet.
 */
static size_t print_program(struct bpf_insn *insns, size_t i, uint32_t size, uint32_t n_args)
{
	size_t n = 0;

	insns[n++] = MOV_REG(6, 1);
	for (int at = 8; at <= 64; at += 8)
		insns[n++] = STORE_IMM64(10, -at, 0x23232323);
	insns[n++] = STORE_IMM64(10, -88, 300);
	insns[n++] = STORE_IMM64(10, -80, -5);
	insns[n++] = STORE_IMM64(10, -72, 7);
	insns[n++] = MOV_REG(1, 10);
	insns[n++] = ADD_IMM(1, -64);
	insns[n++] = MOV_IMM(2, size);
	insns[n++] = I(BPF_LD | BPF_DW | BPF_IMM, 3, BPF_PSEUDO_MAP_IDX_VALUE, 0, 0);
	insns[n++] = I(0, 0, 0, 0, i * FORMAT_SIZE);
	insns[n++] = MOV_REG(4, 10);
	insns[n++] = ADD_IMM(4, -88);
	insns[n++] = MOV_IMM(5, n_args * 8);
	insns[n++] = CALL(BPF_FUNC_snprintf);
	insns[n++] = MOV_REG(7, 0);
	insns[n++] = MOV_REG(1, 6);
	insns[n++] = MOV_IMM(2, 0);
	insns[n++] = MOV_REG(3, 10);
	insns[n++] = ADD_IMM(3, -64);
	insns[n++] = MOV_IMM(4, 64);
	insns[n++] = CALL(BPF_FUNC_xdp_store_bytes);
	insns[n++] = MOV_REG(0, 7);
	insns[n++] = EXIT();
	return n;
}

/* The kernel prints a hash, or has an address that only it knows of. */
static bool prints_address(const char *format)
{
	const char *p = strstr(format, "%p");

	return p && (!p[2] || p[2] == 'K');
}

/* Where addresses do not fit the kernel does not count them, so they are given room. */
static void test_snprintf_as_kernel(void **state)
{
	static const uint32_t sizes[] = {0, 1, 9, FORMAT_SIZE};
	struct ebpf_instance *inst = env.owner;
	struct bpf_insn insns[64];
	struct ebpf_map *map;
	uint8_t packet[64] = {0};
	int fd, valid = 0;

	kernel__require();
	struct machine_maps maps = make_formats(inst, &map, &fd);
	for (size_t i = 0; i < COUNT(formats); i++) {
		size_t n = print_program(insns, i, 40, 3);
		int prog = kernel__load_xdp_with(&fd, insns, n, true);
		char *reason = machine__reason(inst, &map, 1, insns, n);

		if ((prog < 0) != (reason != NULL))
			fail_msg("\"%s\": %s, the kernel: %d", formats[i], reason, prog);
		free(reason);
		if (prog < 0)
			continue;
		close(prog);
		valid++;
		for (size_t k = 0; k < COUNT(sizes) && !prints_address(formats[i]); k++) {
			struct kernel_run run = {.packet = packet, .size = sizeof(packet)};

			if (sizes[k] < FORMAT_SIZE && strchr(formats[i], 'p'))
				continue;
			n = print_program(insns, i, sizes[k], 3);
			printf("\"%s\" in %u bytes\n", formats[i], sizes[k]);
			machine__agree(inst, &maps, insns, n, &run);
		}
	}
	assert_true(valid > 25);
	ebpf_map__unref(map);
	close(fd);
}

static void keep_trace(void *user, const char *text, size_t len)
{
	traced_len = len;
	memcpy(traced, text, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace_formats_as_kernel),
		cmocka_unit_test(test_trace_text),
		cmocka_unit_test(test_vprintk),
		cmocka_unit_test(test_snprintf_as_kernel),
	};
	struct ebpf_instance *inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = 1, .trace = keep_trace}, NULL);
	int failed;

	if (!inst)
		return 1;
	ebpf_env__init(&env, inst, 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ebpf_instance__destroy(inst);
	return failed;
}
