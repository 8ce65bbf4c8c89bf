/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper_test.c -- helpers against the kernel's, by tiny programs that do nothing but call them.
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
#include "core/map.h"
#include "runtime/helpers.h"
#include "kernel.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct ebpf_env env;
static char traced[2048];
static size_t traced_len;

static uint64_t random_state = 88172645463325252u;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % n;
}

static void require_kernel(void)
{
	if (!kernel__permitted())
		skip();
}

static uint32_t run_verdict(const struct bpf_insn *insns, size_t n, struct kernel_run *run)
{
	int fd = kernel__load_xdp(insns, n);

	assert_true(fd >= 0);
	assert_int_equal(kernel__run(fd, run), 0);
	close(fd);
	return run->verdict;
}

/* --- csum_diff ----------------------------------------------------------------------------- */

/* r0 = bpf_csum_diff(packet, from_size, packet + 256, to_size, seed); pointers NULL for size 0 */
static uint32_t kernel_csum_diff(
	struct kernel_run *run, uint32_t from_size, uint32_t to_size, uint32_t seed)
{
	struct bpf_insn insns[] = {
		LOAD32(6, 1, 0),
		LOAD32(7, 1, 4),
		MOV_REG(2, 6),
		ADD_IMM(2, 512),
		JGT_REG(2, 7, 11),
		MOV_REG(1, 6),
		MOV_IMM(2, from_size),
		MOV_REG(3, 6),
		ADD_IMM(3, 256),
		MOV_IMM(4, to_size),
		MOV32_IMM(5, seed),
		MOV_REG(0, 0),
		MOV_REG(0, 0),
		CALL(BPF_FUNC_csum_diff),
		EXIT(),
		MOV_IMM(0, 77),
		EXIT(),
	};

	insns[11] = insns[12] = MOV_REG(9, 6); /* nothing */
	if (!from_size)
		insns[11] = MOV_IMM(1, 0);
	if (!to_size)
		insns[12] = MOV_IMM(3, 0);
	insns[4].off = 10;
	return run_verdict(insns, COUNT(insns), run);
}

static void test_csum_diff_as_kernel(void **state)
{
	static const uint32_t seeds[] = {0, 1, 0xffff, 0xffffffff, 0x12345678};
	uint8_t packet[600] = {0};
	struct kernel_run odd = {.packet = packet, .size = sizeof(packet)};

	require_kernel();
	if ((int32_t)kernel_csum_diff(&odd, 2, 0, 0) == -EINVAL) {
		printf("before Linux 6.13 csum_diff gives other representations\n");
		skip();
	}
	for (int round = 0; round < 400; round++) {
		struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
		uint32_t from_size = below(20) ? below(65) * 4 : below(256);
		uint32_t to_size = below(4) ? below(20) ? below(65) * 4 : below(256) : 0;
		uint32_t seed = seeds[below(COUNT(seeds))], fill = below(4), ours, theirs;

		from_size = below(4) ? from_size : 0;
		/* All zeros and all ones are where one's complement has two answers. */
		for (size_t i = 0; i < sizeof(packet); i++)
			packet[i] = fill == 0 ? 0 : fill == 1 ? 0xff : (uint8_t)below(256);
		ours = (uint32_t)helper_csum_diff(&env, from_size ? packet : NULL, from_size,
			to_size ? packet + 256 : NULL, to_size, seed);
		theirs = kernel_csum_diff(&run, from_size, to_size, seed);
		if (ours != theirs)
			fail_msg("csum_diff of %u, %u bytes, seed 0x%x: 0x%x, the kernel: 0x%x",
				from_size, to_size, seed, ours, theirs);
	}
}

/* --- adjust_head, adjust_meta, adjust_tail --------------------------------------------------- */

struct step {
	uint32_t helper;
	int32_t delta;
};

static uint32_t mix(uint32_t sum, uint64_t result)
{
	return sum * 31 + (uint32_t)result;
}

