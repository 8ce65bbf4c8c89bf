/* SPDX-License-Identifier: BSD-3-Clause
 *
 * permute_test.c -- programs that move bytes about leave the same packet on every backend and in
 * the kernel, whatever the pieces they move them by and the order they do it in.
 */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine.h"
#include "random.h"

#define LENGTH    64
#define WINDOW    40 /* bytes that the programs have shown to be there */
#define PROGRAMS  120
#define MOVES     4 /* in a program */
#define MAX_INSNS 256

static const uint8_t registers[] = {0, 1, 3, 4, 5, 7, 8, 9};
static const uint8_t widths[] = {BPF_B, BPF_H, BPF_W, BPF_DW};

#define N_REGISTERS COUNT(registers)

struct text {
	struct bpf_insn insn[MAX_INSNS];
	size_t n;
};

static void say(struct text *t, struct bpf_insn insn)
{
	assert_true(t->n < MAX_INSNS);
	t->insn[t->n++] = insn;
}

static void load(struct text *t, unsigned reg, unsigned width, unsigned at)
{
	say(t, I(BPF_LDX | BPF_MEM | widths[width], registers[reg], 2, (int16_t)at, 0));
}

static void store(struct text *t, unsigned reg, unsigned width, unsigned at)
{
	say(t, I(BPF_STX | BPF_MEM | widths[width], 2, registers[reg], (int16_t)at, 0));
}

/* A half-word as compilers read it where they know of no alignment. */
static void load_by_bytes(struct text *t, unsigned reg, unsigned at)
{
	say(t, I(BPF_LDX | BPF_MEM | BPF_B, registers[reg], 2, (int16_t)(at + 1), 0));
	say(t, I(BPF_ALU64 | BPF_LSH | BPF_K, registers[reg], 0, 0, 8));
	say(t, I(BPF_LDX | BPF_MEM | BPF_B, 6, 2, (int16_t)at, 0));
	say(t, I(BPF_ALU64 | BPF_OR | BPF_X, registers[reg], 6, 0, 0));
}

/* What else may stand between the loads and stores of a move. */
static void disturb(struct text *t)
{
	unsigned at = below(WINDOW - 8);

	switch (below(12)) {
	case 0: say(t, I(BPF_ST | BPF_MEM | widths[below(4)], 2, 0, (int16_t)at, 0x5a)); break;
	case 1: say(t, I(BPF_LDX | BPF_MEM | widths[below(4)], 6, 2, (int16_t)at, 0)); break;
	case 2: store(t, below(N_REGISTERS), below(4), at); break;
	case 3: load(t, below(N_REGISTERS), below(4), at); break;
	case 4:
		say(t, I(BPF_ALU64 | BPF_AND | BPF_K, registers[below(N_REGISTERS)], 0, 0,
			       0xff00ff));
		break;
	case 5:
		say(t, I(BPF_ALU64 | BPF_RSH | BPF_K, registers[below(N_REGISTERS)], 0, 0, 8));
		break;
	default: break;
	}
}

/* Reads pieces that lie side by side, and writes them side by side in another order; with noise,
 * something else is done in between. */
static void move(struct text *t, bool noise)
{
	unsigned width[N_REGISTERS], order[N_REGISTERS], n = 2 + below(N_REGISTERS - 1);
	unsigned from = below(8), to = below(2) ? from : below(8), at = from;

	for (unsigned i = 0; i < n; i++) {
		width[i] = below(20) ? below(3) : 3;
		order[i] = i;
		if (width[i] == 1 && below(2))
			load_by_bytes(t, i, at);
		else
			load(t, i, width[i], at);
		at += 1u << width[i];
		if (at > WINDOW - 8) {
			n = i + 1;
			break;
		}
		if (noise)
			disturb(t);
	}
	for (unsigned i = n; i > 1; i--) {
		unsigned k = below(i), other = order[i - 1];

		order[i - 1] = order[k];
		order[k] = other;
	}
	for (unsigned i = 0; i < n && to <= WINDOW - 8; i++) {
		store(t, order[i], width[order[i]], to);
		to += 1u << width[order[i]];
		if (noise)
			disturb(t);
	}
}

static void begin(struct text *t)
{
	t->n = 0;
	say(t, I(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0));
	say(t, I(BPF_LDX | BPF_MEM | BPF_W, 3, 1, 4, 0));
	say(t, MOV_REG(4, 2));
	say(t, I(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, WINDOW));
	say(t, I(BPF_JMP | BPF_JLE | BPF_X, 4, 3, 2, 0));
	say(t, MOV_IMM(0, XDP_DROP));
	say(t, EXIT());
	for (unsigned i = 0; i < N_REGISTERS; i++)
		say(t, MOV_IMM(registers[i], (int)below(1000)));
}

static void end(struct text *t)
{
	say(t, MOV_IMM(0, XDP_TX));
	say(t, EXIT());
}

static void test_bytes_change_places_as_in_kernel(void **state)
{
	uint8_t packet[LENGTH];
	struct text t;

	kernel__require();
	fill_random(packet, sizeof(packet));
	for (unsigned i = 0; i < PROGRAMS; i++) {
		struct kernel_run run = {.packet = packet, .size = sizeof(packet)};

		begin(&t);
		for (unsigned k = 0; k < MOVES; k++)
			move(&t, i % 2);
		end(&t);
		machine__agree(machine.inst, NULL, t.insn, t.n, &run);
		assert_int_equal(run.verdict, XDP_TX);
	}
}

#ifdef HAVE_LLVM
/* What this is all for: two Ethernet addresses are one read, one shuffle, one write. */
static void test_addresses_are_swapped_at_once(void **state)
{
	struct ebpf_program *prog;
	struct text t;
	char *ir;

	begin(&t);
	for (unsigned i = 0; i < 6; i++)
		load(&t, i, 1, 2 * i);
	for (unsigned i = 0; i < 6; i++)
		store(&t, i, 1, (2 * i + 6) % 12);
	end(&t);
	prog = machine__load(machine.inst, "llvm", NULL, 0, t.insn, t.n);
	ir = ebpf_program__dump(prog, EBPF_DUMP_IR_OPT, NULL, NULL);
	assert_non_null(ir);
	assert_non_null(strstr(ir, "shufflevector <12 x i8>"));
	assert_null(strstr(ir, "store i16"));
	free(ir);
	ebpf_program__unref(prog);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_change_places_as_in_kernel),
#ifdef HAVE_LLVM
		cmocka_unit_test(test_addresses_are_swapped_at_once),
#endif
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
