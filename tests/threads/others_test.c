/* SPDX-License-Identifier: BSD-3-Clause
 *
 * others_test.c -- maps without keys, of redirect targets, of maps and of programs, under two
 * workers and two threads of the host.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "crowd.h"
#include "runtime/helpers.h"

#define N_ENTRIES 8

/* --- QUEUE, STACK ------------------------------------------------------------------------------
 */

static atomic_ulong pushed, popped;

static void push(struct thread *t)
{
	struct value v = make_value(t->number, below(t, 1u << 20));
	bool worker = t->number < N_WORKERS;
	int64_t err = worker ? rt_map__push(&map->rt, &v, BPF_ANY)
			     : ebpf_map__update(map, NULL, &v, BPF_ANY);

	if (!err)
		atomic_fetch_add(&pushed, v.n);
	else if (err != -E2BIG)
		wrong_results++;
	t->counted++;
}

static void pop(struct thread *t)
{
	struct value v;
	bool worker = t->number < N_WORKERS;
	int64_t err =
		worker ? rt_map__pop(&map->rt, &v) : ebpf_map__lookup_and_delete(map, NULL, &v);

	if (!err)
		atomic_fetch_add(&popped, v.n);
	if (err ? err != -ENOENT : !is_whole(&v))
		wrong_values++;
}

static void peek(struct thread *t)
{
	struct value v;
	bool worker = t->number < N_WORKERS;
	int64_t err = worker ? rt_map__peek(&map->rt, &v) : ebpf_map__lookup(map, NULL, &v);

	if (err ? err != -ENOENT : !is_whole(&v))
		wrong_values++;
}

static void *queue_user(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		push(t);
		pop(t);
		if (!below(t, 3))
			push(t);
		peek(t);
	}
	return NULL;
}

/* What was pushed is what was popped and what is left. */
static void crowded_queue(uint32_t type)
{
	static const role_fn roles[] = {queue_user, queue_user, queue_user, queue_user};
	struct value v;

	pushed = popped = 0;
	map = make_map(type, 0, sizeof(struct value), N_ENTRIES, NULL);
	run_crowd(roles);
	while (!ebpf_map__lookup_and_delete(map, NULL, &v))
		popped += v.n;
	assert_int_equal(pushed, popped);
	ebpf_map__unref(map);
}

static void test_queue(void **state)
{
	crowded_queue(BPF_MAP_TYPE_QUEUE);
}

static void test_stack(void **state)
{
	crowded_queue(BPF_MAP_TYPE_STACK);
}

/* --- BLOOM_FILTER -------------------------------------------------------------------------- */

/* What was pushed is there at once, and what another has pushed stays. */
static void *bloom_user(void *arg)
{
	struct thread *t = arg;

	for (uint64_t n = 0; !time_is_up; n++) {
		struct value v = make_value(t->number, n % 1000);
		struct value older = make_value(t->number, below(t, (uint32_t)(n % 1000) + 1));
		bool worker = t->number < N_WORKERS;
		int64_t err = worker ? rt_map__push(&map->rt, &v, BPF_ANY)
				     : ebpf_map__update(map, NULL, &v, BPF_ANY);

		wrong_results += err != 0;
		lost_keys += rt_map__peek(&map->rt, &v) != 0;
		lost_keys += ebpf_map__lookup(map, NULL, &older) != 0;
		t->counted++;
	}
	return NULL;
}

static void test_bloom_filter(void **state)
{
	static const role_fn roles[] = {bloom_user, bloom_user, bloom_user, bloom_user};

	map = make_map(BPF_MAP_TYPE_BLOOM_FILTER, 0, sizeof(struct value), 4000, NULL);
	run_crowd(roles);
	ebpf_map__unref(map);
}

/* --- DEVMAP, DEVMAP_HASH, CPUMAP, XSKMAP ---------------------------------------------------------
 */

/* An entry's value tells its key, so that another's is noticed. */
static bool is_target_of(uint32_t key, uint32_t target)
{
	return target % 16 == key && target < 16 * 1000;
}

static void *redirecting_program(void *arg)
{
	struct thread *t = arg;
	struct ebpf_env env;

	ebpf_env__init(&env, inst, t->number);
	while (!time_is_up) {
		uint32_t key = below(t, N_ENTRIES + 1);
		uint64_t verdict = helper_redirect_map(&env, &map->rt, key, XDP_PASS);

		if (verdict == XDP_PASS)
			continue;
		if (verdict != XDP_REDIRECT || key == N_ENTRIES)
			wrong_results++;
		if (env.redirect.kind == EBPF_REDIRECT_IFINDEX &&
			!is_target_of(key, env.redirect.target))
			wrong_values++;
		t->counted++;
	}
	return NULL;
}