static uint32_t kernel_steps(const struct step *steps, int n, struct kernel_run *run)
{
	struct bpf_insn insns[64];
	size_t at = 0;

	insns[at++] = MOV_REG(6, 1);
	insns[at++] = MOV_IMM(7, 0);
	for (int i = 0; i < n; i++) {
		insns[at++] = MOV_REG(1, 6);
		insns[at++] = MOV_IMM(2, steps[i].delta);
		insns[at++] = CALL(steps[i].helper);
		insns[at++] = MUL_IMM(7, 31);
		insns[at++] = ADD_REG(7, 0);
	}
	insns[at++] = MOV_REG(0, 7);
	insns[at++] = EXIT();
	return run_verdict(insns, at, run);
}

static uint32_t our_steps(const struct step *steps, int n, struct ebpf_xdp_ctx *ctx)
{
	uint32_t sum = 0;

	for (int i = 0; i < n; i++) {
		uint64_t rc = helper__call(steps[i].helper)(
			&env, (uintptr_t)ctx, (uint64_t)(int64_t)steps[i].delta, 0, 0, 0);

		sum = mix(sum, rc);
	}
	return sum;
}

/* A packet in a buffer of `room` bytes, `head` of them before it; the kernel's limits. */
static struct ebpf_xdp_ctx place_packet(
	uint8_t *buf, uint32_t room, uint32_t head, const uint8_t *packet, uint32_t size)
{
	uint8_t *data = buf + head;
	uintptr_t page = (uintptr_t)data - EBPF_XDP_HEADROOM;

	memcpy(data, packet, size);
	return (struct ebpf_xdp_ctx){
		.data = data,
		.data_meta = data,
		.data_end = data + size,
		.buf = buf,
		.buf_end = buf + room,
		.head_limit = (uint8_t *)(page + EBPF_XDP_FRAME_HEADER),
		.tail_limit = (uint8_t *)(page + EBPF_XDP_FRAME_SIZE - EBPF_XDP_TAIL_RESERVE),
	};
}

static void check_same(const struct ebpf_xdp_ctx *ctx, const struct kernel_run *run)
{
	assert_int_equal(ctx->data_end - ctx->data_meta, run->out_size);
	assert_int_equal(ctx->data - ctx->data_meta, run->meta_size);
}

static void random_steps(struct step *steps, int n)
{
	static const int32_t edges[] = {0, -216, -217, -215, 4, -4, 14, -14, -32, 32, -252, -256,
		-36, 46, 47, 3456, INT32_MIN, INT32_MAX, 1, -1};
	static const uint32_t helpers[] = {
		BPF_FUNC_xdp_adjust_head, BPF_FUNC_xdp_adjust_meta, BPF_FUNC_xdp_adjust_tail};

	for (int i = 0; i < n; i++) {
		steps[i].helper = helpers[below(3)];
		steps[i].delta = below(2)   ? edges[below(COUNT(edges))]
				 : below(2) ? (int32_t)below(80) - 40
					    : (int32_t)below(8000) - 4000;
		if (steps[i].helper == BPF_FUNC_xdp_adjust_meta && below(2))
			steps[i].delta = ((int32_t)below(40) - 20) * 4;
	}
}

static void test_adjust_as_kernel(void **state)
{
	static uint8_t buf[EBPF_XDP_FRAME_SIZE], narrow[EBPF_XDP_FRAME_SIZE];
	uint8_t packet[EBPF_XDP_MAX_LINEAR];
	struct step steps[6];

	require_kernel();
	for (size_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)(i * 7 + 1);
	for (int round = 0; round < 2000; round++) {
		uint32_t size = below(4) ? 14 + below(100) : 14 + below(EBPF_XDP_MAX_LINEAR - 14);
		struct kernel_run run = {.packet = packet, .size = size};
		int n = 1 + (int)below(6);
		struct ebpf_xdp_ctx ctx;
		uint32_t sum;

		random_steps(steps, n);
		sum = kernel_steps(steps, n, &run);
		memset(buf, 0, sizeof(buf)); /* as the kernel's headroom is */
		ctx = place_packet(buf, sizeof(buf), EBPF_XDP_HEADROOM, packet, size);
		assert_int_equal(our_steps(steps, n, &ctx), sum);
		check_same(&ctx, &run);
		assert_memory_equal(ctx.data_meta, run.out, run.out_size);

		/* As much room, but on the wrong side: the packet moves. */
		ctx = place_packet(
			narrow, sizeof(narrow), below(2) ? 0 : sizeof(narrow) - size, packet, size);
		assert_int_equal(our_steps(steps, n, &ctx), sum);
		check_same(&ctx, &run);
		assert_true(ctx.buf == narrow && ctx.buf_end == narrow + sizeof(narrow));
		assert_true(ctx.data_meta >= narrow && ctx.data_end <= ctx.buf_end);
	}
}

