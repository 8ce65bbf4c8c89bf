/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The interpreter alone, with XDP programs that no verifier has seen: what it lets them touch,
 * and that it stops them everywhere else.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/map.h"
#include "interp/interp.h"
#include "isa/isa.h"

#define VERDICT_FAULT 0 /* XDP_ABORTED */

enum { HASH, CONSTANTS, RING, N_MAPS };

/* A packet of 64 bytes behind 8 bytes of metadata, and three maps: a hash, an array that
 * programs cannot write, a ring buffer. */
struct bench {
	struct ebpf_instance *inst;
	struct ebpf_map *maps[N_MAPS];
	const struct rt_map *rt_maps[N_MAPS];
	struct map_view map_views[N_MAPS];
	struct ebpf_env env;
	struct ebpf_xdp_ctx ctx;
	uint8_t buf[512];
	struct ebpf_insn *insns;
	enum ebpf_program_type type;
	struct program_view view;
	struct interp_code *code;
};

static int set_up(void **state)
{
	static const struct ebpf_map_opts opts[] = {
		[HASH] = {.name = "hash",
			.type = BPF_MAP_TYPE_HASH,
			.key_size = 4,
			.value_size = 16,
			.max_entries = 4},
		[CONSTANTS] = {.name = "constants",
			.type = BPF_MAP_TYPE_ARRAY,
			.key_size = 4,
			.value_size = 32,
			.max_entries = 1,
			.flags = BPF_F_RDONLY_PROG},
		[RING] = {.name = "ring", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096},
	};
	struct bench *b = calloc(1, sizeof(*b));
	uint8_t value[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	uint32_t key = 0, i;
	char *err;

	b->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, &err);
	if (!b->inst)
		fail_msg("%s", err);
	for (i = 0; i < N_MAPS; i++) {
		b->maps[i] = ebpf_map__create(b->inst, &opts[i], &err);
		if (!b->maps[i])
			fail_msg("%s", err);
		b->rt_maps[i] = &b->maps[i]->rt;
		b->map_views[i] =
			(struct map_view){.name = opts[i].name, .geo = b->maps[i]->rt.geo};
	}
	assert_int_equal(ebpf_map__update(b->maps[CONSTANTS], &key, value, BPF_ANY), 0);
	for (key = 1; key < 3; key++)
		assert_int_equal(ebpf_map__update(b->maps[HASH], &key, value, BPF_ANY), 0);
	for (i = 0; i < sizeof(b->buf); i++)
		b->buf[i] = i;
	ebpf_env__init(&b->env, b->inst, 0);
	b->ctx = (struct ebpf_xdp_ctx){
		.buf = b->buf,
		.buf_end = b->buf + sizeof(b->buf),
		.head_limit = b->buf,
		.tail_limit = b->buf + sizeof(b->buf),
		.data_meta = b->buf + 120,
		.data = b->buf + 128,
		.data_end = b->buf + 192,
		.ingress_ifindex = 3,
		.rx_queue_index = 5,
		.egress_ifindex = 7,
	};
	b->type = EBPF_PROGRAM_XDP;
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < N_MAPS; i++)
		ebpf_map__unref(b->maps[i]);
	ebpf_instance__destroy(b->inst);
	free(b);
	return 0;
}

static void prepare(struct bench *b, const char *text, uint64_t budget)
{
	static const struct ebpf_func whole = {.name = "test"};
	struct interp_binding binding = {.view = &b->view, .maps = b->rt_maps, .budget = budget};
	uint32_t n;
	char *err;

	if (isa__assemble(text, &b->insns, &n, &err))
		fail_msg("%s", err);
	b->view = (struct program_view){.name = "test",
		.type = b->type,
		.insns = b->insns,
		.n_insns = n,
		.maps = b->map_views,
		.n_maps = N_MAPS,
		.funcs = &whole,
		.n_funcs = 1};
	b->code = interp__prepare(&binding, &err);
	if (!b->code)
		fail_msg("%s", err);
}

static void release(struct bench *b)
{
	interp__release(b->code);
	free(b->insns);
}

