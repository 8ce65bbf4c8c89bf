/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helpers_test.c -- random calls of helpers, on interpreter and compiler and in the kernel:
 * results, memory, and the packet, which may be in fragments, after each run. As many as
 * XDPK_OPERATIONS says on each backend. Clocks are not compared by value: they never go back, and
 * stay between two readings of the host.
 */
#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "machine.h"
#include "pair.h"
#include "table.h"

#define DATA_SIZE   512 /* bytes behind each operation: two arguments of 256 */
#define STRING_SIZE 16
#define N_STRINGS   4
#define MAX_INSNS   512
#define DATA_AT     ((int32_t)sizeof(struct operation))
#define HALF_AT     (DATA_AT + DATA_SIZE / 2)

/* args[0], args[1], ... are those of the helper that are numbers, in their order. */
enum call {
	CALL_CSUM_BOTH,
	CALL_CSUM_FROM, /* bpf_csum_diff() with one of the two NULL */
	CALL_CSUM_TO,
	CALL_LOAD_BYTES,
	CALL_STORE_BYTES,
	CALL_ADJUST_HEAD,
	CALL_ADJUST_META,
	CALL_ADJUST_TAIL,
	CALL_BUFF_LEN,
	CALL_REDIRECT,
	CALL_STRNCMP, /* with each of the strings */
	CALL_CLOCK = CALL_STRNCMP + N_STRINGS,
};

static const struct {
	uint32_t helper;
	clockid_t clock; /* the host's; -1: it has none */
} clocks[] = {
	{BPF_FUNC_ktime_get_ns, CLOCK_MONOTONIC},
	{BPF_FUNC_ktime_get_boot_ns, CLOCK_BOOTTIME},
	{BPF_FUNC_ktime_get_coarse_ns, CLOCK_MONOTONIC_COARSE},
	{BPF_FUNC_ktime_get_tai_ns, CLOCK_TAI},
	{BPF_FUNC_jiffies64, -1},
};

#define N_CALLS (CALL_CLOCK + COUNT(clocks))

static const char strings[N_STRINGS][STRING_SIZE] = {"", "a", "abab\xff", "aaaaaaaaaaaaaaa"};

static struct ebpf_instance *inst;
static struct ebpf_env env;

/* --- the program ------------------------------------------------------------------------------ */

static void emit_address(struct writer *w, uint8_t dst, int32_t at)
{
	emit(w, MOV_REG(dst, 7));
	emit(w, ADD_IMM(dst, at));
}

static void emit_argument(struct writer *w, uint8_t dst, int i)
{
	emit(w, LOAD(BPF_DW, dst, 7, (int16_t)(FIELD(args) + 8 * i)));
}

/* An argument as a size of at least `least` and below that plus `range`, a power of two. */
static void emit_size(struct writer *w, uint8_t dst, int i, int32_t range, int32_t least)
{
	emit_argument(w, dst, i);
	emit(w, I(BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, range - 1));
	emit(w, ADD_IMM(dst, least));
}

static void emit_half(struct writer *w, uint8_t dst, int32_t at, bool is_null, int i)
{
	if (is_null) {
		emit(w, MOV_IMM(dst, 0));
		emit(w, MOV_IMM(dst + 1, 0));
	} else {
		emit_address(w, dst, at);
		emit_size(w, dst + 1, i, DATA_SIZE / 2, 0);
	}
}

static void emit_csum(struct writer *w, enum call code)
{
	emit_half(w, 1, DATA_AT, code == CALL_CSUM_TO, 0);
	emit_half(w, 3, HALF_AT, code == CALL_CSUM_FROM, 1);
	emit_argument(w, 5, 2);
	emit(w, CALL(BPF_FUNC_csum_diff));
}

static void emit_bytes(struct writer *w, uint32_t helper)
{
	emit(w, MOV_REG(1, 8));
	emit_argument(w, 2, 0);
	emit_address(w, 3, DATA_AT);
	emit_size(w, 4, 1, 64, 1);
	emit(w, CALL(helper));
}

