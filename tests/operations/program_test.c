/* SPDX-License-Identifier: BSD-3-Clause
 *
 * program_test.c -- random operations of programs on maps of every type, on every backend and in
 * the kernel, the host changing the maps between two runs. As many for each type and backend as
 * XDPK_OPERATIONS says, spread over the type's geometries.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "machine.h"
#include "map-operations.h"

#define MAX_INSNS  8192
#define HOST_STEPS 2 /* between two runs */

static struct ebpf_instance *inst;
static struct ebpf_env env;

/* What programs may do with a type. */
static uint32_t ops_of(const struct shape *s)
{
	bool writable = !(s->flags & BPF_F_RDONLY_PROG), readable = !(s->flags & BPF_F_WRONLY_PROG);

	switch (s->type) {
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK: return OPS_KEYLESS;
	case BPF_MAP_TYPE_BLOOM_FILTER: return OP_BIT(PUSH) | OP_BIT(PEEK);
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_XSKMAP: return OP_BIT(REDIRECT) | OPS_READ;
	case BPF_MAP_TYPE_CPUMAP: return OP_BIT(REDIRECT);
	default:
		return (readable ? OPS_READ : 0) | (writable ? OPS_WRITE : 0) |
		       (writable && readable && s->value_size >= 8 ? OP_BIT(ADD) : 0);
	}
}

struct bench {
	struct pair pair;
	struct map_table table;
	struct ebpf_program *prog;
	int fd;
	uint32_t done, succeeded;
};

static bool holds_maps(const struct shape *s)
{
	return s->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || s->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static void bench__open(struct bench *b, const struct shape *shape, const char *backend)
{
	static struct bpf_insn insns[MAX_INSNS];
	struct ebpf_map *maps[2];
	int fds[2];
	size_t n;

	pair__open(&b->pair, inst, shape);
	if (holds_maps(shape)) {
		pair__fill(&b->pair);
		map_table__open(
			&b->table, inst, &inner_shape, OPS_READ | OPS_WRITE | OP_BIT(ADD), shape);
	} else {
		map_table__open(&b->table, inst, shape, ops_of(shape), NULL);
	}
	maps[0] = b->pair.ours;
	maps[1] = b->table.table.map;
	fds[0] = b->pair.theirs;
	fds[1] = b->table.table.fd;
	n = map_table__program(&b->table, insns, MAX_INSNS);
	b->fd = kernel__load_xdp_with(fds, insns, n, false);
	if (b->fd < 0)
		fail_msg("%s: the kernel refuses: %d", b->pair.kind->name, b->fd);
	b->prog = machine__load(inst, backend, maps, 2, insns, n);
}

static void bench__close(struct bench *b)
{
	ebpf_program__unref(b->prog);
	close(b->fd);
	table__close(&b->table.table);
	pair__close(&b->pair);
}

static uint32_t random_code(const struct map_table *t)
{
	uint32_t code;

	do
		code = below(N_OPS);
	while (!(t->ops & 1u << code));
	return code;
}

/* Flags of bpf_redirect_map() are others. */
static uint64_t redirect_flags(void)
{
	static const uint64_t flags[] = {0, XDP_DROP, XDP_PASS, XDP_TX, BPF_F_BROADCAST,
		BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS, BPF_F_EXCLUDE_INGRESS | XDP_TX};

	return below(10) ? flags[below(7)] : below(2) ? below(64) : random64();
}

static void fill_operation(struct bench *b, struct operation *op)
{
	static uint8_t ours[MAX_VALUES], theirs[MAX_VALUES];
	struct map_table *t = &b->table;
	struct pair *p = &b->pair;
	uint8_t *key = (uint8_t *)op + t->key_at, *value = (uint8_t *)op + t->value_at;

	memset(op, 0, t->table.stride);
	op->code = random_code(t);
	op->args[0] = op->code == OP_REDIRECT ? redirect_flags() : random_flags();
	op->args[1] =
		op->code == OP_REDIRECT && below(8) ? below(p->shape.max_entries + 2) : random64();
	if (t->inner) {
		pair__random_key(p, (uint8_t *)op + t->outer_at);
		*(uint32_t *)key = below(2 * inner_shape.max_entries);
		*(uint64_t *)value = random64();
		return;
	}
	pair__random_key(p, key);
	p->kind->value(p, ours, theirs);
	memcpy(value, ours, t->value_size);
}

/* Whether a bloom filter finds what was never pushed is a matter of chance. */
static bool is_chance(const struct bench *b, const struct operation *op)
{
	return b->pair.pushed && op->code == OP_PEEK &&
	       !pair__was_pushed(&b->pair, (const uint8_t *)op + b->table.value_at);
}

static void compare_operation(struct bench *b, const char *backend, uint32_t i)
{
	const struct table *t = &b->table.table;
	struct operation *ours = table__operation(t, t->ours, i);
	struct operation *theirs = table__operation(t, t->theirs, i);

	if (b->pair.pushed && ours->code == OP_PUSH && !ours->result)
		pair__note_pushed(&b->pair, (uint8_t *)ours + b->table.value_at);
	b->done++;
	b->succeeded += ours->result >= 0;
	if (!memcmp(ours, theirs, t->stride) || is_chance(b, ours))
		return;
	fail_msg("%s of %u, %u bytes, %u entries, flags 0x%x, %s: operation %lu with flags 0x%lx: "
		 "%ld, the kernel: %ld, or the values differ",
		b->pair.kind->name, b->pair.shape.key_size, b->pair.shape.value_size,
		b->pair.shape.max_entries, b->pair.shape.flags, backend, ours->code, ours->args[0],
		ours->result, theirs->result);
}

static void bench__run(struct bench *b, const char *backend)
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	struct table *t = &b->table.table;

	for (uint32_t i = 0; i < OPERATIONS_A_RUN; i++)
		fill_operation(b, table__operation(t, t->ours, i));
	memcpy(t->theirs, t->ours, (size_t)t->stride * OPERATIONS_A_RUN);
	assert_int_equal(machine__run(b->prog, &env), XDP_PASS);
	assert_int_equal(kernel__run(b->fd, &run), 0);
	assert_int_equal(run.verdict, XDP_PASS);
	for (uint32_t i = 0; i < OPERATIONS_A_RUN; i++)
		compare_operation(b, backend, i);
	for (uint32_t i = 0; i < HOST_STEPS; i++)
		pair__step(&b->pair);
}

