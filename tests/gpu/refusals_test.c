/* SPDX-License-Identifier: BSD-3-Clause
 *
 * refusals_test.c -- what can be a kernel and what cannot, and why; and what can be one leaves in
 * its map what the interpreter leaves there.
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

#include "../unit/assembled.h"
#include "launch.h"

#define VALUE 32 /* bytes */

#define KEY                 \
	"stw [%r10-4], 0\n" \
	"mov %r2, %r10\n"   \
	"add %r2, -4\n"     \
	"lddw %r1, map_by_idx(0)\n"
#define LOOKUP         \
	KEY "call 1\n" \
	    "jeq %r0, 0, out\n"
#define OUT            \
	"out:\n"       \
	"mov %r0, 2\n" \
	"exit\n"
#define INSERT(flags)                                                                      \
	KEY "stdw [%r10-40], 1\nstdw [%r10-32], 2\nstdw [%r10-24], 3\nstdw [%r10-16], 4\n" \
	    "mov %r3, %r10\n"                                                              \
	    "add %r3, -40\n"                                                               \
	    "mov %r4, " flags "\n"                                                         \
	    "call 2\n"
#define FOUND          \
	KEY "call 1\n" \
	    "jne %r0, 0, found\n"

struct subject {
	const char *name, *text;
	const char *refused; /* part of the sentence, or NULL */
	uint32_t type;       /* of its map; 0: an array */
};

static const struct subject subjects[] = {
	{"an addition", LOOKUP "ldxdw %r1, [%r0]\nadd %r1, 7\nstxdw [%r0], %r1\n" OUT, NULL},
	{"a subtraction", LOOKUP "ldxdw %r1, [%r0]\nsub %r1, 7\nstxdw [%r0], %r1\n" OUT, NULL},
	{"halves of a word", LOOKUP "ldxw %r1, [%r0+4]\nadd32 %r1, 7\nstxw [%r0+4], %r1\n" OUT,
		NULL},
	{"an atomic addition", LOOKUP "mov %r1, 9\nlock add [%r0+8], %r1\n" OUT, NULL},
	{"one of which the old value is asked for and nobody reads it",
		LOOKUP "mov %r1, 9\nlock fetch add [%r0+8], %r1\n" OUT, NULL},
	{"two at once",
		LOOKUP "ldxdw %r1, [%r0]\nldxdw %r2, [%r0+8]\nadd %r1, 1\nadd %r2, 64\n"
		       "stxdw [%r0], %r1\nstxdw [%r0+8], %r2\n" OUT,
		NULL},
	{"the same twice",
		LOOKUP "ldxdw %r1, [%r0]\nadd %r1, 1\nstxdw [%r0], %r1\n"
		       "ldxdw %r1, [%r0]\nadd %r1, 2\nstxdw [%r0], %r1\n" OUT,
		NULL},
	{"a sum that was on the stack meanwhile",
		LOOKUP "ldxdw %r1, [%r0]\nstxdw [%r10-16], %r1\nldxdw %r3, [%r10-16]\n"
		       "add %r3, 5\nstxdw [%r0], %r3\n" OUT,
		NULL},
	{"bits below the counter",
		LOOKUP "ldxdw %r1, [%r0]\nmov %r2, %r1\nand %r2, 3\njne %r2, 0, out\n"
		       "add %r1, 4\nstxdw [%r0], %r1\n" OUT,
		NULL},
	{"a byte below the counter",
		LOOKUP "ldxb %r2, [%r0]\njne %r2, 0, out\nldxdw %r1, [%r0]\n"
		       "add %r1, 256\nstxdw [%r0], %r1\n" OUT,
		NULL},
	{"a place behind the counter",
		LOOKUP "ldxdw %r2, [%r0+16]\njne %r2, 0, out\nldxdw %r1, [%r0]\n"
		       "add %r1, 1\nstxdw [%r0], %r1\n" OUT,
		NULL},
	{"bits that additions change",
		LOOKUP "ldxdw %r1, [%r0]\nmov %r2, %r1\nand %r2, 3\njne %r2, 0, out\n"
		       "add %r1, 2\nstxdw [%r0], %r1\n" OUT,
		"decides by a counter's value"},
	{"bits that another addition changes",
		LOOKUP "ldxb %r2, [%r0]\njne %r2, 0, out\nldxdw %r1, [%r0]\nadd %r1, 256\n"
		       "stxdw [%r0], %r1\nmov %r1, 128\nlock add [%r0], %r1\n" OUT,
		"decides by a counter's value"},
	{"a store", LOOKUP "mov %r1, 7\nstxdw [%r0], %r1\n" OUT, "something else than a sum"},
	{"a product", LOOKUP "ldxdw %r1, [%r0]\nmul %r1, 2\nstxdw [%r0], %r1\n" OUT,
		"something else than a sum"},
	{"a limit", LOOKUP "ldxdw %r1, [%r0]\njgt %r1, 9, out\nadd %r1, 1\nstxdw [%r0], %r1\n" OUT,
		"decides by a counter's value"},
	{"a sum with what was there before",
		LOOKUP "ldxdw %r1, [%r0]\nmov %r2, %r1\nadd %r1, 1\nstxdw [%r0], %r1\n"
		       "add %r2, 2\nstxdw [%r0], %r2\n" OUT,
		"something else than a sum"},
	{"a sum with another counter",
		LOOKUP "ldxdw %r1, [%r0]\nldxdw %r2, [%r0+8]\nadd %r1, 1\nadd %r2, 1\n"
		       "stxdw [%r0], %r2\nstxdw [%r0+8], %r1\n" OUT,
		"something else than a sum"},
	{"a counter added to another",
		LOOKUP
		"ldxdw %r1, [%r0]\nlock add [%r0+8], %r1\nadd %r1, 1\nstxdw [%r0], %r1\n" OUT,
		"adds one counter's value to another"},
	{"a verdict that is a counter",
		LOOKUP "ldxdw %r1, [%r0]\nadd %r1, 1\nstxdw [%r0], %r1\nmov %r0, %r1\nexit\n" OUT,
		"returns a counter's value"},
	{"a key that is a counter",
		LOOKUP "ldxdw %r1, [%r0]\nadd %r1, 1\nstxdw [%r0], %r1\nstxw [%r10-8], %r1\n"
		       "mov %r2, %r10\nadd %r2, -8\nlddw %r1, map_by_idx(0)\ncall 1\n" OUT,
		"bpf_map_lookup_elem read a counter's value"},
	{"the old value decides",
		LOOKUP "mov %r1, 1\nlock fetch add [%r0], %r1\njeq %r1, 3, out\n" OUT,
		"decides by a counter's value"},
	{"bits set", LOOKUP "mov %r1, 1\nlock or [%r0], %r1\n" OUT, "other than adding"},
	{"an exchange", LOOKUP "mov %r1, 1\nlock xchg [%r0], %r1\n" OUT, "other than adding"},
	{"a deletion", KEY "call 3\n" OUT, "bpf_map_delete_elem, which kernels have not",
		BPF_MAP_TYPE_HASH},
	{"an insertion where there is nothing",
		FOUND INSERT("1") "ja out\nfound:\nmov %r1, 5\nlock add [%r0], %r1\n" OUT, NULL,
		BPF_MAP_TYPE_HASH},
	{"the same in per-CPU values",
		FOUND INSERT("1") "ja out\nfound:\nldxdw %r1, [%r0]\nadd %r1, 1\n"
				  "stxdw [%r0], %r1\n" OUT,
		NULL, BPF_MAP_TYPE_PERCPU_HASH},
	{"an insertion in any case",
		FOUND INSERT("0") "ja out\nfound:\nmov %r1, 5\nlock add [%r0], %r1\n" OUT,
		"may change an element", BPF_MAP_TYPE_HASH},
	{"an insertion that throws others out",
		FOUND INSERT("1") "ja out\nfound:\nmov %r1, 5\nlock add [%r0], %r1\n" OUT,
		"looks things up in it", BPF_MAP_TYPE_LRU_HASH},
	{"an insertion instead of what is there", LOOKUP INSERT("1") OUT,
		"decides by what is not in a map", BPF_MAP_TYPE_HASH},
	{"nothing but insertions", INSERT("0") OUT, "every packet comes to", BPF_MAP_TYPE_HASH},
};