static void emit_adjust(struct writer *w, uint32_t helper)
{
	emit(w, MOV_REG(1, 8));
	emit_argument(w, 2, 0);
	emit(w, CALL(helper));
}

static void emit_strncmp(struct writer *w, uint32_t string)
{
	emit_address(w, 1, DATA_AT);
	emit_size(w, 2, 0, STRING_SIZE, 1);
	emit(w, I(BPF_LD | BPF_DW | BPF_IMM, 3, BPF_PSEUDO_MAP_IDX_VALUE, 0, 0));
	emit(w, I(0, 0, 0, 0, string * STRING_SIZE));
	emit(w, CALL(BPF_FUNC_strncmp));
}

static void emit_operation(struct writer *w, const void *user, uint32_t code)
{
	switch ((enum call)code) {
	case CALL_CSUM_BOTH:
	case CALL_CSUM_FROM:
	case CALL_CSUM_TO: emit_csum(w, code); return;
	case CALL_LOAD_BYTES: emit_bytes(w, BPF_FUNC_xdp_load_bytes); return;
	case CALL_STORE_BYTES: emit_bytes(w, BPF_FUNC_xdp_store_bytes); return;
	case CALL_ADJUST_HEAD: emit_adjust(w, BPF_FUNC_xdp_adjust_head); return;
	case CALL_ADJUST_META: emit_adjust(w, BPF_FUNC_xdp_adjust_meta); return;
	case CALL_ADJUST_TAIL: emit_adjust(w, BPF_FUNC_xdp_adjust_tail); return;
	case CALL_BUFF_LEN: emit_adjust(w, BPF_FUNC_xdp_get_buff_len); return;
	case CALL_REDIRECT:
		emit_argument(w, 1, 0);
		emit_argument(w, 2, 1);
		emit(w, CALL(BPF_FUNC_redirect));
		return;
	default: break;
	}
	if (code < CALL_CLOCK)
		emit_strncmp(w, code - CALL_STRNCMP);
	else
		emit(w, CALL(clocks[code - CALL_CLOCK].helper));
}

/* --- operations ------------------------------------------------------------------------------- */

static uint64_t random_delta(void)
{
	static const int64_t edges[] = {
		0, -216, -217, -252, -256, 46, 47, 3456, 4096, INT32_MIN, INT32_MAX, INT64_MIN};

	switch (below(10)) {
	case 8:
	case 9: return below(8) ? -(uint64_t)below(4096) : -(uint64_t)below(KERNEL_PACKET_MAX);
	case 0: return (uint64_t)edges[below(COUNT(edges))];
	case 1: return (uint64_t)((int64_t)below(8000) - 4000);
	case 2: return random64();
	case 3: return (uint64_t)(((int64_t)below(40) - 20) * 4);
	default: return (uint64_t)((int64_t)below(80) - 40);
	}
}

/* All zeros and all ones are where one's complement has two answers. */
static void fill_data(uint8_t *data, uint64_t code)
{
	uint32_t fill = below(4);

	for (uint32_t i = 0; i < DATA_SIZE; i += 8)
		memcpy(data + i,
			&(uint64_t){fill == 0   ? 0
				    : fill == 1 ? UINT64_MAX
						: random64()},
			8);
	if (code >= CALL_STRNCMP && code < CALL_CLOCK)
		for (uint32_t i = 0; i < STRING_SIZE; i++)
			data[i] = (uint8_t) "aab\xff"[below(i + 1 < STRING_SIZE ? 4 : 5)];
}

