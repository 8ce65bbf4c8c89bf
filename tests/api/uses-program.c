/* SPDX-License-Identifier: BSD-3-Clause
 *
 * uses-program.c -- typed programs: verified with a log, loaded, run, compiled and found again,
 * dumped, put into maps, made kernels.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ebpf-offload.h>
#include <ebpf-program.h>

#include "failing.h"
#include "kernel.h"

/* Maps 0 and 1: counters, programs. */
static const struct ebpf_insn code[] = {
	{.opcode = 0x18, .dst = 2, .src = BPF_PSEUDO_MAP_IDX_VALUE},
	{0},
	{.opcode = 0xb7, .dst = 0, .imm = 1},
	{.opcode = 0xdb, .dst = 2, .src = 0}, /* counter 0 += 1 */
	{.opcode = 0x18, .dst = 2, .src = BPF_PSEUDO_MAP_IDX, .imm = 1},
	{0},
	{.opcode = 0xb7, .dst = 3, .imm = 0},
	{.opcode = 0x85, .imm = BPF_FUNC_tail_call},
	{.opcode = 0xb7, .dst = 0, .imm = XDP_PASS},
	{.opcode = 0x95},
};
/* Without the tail call. */
static const struct ebpf_insn counting[] = {
	{.opcode = 0x18, .dst = 2, .src = BPF_PSEUDO_MAP_IDX_VALUE},
	{0},
	{.opcode = 0xb7, .dst = 0, .imm = XDP_DROP},
	{.opcode = 0xdb, .dst = 2, .src = 0},
	{.opcode = 0x95},
};
static const struct ebpf_line lines[] = {{0, 10, 1, "a.c", "counter++;"}, {8, 12, 1, "a.c", "end"}};
#define N_CODE (sizeof(code) / sizeof(code[0]))

static struct ebpf_map *make_map(struct ebpf_instance *inst, uint32_t type, uint32_t value_size)
{
	struct ebpf_map_opts opts = {.name = "map",
		.type = type,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = 1};
	char *why = NOT_SET;
	struct ebpf_map *map = ebpf_map__create(inst, &opts, &why);

	return failing__is_there(map, &why) ? map : NULL;
}

static void run(struct ebpf_instance *inst, struct ebpf_program *prog, uint64_t verdict)
{
	uint8_t packet[64] = {0};
	struct ebpf_xdp_ctx ctx = {
		.data = packet, .data_meta = packet, .data_end = packet + sizeof(packet)};
	struct ebpf_env env;

	ebpf_env__init(&env, inst, 0);
	SO(ebpf_program__run(prog, &env, &ctx) == verdict);
}

static void verify(struct ebpf_instance *inst, const struct ebpf_program_spec *spec)
{
	struct ebpf_verify_stats stats;
	char *log = NULL, *why = NOT_SET;
	struct ebpf_load_opts opts = {.log_level = 2, .log = &log, .stats = &stats};

	if (failing__is_well(ebpf_program__verify(inst, spec, &opts, &why), &why))
		SO(stats.insns_examined >= N_CODE - 2);
	free(log);
}

static void dump(struct ebpf_program *prog, enum ebpf_dump what)
{
	char *why = NOT_SET, *text = ebpf_program__dump(prog, what, NULL, &why);

	failing__is_there(text, &why);
	free(text);
}

static void compile(struct ebpf_instance *inst, struct ebpf_program *prog)
{
#ifdef HAVE_LLVM
	char *why = NOT_SET;
	const struct ebpf_code *made = ebpf_program__compile(prog, "llvm", NULL, &why);

	if (failing__is_there(made, &why)) {
		ebpf_program__install(prog, made);
		run(inst, prog, XDP_PASS);
	}
	ebpf_program__find_compiled(prog, "llvm", NULL);
	failing__is_well(ebpf_program__compile_targets(prog, "llvm", NULL, &why), &why);
	dump(prog, EBPF_DUMP_IR);
#endif
}