static uint64_t run(struct bench *b, const char *text)
{
	uint64_t verdict;

	b->env.fault_reason = EBPF_FAULT_NONE;
	prepare(b, text, 0);
	verdict = interp__run(b->code, &b->env, &b->ctx);
	release(b);
	return verdict;
}

static void assert_returns(struct bench *b, const char *text, uint64_t expected)
{
	uint64_t verdict = run(b, text);

	if (b->env.fault_reason)
		fail_msg("fault %u at %u:\n%s", b->env.fault_reason, b->env.fault_insn, text);
	assert_int_equal(verdict, expected);
}

static void assert_stopped(struct bench *b, const char *text, uint32_t insn)
{
	assert_int_equal(run(b, text), VERDICT_FAULT);
	if (b->env.fault_reason != EBPF_FAULT_ACCESS || b->env.fault_insn != insn)
		fail_msg("reason %u at %u:\n%s", b->env.fault_reason, b->env.fault_insn, text);
}

static void test_context_is_the_kernels(void **state)
{
	struct bench *b = *state;

	assert_returns(b, "ldxw %r0, [%r1]\nexit", (uintptr_t)b->ctx.data);
	assert_returns(b, "ldxw %r0, [%r1+4]\nexit", (uintptr_t)b->ctx.data_end);
	assert_returns(b, "ldxw %r0, [%r1+8]\nexit", (uintptr_t)b->ctx.data_meta);
	assert_returns(b, "ldxw %r0, [%r1+12]\nexit", 3);
	assert_returns(b, "ldxw %r0, [%r1+16]\nexit", 5);
	assert_stopped(b, "ldxw %r0, [%r1+20]\nexit", 0);
	b->type = EBPF_PROGRAM_XDP_DEVMAP;
	assert_returns(b, "ldxw %r0, [%r1+20]\nexit", 7);
	assert_stopped(b, "ldxw %r0, [%r1+24]\nexit", 0);
	assert_stopped(b, "ldxw %r0, [%r1-4]\nexit", 0);
	assert_stopped(b, "ldxw %r0, [%r1+2]\nexit", 0);
	assert_stopped(b, "ldxdw %r0, [%r1]\nexit", 0);
	assert_stopped(b, "ldxh %r0, [%r1]\nexit", 0);
	assert_stopped(b, "mov %r0, 1\nstxw [%r1+16], %r0\nexit", 1);
	assert_stopped(b, "mov %r0, 1\nstw [%r1], 0\nexit", 1);
	assert_stopped(b, "mov %r0, 1\nlock add32 [%r1+16], %r0\nexit", 1);
}

static void test_packet_from_metadata_to_end(void **state)
{
	struct bench *b = *state;

	assert_returns(b, "ldxw %r2, [%r1]\nldxb %r0, [%r2]\nexit", 128);
	assert_returns(b, "ldxw %r2, [%r1]\nldxb %r0, [%r2+63]\nexit", 191);
	assert_returns(b, "ldxw %r2, [%r1]\nldxb %r0, [%r2-8]\nexit", 120);
	assert_stopped(b, "ldxw %r2, [%r1]\nldxb %r0, [%r2+64]\nexit", 1);
	assert_stopped(b, "ldxw %r2, [%r1]\nldxw %r0, [%r2+61]\nexit", 1);
	assert_stopped(b, "ldxw %r2, [%r1]\nldxb %r0, [%r2-9]\nexit", 1);
	assert_stopped(b, "ldxw %r2, [%r1]\nstdw [%r2+57], 0\nexit", 1);
}

static void test_bounds_follow_the_packet(void **state)
{
	struct bench *b = *state;

	/* 16 bytes off the head: what was the packet's beginning is beyond it now */
	assert_stopped(b,
		"mov %r6, %r1\n"
		"ldxw %r7, [%r6]\n"
		"mov %r2, 16\n"
		"call 44\n"
		"ldxw %r2, [%r6]\n"
		"ldxb %r0, [%r2]\n"
		"ldxb %r0, [%r7]\n"
		"exit",
		6);
	assert_int_equal(b->ctx.data - b->buf, 144);
	/* 32 more in front of it */
	assert_returns(b,
		"mov %r6, %r1\n"
		"mov %r2, -32\n"
		"call 44\n"
		"ldxw %r2, [%r6]\n"
		"stdw [%r2], 9\n"
		"ldxdw %r0, [%r2]\n"
		"exit",
		9);
}

