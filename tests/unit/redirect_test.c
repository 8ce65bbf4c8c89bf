/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redirect_test.c -- DEVMAP, DEVMAP_HASH, CPUMAP, XSKMAP and bpf_redirect_map(), against the
 * kernel's.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/map.h"
#include "machine.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LOOPBACK     1 /* the one interface that there always is */
#define N_ENTRIES    4
#define NO_PROGRAM   9999 /* nobody's file descriptor */

static struct ebpf_instance *inst;
static struct ebpf_env env;
static uint64_t random_state = 88172645463325252u;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % n;
}

static void require_kernel(void)
{
	if (!kernel__permitted())
		skip();
}

static int kernel_result(int rc)
{
	return rc ? -errno : 0;
}

struct pair {
	struct ebpf_map *ours;
	int theirs;
	uint32_t value_size;
};

static struct pair open_pair(uint32_t type, uint32_t value_size)
{
	struct ebpf_map_opts opts = {.name = "targets",
		.type = type,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = N_ENTRIES};
	struct pair p = {.ours = ebpf_map__create(inst, &opts, NULL),
		.theirs = kernel__create_map(type, 4, value_size, N_ENTRIES, 0),
		.value_size = value_size};

	assert_non_null(p.ours);
	assert_true(p.theirs >= 0);
	return p;
}

static void close_pair(struct pair *p)
{
	ebpf_map__unref(p->ours);
	close(p->theirs);
}

/* The kernel has no worker but its CPUs, no socket, and perhaps one interface. */
static uint32_t random_number(uint32_t type)
{
	static const uint32_t queues[] = {0, 1, 64, 16384, 16385, UINT32_MAX};

	switch (type) {
	case BPF_MAP_TYPE_CPUMAP: return queues[below(COUNT(queues))];
	case BPF_MAP_TYPE_XSKMAP: return 0;
	default: return below(4) ? LOOPBACK : 0;
	}
}

static void compare_lookup(const struct pair *p, uint32_t key)
{
	uint8_t a[8] = {0}, b[8] = {0};
	int err = ebpf_map__lookup(p->ours, &key, a);

	assert_int_equal(err, kernel_result(bpf_map_lookup_elem(p->theirs, &key, b)));
	assert_memory_equal(a, b, 8);
}

static void compare_walk(const struct pair *p)
{
	uint32_t ours = 0, theirs = 0, a = 0, b = 0;
	int err;

	for (err = ebpf_map__next_key(p->ours, NULL, &a); !err;
		err = ebpf_map__next_key(p->ours, &a, &a), ours++)
		compare_lookup(p, a);
	for (err = bpf_map_get_next_key(p->theirs, NULL, &b); !err;
		err = bpf_map_get_next_key(p->theirs, &b, &b))
		theirs++;
	assert_int_equal(ours, theirs);
}

static void compare_operations(uint32_t type, uint32_t value_size, int n)
{
	static const uint64_t flags[] = {BPF_ANY, BPF_ANY, BPF_ANY, BPF_NOEXIST, BPF_EXIST, 3, 8};
	static const int32_t progs[] = {0, 0, 0, 0, -1, NO_PROGRAM};
	struct pair p = open_pair(type, value_size);

	for (int i = 0; i < n; i++) {
		/* CPU 1 need not exist there. */
		uint32_t key = type == BPF_MAP_TYPE_CPUMAP ? below(8) & ~1u : below(8);
		uint32_t value[2] = {random_number(type), (uint32_t)progs[below(COUNT(progs))]};
		uint64_t flag = flags[below(COUNT(flags))];
		int ours, theirs;

		if (type == BPF_MAP_TYPE_CPUMAP && key > 1 && key < N_ENTRIES)
			key = 0;
		if (below(4)) {
			if (type == BPF_MAP_TYPE_XSKMAP)
				value[0] = NO_PROGRAM;
			theirs = kernel_result(bpf_map_update_elem(p.theirs, &key, value, flag));
			value[0] = type == BPF_MAP_TYPE_XSKMAP ? 0 : value[0];
			ours = ebpf_map__update(p.ours, &key, value, flag);
			if (ours != theirs)
				fail_msg(
					"type %u: update %u to %u, %d with %lu: %d, the kernel: %d",
					type, key, value[0], (int)value[1], flag, ours, theirs);
		} else {
			assert_int_equal(ebpf_map__delete(p.ours, &key),
				kernel_result(bpf_map_delete_elem(p.theirs, &key)));
		}
		if (type != BPF_MAP_TYPE_XSKMAP) /* the kernel has no words for a socket */
			compare_lookup(&p, key);
	}
	if (type != BPF_MAP_TYPE_XSKMAP)
		compare_walk(&p);
	close_pair(&p);
}

static void test_devmaps_as_kernel(void **state)
{
	require_kernel();
	compare_operations(BPF_MAP_TYPE_DEVMAP, 4, 20000);
	compare_operations(BPF_MAP_TYPE_DEVMAP, 8, 20000);
	compare_operations(BPF_MAP_TYPE_DEVMAP_HASH, 4, 20000);
	compare_operations(BPF_MAP_TYPE_DEVMAP_HASH, 8, 20000);
}

static void test_cpumap_as_kernel(void **state)
{
	require_kernel();
	compare_operations(BPF_MAP_TYPE_CPUMAP, 4, 200);
	compare_operations(BPF_MAP_TYPE_CPUMAP, 8, 200);
}

static void test_xskmap_as_kernel(void **state)
{
	require_kernel();
	compare_operations(BPF_MAP_TYPE_XSKMAP, 4, 5000);
}