struct machine {
	struct ebpf_instance *inst;
	struct ebpf_map *map;
	struct ebpf_program *prog;
	struct ebpf_env env;
};

static void machine__open(struct machine *m, const struct subject *s)
{
	struct ebpf_map_opts opts = {.type = s->type ? s->type : BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = VALUE,
		.max_entries = 4};
	char *err = NULL;

	m->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, &err);
	assert_non_null(m->inst);
	m->map = ebpf_map__create(m->inst, &opts, &err);
	if (!m->map)
		fail_msg("%s", err);
	m->prog = assembled__load(m->inst, s->text, m->map);
	ebpf_env__init(&m->env, m->inst, 0);
}

static void machine__close(struct machine *m)
{
	ebpf_program__unref(m->prog);
	ebpf_map__unref(m->map);
	ebpf_instance__destroy(m->inst);
}

static void expect_agreement(struct machine *a, struct launcher *l, struct machine *b)
{
	static struct launch_packet ours[4], theirs[4];
	static const uint8_t frame[60];
	uint8_t va[2 * VALUE] = {0}, vb[2 * VALUE] = {0};
	uint32_t key = 0;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 4; i++) {
			launch_packet__fill(&ours[i], frame, sizeof(frame));
			launch_packet__fill(&theirs[i], frame, sizeof(frame));
			launch__on_cpu(b->prog, &b->env, &theirs[i]);
		}
		launcher__refresh(l);
		launcher__run(l, ours, 4, 0);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(ours[i].verdict, theirs[i].verdict);
		assert_int_equal(
			ebpf_map__lookup(a->map, &key, va), ebpf_map__lookup(b->map, &key, vb));
		assert_memory_equal(va, vb, sizeof(va));
	}
	assert_false(ours[3].again); /* by now the kernel judges all of them */
}

static void test_subject(void **state)
{
	const struct subject *s = *state;
	struct machine kernel, interp;
	struct launcher l;
	char *why = NULL;
	bool is_kernel;

	machine__open(&kernel, s);
	machine__open(&interp, s);
	is_kernel = launcher__open(&l, kernel.inst, kernel.prog, &why);
	if (!s->refused && !is_kernel)
		fail_msg("%s", why);
	if (s->refused && (is_kernel || !strstr(why, s->refused)))
		fail_msg("%s, instead of: %s", is_kernel ? "a kernel" : why, s->refused);
	if (is_kernel)
		expect_agreement(&kernel, &l, &interp);
	free(why);
	launcher__close(&l);
	machine__close(&kernel);
	machine__close(&interp);
}

int main(void)
{
	enum { N = sizeof(subjects) / sizeof(subjects[0]) };
	struct CMUnitTest tests[N];

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){.name = subjects[i].name,
			.test_func = test_subject,
			.initial_state = (void *)&subjects[i]};
	return _cmocka_run_group_tests("what can be a kernel", tests, N, NULL, NULL);
}
