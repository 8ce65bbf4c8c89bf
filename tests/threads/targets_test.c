/* SPDX-License-Identifier: BSD-3-Clause
 *
 * targets_test.c -- entries of DEVMAP, DEVMAP_HASH and CPUMAP with programs, under two workers that
 * redirect and broadcast and two threads of the host.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "crowd.h"
#include "runtime/helpers.h"

#define N_ENTRIES 8

/* A target tells its key and which program belongs to it: none, the one named "1" or the one
 * named "2". */
static uint32_t make_target(uint32_t n, uint32_t key, uint32_t which)
{
	return (1 + n) * 3 * N_ENTRIES + key * 3 + which;
}

static bool is_as_put_in(uint32_t target, const struct ebpf_program *prog)
{
	uint32_t which = target % 3;

	return prog ? ebpf_program__name(prog)[0] == (char)('0' + which) : !which;
}

static struct ebpf_program *load(uint32_t which)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT}};
	bool cpumap = map->opts.type == BPF_MAP_TYPE_CPUMAP;
	struct ebpf_program_spec spec = {.name = which == 1 ? "1" : "2",
		.type = cpumap ? EBPF_PROGRAM_XDP_CPUMAP : EBPF_PROGRAM_XDP_DEVMAP,
		.insns = (const struct ebpf_insn *)insns,
		.n_insns = 2};

	return ebpf_program__load(inst, &spec, NULL, NULL);
}

static void look(void *user, const struct ebpf_redirect *one)
{
	if (!is_as_put_in(one->target, one->prog))
		wrong_values++;
}

static void redirect(struct thread *t, struct ebpf_env *env)
{
	uint32_t key = below(t, N_ENTRIES), target;

	if (helper_redirect_map(env, &map->rt, key, XDP_PASS) == XDP_PASS)
		return;
	target = env->redirect.target;
	if (env->redirect.kind == EBPF_REDIRECT_WORKER) { /* it tells no more than the worker */
		wrong_values += target != key;
		if (env->redirect.prog && !ebpf_program__name(env->redirect.prog)[0])
			wrong_values++;
	} else if (target / 3 % N_ENTRIES != key || !is_as_put_in(target, env->redirect.prog)) {
		wrong_values++;
	}
	t->counted++;
}

static void redirect_burst(struct thread *t, struct ebpf_env *env)
{
	struct ebpf_redirect all = {.target = BPF_F_BROADCAST, .map = &map->rt};

	for (int i = 0; i < 8; i++)
		redirect(t, env);
	if (map->opts.type != BPF_MAP_TYPE_CPUMAP)
		ebpf_redirect__for_each(&all, 0, look, NULL);
}

static void *redirecting_program(void *arg)
{
	return run_bursts(arg, redirect_burst);
}

static void *target_writer(void *arg)
{
	struct thread *t = arg;
	bool cpumap = map->opts.type == BPF_MAP_TYPE_CPUMAP;

	while (!time_is_up) {
		uint32_t key = below(t, cpumap ? N_WORKERS : N_ENTRIES), which = below(t, 3);
		struct ebpf_program *prog = which ? load(which) : NULL;
		int err = ebpf_map__set_target(
			map, key, make_target(below(t, 500), key, which), prog, BPF_ANY);

		wrong_results += err != 0 || (which && !prog);
		ebpf_program__unref(prog);
		err = below(t, 4) ? 0 : ebpf_map__delete(map, &key);
		wrong_results += err && err != -ENOENT;
		t->counted++;
	}
	return NULL;
}

static void crowded(uint32_t type)
{
	static const role_fn roles[] = {
		redirecting_program, redirecting_program, target_writer, target_writer};
	unsigned before = atomic_load(&inst->refs);

	map = make_map(type, 4, 8, N_ENTRIES, NULL);
	run_crowd(roles);
	ebpf_map__unref(map);
	ebpf_instance__synchronize(inst);
	assert_int_equal(atomic_load(&inst->refs), before);
}

static void test_devmap(void **state)
{
	crowded(BPF_MAP_TYPE_DEVMAP);
}

static void test_devmap_hash(void **state)
{
	crowded(BPF_MAP_TYPE_DEVMAP_HASH);
}

static void test_cpumap(void **state)
{
	crowded(BPF_MAP_TYPE_CPUMAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devmap),
		cmocka_unit_test(test_devmap_hash),
		cmocka_unit_test(test_cpumap),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