#define LOOKUP(key)                 \
	"stw [%r10-4], " #key "\n"  \
	"lddw %r1, map_by_idx(0)\n" \
	"mov %r2, %r10\n"           \
	"add %r2, -4\n"             \
	"call 1\n" /* 6 words */

static void test_map_values(void **state)
{
	struct bench *b = *state;

	assert_returns(b, LOOKUP(1) "ldxdw %r0, [%r0+8]\nexit", 0x0a09);
	assert_returns(b, LOOKUP(1) "ldxb %r0, [%r0+15]\nexit", 0);
	assert_returns(b, LOOKUP(9) "exit", 0);
	assert_stopped(b, LOOKUP(1) "ldxb %r0, [%r0+16]\nexit", 6);
	assert_stopped(b, LOOKUP(1) "ldxb %r0, [%r0-1]\nexit", 6);
	assert_stopped(b, LOOKUP(1) "stdw [%r0+9], 1\nexit", 6);
	assert_stopped(b, LOOKUP(9) "ldxb %r0, [%r0]\nexit", 6);
	/* a value from before the last lookup is still the program's */
	assert_returns(b,
		LOOKUP(1) "mov %r7, %r0\n" LOOKUP(2) "stdw [%r7], 6\n"
						     "stdw [%r0], 5\n"
						     "ldxdw %r0, [%r7]\n"
						     "exit",
		6);
}

static void test_constants_cannot_be_written(void **state)
{
	struct bench *b = *state;

	assert_returns(b, "lddw %r1, map_val(map_by_idx(1))+8\nldxh %r0, [%r1]\nexit", 0x0a09);
	assert_stopped(b, "lddw %r1, map_val(map_by_idx(1))\nstb [%r1], 1\nexit", 2);
	assert_stopped(b, "lddw %r1, map_val(map_by_idx(1))\nldxb %r0, [%r1+32]\nexit", 2);
	assert_stopped(b,
		"stw [%r10-4], 0\n"
		"lddw %r1, map_by_idx(1)\n"
		"mov %r2, %r10\n"
		"add %r2, -4\n"
		"call 1\n"
		"stb [%r0], 1\n"
		"exit",
		6);
	/* another map than it seems: the one that is last loaded into r1 */
	assert_stopped(b,
		"stw [%r10-4], 0\n"
		"lddw %r6, map_by_idx(1)\n"
		"lddw %r1, map_by_idx(0)\n"
		"mov %r1, %r6\n"
		"mov %r2, %r10\n"
		"add %r2, -4\n"
		"call 1\n"
		"stb [%r0], 1\n"
		"exit",
		9);
}

static void test_helpers_get_nothing_but_the_programs_memory(void **state)
{
	struct bench *b = *state;

	/* the map */
	assert_stopped(b, "mov %r1, %r10\nmov %r2, %r10\nadd %r2, -4\ncall 1\nexit", 3);
	assert_stopped(b, "lddw %r1, 0x1234\nmov %r2, %r10\nadd %r2, -4\ncall 1\nexit", 4);
	assert_stopped(b,
		"lddw %r1, map_by_idx(0)\n"
		"add %r1, 8\n"
		"mov %r2, %r10\n"
		"add %r2, -4\n"
		"call 1\n"
		"exit",
		5);
	/* the key */
	assert_stopped(b, "lddw %r1, map_by_idx(0)\nmov %r2, %r10\ncall 1\nexit", 3);
	assert_stopped(b, "lddw %r1, map_by_idx(0)\nmov %r2, %r10\nadd %r2, -3\ncall 1\nexit", 4);
	/* the value: 16 bytes */
	assert_stopped(b,
		"lddw %r1, map_by_idx(0)\n"
		"mov %r2, %r10\n"
		"add %r2, -4\n"
		"mov %r3, %r10\n"
		"add %r3, -15\n"
		"mov %r4, 0\n"
		"call 2\n"
		"exit",
		7);
	/* the context */
	assert_stopped(b, "mov %r1, %r10\nmov %r2, 0\ncall 44\nexit", 2);
	/* memory with a size */
	assert_stopped(b,
		"ldxw %r1, [%r1]\n"
		"mov %r2, 68\n"
		"mov %r3, 0\n"
		"mov %r4, 0\n"
		"mov %r5, 0\n"
		"call 28\n"
		"exit",
		5);
	assert_int_equal(b->env.fault_size, 68);
	assert_int_equal(b->env.fault_address, (uintptr_t)b->ctx.data);
}

