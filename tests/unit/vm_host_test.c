/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm_host_test.c -- what a program that embeds VMs relies on: it hears of errors, sets limits, and
 * has several VMs of several backends at once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "raw-vm.h"

struct heard {
	unsigned times;
	char last[256];
};

static void hear(void *user, const char *sentence)
{
	struct heard *h = user;

	h->times++;
	snprintf(h->last, sizeof(h->last), "%s", sentence);
}

static void assert_heard(struct heard *h, const char *what)
{
	assert_int_equal(h->times, 1);
	if (!strstr(h->last, what))
		fail_msg("'%s' does not say '%s'", h->last, what);
	h->times = 0;
}

static uint64_t nothing(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return 0;
}

static void calls_that_fail_are_heard_of(struct ebpf_vm *vm, struct heard *h)
{
	static const uint8_t odd[7];
	uint8_t mem[4];
	uint64_t r;

	assert_int_equal(ebpf_exec(vm, NULL, 0, &r), -ENOENT);
	assert_heard(h, "no code");
	assert_int_equal(ebpf_load(vm, odd, sizeof(odd), NULL), -EINVAL);
	assert_heard(h, "7 bytes of code");
	assert_null(ebpf_compile(vm, NULL));
	assert_heard(h, "");
	assert_int_equal(ebpf_register(vm, 1, "one", NULL), -EINVAL);
	assert_heard(h, "helper 1");
	assert_int_equal(ebpf_unregister(vm, 1), -ENOENT);
	assert_heard(h, "helper 1");
	raw_vm__load(vm, "mov %r0, 0\nldxw %r0, [%r1+1]\nexit\n");
	assert_int_equal(h->times, 0);
	assert_int_equal(ebpf_set_limits(vm, &(struct ebpf_limits){.insns = 5}), -EBUSY);
	assert_heard(h, "loaded");
	assert_int_equal(ebpf_set_lddw_helpers(vm, NULL), -EBUSY);
	assert_heard(h, "loaded");
	assert_int_equal(ebpf_exec(vm, mem, sizeof(mem), &r), -EFAULT);
	assert_heard(h, "instruction 1: access outside of the program's memory: 4 bytes at 0x");
}

static void hook_hears_of_every_error(void **state)
{
	for (unsigned i = 0; i < N_RAW_BACKENDS; i++) {
		struct ebpf_vm *vm = raw_vm__create(raw_vm_backends[i]);
		struct heard h = {0};

		ebpf_set_error_hook(vm, hear, &h);
		calls_that_fail_are_heard_of(vm, &h);
		ebpf_set_error_hook(vm, NULL, NULL);
		ebpf_unload_code(vm);
		assert_int_equal(ebpf_unregister(vm, 1), -ENOENT);
		assert_int_equal(h.times, 0);
		ebpf_destroy(vm);
	}
}

static void limits_are_kept(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("interp");
	struct ebpf_limits l;

	ebpf_get_limits(vm, &l);
	assert_int_equal(l.insns, EBPF_MAX_INSNS);
	assert_int_equal(l.helpers, EBPF_MAX_HELPERS);
	assert_int_equal(l.stack_size, EBPF_STACK_SIZE);
	assert_int_equal(l.frames, EBPF_MAX_FRAMES);
	assert_true(l.budget == UINT64_MAX);
	assert_int_equal(ebpf_set_limits(vm, &(struct ebpf_limits){.insns = 3, .helpers = 10}), 0);
	assert_int_equal(ebpf_set_limits(vm, &(struct ebpf_limits){0}), 0);
	ebpf_get_limits(vm, &l);
	assert_int_equal(l.insns, 3);
	assert_int_equal(l.helpers, 10);

	assert_int_equal(
		raw_vm__load_fails(vm, "mov %r0, 1\nmov %r1, 1\nmov %r2, 1\nexit\n", "at most 3"),
		-E2BIG);
	assert_int_equal(ebpf_register(vm, 10, "ten", nothing), -EINVAL);
	assert_int_equal(ebpf_register(vm, 9, "nine", nothing), 0);
	assert_int_equal(ebpf_set_limits(vm, &(struct ebpf_limits){.helpers = 9}), -EINVAL);
	raw_vm__load(vm, "mov %r0, 1\ncall 9\nexit\n");
	ebpf_destroy(vm);
}

static void more_than_usual_is_possible(void **state)
{
	struct ebpf_vm *vm = raw_vm__create("interp");

	assert_int_equal(ebpf_register(vm, EBPF_MAX_HELPERS, "high", nothing), -EINVAL);
	assert_int_equal(
		ebpf_set_limits(vm, &(struct ebpf_limits){.helpers = EBPF_MAX_HELPERS + 1}), 0);
	assert_int_equal(ebpf_register(vm, EBPF_MAX_HELPERS, "high", nothing), 0);
	ebpf_destroy(vm);
}

static uint64_t forty(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return 40;
}

static uint64_t add(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return a + b;
}

#define N_VMS 6

/* One number is another helper in each VM; code, faults and limits are each VM's own. */
static void vms_are_strangers(void **state)
{
	struct ebpf_vm *vms[N_VMS];
	struct ebpf_fault f;
	uint64_t r;

	for (unsigned i = 0; i < N_VMS; i++) {
		char text[64];

		vms[i] = raw_vm__create(raw_vm_backends[i % N_RAW_BACKENDS]);
		assert_int_equal(ebpf_register(vms[i], 1, "one", i < 3 ? forty : add), 0);
		snprintf(text, sizeof(text), "mov %%r2, %u\ncall 1\nadd %%r0, %u\nexit\n", i, i);
		raw_vm__load(vms[i], text);
	}
	for (unsigned i = N_VMS; i-- > 0;)
		assert_int_equal(raw_vm__run(vms[i], (void *)(uintptr_t)100, 0),
			i < 3 ? 40 + i : 100 + 2 * i);
	ebpf_unload_code(vms[1]);
	raw_vm__load(vms[1], "ldxb %r0, [%r1]\nexit\n");
	assert_int_equal(ebpf_exec(vms[1], NULL, 0, &r), -EFAULT);
	assert_int_equal(ebpf_last_fault(vms[1], &f), 0);
	ebpf_destroy(vms[1]);
	assert_int_equal(raw_vm__run(vms[2], NULL, 0), 42);
	for (unsigned i = 0; i < N_VMS; i++)
		if (i != 1)
			ebpf_destroy(vms[i]);
}

static void version(void **state)
{
	unsigned major, minor, patch;
	char rest;

	assert_int_equal(sscanf(ebpf_version(), "%u.%u.%u%c", &major, &minor, &patch, &rest), 3);
	assert_string_equal(ebpf_version(), XDPK_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hook_hears_of_every_error),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(more_than_usual_is_possible),
		cmocka_unit_test(vms_are_strangers),
		cmocka_unit_test(version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
