/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper_packet_test.c -- checksums, and helpers that change the packet, against the kernel's.
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
	return kernel__verdict(insns, COUNT(insns), run);
}

static void test_csum_diff_as_kernel(void **state)
{
	static const uint32_t seeds[] = {0, 1, 0xffff, 0xffffffff, 0x12345678};
	uint8_t packet[600] = {0};
	struct kernel_run odd = {.packet = packet, .size = sizeof(packet)};

	kernel__require();
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
		ours = (uint32_t)helper_csum_diff(&machine.env, from_size ? packet : NULL,
			from_size, to_size ? packet + 256 : NULL, to_size, seed);
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
	return kernel__verdict(insns, at, run);
}

static uint32_t our_steps(const struct step *steps, int n, struct ebpf_xdp_ctx *ctx)
{
	uint32_t sum = 0;

	for (int i = 0; i < n; i++) {
		uint64_t rc = helper__call(steps[i].helper)(
			&machine.env, (uintptr_t)ctx, (uint64_t)(int64_t)steps[i].delta, 0, 0, 0);

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

	kernel__require();
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
	assert_int_equal(helper_xdp_adjust_meta(&machine.env, &ctx, (uint64_t)-20), 0);
	assert_int_equal(ctx.data - ctx.data_meta, 20);
	assert_memory_equal(ctx.data, packet, 64);
	memset(ctx.data_meta, 0xee, 20);
	/* The meta data moves along with the head, and both with the tail. */
	assert_int_equal(helper_xdp_adjust_head(&machine.env, &ctx, (uint64_t)-4), 0);
	assert_int_equal(helper_xdp_adjust_tail(&machine.env, &ctx, 40), 0);
	assert_int_equal(ctx.data_meta[0], 0xee);
	assert_int_equal(ctx.data_meta[19], 0xee);
	assert_memory_equal(ctx.data + 4, packet, 64);
	for (int i = 0; i < 40; i++)
		assert_int_equal(ctx.data[68 + i], 0);
	assert_ptr_equal(ctx.data_meta, buf);
	assert_ptr_equal(ctx.data_end, buf + 128);
	/* The kernel's limits would allow more; the buffer has no more, and nothing changes. */
	assert_int_equal((int64_t)helper_xdp_adjust_tail(&machine.env, &ctx, 1), -EINVAL);
	assert_int_equal(
		(int64_t)helper_xdp_adjust_head(&machine.env, &ctx, (uint64_t)-1), -EINVAL);
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
	return kernel__verdict(insns, n, run);
}

static void test_bytes_as_kernel(void **state)
{
	static const uint32_t far[] = {0xffff, 0x10000, UINT32_MAX, 0x7fffffff, 65500};
	static uint8_t buf[EBPF_XDP_FRAME_SIZE];
	uint8_t packet[1500];

	kernel__require();
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
		sum = mix(0, helper_xdp_load_bytes(&machine.env, &ctx, at[0], stack, size[0]));
		sum = mix(sum, helper_xdp_store_bytes(&machine.env, &ctx, at[1], stack, size[1]));
		sum = mix(sum, helper_xdp_get_buff_len(&machine.env, &ctx));
		assert_int_equal(sum, kernel_bytes(at, size, &run));
		assert_memory_equal(ctx.data, run.out, run.out_size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csum_diff_as_kernel),
		cmocka_unit_test(test_adjust_as_kernel),
		cmocka_unit_test(test_packet_moves_whole),
		cmocka_unit_test(test_bytes_as_kernel),
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
