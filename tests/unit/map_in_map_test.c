/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map_in_map_test.c -- ARRAY_OF_MAPS and HASH_OF_MAPS: on every backend, in the kernel, and while
 * the host replaces the maps inside.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/map.h"
#include "machine.h"

#define N_OUTER 4

static const uint32_t outer_types[] = {BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS};

static struct ebpf_map_opts inner_opts(uint32_t type)
{
	return (struct ebpf_map_opts){
		.name = "inner", .type = type, .key_size = 4, .value_size = 8, .max_entries = 8};
}

static struct twin make_outer(uint32_t type, const struct ebpf_map_opts *inner)
{
	struct twin model = twin__create(*inner, -1);
	struct twin outer = twin__create((struct ebpf_map_opts){.type = type,
						 .key_size = 4,
						 .value_size = 4,
						 .max_entries = N_OUTER,
						 .inner = inner},
		model.theirs);

	twin__drop(&model);
	return outer;
}

/* Both put it in or both refuse, for the same reason. */
static int set_both(struct twin *outer, uint32_t key, const struct twin *inner, uint64_t flags)
{
	int ours = ebpf_map__set_inner(outer->ours, &key, inner->ours, flags);

	if (outer->theirs >= 0)
		assert_int_equal(ours, kernel__result(bpf_map_update_elem(
					       outer->theirs, &key, &inner->theirs, flags)));
	return ours;
}

/* inner = outer[a]; if there is one, value = inner[b]; if there is one, ++*value and return
 * it; else 1000 or 2000. */
#define FIND_AND_COUNT(a, b)                                                                       \
	I(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, a), I(BPF_ST | BPF_MEM | BPF_W, 10, 0, -8, b),      \
		MAP_AT(1, 0), MOV_REG(2, 10), ADD_IMM(2, -4), CALL(BPF_FUNC_map_lookup_elem),      \
		I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0), MOV_IMM(0, 1000), EXIT(), MOV_REG(1, 0), \
		MOV_REG(2, 10), ADD_IMM(2, -8), CALL(BPF_FUNC_map_lookup_elem),                    \
		I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0), MOV_IMM(0, 2000), EXIT(), MOV_IMM(1, 1), \
		I(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD),                                \
		I(BPF_LDX | BPF_MEM | BPF_DW, 0, 0, 0, 0), EXIT()

static void compare_run(const struct twin *outer, uint32_t a, uint32_t b, const char *backend)
{
	struct bpf_insn insns[] = {FIND_AND_COUNT((int)a, (int)b)};
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	struct ebpf_program *prog =
		machine__load(machine.inst, backend, &outer->ours, 1, insns, COUNT(insns));
	uint32_t verdict = machine__run(prog, &machine.env);
	int fd;

	ebpf_program__unref(prog);
	if (outer->theirs < 0)
		return;
	fd = kernel__load_xdp_with(&outer->theirs, insns, COUNT(insns), false);
	assert_true(fd >= 0);
	assert_int_equal(kernel__run(fd, &run), 0);
	close(fd);
	if (verdict != run.verdict)
		fail_msg("%s: inner %u, key %u: %u, the kernel: %u", backend, a, b, verdict,
			run.verdict);
}

/* Inner maps of many types, in places 0 and 2, the second larger where it may be: the kernel
 * lets a per-CPU array be, too, but then looks no further than the template's end. */