static void test_packet_moves_whole(void **state)
{
	uint8_t buf[128], packet[64];
	struct ebpf_xdp_ctx ctx;

	for (int i = 0; i < 64; i++)
		packet[i] = (uint8_t)i;
	ctx = place_packet(buf, sizeof(buf), 8, packet, 64);
	/* 20 bytes of meta: 12 more than there are in front. */
	assert_int_equal(helper_xdp_adjust_meta(&env, &ctx, (uint64_t)-20), 0);
	assert_int_equal(ctx.data - ctx.data_meta, 20);
	assert_memory_equal(ctx.data, packet, 64);
	memset(ctx.data_meta, 0xee, 20);
	/* The meta data moves along with the head, and both with the tail. */
	assert_int_equal(helper_xdp_adjust_head(&env, &ctx, (uint64_t)-4), 0);
	assert_int_equal(helper_xdp_adjust_tail(&env, &ctx, 40), 0);
	assert_int_equal(ctx.data_meta[0], 0xee);
	assert_int_equal(ctx.data_meta[19], 0xee);
	assert_memory_equal(ctx.data + 4, packet, 64);
	for (int i = 0; i < 40; i++)
		assert_int_equal(ctx.data[68 + i], 0);
	assert_ptr_equal(ctx.data_meta, buf);
	assert_ptr_equal(ctx.data_end, buf + 128);
	/* The kernel's limits would allow more; the buffer has no more, and nothing changes. */
	assert_int_equal((int64_t)helper_xdp_adjust_tail(&env, &ctx, 1), -EINVAL);
	assert_int_equal((int64_t)helper_xdp_adjust_head(&env, &ctx, (uint64_t)-1), -EINVAL);
	assert_memory_equal(ctx.data + 4, packet, 64);
}

/* --- xdp_load_bytes, xdp_store_bytes, xdp_get_buff_len --------------------------------------- */

static uint32_t kernel_bytes(const uint32_t at[2], const uint32_t size[2], struct kernel_run *run)
{
	struct bpf_insn insns[40];
	size_t n = 0;

	insns[n++] = MOV_REG(6, 1);
	for (int i = 1; i <= 8; i++)
		insns[n++] = STORE_IMM64(10, -8 * i, i);
	for (int i = 0; i < 2; i++) {
		insns[n++] = MOV_REG(1, 6);
		insns[n++] = MOV32_IMM(2, at[i]);
		insns[n++] = MOV_REG(3, 10);
		insns[n++] = ADD_IMM(3, -64);
		insns[n++] = MOV_IMM(4, size[i]);
		insns[n++] = CALL(i ? BPF_FUNC_xdp_store_bytes : BPF_FUNC_xdp_load_bytes);
		if (!i) {
			insns[n++] = MOV_REG(7, 0);
			insns[n++] = MUL_IMM(7, 31);
		}
	}
	insns[n++] = ADD_REG(7, 0);
	insns[n++] = MUL_IMM(7, 31);
	insns[n++] = MOV_REG(1, 6);
	insns[n++] = CALL(BPF_FUNC_xdp_get_buff_len);
	insns[n++] = ADD_REG(0, 7);
	insns[n++] = EXIT();
	return run_verdict(insns, n, run);
}