static void *target_writer(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t key =
			below(t, map->opts.type == BPF_MAP_TYPE_CPUMAP ? N_WORKERS : N_ENTRIES);
		uint32_t target = 16 * (1 + below(t, 900)) + key;
		int err = below(t, 3) ? ebpf_map__update(map, &key, &target, BPF_ANY)
				      : ebpf_map__delete(map, &key);

		wrong_results += err && err != -ENOENT;
		t->counted++;
	}
	return NULL;
}

static void *target_reader(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t key = below(t, N_ENTRIES), target, *cursor = NULL;

		if (!ebpf_map__lookup(map, &key, &target) && !is_target_of(key, target))
			wrong_values++;
		for (int i = 0; i < 20 && !ebpf_map__next_key(map, cursor, &key); i++) {
			cursor = &key;
			wrong_results += key >= N_ENTRIES;
		}
		t->counted++;
	}
	return NULL;
}

static void crowded_targets(uint32_t type)
{
	static const role_fn roles[] = {
		redirecting_program, redirecting_program, target_writer, target_reader};

	map = make_map(type, 4, 4, N_ENTRIES, NULL);
	run_crowd(roles);
	ebpf_map__unref(map);
}

static void test_devmap(void **state)
{
	crowded_targets(BPF_MAP_TYPE_DEVMAP);
}

static void test_devmap_hash(void **state)
{
	crowded_targets(BPF_MAP_TYPE_DEVMAP_HASH);
}

static void test_cpumap(void **state)
{
	crowded_targets(BPF_MAP_TYPE_CPUMAP);
}

static void test_xskmap(void **state)
{
	crowded_targets(BPF_MAP_TYPE_XSKMAP);
}

/* --- ARRAY_OF_MAPS, HASH_OF_MAPS ----------------------------------------------------------------
 */

static const struct ebpf_map_opts inner_opts = {.name = "inner",
	.type = BPF_MAP_TYPE_HASH,
	.key_size = 4,
	.value_size = sizeof(struct value),
	.max_entries = 16};

/* As a program does: finds the map, and counts in it. */
static void count_in_inner(struct thread *t, struct ebpf_env *env)
{
	for (int i = 0; i < 8; i++) {
		uint32_t key = below(t, N_ENTRIES), one = 1;
		const struct rt_map *inner = rt_map__lookup(&map->rt, t->number, &key);
		struct value *v = inner ? rt_map__lookup(inner, t->number, &one) : NULL;

		if (!v)
			continue;
		if (rt_read(&v->of) != key)
			wrong_values++;
		__atomic_fetch_add(&v->count, 1, __ATOMIC_RELAXED);
		t->counted++;
	}
}

static void *nested_program(void *arg)
{
	return run_bursts(arg, count_in_inner);
}

static void *inner_replacer(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t key = below(t, N_ENTRIES), one = 1;
		struct value v = make_value(key, 0);
		struct ebpf_map *inner = ebpf_map__create(inst, &inner_opts, NULL);

		if (!inner || ebpf_map__update(inner, &one, &v, BPF_ANY) ||
			ebpf_map__set_inner(map, &key, inner, BPF_ANY))
			wrong_results++;
		ebpf_map__unref(inner);
		key = below(t, N_ENTRIES);
		if (!below(t, 4) && ebpf_map__delete(map, &key) < -ENOENT)
			wrong_results++;
		t->counted++;
	}
	return NULL;
}

static void *outer_reader(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t key = below(t, N_ENTRIES), one = 1, id, *cursor = NULL;
		struct ebpf_map *inner = ebpf_map__get_inner(map, &key);
		struct value v;

		if (inner && (ebpf_map__lookup(inner, &one, &v) || v.of != key))
			wrong_values++;
		ebpf_map__unref(inner);
		if (!ebpf_map__lookup(map, &key, &id) && !id)
			wrong_values++;
		for (int i = 0; i < 20 && !ebpf_map__next_key(map, cursor, &key); i++) {
			cursor = &key;
			wrong_results += key >= N_ENTRIES;
		}
		t->counted++;
	}
	return NULL;
}

