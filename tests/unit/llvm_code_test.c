/* SPDX-License-Identifier: BSD-3-Clause
 *
 * llvm_code_test.c -- what the compiler makes of a program: its stack in registers, its callbacks
 * loops, its driver's mistakes sentences.
 *
 * Usage: llvm_code_test FIREWALL.bpf.o CONNTRACK.bpf.o
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assembled.h"
#include "machine.h"
#include "object.h"

extern const unsigned char llvm_not_driver[]; /* the test driver without its ebpf_driver */
extern const unsigned long llvm_not_driver_size;

static const char *firewall_path, *conntrack_path;

/* The first line of a function and what follows the last. */
static const char *body_of(const char *ir, const char *function, const char **end)
{
	char head[64];
	const char *line;

	snprintf(head, sizeof(head), "@%s(", function);
	for (line = ir; (line = strstr(line, "\ndefine "));) {
		line++;
		*end = strchr(line, '\n');
		if (memmem(line, (size_t)(*end - line), head, strlen(head)))
			break;
	}
	assert_non_null(line);
	*end = strstr(line, "\n}");
	assert_non_null(*end);
	return line;
}

/* Does a frame of the program survive in the body of `function`? The translator calls the
 * frame's alloca "frame"; inlining adds suffixes, splitting makes frame.sroa.N of it. */
static bool frame_survives(const char *ir, const char *function)
{
	const char *end, *line = body_of(ir, function, &end);

	while ((line = strchr(line, '\n')) && line < end) {
		line++;
		if (strncmp(line, "  %frame", 8) == 0 &&
			memmem(line, strcspn(line, "\n"), " = alloca ", 10))
			return true;
	}
	return false;
}

static char *optimised(struct ebpf_program *prog)
{
	struct ebpf_driver d = assembled__driver();
	char *err = NULL, *ir = ebpf_program__dump(prog, EBPF_DUMP_IR_OPT, &d, &err);

	if (!ir)
		fail_msg("%s", err);
	return ir;
}

static void expect_stack_in_registers(const char *path)
{
	char *err = NULL, *ir;
	struct ebpf_object *obj = ebpf_object__open(path, &err);
	struct ebpf_instance *inst =
		ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, &err);
	struct ebpf_program *prog;

	if (!obj || ebpf_object__create_maps(obj, inst, &err))
		fail_msg("%s", err);
	prog = ebpf_object__load_program(obj, NULL, NULL, &err);
	if (!prog)
		fail_msg("%s", err);
	ir = optimised(prog);
	assert_null(strstr(ir, "@ebpf_program_entry(")); /* the program is in the loop */
	assert_null(strstr(ir, "@bpf.0."));
	assert_non_null(strstr(ir, "@ebpf_map.0"));
	assert_false(frame_survives(ir, "ebpf_driver"));
	assert_false(frame_survives(ir, "ebpf_entry"));
	free(ir);
	ebpf_program__unref(prog);
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
}

/* Ethernet to ports, a lookup by 5-tuple, a per-CPU counter: all of it in the driver's loop,
 * none of its frame in memory. */
static void the_firewalls_stack_is_in_registers(void **state)
{
	expect_stack_in_registers(firewall_path);
}

/* The same, and on a miss an update that takes key and value from the stack. */
static void an_update_leaves_the_stack_in_registers(void **state)
{
	expect_stack_in_registers(conntrack_path);
}

static void expect_one_loop(const char *text)
{
	struct ebpf_program *prog = assembled__load(machine.inst, text, NULL);
	char *ir = optimised(prog);

	assert_null(strstr(ir, "@callback"));
	assert_null(strstr(ir, "@helper_"));
	assert_false(frame_survives(ir, "ebpf_driver"));
	assert_false(frame_survives(ir, "ebpf_entry"));
	free(ir);
	ebpf_program__unref(prog);
}