static void test_bytes_as_kernel(void **state)
{
	static const uint32_t far[] = {0xffff, 0x10000, UINT32_MAX, 0x7fffffff, 65500};
	static uint8_t buf[EBPF_XDP_FRAME_SIZE];
	uint8_t packet[1500];

	require_kernel();
	for (int round = 0; round < 500; round++) {
		uint32_t length = 14 + below(200), at[2], size[2], sum;
		struct kernel_run run = {.packet = packet, .size = length};
		uint64_t stack[8] = {8, 7, 6, 5, 4, 3, 2, 1};
		struct ebpf_xdp_ctx ctx;

		for (uint32_t i = 0; i < length; i++)
			packet[i] = (uint8_t)below(256);
		for (int i = 0; i < 2; i++) {
			at[i] = below(10) ? below(length + 2) : far[below(COUNT(far))];
			size[i] = 1 + below(64);
		}
		ctx = place_packet(buf, sizeof(buf), EBPF_XDP_HEADROOM, packet, length);
		sum = mix(0, helper_xdp_load_bytes(&env, &ctx, at[0], stack, size[0]));
		sum = mix(sum, helper_xdp_store_bytes(&env, &ctx, at[1], stack, size[1]));
		sum = mix(sum, helper_xdp_get_buff_len(&env, &ctx));
		assert_int_equal(sum, kernel_bytes(at, size, &run));
		assert_memory_equal(ctx.data, run.out, run.out_size);
	}
}

/* --- strings, memory, clocks ----------------------------------------------------------------- */

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
	verdict = run_verdict(insns, COUNT(insns), &run);
	close(fd);
	return verdict;
}

static void test_strncmp_as_kernel(void **state)
{
	require_kernel();
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
		assert_int_equal((uint32_t)helper_strncmp(&env, s.text, size, string),
			kernel_strncmp(s.word, size, string));
	}
}

/* r0 = the helper's result, shifted */
static uint32_t kernel_clock(uint32_t helper, uint32_t shift)
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	const struct bpf_insn insns[] = {
		CALL(helper), I(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, shift), EXIT()};

	return run_verdict(insns, COUNT(insns), &run);
}

static void test_clocks_as_kernel(void **state)
{
	static const uint32_t clocks[] = {BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_boot_ns,
		BPF_FUNC_ktime_get_coarse_ns, BPF_FUNC_ktime_get_tai_ns};
	uint64_t jiffies = helper_jiffies64(&env), ns = helper_ktime_get_coarse_ns(&env);

	require_kernel();
	for (size_t i = 0; i < COUNT(clocks); i++) {
		uint32_t before, theirs, after;

		before = (uint32_t)(helper__call(clocks[i])(&env, 0, 0, 0, 0, 0) >> 20);
		theirs = kernel_clock(clocks[i], 20);
		after = (uint32_t)(helper__call(clocks[i])(&env, 0, 0, 0, 0, 0) >> 20);
		assert_true(theirs - before <= after - before);
	}
	assert_int_equal(helper_get_numa_node_id(&env), kernel_clock(BPF_FUNC_get_numa_node_id, 0));
	/* Jiffies go as fast as the clock, from where Linux begins. */
	assert_true(jiffies >= UINT32_MAX - 300 * 250);
	while (helper_jiffies64(&env) < jiffies + 25)
		usleep(1000);
	ns = helper_ktime_get_coarse_ns(&env) - ns;
	assert_in_range(ns / 1000000, 90, 1000);
}

static void test_probe_read(void **state)
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	const struct bpf_insn insns[] = {MOV_REG(1, 10), ADD_IMM(1, -8), MOV_IMM(2, 8),
		MOV_IMM(3, -4096), CALL(BPF_FUNC_probe_read_kernel), EXIT()};
	uint64_t from = 0x1122334455667788, to = 0;

	assert_int_equal(helper_probe_read_kernel(&env, &to, 8, (uintptr_t)&from), 0);
	assert_int_equal(to, from);
	assert_int_equal((int64_t)helper_probe_read_kernel(&env, &to, 4, 16), -EFAULT);
	assert_int_equal(to, 0x1122334400000000);
	assert_int_equal(helper_probe_read_kernel(&env, &to, 0, 16), 0);
	require_kernel(); /* which gives -ERANGE for addresses of user space */
	assert_int_equal((int32_t)run_verdict(insns, COUNT(insns), &run), -EFAULT);
}

