/* SPDX-License-Identifier: BSD-3-Clause
 *
 * scout_test.c -- programs that look ahead do what they would have done without, and the scouts
 * themselves do nothing.
 *
 * Every program here is compiled twice: into a driver that looks ahead and runs, and into one that
 * only sends scouts and gives for a verdict the number of the map where each found something to
 * fetch. The limit of the cache is so low that the larger ones of the maps exceed it.
 */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ebpf-program.h>

#include "core/map.h"
#include "isa/isa.h"
#include "llvm-driver.h"

extern const unsigned char llvm_driver[], llvm_scouts[];
extern const unsigned long llvm_driver_size, llvm_scouts_size;

#define CACHE  1024
#define KEYS   40 /* there are, of 64 that are looked up */
#define BURST  16
#define HEAD   256
#define LENGTH 64

enum {
	FLOWS,    /* large */
	ROUTES,   /* large */
	ORDERED,  /* large, LRU */
	COUNTERS, /* small */
	RECENT,   /* small, LRU */
	NESTED,   /* small, of maps that are large */
	N_MAPS,
};

static const struct ebpf_map_opts inner = {.name = "inner",
	.type = BPF_MAP_TYPE_HASH,
	.key_size = 8,
	.value_size = 8,
	.max_entries = 64};
static const struct ebpf_map_opts kinds[N_MAPS] = {
	[FLOWS] = {.name = "flows",
		.type = BPF_MAP_TYPE_HASH,
		.key_size = 8,
		.value_size = 8,
		.max_entries = 64},
	[ROUTES] = {.name = "routes",
		.type = BPF_MAP_TYPE_LPM_TRIE,
		.key_size = 8,
		.value_size = 8,
		.max_entries = 64,
		.flags = BPF_F_NO_PREALLOC},
	[ORDERED] = {.name = "ordered",
		.type = BPF_MAP_TYPE_LRU_HASH,
		.key_size = 8,
		.value_size = 8,
		.max_entries = 64},
	[COUNTERS] = {.name = "counters",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 4},
	[RECENT] = {.name = "recent",
		.type = BPF_MAP_TYPE_LRU_HASH,
		.key_size = 8,
		.value_size = 8,
		.max_entries = 2},
	[NESTED] = {.name = "nested",
		.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 2,
		.inner = &inner},
};

/* r6 = ctx, r2 = data, of 64 bytes, or 0. */
#define BEGIN                 \
	"mov %r6, %r1\n"      \
	"ldxw %r2, [%r1]\n"   \
	"ldxw %r3, [%r1+4]\n" \
	"mov %r4, %r2\n"      \
	"add %r4, 64\n"       \
	"mov %r0, 0\n"        \
	"jgt %r4, %r3, end\n"
/* r0 = what the map has for the bytes from r10-8 on. */
#define LOOKUP(map)                       \
	"mov %r2, %r10\n"                 \
	"add %r2, -8\n"                   \
	"lddw %r1, map_by_idx(" map ")\n" \
	"call 1\n"
#define KEY_FROM_R1     \
	"and %r1, 63\n" \
	"stxdw [%r10-8], %r1\n"
#define VALUE_AND_END        \
	"mov %r1, %r0\n"     \
	"mov %r0, 1\n"       \
	"jeq %r1, 0, end\n"  \
	"ldxdw %r0, [%r1]\n" \
	"end:\n"             \
	"exit\n"

struct sample {
	const char *what, *text;
	uint8_t finds[2]; /* the number of the map where a scout ends, for an even first byte of
			     the packet and an odd one; 0: it has nothing to fetch */
};

