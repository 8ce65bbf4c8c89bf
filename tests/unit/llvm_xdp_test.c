/* SPDX-License-Identifier: BSD-3-Clause
 *
 * llvm_xdp_test.c -- compiled XDP programs do what interpreted ones do, maps included.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ebpf-program.h>

#include "assembled.h"
#include "llvm-driver.h"

#define HEAD   256
#define LENGTH 64

struct packet {
	uint8_t buf[1024];
	struct ebpf_xdp_ctx ctx;
};

static void packet__fill(struct packet *p, uint64_t seed)
{
	uint8_t *data = p->buf + HEAD;

	memset(p, 0, sizeof(*p));
	for (unsigned i = 0; i < LENGTH; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		data[i] = (uint8_t)(seed >> 56);
	}
	p->ctx = (struct ebpf_xdp_ctx){.data = data,
		.data_meta = data,
		.data_end = data + LENGTH,
		.buf = p->buf,
		.buf_end = p->buf + sizeof(p->buf),
		.head_limit = data - 216,
		.tail_limit = data + 512,
		.ingress_ifindex = 3,
		.rx_queue_index = 5};
}

/* What trace_printk said, all of it. */
static char traced[4096];

static void keep_trace(void *user, const char *text, size_t len)
{
	size_t at = strlen(traced);

	if (at + len < sizeof(traced))
		memcpy(traced + at, text, len);
}

/* A program on a backend, with maps of its own. */
struct machine {
	struct ebpf_instance *inst;
	struct ebpf_map *map;
	struct ebpf_program *prog;
	const struct ebpf_code *code, *looped;
	struct ebpf_env env;
};

static void machine__open(
	struct machine *m, const char *backend, const char *text, const struct ebpf_map_opts *map)
{
	struct ebpf_driver d = assembled__driver();
	char *err = NULL;

	memset(m, 0, sizeof(*m));
	m->inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = 2, .trace = keep_trace}, &err);
	assert_non_null(m->inst);
	if (map) {
		m->map = ebpf_map__create(m->inst, map, &err);
		if (!m->map)
			fail_msg("%s", err);
	}
	m->prog = assembled__load(m->inst, text, m->map);
	if (strcmp(backend, "interp") == 0) {
		m->code = ebpf_program__interpret(m->prog, NULL, &err);
	} else {
		m->code = ebpf_program__compile(m->prog, backend, NULL, &err);
		m->looped = m->code ? ebpf_program__compile(m->prog, backend, &d, &err) : NULL;
		if (!m->looped)
			fail_msg("%s", err);
	}
	ebpf_program__install(m->prog, m->code);
	ebpf_env__init(&m->env, m->inst, 1);
	m->env.prog = m->prog;
}

static void machine__close(struct machine *m)
{
	ebpf_program__unref(m->prog);
	ebpf_map__unref(m->map);
	ebpf_instance__destroy(m->inst);
}

static void expect_same_values(const struct machine *a, const struct machine *b)
{
	size_t size = ebpf_map__value_bytes(a->map);
	uint32_t key_size = ebpf_map__opts(a->map)->key_size;
	uint8_t *key = malloc(key_size), *va = malloc(size), *vb = malloc(size);
	unsigned n[2] = {0};

	assert_true(key && va && vb);
	for (int err = ebpf_map__next_key(a->map, NULL, key); !err; n[0]++) {
		assert_int_equal(ebpf_map__lookup(a->map, key, va), 0);
		assert_int_equal(ebpf_map__lookup(b->map, key, vb), 0);
		assert_memory_equal(va, vb, size);
		err = ebpf_map__next_key(a->map, key, key);
	}
	for (int err = ebpf_map__next_key(b->map, NULL, key); !err; n[1]++)
		err = ebpf_map__next_key(b->map, key, key);
	assert_int_equal(n[0], n[1]);
	free(key);
	free(va);
	free(vb);
}