/* At the end nothing is left but what is in the map. */
static void crowded_maps(uint32_t type)
{
	static const role_fn roles[] = {
		nested_program, nested_program, inner_replacer, outer_reader};
	unsigned before = atomic_load(&inst->refs);

	map = make_map(type, 4, 4, N_ENTRIES, &inner_opts);
	run_crowd(roles);
	ebpf_map__unref(map);
	ebpf_instance__synchronize(inst);
	assert_int_equal(atomic_load(&inst->refs), before);
}

static void test_array_of_maps(void **state)
{
	crowded_maps(BPF_MAP_TYPE_ARRAY_OF_MAPS);
}

static void test_hash_of_maps(void **state)
{
	crowded_maps(BPF_MAP_TYPE_HASH_OF_MAPS);
}

/* --- PROG_ARRAY ----------------------------------------------------------------------------- */

#define INSN(code_, dst_, src_, imm_) \
	((struct bpf_insn){.code = (code_), .dst_reg = (dst_), .src_reg = (src_), .imm = (imm_)})

static struct ebpf_program *caller;

static struct ebpf_program *load(const struct bpf_insn *insns, uint32_t n)
{
	struct ebpf_program_spec spec = {.name = "crowded",
		.type = EBPF_PROGRAM_XDP,
		.insns = (const struct ebpf_insn *)insns,
		.n_insns = n,
		.maps = &map,
		.n_maps = 1};

	return ebpf_program__load(inst, &spec, NULL, NULL);
}

/* Returns its number. */
static struct ebpf_program *load_numbered(uint32_t number)
{
	const struct bpf_insn insns[] = {INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, (int32_t)number),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0)};

	return load(insns, 2);
}

/* Calls the entry that the context's queue names; without it returns 1000. */
static struct ebpf_program *load_caller(void)
{
	const struct bpf_insn insns[] = {(struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
						 .dst_reg = 3,
						 .src_reg = 1,
						 .off = offsetof(struct xdp_md, rx_queue_index)},
		INSN(BPF_LD | BPF_DW | BPF_IMM, 2, BPF_PSEUDO_MAP_IDX, 0), INSN(0, 0, 0, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, BPF_FUNC_tail_call),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 1000), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0)};

	return load(insns, sizeof(insns) / sizeof(insns[0]));
}

static void call_entries(struct thread *t, struct ebpf_env *env)
{
	uint8_t packet[64] = {0};

	for (int i = 0; i < 8; i++) {
		struct ebpf_xdp_ctx ctx = {.data = packet,
			.data_meta = packet,
			.data_end = packet + sizeof(packet),
			.rx_queue_index = below(t, N_ENTRIES)};
		uint64_t verdict = ebpf_program__run(caller, env, &ctx);

		if (verdict == 1000)
			continue;
		if (verdict % 16 != ctx.rx_queue_index)
			wrong_values++;
		t->counted++;
	}
}

static void *calling_program(void *arg)
{
	return run_bursts(arg, call_entries);
}

static void *program_replacer(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t key = below(t, N_ENTRIES);
		struct ebpf_program *prog = load_numbered(16 * below(t, 60) + key);

		if (!prog || ebpf_map__set_program(map, key, prog))
			wrong_results++;
		ebpf_program__unref(prog);
		key = below(t, N_ENTRIES);
		if (!below(t, 4) && ebpf_map__delete(map, &key) < -ENOENT)
			wrong_results++;
		t->counted++;
	}
	return NULL;
}

static void *program_reader(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t key = below(t, N_ENTRIES), id, met = 0, *cursor = NULL;

		if (!ebpf_map__lookup(map, &key, &id) && !id)
			wrong_values++;
		for (; !ebpf_map__next_key(map, cursor, &key); met++)
			cursor = &key;
		wrong_results += met != N_ENTRIES;
		t->counted++;
	}
	return NULL;
}

static void test_prog_array(void **state)
{
	static const role_fn roles[] = {
		calling_program, calling_program, program_replacer, program_reader};
	unsigned before = atomic_load(&inst->refs);

	map = make_map(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, N_ENTRIES, NULL);
	caller = load_caller();
	assert_non_null(caller);
	run_crowd(roles);
	ebpf_program__unref(caller);
	ebpf_map__unref(map);
	ebpf_instance__synchronize(inst);
	assert_int_equal(atomic_load(&inst->refs), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_bloom_filter),
		cmocka_unit_test(test_devmap),
		cmocka_unit_test(test_devmap_hash),
		cmocka_unit_test(test_cpumap),
		cmocka_unit_test(test_xskmap),
		cmocka_unit_test(test_array_of_maps),
		cmocka_unit_test(test_hash_of_maps),
		cmocka_unit_test(test_prog_array),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