static const struct sample samples[] = {
	{"a key of the packet", BEGIN "ldxb %r1, [%r2]\n" KEY_FROM_R1 LOOKUP("0") VALUE_AND_END,
		{1, 1}},
	{"a large LRU map", BEGIN "ldxb %r1, [%r2]\n" KEY_FROM_R1 LOOKUP("2") VALUE_AND_END,
		{1, 1}},
	{"a lookup in a small LRU map, which leaves a trace, comes first",
		BEGIN "ldxb %r1, [%r2]\n" KEY_FROM_R1 LOOKUP("4") LOOKUP("0") VALUE_AND_END,
		{0, 0}},
	{"stores to the packet and to values, atomics, and a lookup in a small map, before",
		BEGIN "ldxb %r1, [%r2]\n"
		      "and %r1, 63\n"
		      "stxdw [%r10-8], %r1\n"
		      "mov %r3, 77\n"
		      "stxb [%r2+1], %r3\n"
		      "stdw [%r2+8], 5\n"
		      "stw [%r10-12], 1\n"
		      "mov %r2, %r10\n"
		      "add %r2, -12\n"
		      "lddw %r1, map_by_idx(3)\n"
		      "call 1\n"
		      "jeq %r0, 0, end\n"
		      "mov %r1, 3\n"
		      "lock add [%r0], %r1\n"
		      "lock fetch add [%r0], %r1\n"
		      "ldxdw %r1, [%r0]\n"
		      "add %r1, 1\n"
		      "stxdw [%r0], %r1\n" LOOKUP("0") VALUE_AND_END,
		{1, 1}},
	{"what was written into the packet decides",
		BEGIN "ldxb %r1, [%r2]\n"
		      "xor %r1, 1\n"
		      "stxb [%r2], %r1\n"
		      "ldxb %r1, [%r2]\n"
		      "mov %r3, %r1\n"
		      "and %r3, 1\n"
		      "mov %r0, 1\n"
		      "jne %r3, 0, end\n" KEY_FROM_R1 LOOKUP("0") VALUE_AND_END,
		{0, 1}},
	{"helpers with effects before",
		BEGIN "ldxb %r7, [%r2]\n"
		      "and %r7, 63\n"
		      "stdw [%r10-8], 50\n"
		      "stdw [%r10-16], 9\n"
		      "call 7\n" /* get_prandom_u32 */
		      "lddw %r1, map_by_idx(0)\n"
		      "mov %r2, %r10\n"
		      "add %r2, -8\n"
		      "mov %r3, %r10\n"
		      "add %r3, -16\n"
		      "mov %r4, 0\n"
		      "call 2\n"
		      "mov %r1, %r7\n" KEY_FROM_R1 LOOKUP("0") VALUE_AND_END,
		{1, 1}},
	{"a packet that moves before",
		BEGIN "ldxb %r7, [%r2]\n"
		      "mov %r1, %r6\n"
		      "mov %r2, -8\n"
		      "call 44\n" /* xdp_adjust_head */
		      "mov %r1, %r7\n" KEY_FROM_R1 LOOKUP("0") VALUE_AND_END,
		{0, 0}},
	{"a key that a loop makes, spilled pointers, a read of 8 bytes",
		BEGIN "stxdw [%r10-24], %r2\n"
		      "mov %r1, 0\n"
		      "mov %r4, 0\n"
		      "again:\n"
		      "ldxdw %r2, [%r10-24]\n"
		      "add %r2, %r4\n"
		      "ldxb %r3, [%r2]\n"
		      "add %r1, %r3\n"
		      "add %r4, 1\n"
		      "jlt %r4, 9, again\n" KEY_FROM_R1 LOOKUP("0") VALUE_AND_END,
		{1, 1}},
	{"one of two maps, or none",
		BEGIN "ldxb %r1, [%r2]\n"
		      "mov %r3, %r1\n"
		      "and %r3, 1\n"
		      "jeq %r3, 0, even\n" KEY_FROM_R1 LOOKUP(
			      "0") "ja found\n"
				   "even:\n"
				   "stw [%r10-8], 32\n"
				   "lsh %r1, 24\n"
				   "stxw [%r10-4], %r1\n" LOOKUP("1") "found:\n" VALUE_AND_END,
		{2, 1}},
	{"nothing to look up on one way",
		BEGIN "ldxb %r1, [%r2]\n"
		      "mov %r3, %r1\n"
		      "and %r3, 1\n"
		      "mov %r0, 4\n"
		      "jeq %r3, 0, end\n" KEY_FROM_R1 LOOKUP("0") VALUE_AND_END,
		{0, 1}},
	{"a function that makes the key in its caller's frame, one that looks up",
		BEGIN "mov %r1, %r10\n"
		      "add %r1, -8\n"
		      "call local make_key\n"
		      "mov %r1, %r10\n"
		      "add %r1, -8\n"
		      "call local look_up\n"
		      "add %r0, 1\n"
		      "end:\n"
		      "exit\n"
		      "make_key:\n"
		      "ldxb %r3, [%r2]\n"
		      "stb [%r2+2], 6\n"
		      "and %r3, 63\n"
		      "stxdw [%r1], %r3\n"
		      "mov %r0, 0\n"
		      "exit\n"
		      "look_up:\n"
		      "mov %r2, %r1\n"
		      "lddw %r1, map_by_idx(0)\n"
		      "call 1\n"
		      "mov %r1, %r0\n"
		      "mov %r0, 1\n"
		      "jeq %r1, 0, out\n"
		      "ldxdw %r0, [%r1]\n"
		      "out:\n"
		      "exit\n",
		{1, 1}},
	{"a callback before",
		BEGIN "ldxb %r1, [%r2]\n" KEY_FROM_R1 "mov %r1, 3\n"
		      "lddw %r2, code_addr(body)\n"
		      "mov %r3, %r10\n"
		      "add %r3, -8\n"
		      "mov %r4, 0\n"
		      "call 181\n" LOOKUP("0") VALUE_AND_END "body:\n"
							     "ldxdw %r3, [%r2]\n"
							     "xor %r3, %r1\n"
							     "stxdw [%r2], %r3\n"
							     "mov %r0, 0\n"
							     "exit\n",
		{0, 0}},
	{"a map that came out of another",
		BEGIN "ldxb %r1, [%r2]\n" KEY_FROM_R1 "stw [%r10-12], 1\n"
		      "mov %r2, %r10\n"
		      "add %r2, -12\n"
		      "lddw %r1, map_by_idx(5)\n"
		      "call 1\n"
		      "mov %r1, %r0\n"
		      "mov %r0, 3\n"
		      "jeq %r1, 0, end\n"
		      "mov %r2, %r10\n"
		      "add %r2, -8\n"
		      "call 1\n" VALUE_AND_END,
		{0, 0}},
};