#define RESERVE(size)                              \
	"lddw %r1, map_by_idx(2)\nmov %r2, " #size \
	"\nmov %r3, 0\ncall 131\nmov %r6, %r0\n" /* 6 words */
#define SUBMIT "mov %r1, %r6\nmov %r2, 0\ncall 132\n"

static void test_records_are_the_programs_for_a_while(void **state)
{
	struct bench *b = *state;

	assert_returns(b,
		RESERVE(12) "stdw [%r6+4], 7\nldxdw %r7, [%r6+4]\n" SUBMIT "mov %r0, %r7\nexit", 7);
	assert_stopped(b, RESERVE(12) "stdw [%r6+5], 7\nexit", 6);
	assert_stopped(b, RESERVE(12) "stb [%r6-1], 7\nexit", 6);
	assert_stopped(b, RESERVE(12) SUBMIT "ldxb %r0, [%r6]\nexit", 9);
	assert_stopped(b, RESERVE(12) SUBMIT SUBMIT "exit", 11);
	assert_stopped(b, RESERVE(12) "mov %r1, %r6\nadd %r1, 8\nmov %r2, 0\ncall 132\nexit", 9);
	/* one of two */
	assert_returns(b,
		RESERVE(8) "mov %r7, %r6\n" RESERVE(8) SUBMIT "stdw [%r7], 1\nmov %r6, %r7\n" SUBMIT
							      "mov %r0, 1\nexit",
		1);
}

/* Registers that point at the stack. */
#define R1_FP16 "mov %r1, %r10\nadd %r1, -16\n"
#define R1_FP32 "mov %r1, %r10\nadd %r1, -32\n"
#define R2_FP32 "mov %r2, %r10\nadd %r2, -32\n"
#define R3_FP8  "mov %r3, %r10\nadd %r3, -8\n"
#define R3_FP16 "mov %r3, %r10\nadd %r3, -16\n"
#define R4_FP16 "mov %r4, %r10\nadd %r4, -16\n"
/* The dynptr at fp-16, of the packet; sizes; a copy at fp-32. */
#define FROM_XDP      R3_FP16 "mov %r2, 0\ncall kfunc 0x10003\n" /* 4 words */
#define SIZE          R1_FP16 "call kfunc 0x10009\n"             /* 3 words */
#define CLONE         R1_FP16 R2_FP32 "call kfunc 0x1000a\n"     /* 5 words */
#define SIZE_OF_CLONE R1_FP32 "call kfunc 0x10009\n"

static void test_dynptrs_are_made_by_helpers_alone(void **state)
{
	struct bench *b = *state;

	assert_returns(b, FROM_XDP SIZE "exit", 64);
	assert_stopped(b, "stdw [%r10-16], 0\nstdw [%r10-8], 0\n" SIZE "exit", 4);
	assert_stopped(b, FROM_XDP "stb [%r10-9], 1\n" SIZE "exit", 7);
	/* a copy is none, but for one that a helper makes */
	assert_stopped(b,
		FROM_XDP "ldxdw %r1, [%r10-16]\nstxdw [%r10-32], %r1\n"
			 "ldxdw %r1, [%r10-8]\nstxdw [%r10-24], %r1\n" SIZE_OF_CLONE "exit",
		10);
	assert_returns(b, FROM_XDP CLONE SIZE_OF_CLONE "exit", 64);
	/* what is adjusted is still one */
	assert_returns(b,
		FROM_XDP R1_FP16 "mov %r2, 8\nmov %r3, 20\ncall kfunc 0x10006\n" SIZE "exit", 12);
}