static void fill_operation(struct operation *op, uint32_t packet_size)
{
	static const uint64_t seeds[] = {0, 1, 0xffff, UINT32_MAX, UINT64_MAX};

	memset(op, 0, sizeof(*op));
	op->code = below(N_CALLS);
	fill_data((uint8_t *)(op + 1), op->code);
	op->args[1] = random64();
	switch (op->code) {
	case CALL_LOAD_BYTES:
	case CALL_STORE_BYTES:
		op->args[0] = !below(20) ? random64() : below(2) ? below(300) : below(packet_size);
		break;
	case CALL_ADJUST_HEAD:
	case CALL_ADJUST_META:
	case CALL_ADJUST_TAIL: op->args[0] = random_delta(); break;
	case CALL_REDIRECT:
		op->args[0] = below(100);
		op->args[1] = below(2) ? 0 : below(16);
		break;
	default:
		op->args[0] = random64();
		op->args[2] = below(2) ? seeds[below(COUNT(seeds))] : random64();
	}
}

static uint64_t now(uint32_t clock)
{
	struct timespec t = {0};

	if (clocks[clock].clock >= 0)
		clock_gettime(clocks[clock].clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void read_clocks(uint64_t at[COUNT(clocks)])
{
	for (uint32_t i = 0; i < COUNT(clocks); i++)
		at[i] = now(i);
}

/* No clock went back since `last`, nor beyond what it says now. */
static void check_clocks(const struct table *t, uint8_t *side, uint64_t last[COUNT(clocks)])
{
	for (uint32_t i = 0; i < OPERATIONS_A_RUN; i++) {
		struct operation *op = table__operation(t, side, i);
		uint64_t clock = op->code - CALL_CLOCK, time = (uint64_t)op->result;

		if (op->code < CALL_CLOCK)
			continue;
		if (time < last[clock])
			fail_msg("clock %lu: %lu after %lu", clock, time, last[clock]);
		last[clock] = time;
		op->result = 0;
	}
	for (uint32_t i = 0; i < COUNT(clocks); i++)
		if (clocks[i].clock >= 0)
			assert_true(last[i] <= now(i));
}

/* --- both sides ---------------------------------------------------------------------------------
 */

struct bench {
	struct table table;
	struct ebpf_map *strings;
	int strings_fd, fd;
	struct ebpf_program *prog;
	uint32_t succeeded[N_CALLS], refused[N_CALLS];
	uint32_t in_frags; /* packets that were so to the end */
};

static void make_strings(struct bench *b)
{
	uint32_t key = 0;

	b->strings = ebpf_map__create(inst,
		&(struct ebpf_map_opts){.name = "strings",
			.type = BPF_MAP_TYPE_ARRAY,
			.key_size = 4,
			.value_size = sizeof(strings),
			.max_entries = 1,
			.flags = BPF_F_RDONLY_PROG},
		NULL);
	b->strings_fd =
		kernel__create_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(strings), 1, BPF_F_RDONLY_PROG);
	assert_true(b->strings && b->strings_fd >= 0);
	assert_int_equal(ebpf_map__update(b->strings, &key, strings, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(b->strings_fd, &key, strings, BPF_ANY), 0);
	assert_int_equal(ebpf_map__freeze(b->strings), 0);
	assert_int_equal(bpf_map_freeze(b->strings_fd), 0);
}

static void bench__open(struct bench *b, const char *backend)
{
	static struct bpf_insn insns[MAX_INSNS];
	struct writer w = {.insns = insns, .room = MAX_INSNS};

	*b = (struct bench){.fd = -1};
	make_strings(b);
	table__open(&b->table, inst, DATA_AT + DATA_SIZE);
	table__write_program(&b->table, &w, (1u << N_CALLS) - 1, emit_operation, NULL);
	b->fd = kernel__load_frags((int[]){b->strings_fd, b->table.fd}, insns, w.n);
	assert_true(b->fd >= 0);
	b->prog = machine__load_frags(
		inst, backend, (struct ebpf_map *const[]){b->strings, b->table.map}, 2, insns, w.n);
}

static void bench__close(struct bench *b)
{
	ebpf_program__unref(b->prog);
	close(b->fd);
	table__close(&b->table);
	ebpf_map__unref(b->strings);
	close(b->strings_fd);
}

static void compare_operation(struct bench *b, const char *backend, uint32_t i)
{
	const struct table *t = &b->table;
	const struct operation *ours = table__operation(t, t->ours, i);
	const struct operation *theirs = table__operation(t, t->theirs, i);

	if (memcmp(ours, theirs, t->stride))
		fail_msg("%s: call %lu with 0x%lx, 0x%lx, 0x%lx gives %ld, the kernel: %ld, or the "
			 "memory differs",
			backend, ours->code, ours->args[0], ours->args[1], ours->args[2],
			ours->result, theirs->result);
	if (ours->result < 0)
		b->refused[ours->code]++;
	else
		b->succeeded[ours->code]++;
}

/* Small, in one buffer, in fragments. A linear part of some size may end in a fragment that is
 * full: then one page less is left for the others. */
static uint32_t random_size(void)
{
	switch (below(4)) {
	case 0: return 14 + below(EBPF_XDP_MAX_LINEAR - 13);
	case 1: return 14 + below(KERNEL_PACKET_MAX - EBPF_XDP_MAX_LINEAR);
	default: return 14 + below(300);
	}
}

static void bench__run(struct bench *b, const char *backend)
{
	static uint8_t packet[KERNEL_PACKET_MAX];
	static struct kernel_run ours, theirs;
	uint32_t size = random_size();
	uint64_t our_clocks[COUNT(clocks)], their_clocks[COUNT(clocks)];

	for (uint32_t i = 0; i < size; i++)
		packet[i] = (uint8_t)random64();
	ours.packet = theirs.packet = packet;
	ours.size = theirs.size = size;
	ours.linear = theirs.linear = size > 700 && below(2) ? 14 + below(600) : 0;
	for (uint32_t i = 0; i < OPERATIONS_A_RUN; i++)
		fill_operation(table__operation(&b->table, b->table.ours, i), size);
	memcpy(b->table.theirs, b->table.ours, (size_t)b->table.stride * OPERATIONS_A_RUN);
	read_clocks(our_clocks);
	memcpy(their_clocks, our_clocks, sizeof(our_clocks));
	machine__run_on(b->prog, &env, &ours);
	assert_int_equal(kernel__run(b->fd, &theirs), 0);
	check_clocks(&b->table, b->table.ours, our_clocks);
	check_clocks(&b->table, b->table.theirs, their_clocks);
	for (uint32_t i = 0; i < OPERATIONS_A_RUN; i++)
		compare_operation(b, backend, i);
	machine__check_same(backend, &ours, &theirs);
	assert_int_equal(ours.meta_size, theirs.meta_size);
	assert_int_equal(ours.out_linear, theirs.out_linear);
	b->in_frags += ours.out_size > ours.out_linear;
}

static void test_helpers(void **state)
{
	const char *backend = *state;
	uint32_t runs = operations_wanted() / OPERATIONS_A_RUN + 1;
	struct bench b;

	kernel__require();
	bench__open(&b, backend);
	for (uint32_t i = 0; i < runs; i++)
		bench__run(&b, backend);
	printf("%s: %u calls, %u of %u packets in fragments\n", backend, runs * OPERATIONS_A_RUN,
		b.in_frags, runs);
	assert_true(b.in_frags);
	for (uint32_t code = 0; code < N_CALLS; code++)
		assert_true(b.succeeded[code]);
	for (uint32_t code = CALL_LOAD_BYTES; code <= CALL_ADJUST_TAIL; code++)
		assert_true(b.refused[code]);
	bench__close(&b);
}

int main(void)
{
	struct CMUnitTest tests[4];
	size_t n = 0;
	int failed;

	/* The burst driver does not tell how the packet changed. */
	for (const char *const *backend = machine_backends; *backend; backend++)
		if (strcmp(*backend, "loop"))
			tests[n++] = (struct CMUnitTest){.name = *backend,
				.test_func = test_helpers,
				.initial_state = (void *)*backend};
	inst = pair__instance();
	ebpf_env__init(&env, inst, pair__worker());
	failed = _cmocka_run_group_tests("calls of helpers", tests, n, NULL, NULL);
	ebpf_instance__destroy(inst);
	return failed;
}
