/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redirect_test.c -- DEVMAP, DEVMAP_HASH, CPUMAP, XSKMAP and bpf_redirect_map(), against the
 * kernel's: where a packet goes, and what the verifier thinks of these maps. tests/operations has
 * what they do.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/map.h"
#include "machine.h"

#define LOOPBACK  1 /* the one interface that there always is */
#define N_ENTRIES 4

static struct twin open_twin(uint32_t type, uint32_t value_size)
{
	bool keyless = type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK ||
		       type == BPF_MAP_TYPE_BLOOM_FILTER;

	return twin__create((struct ebpf_map_opts){.type = type,
				    .key_size = keyless ? 0 : 4,
				    .value_size = value_size,
				    .max_entries = N_ENTRIES},
		-1);
}

/* What the kernel does for a socket, by its source: one that is there already is no conflict. */
static void test_xskmap_entries(void **state)
{
	struct ebpf_map_opts opts = {.name = "xsks",
		.type = BPF_MAP_TYPE_XSKMAP,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 2};
	struct ebpf_map *map = ebpf_map__create(machine.inst, &opts, NULL);
	uint32_t key = 1, port = 7, other = 8, seen;

	assert_int_equal(ebpf_map__update(map, &key, &port, BPF_EXIST), -ENOENT);
	assert_int_equal(ebpf_map__update(map, &key, &port, BPF_NOEXIST), 0);
	assert_int_equal(ebpf_map__update(map, &key, &port, BPF_NOEXIST), 0);
	assert_int_equal(ebpf_map__update(map, &key, &other, BPF_NOEXIST), -EEXIST);
	assert_int_equal(ebpf_map__update(map, &key, &other, BPF_EXIST), 0);
	assert_int_equal(ebpf_map__lookup(map, &key, &seen), 0);
	assert_int_equal(seen, 8);
	assert_int_equal(ebpf_map__delete(map, &key), 0);
	assert_int_equal(ebpf_map__lookup(map, &key, &seen), -ENOENT);
	ebpf_map__unref(map);
}

/* --- bpf_redirect_map ---------------------------------------------------------------------- */

static uint32_t expected_kind(uint32_t type, uint32_t verdict, uint64_t flags)
{
	if (verdict != XDP_REDIRECT)
		return EBPF_REDIRECT_NONE;
	if (type == BPF_MAP_TYPE_CPUMAP)
		return EBPF_REDIRECT_WORKER;
	return flags & BPF_F_BROADCAST ? EBPF_REDIRECT_BROADCAST : EBPF_REDIRECT_IFINDEX;
}

static void compare_redirect(struct twin *p, uint64_t key, uint64_t flags)
{
	struct bpf_insn insns[] = {
		MAP_AT(1, 0),
		I(BPF_LD | BPF_DW | BPF_IMM, 2, 0, 0, key),
		I(0, 0, 0, 0, key >> 32),
		I(BPF_LD | BPF_DW | BPF_IMM, 3, 0, 0, flags),
		I(0, 0, 0, 0, flags >> 32),
		CALL(BPF_FUNC_redirect_map),
		EXIT(),
	};
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	int fd = kernel__load_xdp_with(&p->theirs, insns, COUNT(insns), false);

	assert_true(fd >= 0);
	assert_int_equal(kernel__run(fd, &run), 0);
	close(fd);
	for (const char *const *backend = machine_backends; *backend; backend++) {
		struct ebpf_program *prog =
			machine__load(machine.inst, *backend, &p->ours, 1, insns, COUNT(insns));
		uint32_t verdict = machine__run(prog, &machine.env);

		if (verdict != run.verdict)
			fail_msg("%s: redirect to entry %lu with flags 0x%lx: %u, the kernel: %u",
				*backend, key, flags, verdict, run.verdict);
		assert_int_equal(machine.env.redirect.kind,
			expected_kind(ebpf_map__opts(p->ours)->type, verdict, flags));
		ebpf_program__unref(prog);
	}
}

static void test_redirect_map_as_kernel(void **state)
{
	static const struct {
		uint32_t type, value;
	} kinds[] = {
		{BPF_MAP_TYPE_DEVMAP, LOOPBACK},
		{BPF_MAP_TYPE_DEVMAP_HASH, LOOPBACK},
		{BPF_MAP_TYPE_CPUMAP, 64},
		{BPF_MAP_TYPE_XSKMAP, 0},
	};
	static const uint64_t flags[] = {XDP_PASS, BPF_F_BROADCAST | XDP_DROP, 32, UINT64_MAX};
	static const uint64_t keys[] = {0, N_ENTRIES, UINT64_C(1) << 32};

	kernel__require();
	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct twin p = open_twin(kinds[k].type, 4);
		uint32_t zero = 0;

		if (kinds[k].value) {
			assert_int_equal(ebpf_map__update(p.ours, &zero, &kinds[k].value, 0), 0);
			assert_int_equal(
				bpf_map_update_elem(p.theirs, &zero, &kinds[k].value, 0), 0);
		}
		for (size_t f = 0; f < COUNT(flags); f++)
			for (size_t i = 0; i < COUNT(keys); i++)
				compare_redirect(&p, keys[i], flags[f]);
		twin__drop(&p);
	}
}