/* --- a program with maps of its own ------------------------------------------------------- */

struct machine {
	struct ebpf_instance *inst;
	struct ebpf_map *maps[N_MAPS], *inner;
	struct ebpf_program *prog;
	struct ebpf_env env;
};

static struct ebpf_map *make_map(struct machine *m, const struct ebpf_map_opts *opts)
{
	char *err = NULL;
	struct ebpf_map *map = ebpf_map__create(m->inst, opts, &err);

	if (!map)
		fail_msg("%s", err);
	return map;
}

static void fill(struct ebpf_map *map, bool is_lpm)
{
	for (uint64_t i = 0; i < KEYS; i++) {
		uint64_t key = is_lpm ? i << 56 | 8 : i, value = 100 + i;

		assert_int_equal(ebpf_map__update(map, &key, &value, 0), 0);
	}
}

static void machine__open(struct machine *m, const char *text)
{
	struct ebpf_program_spec spec = {
		.name = "test", .type = EBPF_PROGRAM_XDP, .maps = m->maps, .n_maps = N_MAPS};
	struct ebpf_insn *insns;
	char *err = NULL;

	m->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, &err);
	assert_non_null(m->inst);
	for (unsigned i = 0; i < N_MAPS; i++)
		m->maps[i] = make_map(m, &kinds[i]);
	m->inner = make_map(m, &inner);
	fill(m->maps[FLOWS], false);
	fill(m->maps[ROUTES], true);
	fill(m->maps[ORDERED], false);
	fill(m->inner, false);
	assert_int_equal(ebpf_map__set_inner(m->maps[NESTED], &(uint32_t){1}, m->inner, 0), 0);
	if (isa__assemble(text, &insns, &spec.n_insns, &err))
		fail_msg("%s", err);
	spec.insns = insns;
	m->prog = ebpf_program__load(m->inst, &spec, NULL, &err);
	if (!m->prog)
		fail_msg("%s", err);
	free(insns);
	ebpf_env__init(&m->env, m->inst, 0);
	m->env.prog = m->prog;
}

static void machine__close(struct machine *m)
{
	ebpf_program__unref(m->prog);
	ebpf_map__unref(m->inner);
	for (unsigned i = 0; i < N_MAPS; i++)
		ebpf_map__unref(m->maps[i]);
	ebpf_instance__destroy(m->inst);
}

static struct ebpf_driver running(uint64_t cache_size)
{
	return (struct ebpf_driver){.name = "test",
		.bitcode = llvm_driver,
		.bitcode_size = llvm_driver_size,
		.cache_size = cache_size};
}