static bool may_be_larger(uint32_t type)
{
	return type != BPF_MAP_TYPE_ARRAY && type != BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* So that the kernel counts per-CPU values in one place, as we do. */
static void stay_on_one_cpu(void)
{
	cpu_set_t cpus;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
}

static void test_lookups_as_kernel(void **state)
{
	static const uint32_t inner_types[] = {BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_LRU_HASH};

	kernel__require();
	stay_on_one_cpu();
	for (size_t o = 0; o < COUNT(outer_types); o++) {
		for (size_t i = 0; i < COUNT(inner_types); i++) {
			struct ebpf_map_opts opts = inner_opts(inner_types[i]);
			struct twin outer = make_outer(outer_types[o], &opts), first, second;
			uint64_t values[64];
			uint32_t key = 3;

			for (size_t v = 0; v < COUNT(values); v++)
				values[v] = 5;

			first = twin__create(opts, -1);
			opts.max_entries *= may_be_larger(inner_types[i]) ? 100 : 1;
			second = twin__create(opts, -1);
			assert_int_equal(set_both(&outer, 0, &first, BPF_ANY), 0);
			assert_int_equal(set_both(&outer, 2, &second, BPF_ANY), 0);
			assert_int_equal(ebpf_map__update(first.ours, &key, values, BPF_ANY), 0);
			assert_int_equal(
				bpf_map_update_elem(first.theirs, &key, values, BPF_ANY), 0);
			for (const char *const *b = machine_backends; *b; b++)
				for (uint32_t place = 0; place <= N_OUTER; place += 2)
					for (key = 3; key < 10; key += 6)
						compare_run(&outer, place, key, *b);
			twin__drop(&first);
			twin__drop(&second);
			twin__drop(&outer);
		}
	}
}

/* Which maps may be inside, and which inside these. */
static void test_templates_as_kernel(void **state)
{
	static const struct {
		uint32_t type, flags;
	} kinds[] = {{BPF_MAP_TYPE_ARRAY, 0}, {BPF_MAP_TYPE_ARRAY, BPF_F_INNER_MAP},
		{BPF_MAP_TYPE_HASH, 0}, {BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC},
		{BPF_MAP_TYPE_PERCPU_ARRAY, 0}, {BPF_MAP_TYPE_LRU_HASH, 0},
		{BPF_MAP_TYPE_DEVMAP, 0}, {BPF_MAP_TYPE_DEVMAP_HASH, 0}};

	kernel__require();
	for (size_t t = 0; t < COUNT(kinds); t++) {
		struct ebpf_map_opts opts = inner_opts(kinds[t].type);
		struct twin outer;

		opts.flags = kinds[t].flags;
		outer = make_outer(BPF_MAP_TYPE_HASH_OF_MAPS, &opts);
		for (size_t i = 0; i < COUNT(kinds); i++)
			for (uint32_t entries = 7; entries < 9; entries++) {
				struct twin inner;

				opts = inner_opts(kinds[i].type);
				opts.flags = kinds[i].flags;
				opts.max_entries = entries;
				inner = twin__create(opts, -1);
				set_both(&outer, 1, &inner, BPF_ANY);
				twin__drop(&inner);
			}
		twin__drop(&outer);
	}
}

static void test_refused_templates(void **state)
{
	struct ebpf_map_opts leaf = inner_opts(BPF_MAP_TYPE_HASH),
			     programs = {.type = BPF_MAP_TYPE_PROG_ARRAY,
				     .key_size = 4,
				     .value_size = 4,
				     .max_entries = 1},
			     outer = {.name = "outer",
				     .type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
				     .key_size = 4,
				     .value_size = 4,
				     .max_entries = 1},
			     nested = outer;
	char *err;

	assert_null(ebpf_map__create(machine.inst, &outer, &err));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(err, "map outer: it needs a template of the maps to come");
	free(err);
	nested.inner = &leaf;
	outer.inner = &nested;
	assert_null(ebpf_map__create(machine.inst, &outer, NULL));
	assert_int_equal(errno, EINVAL);
	outer.inner = &programs;
	assert_null(ebpf_map__create(machine.inst, &outer, NULL));
	assert_int_equal(errno, ENOTSUP);
}

/* --- the verifier -------------------------------------------------------------------------- */

#define FIND_INNER                                                                           \
	STORE_IMM64(10, -8, 1), MOV_REG(2, 10), ADD_IMM(2, -8), MAP_AT(1, 0), MOV_REG(3, 2), \
		MOV_IMM(4, 0), CALL(BPF_FUNC_map_lookup_elem)

static void test_acceptance_as_kernel(void **state)
{
	const struct bpf_insn unchecked[] = {FIND_INNER, MOV_REG(1, 0), MOV_REG(2, 10),
		ADD_IMM(2, -8), CALL(BPF_FUNC_map_lookup_elem), MOV_IMM(0, 1), EXIT()};
	const struct bpf_insn read[] = {FIND_INNER, I(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0),
		I(BPF_STX | BPF_MEM | BPF_W, 0, 10, 0, 0), MOV_IMM(0, 1), EXIT()};
	const struct bpf_insn moved[] = {FIND_INNER, I(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0),
		ADD_IMM(0, 8), MOV_IMM(0, 1), EXIT()};
	/* constant index 1, the value's NULL not checked */
	const struct bpf_insn sure[] = {FIND_INNER, I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 1, 0),
		EXIT(), MOV_REG(1, 0), MOV_REG(2, 10), ADD_IMM(2, -8),
		CALL(BPF_FUNC_map_lookup_elem), I(BPF_LDX | BPF_MEM | BPF_B, 0, 0, 0, 0), EXIT()};
	/* the inner map is written: r3 points at 8 bytes */
	const struct bpf_insn update[] = {FIND_INNER, I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 1, 0),
		EXIT(), MOV_REG(1, 0), MOV_REG(2, 10), ADD_IMM(2, -8), MOV_REG(3, 2), MOV_IMM(4, 0),
		CALL(BPF_FUNC_map_update_elem), EXIT()};
	const struct bpf_insn update_outer[] = {STORE_IMM64(10, -8, 1), MOV_REG(2, 10),
		ADD_IMM(2, -8), MOV_REG(3, 2), MOV_IMM(4, 0), MAP_AT(1, 0),
		CALL(BPF_FUNC_map_update_elem), EXIT()};
	static const struct {
		uint32_t type, flags;
	} kinds[] = {{BPF_MAP_TYPE_ARRAY, 0}, {BPF_MAP_TYPE_ARRAY, BPF_F_INNER_MAP},
		{BPF_MAP_TYPE_HASH, 0}, {BPF_MAP_TYPE_DEVMAP, 0}};

	kernel__require();
	for (size_t o = 0; o < COUNT(outer_types); o++) {
		for (size_t i = 0; i < COUNT(kinds); i++) {
			struct ebpf_map_opts opts = inner_opts(kinds[i].type);
			struct machine_maps maps;
			struct twin outer;

			opts.flags = kinds[i].flags;
			outer = make_outer(outer_types[o], &opts);
			maps = (struct machine_maps){&outer.ours, &outer.theirs, 1};
			machine__compare_acceptance(
				&maps, unchecked, COUNT(unchecked), "unchecked");
			machine__compare_acceptance(&maps, read, COUNT(read), "read");
			machine__compare_acceptance(&maps, moved, COUNT(moved), "moved");
			machine__compare_acceptance(&maps, sure, COUNT(sure), "sure");
			machine__compare_acceptance(&maps, update, COUNT(update), "update");
			machine__compare_acceptance(
				&maps, update_outer, COUNT(update_outer), "update_outer");
			twin__drop(&outer);
		}
	}
}

