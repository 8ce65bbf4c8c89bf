/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel.h -- the running kernel as oracle, for tests that compare with it.
 */
#ifndef TESTS_UNIT_KERNEL_H
#define TESTS_UNIT_KERNEL_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* May this process use bpf()? Prints the reason once if not. */
bool kernel__permitted(void);

/* A file descriptor or negative errno. */
int kernel__create_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
	uint32_t flags);
int kernel__load_xdp(const struct bpf_insn *insns, size_t n_insns);
/* With references to maps by index. Prints the log, unless the kernel is expected to refuse. */
int kernel__load_xdp_with(
	const int *map_fds, const struct bpf_insn *insns, size_t n_insns, bool quietly);
/* As one that takes packets in fragments. */
int kernel__load_frags(const int *map_fds, const struct bpf_insn *insns, size_t n_insns);

/* The longest packet of a test run: a page less what the kernel keeps of it, and as many pages as
 * there are fragments. */
#define KERNEL_PACKET_MAX (3520 + 17 * 4096)

struct kernel_run {
	const void *packet;
	uint32_t size;
	uint32_t linear;  /* bytes before the first fragment; 0: as many as there can be */
	uint32_t ifindex; /* it came in there; 0: nothing is said, which means 1 */
	uint8_t out[KERNEL_PACKET_MAX + 256]; /* from data_meta on */
	uint32_t out_size;
	uint32_t meta_size;
	uint32_t out_linear; /* of out, meta data included */
	uint32_t verdict;
};

/* One BPF_PROG_TEST_RUN. 0 or negative errno. */
int kernel__run(int prog_fd, struct kernel_run *run);

/* Skips the test where bpf() is not permitted. */
void kernel__require(void);
/* Of libbpf's calls: 0 or negative errno. */
int kernel__result(int rc);
/* Loads, runs once, unloads; fails the test if that cannot be done. */
uint32_t kernel__verdict(const struct bpf_insn *insns, size_t n_insns, struct kernel_run *run);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Instructions, as the tests write them. */
#define I(code_, dst_, src_, off_, imm_)    \
	((struct bpf_insn){.code = (code_), \
		.dst_reg = (dst_),          \
		.src_reg = (src_),          \
		.off = (off_),              \
		.imm = (int32_t)(imm_)})
#define MOV_IMM(dst, imm)          I(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define MOV32_IMM(dst, imm)        I(BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define MOV_REG(dst, src)          I(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ADD_IMM(dst, imm)          I(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define ADD_REG(dst, src)          I(BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0)
#define MUL_IMM(dst, imm)          I(BPF_ALU64 | BPF_MUL | BPF_K, dst, 0, 0, imm)
#define LOAD32(dst, src, off)      I(BPF_LDX | BPF_MEM | BPF_W, dst, src, off, 0)
#define STORE_IMM64(dst, off, imm) I(BPF_ST | BPF_MEM | BPF_DW, dst, 0, off, imm)
#define JGT_REG(dst, src, off)     I(BPF_JMP | BPF_JGT | BPF_X, dst, src, off, 0)
#define CALL(id)                   I(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define EXIT()                     I(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LOAD_MAP(dst, fd) \
	I(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd), I(0, 0, 0, 0, 0)

#endif