static struct ebpf_driver scouting(uint64_t cache_size)
{
	return (struct ebpf_driver){.name = "scouts",
		.bitcode = llvm_scouts,
		.bitcode_size = llvm_scouts_size,
		.cache_size = cache_size};
}

static void install(struct machine *m, struct ebpf_driver driver)
{
	char *err = NULL;
	const struct ebpf_code *code = ebpf_program__compile(m->prog, "llvm", &driver, &err);

	if (!code)
		fail_msg("%s", err);
	ebpf_program__install(m->prog, code);
}

struct burst {
	uint8_t bufs[BURST][1024];
	struct ebpf_xdp_ctx ctx[BURST];
	uint32_t verdicts[BURST];
};

static void burst__fill(struct burst *b, uint64_t seed)
{
	memset(b, 0, sizeof(*b));
	for (unsigned i = 0; i < BURST; i++) {
		uint8_t *data = b->bufs[i] + HEAD;

		for (unsigned at = 0; at < LENGTH; at++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			data[at] = (uint8_t)(seed >> 56);
		}
		b->ctx[i] = (struct ebpf_xdp_ctx){.data = data,
			.data_meta = data,
			.data_end = data + LENGTH,
			.buf = b->bufs[i],
			.buf_end = b->bufs[i] + sizeof(b->bufs[i]),
			.head_limit = data - 216,
			.tail_limit = data + 512,
			.ingress_ifindex = 3};
	}
}

static void machine__run(struct machine *m, struct burst *b)
{
	const struct ebpf_code *code = ebpf_program__code(m->prog);

	if (code->driver) {
		code->driver(&m->env, &(struct test_burst){b->ctx, b->verdicts, BURST});
		return;
	}
	for (unsigned i = 0; i < BURST; i++)
		b->verdicts[i] = (uint32_t)ebpf_program__run(m->prog, &m->env, &b->ctx[i]);
}

static void expect_same_entries(struct ebpf_map *a, struct ebpf_map *b)
{
	uint64_t key[2], va = 0, vb = 0;
	int err = ebpf_map__next_key(a, NULL, key);

	for (; !err; err = ebpf_map__next_key(a, key, key)) {
		assert_int_equal(ebpf_map__lookup(a, key, &va), 0);
		assert_int_equal(ebpf_map__lookup(b, key, &vb), 0);
		assert_int_equal(va, vb);
	}
}

/* --- tests ---------------------------------------------------------------------------------- */

static void results_are_the_same_as_without(void **state)
{
	static struct burst a, b;

	for (size_t s = 0; s < sizeof(samples) / sizeof(samples[0]); s++) {
		struct machine interp, ahead;

		print_message("%s\n", samples[s].what);
		machine__open(&interp, samples[s].text);
		machine__open(&ahead, samples[s].text);
		install(&ahead, running(CACHE));
		for (uint64_t round = 0; round < 20; round++) {
			burst__fill(&a, round);
			burst__fill(&b, round);
			machine__run(&interp, &a);
			machine__run(&ahead, &b);
			assert_memory_equal(a.verdicts, b.verdicts, sizeof(a.verdicts));
			assert_memory_equal(a.bufs, b.bufs, sizeof(a.bufs));
		}
		for (unsigned i = 0; i < NESTED; i++)
			expect_same_entries(interp.maps[i], ahead.maps[i]);
		machine__close(&interp);
		machine__close(&ahead);
	}
}

struct copy {
	uint8_t *bytes[N_MAPS];
	struct ebpf_env env;
};

static void copy__take(struct copy *c, const struct machine *m)
{
	for (unsigned i = 0; i < N_MAPS; i++) {
		c->bytes[i] = malloc(m->maps[i]->bytes);
		assert_non_null(c->bytes[i]);
		memcpy(c->bytes[i], m->maps[i]->rt.mem, m->maps[i]->bytes);
	}
	c->env = m->env;
}

static void copy__compare(struct copy *c, const struct machine *m)
{
	for (unsigned i = 0; i < N_MAPS; i++) {
		assert_memory_equal(c->bytes[i], m->maps[i]->rt.mem, m->maps[i]->bytes);
		free(c->bytes[i]);
	}
	memcpy(c->env.scout_random, m->env.scout_random, sizeof(c->env.scout_random));
	assert_memory_equal(&c->env, &m->env, sizeof(c->env));
}