static void use_program(struct ebpf_instance *inst, struct ebpf_map *maps[2])
{
	struct ebpf_program_spec spec = {.name = "counter",
		.type = EBPF_PROGRAM_XDP,
		.insns = code,
		.n_insns = N_CODE,
		.lines = lines,
		.n_lines = 2,
		.maps = maps,
		.n_maps = 2};
	struct ebpf_program *prog;
	char *why = NOT_SET;

	verify(inst, &spec);
	prog = ebpf_program__load(inst, &spec, NULL, &why);
	if (!failing__is_there(prog, &why))
		return;
	run(inst, prog, XDP_PASS);
	failing__is_there(ebpf_program__interpret(prog, NULL, &why), &why);
	dump(prog, EBPF_DUMP_BYTECODE);
	if (failing__is_done(ebpf_map__set_program(maps[1], 0, prog))) {
		struct ebpf_program *there = ebpf_map__get_program(maps[1], 0);

		SO(there == prog);
		ebpf_program__unref(there);
		failing__is_done(ebpf_map__delete(maps[1], &(uint32_t){0}));
	}
	compile(inst, prog);
	ebpf_program__unref(prog);
}

static void with_maps(
	void (*use)(struct ebpf_instance *inst, struct ebpf_map *maps[2]), const char *cache_dir)
{
	struct ebpf_instance_opts opts = {.workers = 1, .cache_dir = cache_dir};
	char *why = NOT_SET;
	struct ebpf_instance *inst = ebpf_instance__create(&opts, &why);
	struct ebpf_map *maps[2];

	if (!failing__is_there(inst, &why))
		return;
	maps[0] = make_map(inst, BPF_MAP_TYPE_ARRAY, 8);
	maps[1] = make_map(inst, BPF_MAP_TYPE_PROG_ARRAY, 4);
	if (maps[0] && maps[1])
		use(inst, maps);
	ebpf_map__unref(maps[0]);
	ebpf_map__unref(maps[1]);
	ebpf_instance__destroy(inst);
}

void use_programs(void *cache_dir)
{
	with_maps(use_program, cache_dir);
}

static void use_kernel(struct ebpf_program *prog, enum ebpf_target target)
{
	struct ebpf_kernel_driver driver = kernel_driver();
	static uint8_t memory[64] __attribute__((aligned(64)));
	uint8_t *const memories[] = {memory};
	char *why = NOT_SET;
	struct ebpf_kernel *kernel = ebpf_program__offload(prog, target, &driver, &why);
	size_t size;

	if (!failing__is_there(kernel, &why))
		return;
	if (target == EBPF_TARGET_PTX) {
		SO(ebpf_kernel__ptx(kernel, &size));
	} else {
		struct ebpf_kernel_image *image = ebpf_kernel__place(kernel, memories, &why);

		failing__is_there(image, &why);
		ebpf_kernel_image__destroy(image);
	}
	ebpf_kernel__destroy(kernel);
}

static void (*use_counting)(struct ebpf_instance *inst, struct ebpf_program *prog);

static void load_counting(struct ebpf_instance *inst, struct ebpf_map *maps[2])
{
	struct ebpf_program_spec spec = {.name = "counting",
		.type = EBPF_PROGRAM_XDP,
		.insns = counting,
		.n_insns = sizeof(counting) / sizeof(counting[0]),
		.maps = maps,
		.n_maps = 1};
	char *why = NOT_SET;
	struct ebpf_program *prog = ebpf_program__load(inst, &spec, NULL, &why);

	if (!failing__is_there(prog, &why))
		return;
	use_counting(inst, prog);
	ebpf_program__unref(prog);
}

void with_counting_program(void (*use)(struct ebpf_instance *inst, struct ebpf_program *prog))
{
	use_counting = use;
	with_maps(load_counting, NULL);
}

static void use_both_kernels(struct ebpf_instance *inst, struct ebpf_program *prog)
{
	use_kernel(prog, EBPF_TARGET_HOST);
	use_kernel(prog, EBPF_TARGET_PTX);
}

void use_kernels(void *unused)
{
	with_counting_program(use_both_kernels);
}