/* --- redirect, trace_printk ------------------------------------------------------------------ */

static void test_redirect_as_kernel(void **state)
{
	uint8_t packet[64] = {0};

	require_kernel();
	for (uint32_t flags = 0; flags < 9; flags++) {
		struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
		const struct bpf_insn insns[] = {
			MOV_IMM(1, 1), MOV_IMM(2, flags), CALL(BPF_FUNC_redirect), EXIT()};

		env.redirect.kind = EBPF_REDIRECT_NONE;
		assert_int_equal(
			helper_redirect(&env, 5, flags), run_verdict(insns, COUNT(insns), &run));
		assert_int_equal(
			env.redirect.kind, flags ? EBPF_REDIRECT_NONE : EBPF_REDIRECT_IFINDEX);
	}
	helper_redirect(&env, 5, 0);
	assert_int_equal(env.redirect.ifindex, 5);
}

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
	return run_verdict(insns, n, &run);
}

static void test_trace_formats_as_kernel(void **state)
{
	static const char *const formats[] = {"", "plain\n", "%d", "%d %d %d", "%d %d %d %d", "%%",
		"%u %x %X", "%i", "%ld %lu %lx", "%lld %llu %llx", "%5d|%-5d|%05d", "%+d % d", "%p",
		"%px", "%p %p", "%pa", "%pp", "%px!", "%s", "%s %s", "%sx", "%10s|", "%c", "%c%d",
		"%", "%l", "%lll", "%lld%", "%hd", "%zu", "%f", "%o", "%n", "%.3d", "%*d", "%#x",
		"%1000d", "%d%d%d%%", "a\tb\n", "a\x01", "a\x7f", "%-d", "%08x", "%lc", "%ls",
		"%5c|"};

	require_kernel();
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
	assert_int_equal(print("%s%s%s", (uintptr_t)long_string, (uintptr_t)long_string,
				 (uintptr_t)long_string),
		3 * 512);
	assert_int_equal(traced_len, 1023);
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

/* --- maps by helper, per-CPU values from a program ------------------------------------------- */

/* A program's update of a per-CPU map sets one CPU's value; a new key's others are 0. */
static void test_percpu_update_as_kernel(void **state)
{
	int cpus = libbpf_num_possible_cpus(), ours_set = 0, theirs_set = 0;
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	int map_fd, prog_fd;
	struct ebpf_instance *inst;
	struct ebpf_map *map;
	struct ebpf_map_opts opts = {"test", BPF_MAP_TYPE_PERCPU_HASH, 8, 8, 4, 0};
	uint64_t *values = calloc((size_t)cpus + 2, 8), key = 3, value = 9;

	require_kernel();
	inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = cpus > 1 ? (uint32_t)cpus - 1 : 1}, NULL);
	map = ebpf_map__create(inst, &opts, NULL);
	map_fd = kernel__create_map(opts.type, 8, 8, 4, 0);
	assert_true(map && values && map_fd >= 0);
	{
		const struct bpf_insn insns[] = {
			STORE_IMM64(10, -8, 3),
			STORE_IMM64(10, -16, 9),
			LOAD_MAP(1, map_fd),
			MOV_REG(2, 10),
			ADD_IMM(2, -8),
			MOV_REG(3, 10),
			ADD_IMM(3, -16),
			MOV_IMM(4, BPF_ANY),
			CALL(BPF_FUNC_map_update_elem),
			EXIT(),
		};

		prog_fd = kernel__load_xdp(insns, COUNT(insns));
	}
	assert_true(prog_fd >= 0);
	for (int existing = 0; existing < 2; existing++) {
		assert_int_equal(kernel__run(prog_fd, &run), 0);
		assert_int_equal(run.verdict,
			(uint32_t)helper_map_update_elem(&env, &map->rt, &key, &value, BPF_ANY));
		assert_int_equal(bpf_map_lookup_elem(map_fd, &key, values), 0);
		ours_set = theirs_set = 0;
		for (int i = 0; i < cpus; i++)
			theirs_set += values[i] == 9 ? 1 : values[i] ? 100 : 0;
		assert_int_equal(ebpf_map__lookup(map, &key, values), 0);
		for (uint32_t i = 0; i < map->slots; i++)
			ours_set += values[i] == 9 ? 1 : values[i] ? 100 : 0;
		assert_int_equal(theirs_set, 1);
		assert_int_equal(ours_set, 1);
	}
	assert_int_equal(*(uint64_t *)helper_map_lookup_elem(&env, &map->rt, &key), 9);
	assert_int_equal(helper_map_delete_elem(&env, &map->rt, &key), 0);
	assert_int_equal((int64_t)helper_map_delete_elem(&env, &map->rt, &key), -ENOENT);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
	close(map_fd);
	close(prog_fd);
	free(values);
}

