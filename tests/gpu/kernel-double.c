/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "isa/isa.h"
#include "kernel-double.h"
#include "kernel.h"

static const char source[] = "mov %r6, %r1\n"
			     "ldxw %r2, [%r1]\n"
			     "ldxw %r3, [%r1+4]\n"
			     "mov %r4, %r2\n"
			     "add %r4, 32\n"
			     "mov %r0, 0\n"
			     "jgt %r4, %r3, end\n"
			     "ldxb %r7, [%r2+18]\n"
			     "ldxb %r1, [%r2+19]\n"
			     "xor %r1, 255\n"
			     "stxb [%r2+19], %r1\n"
			     "mov %r1, %r7\n"
			     "and %r1, 3\n"
			     "stxw [%r10-4], %r1\n"
			     "mov %r2, %r10\n"
			     "add %r2, -4\n"
			     "lddw %r1, map_by_idx(0)\n"
			     "call 1\n"
			     "jeq %r0, 0, end\n"
			     "mov %r1, 1\n"
			     "lock add [%r0], %r1\n"
			     "mov %r1, 0\n"
			     "stxw [%r10-4], %r1\n"
			     "mov %r2, %r10\n"
			     "add %r2, -4\n"
			     "lddw %r1, map_by_idx(1)\n"
			     "call 1\n"
			     "jeq %r0, 0, end\n"
			     "ldxdw %r8, [%r0]\n"
			     "add %r8, %r7\n"
			     "and %r8, 3\n"
			     "jset %r7, 0x10, head\n"
			     "ja no_head\n"
			     "head:\n"
			     "mov %r1, %r6\n"
			     "mov %r2, -8\n"
			     "call 44\n"
			     "no_head:\n"
			     "jset %r7, 0x20, shrink\n"
			     "ja no_shrink\n"
			     "shrink:\n"
			     "mov %r1, %r6\n"
			     "mov %r2, -8\n"
			     "call 65\n"
			     "no_shrink:\n"
			     "jset %r7, 0x40, grow\n"
			     "ja no_grow\n"
			     "grow:\n"
			     "mov %r1, %r6\n"
			     "mov %r2, 8\n"
			     "call 65\n"
			     "no_grow:\n"
			     "mov %r0, %r8\n"
			     "end:\n"
			     "exit\n";

_Atomic uint64_t double_counted[4];
struct ebpf_map *double_maps[2];
static _Atomic uint64_t bias_version;

static struct ebpf_map *make_array(struct ebpf_instance *inst, const char *name, uint32_t n)
{
	struct ebpf_map_opts opts = {.name = name,
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = n};
	char *err = NULL;
	struct ebpf_map *map = ebpf_map__create(inst, &opts, &err);

	if (!map)
		fail_msg("%s", err);
	return map;
}

struct ebpf_program *double__load(struct ebpf_instance *inst)
{
	struct ebpf_program_spec spec = {
		.name = "double", .type = EBPF_PROGRAM_XDP, .maps = double_maps, .n_maps = 2};
	struct ebpf_program *prog;
	struct ebpf_insn *insns;
	char *err = NULL;

	double_maps[0] = make_array(inst, "count", 4);
	double_maps[1] = make_array(inst, "bias", 1);
	if (isa__assemble(source, &insns, &spec.n_insns, &err))
		fail_msg("%s", err);
	spec.insns = insns;
	prog = ebpf_program__load(inst, &spec, NULL, &err);
	if (!prog)
		fail_msg("%s", err);
	free(insns);
	return prog;
}

void double__set_bias(uint64_t bias)
{
	uint32_t key = 0;

	atomic_fetch_add(&bias_version, 1);
	assert_int_equal(ebpf_map__update(double_maps[1], &key, &bias, BPF_ANY), 0);
	atomic_fetch_add(&bias_version, 1);
}

void double__clear_counts(void)
{
	uint64_t none = 0;

	for (uint32_t kind = 0; kind < 4; kind++) {
		atomic_store(&double_counted[kind], 0);
		assert_int_equal(ebpf_map__update(double_maps[0], &kind, &none, BPF_ANY), 0);
	}
}

uint64_t double__count(uint32_t kind)
{
	uint64_t value = 0;

	assert_int_equal(ebpf_map__lookup(double_maps[0], &kind, &value), 0);
	return value + atomic_load(&double_counted[kind]);
}

/* --- the kernel --------------------------------------------------------------------------- */

struct moved {
	int32_t head, len;
};

static struct moved move(uint8_t kind, const struct kernel_packet *p, uint8_t *data)
{
	struct moved m = {.len = (int32_t)p->len};