/* Of a record, at fp-16; the slice is in r6. 13 words and 4 words. */
#define RESERVE_DYNPTR                                                                    \
	"lddw %r1, map_by_idx(2)\nmov %r2, 24\nmov %r3, 0\n" R4_FP16 "call 198\n" R1_FP16 \
	"mov %r2, 4\nmov %r3, 8\ncall 203\nmov %r6, %r0\n"
#define DISCARD_DYNPTR R1_FP16 "mov %r2, 0\ncall 200\n"

static void test_records_end_with_their_dynptr(void **state)
{
	struct bench *b = *state;

	assert_returns(b,
		RESERVE_DYNPTR "stdw [%r6], 3\nldxdw %r7, [%r6]\n" DISCARD_DYNPTR
			       "mov %r0, %r7\nexit",
		3);
	assert_stopped(b, RESERVE_DYNPTR DISCARD_DYNPTR "stdw [%r6], 3\nexit", 17);
	/* the clone of what is gone */
	assert_stopped(b, RESERVE_DYNPTR CLONE DISCARD_DYNPTR SIZE_OF_CLONE "exit", 24);
}

#define LOOP "mov %r1, 5\nlddw %r2, code_addr(callback)\n" R3_FP8 "mov %r4, 0\ncall 181\n"
#define FOR_EACH                                                          \
	"lddw %r1, map_by_idx(0)\nlddw %r2, code_addr(callback)\n" R3_FP8 \
	"mov %r4, 0\ncall 164\n" /* 8 words */

static void test_callbacks_are_under_the_same_checks(void **state)
{
	static const char sum[] =
		"stdw [%r10-8], 0\n" LOOP "ldxdw %r1, [%r10-8]\nlsh %r1, 8\nor %r0, %r1\nexit\n"
		"callback:\nldxdw %r3, [%r2]\nadd %r3, %r1\n"
		"stxdw [%r2], %r3\nmov %r0, 0\nexit";
	struct bench *b = *state;

	assert_returns(b, sum, 10 << 8 | 5);
	/* its own frame is another, and it may not go beyond the caller's */
	assert_stopped(b, LOOP "exit\ncallback:\nstdw [%r2+1], 0\nmov %r0, 0\nexit", 8);
	/* keys are read and not written, and only in the callback */
	assert_returns(b,
		FOR_EACH "exit\ncallback:\nldxw %r1, [%r2]\nstdw [%r3+8], 1\nmov %r0, 0\nexit", 2);
	assert_stopped(b, FOR_EACH "exit\ncallback:\nstw [%r2], 1\nmov %r0, 0\nexit", 9);
	assert_stopped(b,
		FOR_EACH "ldxdw %r1, [%r10-8]\nldxw %r0, [%r1]\nexit\n"
			 "callback:\nstxdw [%r4], %r2\nmov %r0, 1\nexit",
		9);
	/* no function's address */
	assert_stopped(b, "mov %r1, 5\nmov %r2, 1\n" R3_FP8 "mov %r4, 0\ncall 181\nexit", 5);
	/* the budget is one */
	b->env.fault_reason = EBPF_FAULT_NONE;
	prepare(b, sum, 36);
	assert_int_equal(interp__run(b->code, &b->env, &b->ctx), 10 << 8 | 5);
	assert_int_equal(b->env.fault_reason, EBPF_FAULT_NONE);
	release(b);
	prepare(b, sum, 35);
	assert_int_equal(interp__run(b->code, &b->env, &b->ctx), VERDICT_FAULT);
	assert_int_equal(b->env.fault_reason, EBPF_FAULT_BUDGET);
	release(b);
}

static void test_budget_is_exact(void **state)
{
	struct bench *b = *state;
	static const char loop[] =
		"mov %r0, 8\nnext:\nsub %r0, 1\njne %r0, 0, next\nmov %r0, 2\nexit";

	b->env.fault_reason = EBPF_FAULT_NONE;
	prepare(b, loop, 19);
	assert_int_equal(interp__run(b->code, &b->env, &b->ctx), 2);
	assert_int_equal(b->env.fault_reason, EBPF_FAULT_NONE);
	release(b);
	prepare(b, loop, 18);
	assert_int_equal(interp__run(b->code, &b->env, &b->ctx), VERDICT_FAULT);
	assert_int_equal(b->env.fault_reason, EBPF_FAULT_BUDGET);
	assert_int_equal(b->env.fault_insn, 4);
	release(b);
}