/* --- replaced under traffic ------------------------------------------------------------------ */

static bool counts_or_not(uint32_t verdict)
{
	return verdict >= 1;
}

static void replace_under_traffic(uint32_t outer_type, const char *backend)
{
	const struct bpf_insn insns[] = {FIND_AND_COUNT(1, 0)};
	struct ebpf_map_opts opts = inner_opts(BPF_MAP_TYPE_ARRAY);
	struct ebpf_map_opts outer_opts = {.name = "outer",
		.type = outer_type,
		.key_size = 4,
		.value_size = 4,
		.max_entries = N_OUTER,
		.inner = &opts};
	struct ebpf_map *outer = ebpf_map__create(machine.inst, &outer_opts, NULL);
	struct machine_traffic t = {
		.prog = machine__load(machine.inst, backend, &outer, 1, insns, COUNT(insns)),
		.is_right = counts_or_not};
	unsigned refs = atomic_load(&machine.inst->refs);
	uint32_t key = 1;

	machine_traffic__start(&t);
	for (int i = 0; i < 2000 || atomic_load(&t.packets) < 1000; i++) {
		struct ebpf_map *inner = ebpf_map__create(machine.inst, &opts, NULL);

		assert_non_null(inner);
		assert_int_equal(ebpf_map__set_inner(outer, &key, inner, BPF_ANY), 0);
		ebpf_map__unref(inner);
		if (i % 16 == 15)
			assert_int_equal(ebpf_map__delete(outer, &key), 0);
	}
	ebpf_map__delete(outer, &key);
	ebpf_instance__synchronize(machine.inst);
	assert_int_equal(atomic_load(&machine.inst->refs), refs); /* all of them have gone */
	machine_traffic__stop(&t);
	ebpf_program__unref(t.prog);
	ebpf_map__unref(outer);
}

static void test_replaced_under_traffic(void **state)
{
	for (size_t o = 0; o < COUNT(outer_types); o++)
		for (const char *const *backend = machine_backends; *backend; backend++)
			replace_under_traffic(outer_types[o], *backend);
}

/* A map of maps that goes lets go of what is in it. */
static void test_outer_releases(void **state)
{
	unsigned before = atomic_load(&machine.inst->refs);

	for (size_t o = 0; o < COUNT(outer_types); o++) {
		struct ebpf_map_opts opts = inner_opts(BPF_MAP_TYPE_HASH);
		struct twin outer = make_outer(outer_types[o], &opts),
			    inner = twin__create(opts, -1);

		for (uint32_t key = 0; key < N_OUTER; key++)
			assert_int_equal(set_both(&outer, key, &inner, BPF_ANY), 0);
		twin__drop(&inner);
		assert_int_equal(atomic_load(&machine.inst->refs), before + 2);
		twin__drop(&outer);
		assert_int_equal(atomic_load(&machine.inst->refs), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replaced_under_traffic),
		cmocka_unit_test(test_lookups_as_kernel),
		cmocka_unit_test(test_templates_as_kernel),
		cmocka_unit_test(test_refused_templates),
		cmocka_unit_test(test_acceptance_as_kernel),
		cmocka_unit_test(test_outer_releases),
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
