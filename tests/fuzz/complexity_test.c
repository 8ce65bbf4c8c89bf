/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs made to take the verifier long, or much memory: every kind ends within the limits of
 * what may be examined, and the slowest and the largest are told.
 *
 * A kind writes a program of a given size; it is tried at several.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chance.h"
#include "run.h"

#define MOST_INSNS 60000
#ifdef __SANITIZE_ADDRESS__
#define MOST_SECONDS 300
#define MOST_MB      4096
#else
#define MOST_SECONDS 60
#define MOST_MB      1024
#endif
#define ROOM 64 /* instructions that one step may take */

static struct ebpf_insn insns[MOST_INSNS + 2 * ROOM];
static uint32_t n;

static void emit(uint8_t opcode, uint8_t dst, uint8_t src, int off, int32_t imm)
{
	insns[n++] = (struct ebpf_insn){
		.opcode = opcode, .dst = dst, .src = src, .off = (int16_t)off, .imm = imm};
}

static bool room(void)
{
	return n < MOST_INSNS - ROOM;
}

static void load_number(uint8_t dst)
{
	emit(BPF_LDX | BPF_MEM | BPF_W, dst, 6, 12, 0);
}

static void call(int32_t helper)
{
	emit(BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void look_up(void)
{
	emit(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 1);
	emit(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_IDX, 0, MAP_HASH);
	emit(0, 0, 0, 0, 0);
	emit(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	emit(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -8);
	call(BPF_FUNC_map_lookup_elem);
}

/* Branches whose ways differ in one bit of a number that is used: 2^size paths. */
static void paths(uint32_t size)
{
	load_number(7);
	emit(BPF_ALU64 | BPF_MOV | BPF_K, 8, 0, 0, 0);
	for (uint32_t i = 0; i < size && room(); i++) {
		emit(BPF_JMP | BPF_JSET | BPF_K, 7, 0, 1, (int32_t)(1U << i % 31));
		emit(BPF_ALU64 | BPF_OR | BPF_K, 8, 0, 0, (int32_t)(1U << i % 31));
		emit(BPF_ALU64 | BPF_LSH | BPF_K, 7, 0, 0, i % 31 == 30);
	}
	emit(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_IDX_VALUE, 0, MAP_OUT);
	emit(0, 0, 0, 0, 0);
	emit(BPF_ALU64 | BPF_AND | BPF_K, 8, 0, 0, 63);
	emit(BPF_ALU64 | BPF_ADD | BPF_X, 1, 8, 0, 0);
	emit(BPF_ST | BPF_MEM | BPF_B, 1, 0, 0, 1);
}

/* The same with every slot of the stack as the difference. */
static void stacks(uint32_t size)
{
	load_number(7);
	for (uint32_t slot = 1; slot <= 64; slot++)
		emit(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8 * (int)slot, 0);
	for (uint32_t i = 0; i < size && room(); i++) {
		emit(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1, (int32_t)i);
		emit(BPF_STX | BPF_MEM | BPF_DW, 10, 7, -8 * (int)(1 + i % 64), 0);
	}
	for (uint32_t slot = 1; slot <= 64; slot++)
		emit(BPF_LDX | BPF_MEM | BPF_DW, 1, 10, -8 * (int)slot, 0);
}

/* A loop of so many rounds. */
static void loop(uint32_t size)
{
	emit(BPF_ALU64 | BPF_MOV | BPF_K, 7, 0, 0, 0);
	emit(BPF_ALU64 | BPF_ADD | BPF_K, 7, 0, 0, 1);
	emit(BPF_JMP | BPF_JLT | BPF_K, 7, 0, -2, (int32_t)size);
}

/* Loops in one another, of eight rounds; the innermost branches. */
static void nested_loops(uint32_t size)
{
	uint32_t heads[3], depth;

	for (depth = 0; depth < 3; depth++) {
		emit(BPF_ALU64 | BPF_MOV | BPF_K, (uint8_t)(7 + depth), 0, 0, 0);
		heads[depth] = n;
	}
	for (uint32_t i = 0; i < size && room(); i++) {
		load_number(1);
		emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1, (int32_t)i);
		emit(BPF_STX | BPF_MEM | BPF_DW, 10, 9, -8 * (int)(1 + i % 64), 0);
	}
	while (depth--) {
		emit(BPF_ALU64 | BPF_ADD | BPF_K, (uint8_t)(7 + depth), 0, 0, 1);
		emit(BPF_JMP | BPF_JLT | BPF_K, (uint8_t)(7 + depth), 0,
			(int)heads[depth] - (int)n - 1, 8);
	}
}

/* A loop without an end that never comes to the same state. */
static void endless(uint32_t size)
{
	uint32_t head;

	emit(BPF_ALU64 | BPF_MOV | BPF_K, 7, 0, 0, 0);
	head = n;
	for (uint32_t i = 0; i < size && room(); i++)
		emit(BPF_ALU64 | BPF_ADD | BPF_K, 7, 0, 0, 1);
	emit(BPF_LD | BPF_IMM | BPF_DW, 1, 0, 0, -1);
	emit(0, 0, 0, 0, -1);
	emit(BPF_JMP | BPF_JLT | BPF_X, 7, 1, (int)head - (int)n - 1, 0);
}

/* Results of lookups, each with an id of its own, compared with NULL or not. */
static void lookups(uint32_t size)
{
	for (uint32_t i = 0; i < size && room(); i++) {
		look_up();
		emit(BPF_STX | BPF_MEM | BPF_DW, 10, 0, -16 - 8 * (int)(i % 60), 0);
		if (i % 2)
			emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0);
		else
			emit(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
		emit(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	}
}

/* One number in all registers and slots, compared again and again: all copies are narrowed. */
static void linked(uint32_t size)
{
	load_number(7);
	for (uint32_t slot = 1; slot <= 60; slot++)
		emit(BPF_STX | BPF_MEM | BPF_DW, 10, 7, -8 * (int)slot, 0);
	for (uint8_t reg = 0; reg < 6; reg++)
		emit(BPF_ALU64 | BPF_MOV | BPF_X, reg, 7, 0, 0);
	for (uint32_t i = 0; i < size && room(); i++) {
		emit(BPF_JMP | BPF_JGT | BPF_K, (uint8_t)(i % 6), 0, 1, (int32_t)(size - i));
		emit(BPF_ALU64 | BPF_MOV | BPF_X, 8, 7, 0, 0);
	}
}

/* A value is asked for at the end of a long line of copies: precision goes all the way back. */
static void precision(uint32_t size)
{
	load_number(7);
	load_number(9);
	emit(BPF_ALU64 | BPF_AND | BPF_K, 7, 0, 0, 7);
	for (uint32_t i = 0; i < size && room(); i++) {
		emit(BPF_ALU64 | BPF_MOV | BPF_X, 8, 7, 0, 0);
		emit(BPF_STX | BPF_MEM | BPF_DW, 10, 8, -8, 0);
		emit(BPF_LDX | BPF_MEM | BPF_DW, 7, 10, -8, 0);
		emit(BPF_JMP | BPF_JEQ | BPF_K, 9, 0, 0, (int32_t)i);
		if (i % 64)
			continue;
		emit(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_IDX_VALUE, 0, MAP_OUT);
		emit(0, 0, 0, 0, 0);
		emit(BPF_ALU64 | BPF_ADD | BPF_X, 1, 8, 0, 0);
		emit(BPF_LDX | BPF_MEM | BPF_B, 2, 1, 0, 0);
	}
}

/* Eight functions, each of which calls the next so many times. */
static void calls(uint32_t size)
{
	uint32_t start[8], call_at[8 * 64], n_calls[8] = {0}, many = size < 48 ? size : 48;

	for (uint32_t f = 0; f < 7; f++) {
		start[f] = n;
		if (f)
			emit(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
		for (uint32_t i = 0; f < 6 && i < many; i++) {
			emit(BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0);
			load_number(2);
			call_at[f * 64 + n_calls[f]++] = n;
			emit(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
			emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, (int32_t)i);
		}
		load_number(0);
		if (f < 6) /* the last one's is written behind it */
			emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	for (uint32_t f = 0; f < 6; f++)
		for (uint32_t i = 0; i < n_calls[f]; i++)
			insns[call_at[f * 64 + i]].imm =
				(int32_t)start[f + 1] - (int32_t)call_at[f * 64 + i] - 1;
}

/* A long line, no branch. */
static void line(uint32_t size)
{
	emit(BPF_ALU64 | BPF_MOV | BPF_K, 7, 0, 0, 0);
	for (uint32_t i = 0; i < size && room(); i++)
		emit(BPF_ALU64 | BPF_XOR | BPF_K, 7, 0, 0, (int32_t)i);
}

static const struct kind {
	const char *name;
	void (*write)(uint32_t size);
	uint32_t sizes[3];
} kinds[] = {
	{"paths", paths, {8, 30, 10000}},
	{"stacks", stacks, {8, 64, 5000}},
	{"a loop", loop, {1000, 300000, 100000000}},
	{"loops in loops", nested_loops, {4, 40, 2000}},
	{"a loop without end", endless, {1, 100, 30000}},
	{"lookups", lookups, {20, 500, 6000}},
	{"linked numbers", linked, {20, 500, 20000}},
	{"precision", precision, {20, 500, 6000}},
	{"calls of calls", calls, {2, 5, 48}},
	{"a line", line, {1000, 10000, 55000}},
};

struct measured {
	int err;
	uint64_t ns, insns;
	uint32_t states;
};

/* In a process of its own, whose memory is its own too. */
static int measure(const struct kind *k, uint32_t size, struct measured *m, uint64_t *kilobytes)
{
	struct rusage used;
	int ends[2], status = 0;
	pid_t pid;

	if (pipe(ends) || (pid = fork()) < 0)
		return -errno;
	if (!pid) {
		struct ebpf_verify_stats stats = {0};
		struct ebpf_load_opts opts = {.stats = &stats};
		struct run_machine machine;
		struct ebpf_program *prog;

		n = 0;
		emit(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
		k->write(size);
		emit(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS);
		emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
		alarm(MOST_SECONDS);
		if (run_machine__init(&machine, &generated_set, NULL))
			_exit(2);
		prog = run_machine__load(&machine, insns, n, &opts, NULL);
		*m = (struct measured){
			prog ? 0 : -errno, stats.ns, stats.insns_examined, stats.states_peak};
		_exit(write(ends[1], m, sizeof(*m)) == sizeof(*m) ? 0 : 2);
	}
	close(ends[1]);
	if (read(ends[0], m, sizeof(*m)) != sizeof(*m))
		m->err = -ETIMEDOUT;
	close(ends[0]);
	if (wait4(pid, &status, 0, &used) != pid)
		return -errno;
	*kilobytes = (uint64_t)used.ru_maxrss;
	return status ? -ETIMEDOUT : 0;
}

int main(void)
{
	uint64_t most_ns = 0, most_kilobytes = 0, kilobytes = 0;
	int failures = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (size_t s = 0; s < 3; s++) {
			struct measured m = {0};
			int err = measure(&kinds[i], kinds[i].sizes[s], &m, &kilobytes);

			printf("%-20s %9u: %s, %7" PRIu64 " instructions, %5u states, %5" PRIu64
			       " ms, %4" PRIu64 " MB\n",
				kinds[i].name, kinds[i].sizes[s],
				err               ? "no end      "
				: m.err == 0      ? "accepted    "
				: m.err == -E2BIG ? "too complex "
						  : "refused     ",
				m.insns, m.states, m.ns / 1000000, kilobytes / 1024);
			failures += err || kilobytes / 1024 > MOST_MB;
			most_ns = m.ns > most_ns ? m.ns : most_ns;
			most_kilobytes = kilobytes > most_kilobytes ? kilobytes : most_kilobytes;
		}
	printf("at the most %" PRIu64 " ms, %" PRIu64 " MB\n", most_ns / 1000000,
		most_kilobytes / 1024);
	return failures ? 1 : 0;
}