/* --- the table ------------------------------------------------------------------------------- */

static void test_table(void **state)
{
	int n = 0;

	for (uint32_t id = 0; id < 1000; id++) {
		const struct helper_proto *p = helper__find(id);

		assert_int_equal(!p, !helper__call(id));
		if (!p)
			continue;
		n++;
		assert_int_equal(p->id, id);
		assert_string_equal(p->name, helper__name(id));
		for (int i = 0; i < 5; i++)
			assert_int_equal(p->args[i] != ARG_NONE, i < p->n_args);
	}
	assert_true(n >= 30);
	assert_int_equal(
		helper__find(kfunc__find("bpf_iter_num_next"))->ret, RET_ITER_ELEM_OR_NULL);
	assert_null(helper__find(kfunc__find("bpf_ct_release")));
	assert_string_equal(helper__name(kfunc__find("bpf_ct_release")), "bpf_ct_release");
	assert_int_equal(kfunc__find("bpf_map_lookup_elem"), 0);
	assert_string_equal(helper__name(BPF_FUNC_redirect_map), "bpf_redirect_map");
	assert_string_equal(helper__name(211), "bpf_cgrp_storage_delete");
	assert_null(helper__name(212));
	assert_null(helper__name(UINT32_MAX));
	assert_null(helper__find(UINT32_MAX));
}

static void test_environment(void **state)
{
	uint64_t before = helper_ktime_get_ns(&env), distinct = 0, or = 0, and = UINT32_MAX;

	assert_true(helper_ktime_get_ns(&env) >= before);
	assert_int_equal(helper_get_smp_processor_id(&env), 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t r = helper_get_prandom_u32(&env);

		assert_true(r <= UINT32_MAX);
		distinct += r != helper_get_prandom_u32(&env);
		or |= r;
		and &= r;
	}
	assert_true(distinct > 990);
	assert_int_equal(or, UINT32_MAX);
	assert_int_equal(and, 0);
}

static void keep_trace(void *user, const char *text, size_t len)
{
	traced_len = len;
	memcpy(traced, text, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csum_diff_as_kernel),
		cmocka_unit_test(test_adjust_as_kernel),
		cmocka_unit_test(test_packet_moves_whole),
		cmocka_unit_test(test_bytes_as_kernel),
		cmocka_unit_test(test_strncmp_as_kernel),
		cmocka_unit_test(test_clocks_as_kernel),
		cmocka_unit_test(test_probe_read),
		cmocka_unit_test(test_redirect_as_kernel),
		cmocka_unit_test(test_trace_formats_as_kernel),
		cmocka_unit_test(test_trace_text),
		cmocka_unit_test(test_vprintk),
		cmocka_unit_test(test_percpu_update_as_kernel),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_environment),
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
