/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper_socket_test.c -- cookies of TCP connections, and sockets that are never found.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "runtime/helpers.h"
#include "machine.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define IP_SIZE      40 /* room for either header */
#define TCP_SIZE     60
#define PACKET_SIZE  (IP_SIZE + TCP_SIZE)

static uint64_t random_state = 88172645463325252u;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % n;
}

/* --- cookies --------------------------------------------------------------------------------- */

struct family {
	uint32_t gen, check;
	uint64_t (*make)(struct ebpf_env *env, const void *ip, const void *tcp, uint64_t size);
	uint64_t (*verify)(struct ebpf_env *env, const void *ip, const void *tcp);
};

static const struct family families[] = {
	{BPF_FUNC_tcp_raw_gen_syncookie_ipv4, BPF_FUNC_tcp_raw_check_syncookie_ipv4,
		helper_tcp_raw_gen_syncookie_ipv4, helper_tcp_raw_check_syncookie_ipv4},
	{BPF_FUNC_tcp_raw_gen_syncookie_ipv6, BPF_FUNC_tcp_raw_check_syncookie_ipv6,
		helper_tcp_raw_gen_syncookie_ipv6, helper_tcp_raw_check_syncookie_ipv6},
};

/* A SYN with random options of `size` bytes in all. */
static void random_syn(uint8_t packet[PACKET_SIZE], uint32_t size)
{
	static const uint16_t offers[] = {
		0, 1, 535, 536, 1220, 1299, 1300, 1420, 1440, 1460, 8940, 65535};
	uint8_t *tcp = packet + IP_SIZE;

	for (int i = 0; i < PACKET_SIZE; i++)
		packet[i] = (uint8_t)below(256);
	tcp[12] = (uint8_t)(size / 4 << 4);
	for (uint32_t at = 20; at + 4 <= size;) {
		uint16_t mss = offers[below(COUNT(offers))];

		switch (below(6)) {
		case 0: tcp[at++] = 1; break;
		case 1: tcp[at] = below(8) ? 1 : 0; break;
		case 2:
			tcp[at + 1] = (uint8_t)below(12);
			at += tcp[at + 1] > 1 ? tcp[at + 1] : 2;
			break;
		default: memcpy(tcp + at, (uint8_t[]){2, 4, mss >> 8, mss & 255}, 4); at += 4;
		}
	}
}

/* Makes a cookie of a packet of ours, with `size` bytes of TCP header, and acknowledges it: the
 * result is the MSS, or an error, and what is said of the acknowledgement, and of a wrong one. */
static size_t cookie_program(struct bpf_insn *insns, const struct family *f, uint32_t size)
{
	size_t n = 0;

	insns[n++] = MOV_REG(6, 1);
	insns[n++] = MOV_IMM(2, 0);
	insns[n++] = MOV_REG(3, 10);
	insns[n++] = ADD_IMM(3, -104);
	insns[n++] = MOV_IMM(4, PACKET_SIZE);
	insns[n++] = CALL(BPF_FUNC_xdp_load_bytes);
	insns[n++] = MOV_REG(1, 10);
	insns[n++] = ADD_IMM(1, -104);
	insns[n++] = MOV_REG(2, 10);
	insns[n++] = ADD_IMM(2, -104 + IP_SIZE);
	insns[n++] = MOV_IMM(3, size);
	insns[n++] = CALL(f->gen);
	insns[n++] = MOV_REG(7, 0);
	insns[n++] = I(BPF_ALU64 | BPF_RSH | BPF_K, 7, 0, 0, 32);
	/* ack_seq = cookie + 1, seq + 1 */
	insns[n++] = ADD_IMM(0, 1);
	insns[n++] = I(BPF_ALU | BPF_END | BPF_TO_BE, 0, 0, 0, 32);
	insns[n++] = I(BPF_STX | BPF_MEM | BPF_W, 10, 0, -104 + IP_SIZE + 8, 0);
	insns[n++] = LOAD32(1, 10, -104 + IP_SIZE + 4);
	insns[n++] = I(BPF_ALU | BPF_END | BPF_TO_BE, 1, 0, 0, 32);
	insns[n++] = ADD_IMM(1, 1);
	insns[n++] = I(BPF_ALU | BPF_END | BPF_TO_BE, 1, 0, 0, 32);
	insns[n++] = I(BPF_STX | BPF_MEM | BPF_W, 10, 1, -104 + IP_SIZE + 4, 0);
	for (int i = 0; i < 2; i++) {
		insns[n++] = MOV_REG(1, 10);
		insns[n++] = ADD_IMM(1, -104);
		insns[n++] = MOV_REG(2, 10);
		insns[n++] = ADD_IMM(2, -104 + IP_SIZE);
		insns[n++] = CALL(f->check);
		insns[n++] = MUL_IMM(7, 31);
		insns[n++] = ADD_REG(7, 0);
		/* Another port: it is no longer that connection. */
		insns[n++] = I(BPF_ST | BPF_MEM | BPF_H, 10, 0, -104 + IP_SIZE, 0x1234);
	}
	insns[n++] = MOV_REG(0, 7);
	insns[n++] = EXIT();
	return n;
}