	if (kind & 0x10)
		m = (struct moved){.head = -8, .len = m.len + 8};
	if (kind & 0x20)
		m.len -= 8;
	if (kind & 0x40) {
		memset(data + m.head + m.len, 0, 8);
		m.len += 8;
	}
	return m;
}

static void judge(uint8_t *const *memory, const struct kernel_launch *l, uint32_t i)
{
	const struct kernel_packet *p = (const struct kernel_packet *)(l->in + l->packets) + i;
	struct kernel_result *to = (struct kernel_result *)(l->out + l->results) + i;
	struct ebpf_note *note = (struct ebpf_note *)(l->out + l->notes) + i * l->max_notes;
	uint8_t *window = (uint8_t *)l->in + l->windows + p->window;
	uint8_t *data = window + l->headroom, kind = data[18];
	struct kernel_result r = {.len = p->len};
	struct moved m;
	uint64_t bias;

	if (p->len >= DOUBLE_LEAST) {
		memcpy(&bias, memory[1], sizeof(bias));
		data[19] ^= 0xff;
		*note = (struct ebpf_note){
			.kind = EBPF_NOTE_ADD, .size = 8, .offset = (kind & 3) * 8, .operand = 1};
		m = move(kind, p, data);
		r = (struct kernel_result){.verdict = (kind + bias) & 3,
			.head = (int16_t)m.head,
			.len = (uint32_t)m.len,
			.n_notes = 1};
	}
	r.seal = kernel_result__seal(&r, note, l->seed, i);
	memcpy((uint8_t *)l->out + l->out_windows + p->window, window, p->room);
	*to = r;
}

void double__run(uint8_t *const *memory, void *launch)
{
	const struct kernel_launch *l = launch;

	for (uint32_t i = l->first; i < l->end; i++)
		judge(memory, l, i);
}

/* --- ebpf-offload.h ----------------------------------------------------------------------- */

static struct ebpf_kernel_map uses[2];
static const struct ebpf_kernel_info info = {
	.writes_packet = true, .moves_packet = true, .max_notes = 1, .n_maps = 2, .map = uses};

struct ebpf_kernel *__wrap_ebpf_program__offload(struct ebpf_program *prog, enum ebpf_target target,
	const struct ebpf_kernel_driver *driver, char **errmsg);
struct ebpf_kernel *__wrap_ebpf_program__offload(struct ebpf_program *prog, enum ebpf_target target,
	const struct ebpf_kernel_driver *driver, char **errmsg)
{
	uses[0] = (struct ebpf_kernel_map){
		.map = double_maps[0], .use = EBPF_MAP_COUNTED, .bytes = 4 * 8};
	uses[1] = (struct ebpf_kernel_map){.map = double_maps[1], .use = EBPF_MAP_READ, .bytes = 8};
	return (struct ebpf_kernel *)uses;
}

const struct ebpf_kernel_info *__wrap_ebpf_kernel__info(const struct ebpf_kernel *k);
const struct ebpf_kernel_info *__wrap_ebpf_kernel__info(const struct ebpf_kernel *k)
{
	return &info;
}

void __wrap_ebpf_kernel__destroy(struct ebpf_kernel *k);
void __wrap_ebpf_kernel__destroy(struct ebpf_kernel *k)
{
}

void __wrap_ebpf_map__snapshot(
	struct ebpf_map *map, uint32_t worker, uint8_t *memory, uint64_t bytes);
void __wrap_ebpf_map__snapshot(
	struct ebpf_map *map, uint32_t worker, uint8_t *memory, uint64_t bytes)
{
	for (uint32_t key = 0; key < bytes / 8; key++)
		assert_int_equal(ebpf_map__lookup(map, &key, memory + key * 8), 0);
}

uint64_t __wrap_ebpf_map__version(const struct ebpf_map *map);
uint64_t __wrap_ebpf_map__version(const struct ebpf_map *map)
{
	return map == double_maps[1] ? atomic_load(&bias_version) : 0;
}

uint64_t __wrap_ebpf_note__apply(const struct ebpf_kernel *k, struct ebpf_env *env,
	const struct ebpf_note *note, const uint8_t *memory);
uint64_t __wrap_ebpf_note__apply(const struct ebpf_kernel *k, struct ebpf_env *env,
	const struct ebpf_note *note, const uint8_t *memory)
{
	assert_non_null(memory);
	atomic_fetch_add(&double_counted[note->offset / 8], note->operand);
	return 0;
}