static void test_redirect_target(void **state)
{
	struct ebpf_map_opts opts = {.name = "ports",
		.type = BPF_MAP_TYPE_DEVMAP_HASH,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 8};
	const struct bpf_insn insns[] = {
		MAP_AT(1, 0), MOV_IMM(2, 700), MOV_IMM(3, 0), CALL(BPF_FUNC_redirect_map), EXIT()};
	const struct bpf_insn broadcast[] = {MAP_AT(1, 0), MOV_IMM(2, 700),
		MOV_IMM(3, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS), CALL(BPF_FUNC_redirect_map),
		EXIT()};
	struct ebpf_map *map = ebpf_map__create(machine.inst, &opts, NULL);
	uint32_t key = 700, value[2] = {42, 0};

	assert_int_equal(ebpf_map__update(map, &key, value, BPF_ANY), 0);
	for (const char *const *backend = machine_backends; *backend; backend++) {
		struct ebpf_program *one =
			machine__load(machine.inst, *backend, &map, 1, insns, COUNT(insns));
		struct ebpf_program *all =
			machine__load(machine.inst, *backend, &map, 1, broadcast, COUNT(broadcast));

		assert_int_equal(machine__run(one, &machine.env), XDP_REDIRECT);
		assert_int_equal(machine.env.redirect.target, 42);
		assert_null(machine.env.redirect.prog);
		assert_int_equal(machine__run(all, &machine.env), XDP_REDIRECT);
		assert_int_equal(
			machine.env.redirect.target, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
		assert_ptr_equal(
			((const struct rt_map *)machine.env.redirect.map)->mem, map->rt.mem);
		ebpf_program__unref(one);
		ebpf_program__unref(all);
	}
	ebpf_map__unref(map);
}

/* --- what the verifier thinks of these maps ------------------------------------------------- */

/* r0 = helper(map, &0, &0, 0), and with a write to what it returns */
static void compare_acceptance(struct twin *p, uint32_t helper, bool write)
{
	struct bpf_insn insns[] = {
		STORE_IMM64(10, -8, 0),
		STORE_IMM64(10, -16, 0),
		MOV_REG(2, 10),
		ADD_IMM(2, -8),
		MOV_REG(3, 10),
		ADD_IMM(3, -16),
		MOV_IMM(4, 0),
		MAP_AT(1, 0),
		CALL(helper),
		MOV_IMM(1, 0), /* or: if (r0) *(u32 *)r0 = 1 */
		MOV_IMM(1, 0),
		MOV_IMM(0, XDP_PASS),
		EXIT(),
	};
	char what[64];

	if (helper == BPF_FUNC_map_lookup_elem) {
		insns[10] = I(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0);
		insns[11] = write ? I(BPF_ST | BPF_MEM | BPF_W, 0, 0, 0, 1) : LOAD32(1, 0, 0);
	}
	if (helper == BPF_FUNC_redirect_map) {
		insns[2] = MOV_IMM(2, 0);
		insns[3] = insns[5] = MOV_IMM(5, 0);
		insns[4] = MOV_IMM(3, 0);
	}
	snprintf(what, sizeof(what), "map type %u, helper %u", ebpf_map__opts(p->ours)->type,
		helper);
	machine__compare_acceptance(
		&(struct machine_maps){&p->ours, &p->theirs, 1}, insns, COUNT(insns), what);
}

static void test_uses_as_kernel(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH,
		BPF_MAP_TYPE_CPUMAP, BPF_MAP_TYPE_XSKMAP, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PROG_ARRAY,
		BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK, BPF_MAP_TYPE_BLOOM_FILTER};

	kernel__require();
	for (size_t t = 0; t < COUNT(types); t++) {
		struct twin p = open_twin(types[t], 4);

		compare_acceptance(&p, BPF_FUNC_map_lookup_elem, false);
		compare_acceptance(&p, BPF_FUNC_map_lookup_elem, true);
		compare_acceptance(&p, BPF_FUNC_map_update_elem, false);
		compare_acceptance(&p, BPF_FUNC_map_delete_elem, false);
		compare_acceptance(&p, BPF_FUNC_redirect_map, false);
		compare_acceptance(&p, BPF_FUNC_map_push_elem, false);
		compare_acceptance(&p, BPF_FUNC_map_pop_elem, false);
		compare_acceptance(&p, BPF_FUNC_map_peek_elem, false);
		twin__drop(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xskmap_entries),
		cmocka_unit_test(test_redirect_map_as_kernel),
		cmocka_unit_test(test_redirect_target),
		cmocka_unit_test(test_uses_as_kernel),
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