/* A callback's body is a loop's, and what both see of the stack is in registers. */
static void loops_of_helpers_are_loops(void **state)
{
	/* bpf_loop: the sum of the numbers below the queue's */
	expect_one_loop("ldxw %r1, [%r1+16]\n"
			"stdw [%r10-8], 0\n"
			"lddw %r2, code_addr(body)\n"
			"mov %r3, %r10\n"
			"add %r3, -8\n"
			"mov %r4, 0\n"
			"call 181\n"
			"ldxdw %r0, [%r10-8]\n"
			"and %r0, 3\n"
			"exit\n"
			"body:\n"
			"ldxdw %r3, [%r2]\n"
			"xor %r3, %r1\n"
			"stxdw [%r2], %r3\n"
			"mov %r0, 0\n"
			"exit\n");
	/* bpf_iter_num: the same */
	expect_one_loop("mov %r7, 0\n"
			"ldxw %r3, [%r1+16]\n"
			"mov %r2, 0\n"
			"mov %r1, %r10\n"
			"add %r1, -8\n"
			"call kfunc 0x10000\n"
			"next:\n"
			"mov %r1, %r10\n"
			"add %r1, -8\n"
			"call kfunc 0x10001\n"
			"jeq %r0, 0, done\n"
			"ldxw %r1, [%r0]\n"
			"xor %r7, %r1\n"
			"ja next\n"
			"done:\n"
			"mov %r1, %r10\n"
			"add %r1, -8\n"
			"call kfunc 0x10002\n"
			"mov %r0, %r7\n"
			"and %r0, 3\n"
			"exit\n");
}

/* An address that depends on the packet: this frame cannot be in registers. */
static void an_escaping_stack_is_seen(void **state)
{
	struct ebpf_program *prog;
	char *ir, *text = assembled__with_prologue(14, "ldxb %r1, [%r2]\n"
						       "and %r1, 15\n"
						       "stdw [%r10-16], 0\n"
						       "stdw [%r10-8], 0\n"
						       "mov %r4, %r10\n"
						       "add %r4, -16\n"
						       "add %r4, %r1\n"
						       "stb [%r4], 1\n"
						       "ldxdw %r0, [%r10-16]\n"
						       "ldxdw %r1, [%r10-8]\n"
						       "or %r0, %r1\n"
						       "end:\n"
						       "exit\n");

	prog = assembled__load(machine.inst, text, NULL);
	ir = optimised(prog);
	assert_true(frame_survives(ir, "ebpf_driver"));
	free(ir);
	free(text);
	ebpf_program__unref(prog);
}

/* A store to the packet leaves the context what it was. */
static void memory_of_different_kinds_is_told_apart(void **state)
{
	char *ir, *text = assembled__with_prologue(14, "stdw [%r2], 1\n"
						       "ldxw %r4, [%r6]\n"
						       "sub %r4, %r2\n"
						       "mov %r0, %r4\n"
						       "end:\n"
						       "exit\n");
	struct ebpf_program *prog = assembled__load(machine.inst, text, NULL);
	const char *body, *end;

	ir = optimised(prog);
	body = body_of(ir, "ebpf_entry", &end);
	assert_null(memmem(body, (size_t)(end - body), " = sub ", 7));
	assert_non_null(memmem(body, (size_t)(end - body), "ret i64 0", 9));
	free(ir);
	free(text);
	ebpf_program__unref(prog);
}

static void expect_driver_refused(
	struct ebpf_program *prog, const void *bitcode, size_t size, const char *says)
{
	struct ebpf_driver d = {.name = "damaged", .bitcode = bitcode, .bitcode_size = size};
	char *err = NULL;

	assert_null(ebpf_program__compile(prog, "llvm", &d, &err));
	assert_non_null(err);
	if (!strstr(err, says))
		fail_msg("'%s' does not say '%s'", err, says);
	free(err);
}

/* LLVM's own complaint arrives as a sentence; it does not end the process. */
static void bad_drivers_are_errors(void **state)
{
	struct ebpf_program *prog = assembled__load(machine.inst,
		"mov %r0, 2\n"
		"exit\n",
		NULL);

	expect_driver_refused(prog, "this is not bitcode.", 20, "bitcode header");
	expect_driver_refused(prog, llvm_driver, llvm_driver_size / 2, "bitcode");
	expect_driver_refused(prog, llvm_not_driver, llvm_not_driver_size, "ebpf_driver");
	ebpf_program__unref(prog);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_firewalls_stack_is_in_registers),
		cmocka_unit_test(an_update_leaves_the_stack_in_registers),
		cmocka_unit_test(loops_of_helpers_are_loops),
		cmocka_unit_test(an_escaping_stack_is_seen),
		cmocka_unit_test(memory_of_different_kinds_is_told_apart),
		cmocka_unit_test(bad_drivers_are_errors),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: %s FIREWALL.bpf.o CONNTRACK.bpf.o\n", argv[0]);
		return 2;
	}
	firewall_path = argv[1];
	conntrack_path = argv[2];
	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