/* Runs the same packets through both; verdicts, packets and maps must be equal. */
static void expect_agreement(const char *text, const struct ebpf_map_opts *map, unsigned n)
{
	struct machine interp, llvm;
	struct packet a, b;

	machine__open(&interp, "interp", text, map);
	machine__open(&llvm, "llvm", text, map);
	for (unsigned i = 0; i < n; i++) {
		uint64_t expected, got;

		packet__fill(&a, i);
		packet__fill(&b, i);
		expected = interp.code->entry(&interp.env, &a.ctx);
		if (i % 2) {
			got = llvm.code->entry(&llvm.env, &b.ctx);
		} else { /* the driver has a context of its own */
			uint32_t verdict;
			struct test_burst burst = {&b.ctx, &verdict, 1};

			llvm.looped->driver(&llvm.env, &burst);
			got = verdict;
			expected = (uint32_t)expected;
		}
		if (got != expected)
			fail_msg("packet %u: %#lx instead of %#lx", i, got, expected);
		assert_memory_equal(a.buf, b.buf, sizeof(a.buf));
	}
	if (map)
		expect_same_values(&interp, &llvm);
	machine__close(&interp);
	machine__close(&llvm);
}

static void expect_agreement_after_prologue(
	unsigned need, const char *text, const struct ebpf_map_opts *map, unsigned n)
{
	char *whole = assembled__with_prologue(need, text);

	expect_agreement(whole, map, n);
	free(whole);
}

static void context_and_packet(void **state)
{
	expect_agreement_after_prologue(14,
		"ldxdw %r5, [%r2]\n"
		"ldxdw %r4, [%r2+6]\n"
		"stxdw [%r2], %r4\n"
		"stxdw [%r2+6], %r5\n"
		"ldxw %r0, [%r6+12]\n" /* ingress_ifindex */
		"ldxw %r1, [%r6+16]\n" /* rx_queue_index */
		"lsh %r0, 8\n"
		"or %r0, %r1\n"
		"sub %r3, %r2\n" /* length */
		"lsh %r3, 16\n"
		"or %r0, %r3\n"
		"end:\n"
		"exit\n",
		NULL, 20);
}

/* A key that a packet byte determines; found: counts, three times, then deletes it; not found:
 * enters it. */
static void keys_of_all_sizes(void **state)
{
	static const unsigned sizes[] = {1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 64, 128, 136, 200};

	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct ebpf_map_opts map = {.name = "keys",
			.type = BPF_MAP_TYPE_HASH,
			.key_size = sizes[s],
			.value_size = 8,
			.max_entries = 64};
		char text[16384], *at = text;

		at = stpcpy(at, "ldxb %r1, [%r2]\n"
				"and %r1, 31\n");
		for (unsigned i = 0; i < sizes[s]; i++)
			at += sprintf(at,
				"stxb [%%r10-%u], %%r1\n"
				"add %%r1, 77\n",
				256 - i);
		stpcpy(at, "mov %r2, %r10\n"
			   "add %r2, -256\n"
			   "lddw %r1, map_by_idx(0)\n"
			   "call 1\n"
			   "jne %r0, 0, found\n"
			   "stdw [%r10-8], 1\n"
			   "mov %r2, %r10\n"
			   "add %r2, -256\n"
			   "mov %r3, %r10\n"
			   "add %r3, -8\n"
			   "mov %r4, 1\n" /* BPF_NOEXIST */
			   "lddw %r1, map_by_idx(0)\n"
			   "call 2\n"
			   "ja end\n"
			   "found:\n"
			   "ldxdw %r7, [%r0]\n"
			   "add %r7, 1\n"
			   "stxdw [%r0], %r7\n"
			   "mov %r0, %r7\n"
			   "jne %r7, 4, end\n"
			   "mov %r2, %r10\n"
			   "add %r2, -256\n"
			   "lddw %r1, map_by_idx(0)\n"
			   "call 3\n"
			   "end:\n"
			   "exit\n");
		expect_agreement_after_prologue(14, text, &map, 300);
	}
}

static void per_cpu_counters(void **state)
{
	struct ebpf_map_opts map = {.name = "counters",
		.type = BPF_MAP_TYPE_PERCPU_ARRAY,
		.key_size = 4,
		.value_size = 16,
		.max_entries = 5};

	expect_agreement_after_prologue(14,
		"ldxb %r1, [%r2]\n"
		"and %r1, 7\n" /* some keys do not exist */
		"stxw [%r10-4], %r1\n"
		"mov %r2, %r10\n"
		"add %r2, -4\n"
		"lddw %r1, map_by_idx(0)\n"
		"call 1\n"
		"mov %r1, %r0\n"
		"mov %r0, 77\n"
		"jeq %r1, 0, end\n"
		"mov %r2, 1\n"
		"lock add [%r1], %r2\n"
		"ldxdw %r3, [%r1+8]\n"
		"add %r3, 64\n"
		"stxdw [%r1+8], %r3\n"
		"mov %r0, %r3\n"
		"end:\n"
		"exit\n",
		&map, 100);
}