/* What the kernel does for a socket, by its source: one that is there already is no conflict. */
static void test_xskmap_entries(void **state)
{
	struct ebpf_map_opts opts = {.name = "xsks",
		.type = BPF_MAP_TYPE_XSKMAP,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 2};
	struct ebpf_map *map = ebpf_map__create(inst, &opts, NULL);
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

static void compare_redirect(struct pair *p, uint64_t key, uint64_t flags)
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
			machine__load(inst, *backend, &p->ours, 1, insns, COUNT(insns));
		uint32_t verdict = machine__run(prog, &env);

		if (verdict != run.verdict)
			fail_msg("%s: redirect to entry %lu with flags 0x%lx: %u, the kernel: %u",
				*backend, key, flags, verdict, run.verdict);
		assert_int_equal(env.redirect.kind,
			verdict == XDP_REDIRECT ? EBPF_REDIRECT_MAP : EBPF_REDIRECT_NONE);
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
	static const uint64_t flags[] = {0, XDP_DROP, XDP_PASS, XDP_TX, 4, BPF_F_BROADCAST,
		BPF_F_BROADCAST | XDP_PASS, BPF_F_EXCLUDE_INGRESS | XDP_TX,
		BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS, 32, UINT64_C(1) << 32, UINT64_MAX};
	static const uint64_t keys[] = {0, 1, N_ENTRIES, UINT64_C(1) << 32, UINT64_MAX};

	require_kernel();
	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct pair p = open_pair(kinds[k].type, 4);
		uint32_t zero = 0;

		if (kinds[k].value) {
			assert_int_equal(ebpf_map__update(p.ours, &zero, &kinds[k].value, 0), 0);
			assert_int_equal(
				bpf_map_update_elem(p.theirs, &zero, &kinds[k].value, 0), 0);
		}
		for (size_t f = 0; f < COUNT(flags); f++)
			for (size_t i = 0; i < COUNT(keys); i++)
				compare_redirect(&p, keys[i], flags[f]);
		close_pair(&p);
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
	struct ebpf_map *map = ebpf_map__create(inst, &opts, NULL);
	uint32_t key = 700, value[2] = {42, 0};

	assert_int_equal(ebpf_map__update(map, &key, value, BPF_ANY), 0);
	for (const char *const *backend = machine_backends; *backend; backend++) {
		struct ebpf_program *one =
			machine__load(inst, *backend, &map, 1, insns, COUNT(insns));
		struct ebpf_program *all =
			machine__load(inst, *backend, &map, 1, broadcast, COUNT(broadcast));

		assert_int_equal(machine__run(one, &env), XDP_REDIRECT);
		assert_int_equal(env.redirect.ifindex, 42);
		assert_int_equal(env.redirect.key, 700);
		assert_int_equal(env.redirect.flags, 0);
		assert_ptr_equal(((const struct rt_map *)env.redirect.map)->mem, map->rt.mem);
		assert_int_equal(machine__run(all, &env), XDP_REDIRECT);
		assert_int_equal(env.redirect.ifindex, 0);
		assert_int_equal(env.redirect.flags, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
		ebpf_program__unref(one);
		ebpf_program__unref(all);
	}
	ebpf_map__unref(map);
}

/* --- what the verifier thinks of these maps ------------------------------------------------- */

/* r0 = helper(map, &0, &0, 0), and with a write to what it returns */
static void compare_acceptance(struct pair *p, uint32_t helper, bool write)
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
	int theirs;
	char *why;

	if (helper == BPF_FUNC_map_lookup_elem) {
		insns[10] = I(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0);
		insns[11] = write ? I(BPF_ST | BPF_MEM | BPF_W, 0, 0, 0, 1) : LOAD32(1, 0, 0);
	}
	if (helper == BPF_FUNC_redirect_map) {
		insns[2] = MOV_IMM(2, 0);
		insns[3] = insns[5] = MOV_IMM(5, 0);
		insns[4] = MOV_IMM(3, 0);
	}
	theirs = kernel__load_xdp_with(&p->theirs, insns, COUNT(insns), true);
	why = machine__reason(inst, &p->ours, 1, insns, COUNT(insns));
	if ((theirs < 0) != (why != NULL))
		fail_msg("map type %u, helper %u: the kernel says %d, we say %s",
			ebpf_map__opts(p->ours)->type, helper, theirs, why ? why : "yes");
	free(why);
	if (theirs >= 0)
		close(theirs);
}

static void test_uses_as_kernel(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH,
		BPF_MAP_TYPE_CPUMAP, BPF_MAP_TYPE_XSKMAP, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH};

	require_kernel();
	for (size_t t = 0; t < COUNT(types); t++) {
		struct pair p = open_pair(types[t], 4);

		compare_acceptance(&p, BPF_FUNC_map_lookup_elem, false);
		compare_acceptance(&p, BPF_FUNC_map_lookup_elem, true);
		compare_acceptance(&p, BPF_FUNC_map_update_elem, false);
		compare_acceptance(&p, BPF_FUNC_map_delete_elem, false);
		compare_acceptance(&p, BPF_FUNC_redirect_map, false);
		close_pair(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devmaps_as_kernel),
		cmocka_unit_test(test_cpumap_as_kernel),
		cmocka_unit_test(test_xskmap_as_kernel),
		cmocka_unit_test(test_xskmap_entries),
		cmocka_unit_test(test_redirect_map_as_kernel),
		cmocka_unit_test(test_redirect_target),
		cmocka_unit_test(test_uses_as_kernel),
	};
	int failed;

	inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, NULL);
	if (!inst)
		return 1;
	ebpf_env__init(&env, inst, 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ebpf_instance__destroy(inst);
	return failed;
}
