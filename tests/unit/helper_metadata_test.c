/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper_metadata_test.c -- what a device told of a packet, on every backend. The kernel runs such
 * programs on devices only.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/helpers.h"
#include "llvm-driver.h"
#include "machine.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KFUNC(id)    I(BPF_JMP | BPF_CALL, 0, 2, 0, id)
#define OFFERED(x)   ((x) << EBPF_RX_OFFERED)
#define ALL          (EBPF_RX_TIMESTAMP | EBPF_RX_HASH | EBPF_RX_VLAN)

/* Calls one of the functions with results at odd addresses, and writes all 16 bytes there over the
 * packet. */
static size_t program(struct bpf_insn *insns, const char *function)
{
	size_t n = 0;

	insns[n++] = MOV_REG(6, 1);
	insns[n++] = STORE_IMM64(10, -16, 0x11111111);
	insns[n++] = STORE_IMM64(10, -8, 0x11111111);
	insns[n++] = MOV_REG(2, 10);
	insns[n++] = ADD_IMM(2, -15);
	insns[n++] = MOV_REG(3, 10);
	insns[n++] = ADD_IMM(3, -5);
	insns[n++] = KFUNC(kfunc__find(function));
	insns[n++] = MOV_REG(7, 0);
	insns[n++] = MOV_REG(1, 6);
	insns[n++] = MOV_IMM(2, 0);
	insns[n++] = MOV_REG(3, 10);
	insns[n++] = ADD_IMM(3, -16);
	insns[n++] = MOV_IMM(4, 16);
	insns[n++] = CALL(BPF_FUNC_xdp_store_bytes);
	insns[n++] = MOV_REG(0, 7);
	insns[n++] = EXIT();
	return n;
}

static int32_t run(const char *function, const char *backend, uint32_t metadata, uint8_t result[16])
{
	struct bpf_insn insns[32];
	uint8_t packet[64] = {0};
	struct ebpf_xdp_ctx ctx = {.data = packet,
		.data_meta = packet,
		.data_end = packet + sizeof(packet),
		.buf = packet,
		.buf_end = packet + sizeof(packet),
		.head_limit = packet,
		.tail_limit = packet + sizeof(packet),
		.metadata = metadata,
		.rx_timestamp = 0x0102030405060708,
		.rx_hash = 0x090a0b0c,
		.rx_hash_type = 0x0d0e0f10,
		.rx_vlan_tci = 0x1213};
	struct ebpf_program *prog =
		machine__load(machine.inst, backend, NULL, 0, insns, program(insns, function));
	const struct ebpf_code *code = ebpf_program__code(prog);
	uint32_t verdict;

	if (code->driver) {
		machine.env.prog = prog;
		code->driver(&machine.env, &(struct test_burst){&ctx, &verdict, 1});
	} else {
		verdict = (uint32_t)ebpf_program__run(prog, &machine.env, &ctx);
	}
	assert_int_equal(machine.env.fault_reason, 0);
	ebpf_program__unref(prog);
	memcpy(result, packet, 16);
	return (int32_t)verdict;
}

static void test_metadata(void **state)
{
	static const uint8_t untouched[16] = {
		0x11, 0x11, 0x11, 0x11, 0, 0, 0, 0, 0x11, 0x11, 0x11, 0x11};
	static const struct {
		const char *function;
		uint32_t what;
		uint8_t result[16];
	} cases[] = {
		{"bpf_xdp_metadata_rx_timestamp", EBPF_RX_TIMESTAMP,
			{0x11, 8, 7, 6, 5, 4, 3, 2, 1, 0x11, 0x11, 0x11}},
		{"bpf_xdp_metadata_rx_hash", EBPF_RX_HASH,
			{0x11, 0xc, 0xb, 0xa, 9, 0, 0, 0, 0x11, 0x11, 0x11, 0x10, 0xf, 0xe, 0xd}},
		{"bpf_xdp_metadata_rx_vlan_tag", EBPF_RX_VLAN,
			{0x11, 0x81, 0, 0x11, 0, 0, 0, 0, 0x11, 0x11, 0x11, 0x13, 0x12}},
	};
	uint8_t result[16];

	for (size_t i = 0; i < COUNT(cases); i++) {
		for (const char *const *b = machine_backends; *b; b++) {
			const char *f = cases[i].function;
			uint32_t what = cases[i].what;

			assert_int_equal(run(f, *b, OFFERED(what) | what, result), 0);
			assert_memory_equal(result, cases[i].result, 16);
			assert_int_equal(
				run(f, *b, OFFERED(ALL) | (ALL & ~what), result), -ENODATA);
			assert_memory_equal(result, untouched, 16);
			assert_int_equal(run(f, *b, OFFERED(ALL & ~what), result), -EOPNOTSUPP);
			assert_int_equal(run(f, *b, 0, result), -EOPNOTSUPP);
			assert_memory_equal(result, untouched, 16);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_metadata)};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
