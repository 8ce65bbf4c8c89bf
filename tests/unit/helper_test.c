/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper_test.c -- the table of helpers; clocks, random numbers, redirects, per-CPU values.
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
#include "machine.h"

/* r0 = the helper's result, shifted */
static uint32_t kernel_clock(uint32_t helper, uint32_t shift)
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	const struct bpf_insn insns[] = {
		CALL(helper), I(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, shift), EXIT()};

	return kernel__verdict(insns, COUNT(insns), &run);
}

static void test_clocks_as_kernel(void **state)
{
	static const uint32_t clocks[] = {BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_boot_ns,
		BPF_FUNC_ktime_get_coarse_ns, BPF_FUNC_ktime_get_tai_ns};
	uint64_t jiffies = helper_jiffies64(&machine.env),
		 ns = helper_ktime_get_coarse_ns(&machine.env);

	kernel__require();
	for (size_t i = 0; i < COUNT(clocks); i++) {
		uint32_t before, theirs, after;

		before = (uint32_t)(helper__call(clocks[i])(&machine.env, 0, 0, 0, 0, 0) >> 20);
		theirs = kernel_clock(clocks[i], 20);
		after = (uint32_t)(helper__call(clocks[i])(&machine.env, 0, 0, 0, 0, 0) >> 20);
		assert_true(theirs - before <= after - before);
	}
	assert_int_equal(
		helper_get_numa_node_id(&machine.env), kernel_clock(BPF_FUNC_get_numa_node_id, 0));
	/* Jiffies go as fast as the clock, from where Linux begins. */
	assert_true(jiffies >= UINT32_MAX - 300 * 250);
	while (helper_jiffies64(&machine.env) < jiffies + 25)
		usleep(1000);
	ns = helper_ktime_get_coarse_ns(&machine.env) - ns;
	assert_in_range(ns / 1000000, 90, 1000);
}

static void test_redirect_as_kernel(void **state)
{
	uint8_t packet[64] = {0};

	kernel__require();
	for (uint32_t flags = 0; flags < 9; flags++) {
		struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
		const struct bpf_insn insns[] = {
			MOV_IMM(1, 1), MOV_IMM(2, flags), CALL(BPF_FUNC_redirect), EXIT()};

		machine.env.redirect.kind = EBPF_REDIRECT_NONE;
		assert_int_equal(helper_redirect(&machine.env, 5, flags),
			kernel__verdict(insns, COUNT(insns), &run));
		assert_int_equal(machine.env.redirect.kind,
			flags ? EBPF_REDIRECT_NONE : EBPF_REDIRECT_IFINDEX);
	}
	helper_redirect(&machine.env, 5, 0);
	assert_int_equal(machine.env.redirect.target, 5);
}

