/* SPDX-License-Identifier: BSD-3-Clause
 *
 * host_test.c -- random operations of the host on maps of every type, here and in the kernel. As
 * many for each type as XDPK_OPERATIONS says, spread over its geometries. pair.h tells what
 * is not compared.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "pair.h"

static struct ebpf_instance *inst;

static const struct bpf_insn passing[] = {MOV_IMM(0, XDP_PASS), EXIT()};

static struct thing make_program(void)
{
	struct ebpf_program_spec spec = {.name = "passing",
		.type = EBPF_PROGRAM_XDP,
		.insns = (const struct ebpf_insn *)passing,
		.n_insns = 2};

	return thing__of_program(
		ebpf_program__load(inst, &spec, NULL, NULL), kernel__load_xdp(passing, 2));
}

/* Frozen, both refuse alike. */
static void freeze(struct pair *p)
{
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(ebpf_map__freeze(p->ours), bpf_map_freeze(p->theirs) ? -errno : 0);
	for (int i = 0; i < 200; i++)
		pair__step(p);
	pair__compare_contents(p);
}

static void operate(const struct shape *shape, uint32_t n)
{
	struct thing programs[3];
	struct pair p;

	pair__open(&p, inst, shape);
	if (shape->type == BPF_MAP_TYPE_PROG_ARRAY) {
		for (int i = 0; i < 3; i++)
			programs[i] = make_program();
		pair__set_programs(&p, programs, 3);
	}
	for (uint32_t i = 0; i < n; i++) {
		pair__step(&p);
		if (i % (n / 16 + 1) == 0)
			pair__compare_contents(&p);
	}
	pair__compare_contents(&p);
	freeze(&p);
	if (shape->type == BPF_MAP_TYPE_PROG_ARRAY)
		for (int i = 0; i < 3; i++)
			thing__drop(&programs[i]);
	pair__close(&p);
}

static void test_kind(void **state)
{
	const struct kind *kind = *state;
	uint32_t n = operations_wanted(), n_shapes = 0;
	struct timespec start, end;

	kernel__require();
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (kind->shapes[n_shapes].type)
		n_shapes++;
	for (uint32_t i = 0; i < n_shapes; i++)
		operate(&kind->shapes[i], n / n_shapes + 1);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%s: %u operations on %u geometries, %.1f s\n", kind->name, n, n_shapes,
		(double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
}

int main(void)
{
	struct CMUnitTest tests[32];
	int failed;

	for (uint32_t i = 0; i < n_kinds; i++)
		tests[i] = (struct CMUnitTest){.name = kinds[i].name,
			.test_func = test_kind,
			.initial_state = (void *)&kinds[i]};
	inst = pair__instance();
	pair__worker();
	failed = _cmocka_run_group_tests("host operations", tests, n_kinds, NULL, NULL);
	ebpf_instance__destroy(inst);
	return failed;
}