/* Not to packets, maps, environment; and they end where something is to be fetched. */
static void scouts_do_nothing(void **state)
{
	static struct burst before, after;

	for (size_t s = 0; s < sizeof(samples) / sizeof(samples[0]); s++) {
		struct machine m;
		struct copy copy;

		print_message("%s\n", samples[s].what);
		machine__open(&m, samples[s].text);
		install(&m, scouting(CACHE));
		burst__fill(&before, 9);
		burst__fill(&after, 9);
		copy__take(&copy, &m);
		machine__run(&m, &after);
		copy__compare(&copy, &m);
		assert_memory_equal(before.bufs, after.bufs, sizeof(before.bufs));
		for (unsigned i = 0; i < BURST; i++)
			assert_int_equal(
				after.verdicts[i], samples[s].finds[before.bufs[i][HEAD] & 1]);
		machine__close(&m);
	}
}

static void scouts_draw_what_programs_will_draw(void **state)
{
	static const uint64_t random[] = {1, 2};
	static struct burst scouted, ran;
	struct machine m;
	unsigned ones = 0;

	machine__open(&m, "call 7\n" /* get_prandom_u32 */
			  "and %r0, 1\n"
			  "jeq %r0, 0, end\n"
			  "mov %r1, 5\n" KEY_FROM_R1 LOOKUP("0") "mov %r0, 1\n"
								 "end:\n"
								 "exit\n");
	install(&m, scouting(CACHE));
	memcpy(m.env.random, random, sizeof(random));
	machine__run(&m, &scouted);
	install(&m, running(CACHE));
	memcpy(m.env.random, random, sizeof(random));
	machine__run(&m, &ran);
	assert_memory_equal(scouted.verdicts, ran.verdicts, sizeof(ran.verdicts));
	for (unsigned i = 0; i < BURST; i++)
		ones += ran.verdicts[i];
	assert_in_range(ones, 1, BURST - 1);
	machine__close(&m);
}

static char *optimised(struct machine *m, struct ebpf_driver driver)
{
	char *err = NULL, *ir = ebpf_program__dump(m->prog, EBPF_DUMP_IR_OPT, &driver, &err);

	if (!ir)
		fail_msg("%s", err);
	return ir;
}

static char *translated(struct machine *m, struct ebpf_driver driver)
{
	char *err = NULL, *ir = ebpf_program__dump(m->prog, EBPF_DUMP_IR, &driver, &err);

	if (!ir)
		fail_msg("%s", err);
	return ir;
}

static void programs_with_small_maps_have_no_scout(void **state)
{
	struct machine m;
	char *ir;

	machine__open(&m, samples[0].text);
	ir = translated(&m, running(CACHE));
	assert_non_null(strstr(ir, "@scout.0."));
	free(ir);
	ir = translated(&m, running(1 << 20));
	assert_null(strstr(ir, "@scout.0."));
	free(ir);
	/* nor does the driver send one */
	ir = optimised(&m, running(1 << 20));
	assert_null(strstr(ir, "@llvm.prefetch"));
	free(ir);
	ir = optimised(&m, running(CACHE));
	assert_non_null(strstr(ir, "@llvm.prefetch"));
	free(ir);
	machine__close(&m);
}

/* The same image: what decides is how many keys there are now. */
static void maps_that_are_almost_empty_are_not_worth_it(void **state)
{
	static struct burst b;
	struct machine m;
	uint64_t key;

	machine__open(&m, samples[0].text);
	install(&m, scouting(CACHE));
	burst__fill(&b, 1);
	machine__run(&m, &b);
	assert_int_equal(b.verdicts[0], 1);
	while (!ebpf_map__next_key(m.maps[FLOWS], NULL, &key))
		assert_int_equal(ebpf_map__delete(m.maps[FLOWS], &key), 0);
	burst__fill(&b, 1);
	machine__run(&m, &b);
	assert_int_equal(b.verdicts[0], 0);
	machine__close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_the_same_as_without),
		cmocka_unit_test(scouts_do_nothing),
		cmocka_unit_test(scouts_draw_what_programs_will_draw),
		cmocka_unit_test(programs_with_small_maps_have_no_scout),
		cmocka_unit_test(maps_that_are_almost_empty_are_not_worth_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