/* r0 = what a CPU has under a key. */
static void test_percpu_lookup(void **state)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH};
	int cpus = libbpf_num_possible_cpus();
	uint64_t *values = calloc((size_t)cpus + 1, 8);
	struct ebpf_instance *inst;
	uint8_t packet[64] = {0};

	kernel__require();
	inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = (uint32_t)cpus}, NULL);
	assert_true(inst && values);
	for (size_t i = 0; i < COUNT(types); i++) {
		struct ebpf_map_opts opts = {"test", types[i], 4, 8, 2, 0};
		struct ebpf_map *map = ebpf_map__create(inst, &opts, NULL);
		int fd = kernel__create_map(opts.type, 4, 8, 2, 0);
		const struct machine_maps maps = {&map, &fd, 1};

		assert_true(map && fd >= 0);
		for (uint32_t key = 0; key < 2; key++) {
			for (int cpu = 0; cpu <= cpus; cpu++)
				values[cpu] = 100 * key + (uint64_t)cpu + 1;
			assert_int_equal(ebpf_map__update(map, &key, values, BPF_ANY), 0);
			assert_int_equal(bpf_map_update_elem(fd, &key, values, BPF_ANY), 0);
		}
		for (int cpu = 0; cpu <= cpus; cpu++) {
			struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
			const struct bpf_insn insns[] = {
				STORE_IMM64(10, -8, cpu % 3),
				MAP_AT(1, 0),
				MOV_REG(2, 10),
				ADD_IMM(2, -8),
				MOV_IMM(3, cpu),
				CALL(BPF_FUNC_map_lookup_percpu_elem),
				I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0),
				MOV_IMM(0, 77),
				EXIT(),
				LOAD32(0, 0, 0),
				EXIT(),
			};

			machine__agree(inst, &maps, insns, COUNT(insns), &run);
			assert_int_equal(run.verdict,
				cpu == cpus || cpu % 3 == 2 ? 77 : 100 * (cpu % 3) + cpu + 1);
		}
		ebpf_map__unref(map);
		close(fd);
	}
	ebpf_instance__destroy(inst);
	free(values);
}

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

	kernel__require();
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
		assert_int_equal(run.verdict, (uint32_t)helper_map_update_elem(&machine.env,
						      &map->rt, &key, &value, BPF_ANY));
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
	assert_int_equal(*(uint64_t *)helper_map_lookup_elem(&machine.env, &map->rt, &key), 9);
	assert_int_equal(helper_map_delete_elem(&machine.env, &map->rt, &key), 0);
	assert_int_equal((int64_t)helper_map_delete_elem(&machine.env, &map->rt, &key), -ENOENT);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
	close(map_fd);
	close(prog_fd);
	free(values);
}

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
	assert_null(helper__find(kfunc__find("bpf_ct_set_timeout")));
	assert_string_equal(helper__name(kfunc__find("bpf_ct_set_timeout")), "bpf_ct_set_timeout");
	assert_int_equal(kfunc__find("bpf_map_lookup_elem"), 0);
	assert_string_equal(helper__name(BPF_FUNC_redirect_map), "bpf_redirect_map");
	assert_string_equal(helper__name(211), "bpf_cgrp_storage_delete");
	assert_null(helper__name(212));
	assert_null(helper__name(UINT32_MAX));
	assert_null(helper__find(UINT32_MAX));
}

static void test_environment(void **state)
{
	uint64_t before = helper_ktime_get_ns(&machine.env), distinct = 0, or = 0, and = UINT32_MAX;

	assert_true(helper_ktime_get_ns(&machine.env) >= before);
	assert_int_equal(helper_get_smp_processor_id(&machine.env), 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t r = helper_get_prandom_u32(&machine.env);

		assert_true(r <= UINT32_MAX);
		distinct += r != helper_get_prandom_u32(&machine.env);
		or |= r;
		and &= r;
	}
	assert_true(distinct > 990);
	assert_int_equal(or, UINT32_MAX);
	assert_int_equal(and, 0);
}

static void test_idle_task(void **state)
{
	uint64_t info = 99;
	char name[16];

	assert_int_equal(helper_get_current_task(&machine.env), 0);
	assert_int_equal(helper_get_current_pid_tgid(&machine.env), 0);
	assert_int_equal(helper_get_current_uid_gid(&machine.env), 0);
	assert_int_equal(helper_get_current_cgroup_id(&machine.env), 1);
	assert_int_equal(helper_get_current_ancestor_cgroup_id(&machine.env, 0), 1);
	assert_int_equal(helper_get_current_ancestor_cgroup_id(&machine.env, 1), 0);
	assert_int_equal(
		(int64_t)helper_get_ns_current_pid_tgid(&machine.env, 1, 2, &info, sizeof(info)),
		-EINVAL);
	assert_int_equal(info, 0);
	memset(name, '#', sizeof(name));
	assert_int_equal(helper_get_current_comm(&machine.env, name, 12), 0);
	assert_memory_equal(name, "swapper/0\0\0\0####", sizeof(name));
	assert_int_equal(helper_get_current_comm(&machine.env, name, 4), 0);
	assert_string_equal(name, "swa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks_as_kernel),
		cmocka_unit_test(test_redirect_as_kernel),
		cmocka_unit_test(test_percpu_update_as_kernel),
		cmocka_unit_test(test_percpu_lookup),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_idle_task),
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