static void test_cookies_as_kernel(void **state)
{
	static const uint32_t sizes[] = {20, 24, 32, 60};
	struct bpf_insn insns[64];
	uint8_t packet[PACKET_SIZE];

	kernel__require();
	for (size_t i = 0; i < COUNT(families) * COUNT(sizes); i++) {
		uint32_t size = sizes[i / 2];
		size_t n = cookie_program(insns, &families[i % 2], size);
		struct ebpf_program *progs[3] = {0};
		int fd = kernel__load_xdp(insns, n);

		assert_true(fd >= 0);
		for (int b = 0; machine_backends[b]; b++)
			progs[b] =
				machine__load(machine.inst, machine_backends[b], NULL, 0, insns, n);
		for (int round = 0; round < 300; round++) {
			struct kernel_run theirs = {.packet = packet, .size = sizeof(packet)}, ours;

			random_syn(packet, below(20) ? size : 4 * below(16));
			assert_int_equal(kernel__run(fd, &theirs), 0);
			for (int b = 0; machine_backends[b]; b++) {
				ours = theirs;
				machine__run_on(progs[b], &machine.env, &ours);
				machine__check_same(machine_backends[b], &ours, &theirs);
			}
		}
		for (int b = 0; b < 3; b++)
			ebpf_program__unref(progs[b]);
		close(fd);
	}
}

static uint64_t minute;

static uint64_t fake_clock(int32_t clock)
{
	return minute * 60000000000u + 1;
}

/* The sequence number that acknowledges. */
static void acknowledge(uint8_t *tcp, uint64_t cookie)
{
	uint32_t seq, ack = htobe32((uint32_t)cookie + 1);

	memcpy(&seq, tcp + 4, 4);
	seq = htobe32(be32toh(seq) + 1);
	memcpy(tcp + 4, &seq, 4);
	memcpy(tcp + 8, &ack, 4);
}

static void test_cookies_age(void **state)
{
	static const uint64_t minutes[] = {0, 1, 254, 255, 256, 0xffffff, 0xffffffff};
	struct ebpf_host host = *machine.env.host;
	struct ebpf_env faked = machine.env;

	host.clock_ns = fake_clock;
	faked.host = &host;
	for (size_t i = 0; i < COUNT(families) * COUNT(minutes); i++) {
		const struct family *f = &families[i % 2];
		uint8_t packet[PACKET_SIZE], *tcp = packet + IP_SIZE;

		random_syn(packet, 24);
		minute = minutes[i / 2];
		acknowledge(tcp, f->make(&faked, packet, tcp, 24));
		assert_int_equal(f->verify(&faked, packet, tcp), 0);
		minute++;
		assert_int_equal(f->verify(&faked, packet, tcp), 0);
		minute++;
		assert_int_equal((int64_t)f->verify(&faked, packet, tcp), -EACCES);
		minute += 0x10000 - 3;
		assert_int_equal((int64_t)f->verify(&faked, packet, tcp), -EACCES);
	}
}

/* One guess in a hundred million is right. */
static void test_cookies_are_not_guessed(void **state)
{
	uint8_t packet[PACKET_SIZE], *tcp = packet + IP_SIZE;
	int good = 0;

	for (int i = 0; i < 20000; i++) {
		random_syn(packet, 20);
		good += !families[i % 2].verify(&machine.env, packet, tcp);
	}
	assert_int_equal(good, 0);
}

/* --- sockets --------------------------------------------------------------------------------- */

static void test_no_sockets(void **state)
{
	static const uint32_t lookups[] = {
		BPF_FUNC_sk_lookup_tcp, BPF_FUNC_sk_lookup_udp, BPF_FUNC_skc_lookup_tcp};
	uint8_t packet[64] = {0};

	kernel__require();
	for (size_t i = 0; i < COUNT(lookups); i++) {
		struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
		const struct bpf_insn insns[] = {
			STORE_IMM64(10, -16, 0x1234),
			STORE_IMM64(10, -8, 0x5678),
			MOV_REG(2, 10),
			ADD_IMM(2, -16),
			MOV_IMM(3, 12),
			MOV_IMM(4, -1),
			MOV_IMM(5, 0),
			CALL(lookups[i]),
			I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0),
			MOV_IMM(0, 7),
			EXIT(),
			MOV_REG(1, 0),
			CALL(BPF_FUNC_sk_release),
			MOV_IMM(0, 8),
			EXIT(),
		};

		machine__agree(machine.inst, NULL, insns, COUNT(insns), &run);
		assert_int_equal(run.verdict, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookies_as_kernel),
		cmocka_unit_test(test_cookies_age),
		cmocka_unit_test(test_cookies_are_not_guessed),
		cmocka_unit_test(test_no_sockets),
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