static void test_hits_are_counted(void **state)
{
	static const uint64_t expected[] = {1, 5, 5, 1, 0, 1};
	struct bench *b = *state;
	uint64_t hits[6] = {0};

	prepare(b, "mov %r0, 5\nnext:\nsub %r0, 1\njne %r0, 0, next\nja +1\nexit\nexit", 0);
	interp__count_into(b->code, hits);
	interp__run(b->code, &b->env, &b->ctx);
	assert_memory_equal(hits, expected, sizeof(hits));
	interp__count_into(b->code, NULL);
	interp__run(b->code, &b->env, &b->ctx);
	assert_memory_equal(hits, expected, sizeof(hits));
	release(b);
}

/* An address in the frame that is found at run time. */
#define R1_SOMEWHERE_IN_FRAME "mov %r1, %r10\nsub %r1, 300\n"

static void test_a_frame_is_zeros_where_it_was_not_written(void **state)
{
	struct bench *b = *state;

	/* what the run before left */
	assert_returns(b, "stdw [%r10-512], 7\nldxdw %r0, [%r10-512]\nexit", 7);
	assert_returns(b, "ldxdw %r0, [%r10-512]\nexit", 0);
	assert_returns(b, R1_SOMEWHERE_IN_FRAME "stdw [%r1], 7\nldxdw %r0, [%r1]\nexit", 7);
	assert_returns(b, R1_SOMEWHERE_IN_FRAME "ldxdw %r0, [%r1]\nexit", 0);
	/* what was written stays, wherever the program looks next */
	assert_returns(b,
		"stdw [%r10-64], 5\n" R1_SOMEWHERE_IN_FRAME "ldxdw %r2, [%r1]\n"
		"ldxdw %r0, [%r10-64]\n"
		"add %r0, %r2\n"
		"exit",
		5);
	/* a frame that is entered again */
	assert_returns(b,
		"call local f\n"
		"call local f\n"
		"exit\n"
		"f:\n" R1_SOMEWHERE_IN_FRAME "ldxdw %r0, [%r1]\n"
		"stdw [%r1], 7\n"
		"exit",
		0);
	/* the caller's */
	assert_returns(b,
		R1_SOMEWHERE_IN_FRAME "mov %r6, %r1\n"
				      "call local f\n"
				      "ldxdw %r1, [%r6]\n"
				      "add %r0, %r1\n"
				      "exit\n"
				      "f:\n"
				      "ldxdw %r0, [%r1]\n"
				      "stdw [%r1], 7\n"
				      "exit",
		7);
}

static void test_a_frame_is_where_r10_says(void **state)
{
	struct bench *b = *state;

	assert_stopped(b, "ldxdw %r0, [%r10-513]\nexit", 0);
	assert_stopped(b, "stdw [%r10-7], 1\nexit", 0);
	assert_stopped(b, "ldxb %r0, [%r10]\nexit", 0);
	/* the verifier lets r10 be written where no path leads */
	assert_stopped(b, "mov %r10, 64\nldxdw %r0, [%r10-8]\nexit", 1);
	assert_stopped(b, "mov %r1, 64\nlock xchg [%r10-8], %r10\nstb [%r10-8], 1\nexit", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_context_is_the_kernels),
		TEST(test_packet_from_metadata_to_end),
		TEST(test_bounds_follow_the_packet),
		TEST(test_a_frame_is_zeros_where_it_was_not_written),
		TEST(test_a_frame_is_where_r10_says),
		TEST(test_map_values),
		TEST(test_constants_cannot_be_written),
		TEST(test_helpers_get_nothing_but_the_programs_memory),
		TEST(test_records_are_the_programs_for_a_while),
		TEST(test_dynptrs_are_made_by_helpers_alone),
		TEST(test_records_end_with_their_dynptr),
		TEST(test_callbacks_are_under_the_same_checks),
		TEST(test_budget_is_exact),
		TEST(test_hits_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
