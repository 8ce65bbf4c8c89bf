/* SPDX-License-Identifier: BSD-3-Clause
 *
 * machine.h -- the same instructions on every backend and in the kernel. Maps are referred to
 * by index: MAP_AT(register, index).
 */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ebpf-program.h"
#include "kernel.h"

#define MAP_AT(dst, index) \
	I(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_IDX, 0, index), I(0, 0, 0, 0, 0)

/* What a group of tests runs in: cmocka_run_group_tests(tests, machine__set_up,
 * machine__tear_down) makes an instance with two workers, and the first one's environment. */
extern struct machine {
	struct ebpf_instance *inst;
	struct ebpf_env env;
} machine;

int machine__set_up(void **state);
int machine__tear_down(void **state);

/* A map of ours and the kernel's; theirs is -1 where it cannot be asked. */
struct twin {
	struct ebpf_map *ours;
	int theirs;
};

/* In a map of maps, opts.inner is a template here and inner_fd one there. */
struct twin twin__create(struct ebpf_map_opts opts, int inner_fd);
void twin__drop(struct twin *t);

/* Ends with NULL: "interp", and "llvm" where it is built, then also "loop": compiled by it into a
 * burst driver. */
extern const char *const machine_backends[];

/* Loaded, and compiled where the backend does that. Fails the test with the reason. */
struct ebpf_program *machine__load(struct ebpf_instance *inst, const char *backend,
	struct ebpf_map *const *maps, uint32_t n_maps, const struct bpf_insn *insns,
	size_t n_insns);
/* The same of a program that takes packets in fragments. */
struct ebpf_program *machine__load_frags(struct ebpf_instance *inst, const char *backend,
	struct ebpf_map *const *maps, uint32_t n_maps, const struct bpf_insn *insns,
	size_t n_insns);
/* NULL, or the reason why it is rejected: to be freed. */
char *machine__reason(struct ebpf_instance *inst, struct ebpf_map *const *maps, uint32_t n_maps,
	const struct bpf_insn *insns, size_t n_insns);
/* On the packet in `run`, as kernel__run(): what a page has no place for is in fragments. The burst
 * driver does not tell of changed sizes. */
void machine__run_on(struct ebpf_program *prog, struct ebpf_env *env, struct kernel_run *run);

/* Fails the test if verdict or packet differ. */
void machine__check_same(
	const char *backend, const struct kernel_run *ours, const struct kernel_run *theirs);

/* The same maps here and in the kernel. */
struct machine_maps {
	struct ebpf_map *const *maps;
	const int *fds;
	uint32_t n;
};

/* Fails the test if one of verifier and kernel accepts the program and the other does not; `what`
 * tells which program it is. */
void machine__compare_acceptance(const struct machine_maps *maps, const struct bpf_insn *insns,
	size_t n_insns, const char *what);

/* Runs in the kernel and on every backend, and fails the test if verdict or packet differ.
 * maps may be NULL. `run` is as the kernel left it. */
void machine__agree(struct ebpf_instance *inst, const struct machine_maps *maps,
	const struct bpf_insn *insns, size_t n_insns, struct kernel_run *run);
/* Its verdict on a packet of zeros; env->redirect is what it asked for. */
uint32_t machine__run(struct ebpf_program *prog, struct ebpf_env *env);

/* The machine's second worker, which runs a program until it is stopped, and is quiescent between
 * every eight packets. */
struct machine_traffic {
	struct ebpf_program *prog;
	bool (*is_right)(uint32_t verdict);
	atomic_bool stop;
	atomic_ulong packets, wrong;
	pthread_t worker;
};

/* Returns when packets go through it. */
void machine_traffic__start(struct machine_traffic *t);
/* Fails the test if a verdict was not right. */
void machine_traffic__stop(struct machine_traffic *t);

#endif