/* A pointer spilled and filled, one that is NULL on another path, one that a function of the
 * program takes, one that it returns. */
static void pointers_in_the_frame_and_across_calls(void **state)
{
	struct ebpf_map_opts map = {.name = "value",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 4};

	expect_agreement_after_prologue(14,
		"stxdw [%r10-8], %r2\n"
		"stdw [%r10-16], 5\n"
		"ldxb %r1, [%r2]\n"
		"and %r1, 7\n"
		"stxw [%r10-20], %r1\n"
		"mov %r0, 0\n"
		"jgt %r1, 5, maybe\n"
		"mov %r2, %r10\n"
		"add %r2, -20\n"
		"lddw %r1, map_by_idx(0)\n"
		"call 1\n"
		"maybe:\n"
		"jeq %r0, 0, none\n"
		"ldxdw %r1, [%r0]\n"
		"add %r1, 1\n"
		"stxdw [%r0], %r1\n"
		"none:\n"
		"mov %r1, %r10\n"
		"add %r1, -16\n"
		"ldxdw %r2, [%r10-8]\n"
		"mov %r3, %r6\n"
		"call local mix\n"
		"ldxdw %r1, [%r10-16]\n"
		"add %r0, %r1\n"
		"end:\n"
		"exit\n"
		"mix:\n" /* (u64 *own, packet, ctx): in own frame and the caller's */
		"ldxb %r4, [%r2+1]\n"
		"stxdw [%r10-16], %r4\n"
		"ldxdw %r5, [%r1]\n"
		"add %r5, %r4\n"
		"stxdw [%r1], %r5\n"
		"ldxw %r0, [%r3+12]\n"
		"ldxdw %r4, [%r10-16]\n"
		"lsh %r0, 32\n"
		"or %r0, %r4\n"
		"exit\n",
		&map, 100);
}

static void helpers_with_memory_arguments(void **state)
{
	expect_agreement_after_prologue(24,
		"ldxdw %r1, [%r2]\n"
		"stxdw [%r10-16], %r1\n"
		"ldxw %r1, [%r2+8]\n"
		"stxw [%r10-8], %r1\n"
		"mov %r1, %r2\n" /* from the packet ... */
		"mov %r2, 24\n"
		"mov %r3, %r10\n" /* ... to the stack */
		"add %r3, -16\n"
		"mov %r4, 12\n"
		"mov %r5, 99\n"
		"call 28\n"
		"end:\n"
		"exit\n",
		NULL, 50);
}

static void traces_are_the_same(void **state)
{
	/* "%d %x\n" */
	static const char text[] = "mov %r6, %r1\n"
				   "lddw %r1, 0x000a782520642520\n"
				   "stxdw [%r10-8], %r1\n"
				   "mov %r1, %r10\n"
				   "add %r1, -8\n"
				   "mov %r2, 8\n"
				   "mov %r3, -7\n"
				   "ldxw %r4, [%r6+12]\n"
				   "call 6\n"
				   "exit\n";

	traced[0] = '\0';
	expect_agreement(text, NULL, 1);
	assert_string_equal(traced, " -7 3\n -7 3\n");
}

static void packets_grow_and_shrink(void **state)
{
	expect_agreement("mov %r6, %r1\n"
			 "mov %r2, -20\n"
			 "call 44\n"
			 "mov %r7, %r0\n"
			 "mov %r1, %r6\n"
			 "mov %r2, -30\n"
			 "call 65\n"
			 "lsh %r7, 8\n"
			 "or %r7, %r0\n"
			 "ldxw %r2, [%r6]\n"
			 "ldxw %r3, [%r6+4]\n"
			 "mov %r4, %r2\n"
			 "add %r4, 20\n"
			 "mov %r0, 1\n"
			 "jgt %r4, %r3, end\n"
			 "stdw [%r2], 0x01020304\n"
			 "sub %r3, %r2\n"
			 "mov %r0, %r3\n"
			 "lsh %r0, 32\n"
			 "or %r0, %r7\n"
			 "end:\n"
			 "exit\n",
		NULL, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(context_and_packet),
		cmocka_unit_test(keys_of_all_sizes),
		cmocka_unit_test(per_cpu_counters),
		cmocka_unit_test(pointers_in_the_frame_and_across_calls),
		cmocka_unit_test(helpers_with_memory_arguments),
		cmocka_unit_test(traces_are_the_same),
		cmocka_unit_test(packets_grow_and_shrink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