static uint32_t operate(const struct shape *shape, const char *backend, uint32_t n)
{
	uint32_t runs = n / OPERATIONS_A_RUN + 1;
	struct bench b = {.done = 0};

	bench__open(&b, shape, backend);
	for (uint32_t i = 0; i < runs; i++) {
		bench__run(&b, backend);
		if (i % (runs / 8 + 1) == 0)
			pair__compare_contents(&b.pair);
	}
	pair__compare_contents(&b.pair);
	bench__close(&b);
	assert_true(b.succeeded || shape->flags & BPF_F_RDONLY);
	return b.done;
}

static void test_kind(void **state)
{
	const struct kind *kind = *state;
	uint32_t n_shapes = 0, done;
	struct timespec start, end;

	kernel__require();
	while (kind->shapes[n_shapes].type)
		n_shapes++;
	for (const char *const *backend = machine_backends; *backend; backend++) {
		if (strcmp(*backend, "loop") == 0) /* the same code, in a loop */
			continue;
		done = 0;
		clock_gettime(CLOCK_MONOTONIC, &start);
		for (uint32_t i = 0; i < n_shapes; i++)
			done += operate(&kind->shapes[i], *backend, operations_wanted() / n_shapes);
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%s, %s: %u operations on %u geometries, %.1f s\n", kind->name, *backend,
			done, n_shapes,
			(double)(end.tv_sec - start.tv_sec) +
				(double)(end.tv_nsec - start.tv_nsec) / 1e9);
	}
}

int main(void)
{
	struct CMUnitTest tests[32];
	uint32_t n = 0;
	int failed;

	for (uint32_t i = 0; i < n_kinds; i++)
		if (kinds[i].type != BPF_MAP_TYPE_PROG_ARRAY)
			tests[n++] = (struct CMUnitTest){.name = kinds[i].name,
				.test_func = test_kind,
				.initial_state = (void *)&kinds[i]};
	inst = pair__instance();
	ebpf_env__init(&env, inst, pair__worker());
	failed = _cmocka_run_group_tests("operations of programs", tests, n, NULL, NULL);
	ebpf_instance__destroy(inst);
	return failed;
}
