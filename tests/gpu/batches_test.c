/* SPDX-License-Identifier: BSD-3-Clause
 *
 * batches_test.c -- every packet of every batch is judged once and in its turn, whatever the device
 * does; when batches go; what they read of maps.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "hand-rig.h"
#include "rig-program.h"

#define BLOCK 4096 /* of a map, that is copied as a whole */

static void batches_of_every_size(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 31, 32, 64, 255, 1000, 1024, 4095, 4096};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		hand_rig__open(&(struct ebpf_offload_opts){.batch = sizes[i]});
		rig__run(&rig, 3 * sizes[i] + 100, 32, 0);
		assert_int_equal(hand_rig__stats().packets, 3 * sizes[i] + 100);
		assert_int_equal(hand_rig__stats().sent_packets, hand_rig__stats().packets);
		assert_int_equal(hand_rig__stats().failed + hand_rig__stats().on_cpu +
					 hand_rig__stats().again,
			0);
		hand_rig__close();
	}
}

static void what_is_copied_is_counted(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 100});
	rig__run(&rig, 1000, 32, 0);
	assert_true(hand->in_bytes > 1000 * 60 && hand->out_bytes > 1000 * 60);
	assert_int_equal(hand_rig__stats().in_bytes, hand->in_bytes);
	assert_int_equal(hand_rig__stats().out_bytes, hand->out_bytes);
	hand_rig__close();
}

static void packets_that_stay_have_their_turn(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 16});
	rig__run(&rig, 1000, 32, 3);
	assert_int_equal(hand_rig__stats().on_cpu, 334);
	assert_int_equal(hand_rig__stats().packets, 666);
	hand_rig__close();
}

/* Nobody waits for packets that do not go. */
static void nothing_but_packets_that_stay(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 1024, .deadline_us = 1000});
	assert_int_equal(rig__add(&rig, 5, 1), 5);
	assert_int_equal(rig__poll(&rig), 1);
	assert_int_equal(hand->submitted, 0);
	hand_rig__close();
}

static void a_batch_goes_at_its_deadline(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 64, .deadline_us = 50});
	rig__add(&rig, 10, 0);
	assert_int_equal(rig__poll(&rig), 0);
	rig.now_ns += 49999;
	assert_int_equal(rig__poll(&rig), 0);
	assert_int_equal(hand->submitted, 0);
	rig.now_ns += 1;
	assert_int_equal(rig__poll(&rig), 1);
	assert_int_equal(hand_rig__stats().due, 1);
	rig__add(&rig, 64, 0); /* a full one does not wait */
	assert_int_equal(rig__poll(&rig), 1);
	assert_int_equal(hand_rig__stats().due, 1);
	hand_rig__close();
}

static void all_batches_away_take_no_more(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 8, .depth = 2});
	hand->holds = true;
	assert_int_equal(ebpf_offload_queue__room(rig.queue), 16);
	assert_int_equal(rig__add(&rig, 100, 0), 16);
	assert_int_equal(ebpf_offload_queue__room(rig.queue), 0);
	assert_int_equal(rig__poll(&rig), 0);
	assert_int_equal(rig__add(&rig, 1, 0), 0);
	hand->holds = false;
	assert_int_equal(rig__poll(&rig), 2);
	assert_int_equal(rig__add(&rig, 100, 0), 16);
	rig__drain(&rig);
	hand_rig__close();
}

/* The packet's buffer has no headroom: the kernel's window had. The CPU's code is told no, as it
 * would have been. */
static void buffers_too_small_for_what_the_kernel_did(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 32});
	rig.small_buffers = true;
	rig__run(&rig, 1000, 32, 0);
	assert_true(hand_rig__stats().again > 100);
	assert_int_equal(hand_rig__stats().failed, 0);
	hand_rig__close();
}

/* --- faults ------------------------------------------------------------------------------- */

static void check_failed(const char *why)
{
	const char *said;

	assert_int_equal(ebpf_offload__state(rig.offload, &said), EBPF_OFFLOAD_FAILED);
	if (!strstr(said, why))
		fail_msg("\"%s\" does not say \"%s\"", said, why);
}

/* Before and after it, packets go on as if nothing had been. */
static void fault(uint32_t *which, const char *why)
{
	static const uint32_t sizes[] = {1, 7, 64, 1024};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint32_t submitted;

		hand_rig__open(&(struct ebpf_offload_opts){.batch = sizes[i]});
		rig__run(&rig, 2 * sizes[i], 32, 5);
		*which = 2;
		rig__run(&rig, 4 * sizes[i], 32, 5);
		check_failed(why);
		assert_true(hand_rig__stats().failed >= 1 && hand_rig__stats().fallback >= 1);
		submitted = hand->submitted;
		rig__run(&rig, 500, 32, 0);
		assert_int_equal(hand->submitted, submitted); /* it is not asked again */
		assert_int_equal(ebpf_offload__refresh(rig.offload), -EIO);
		hand_rig__close();
		*which = 0;
	}
}

static void launches_that_fail(void **state)
{
	fault(&hand->fail_submit, "hand: a launch failed");
}

static void kernels_that_fail(void **state)
{
	fault(&hand->fail_poll, "hand: a kernel failed");
}

static void results_that_are_spoiled(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 64});
	rig__run(&rig, 200, 32, 0);
	hand->spoils = true;
	rig__run(&rig, 200, 32, 0);
	check_failed("not whole");
	assert_true(hand_rig__stats().fallback >= 64);
	hand_rig__close();
}

/* All that are away are given up at once, and packets come in the order in which they went. */
static void batches_that_do_not_come_back(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 10, .depth = 4, .patience_ms = 3});
	hand->holds = true;
	assert_int_equal(rig__add(&rig, 100, 0), 40);
	assert_int_equal(rig__poll(&rig), 0);
	rig.now_ns += 2999999;
	assert_int_equal(rig__poll(&rig), 0);
	rig.now_ns += 1;
	assert_int_equal(rig__poll(&rig), 4);
	check_failed("in time");
	assert_int_equal(hand->abandoned, 4);
	assert_int_equal(hand_rig__stats().fallback, 40);
	rig__run(&rig, 300, 32, 0); /* their buffers are not touched */
	hand_rig__close();
}

static void queues_that_go_with_batches_away(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 10});
	hand->holds = true;
	rig__add(&rig, 25, 0);
	assert_int_equal(rig__poll(&rig), 0);
	hand_rig__close();
	assert_int_equal(hand->abandoned, 2);
}

static void devices_that_cannot_begin(void **state)
{
	struct {
		uint32_t *which;
		uint32_t call;
		const char *why;
	} cases[] = {
		{&hand->fail_load, 1, "the module cannot be loaded"},
		{&hand->fail_load, 2, "the module cannot be loaded"},
		{&hand->fail_write, 2, "a copy to a map failed"},
	};
	char *err;

	rig_program__set_bias(1); /* what is zero is not copied */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		err = NULL;
		*cases[i].which = cases[i].call;
		assert_null(ebpf_offload__create(&hand->dev, prog, NULL, &err));
		assert_non_null(err);
		assert_non_null(strstr(err, cases[i].why));
		free(err);
		assert_int_equal(hand->modules, 0);
	}
}

static void queues_that_get_no_memory(void **state)
{
	char *err = NULL;

	hand_rig__open(&(struct ebpf_offload_opts){.batch = 10});
	hand->fail_open = 3;
	assert_null(ebpf_offload_queue__create(rig.offload, &err));
	assert_non_null(strstr(err, "no memory on the device"));
	free(err);
	assert_int_equal(hand->jobs, 4); /* the rig's own */
	hand_rig__close();
}

static void batches_that_are_too_large(void **state)
{
	char *err = NULL;

	assert_null(ebpf_offload__create(&hand->dev, prog,
		&(struct ebpf_offload_opts){.batch = EBPF_OFFLOAD_MAX_BATCH + 1}, &err));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(err, "4096"));
	free(err);
}

/* --- maps --------------------------------------------------------------------------------- */

static void batches_read_the_version_they_went_with(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 8, .depth = 4});
	hand->holds = true;
	rig__add(&rig, 8, 0);
	rig__poll(&rig);
	rig_program__set_bias(1);
	assert_int_equal(ebpf_offload__refresh(rig.offload), 0);
	rig__add(&rig, 8, 0);
	rig__poll(&rig);
	rig_program__set_bias(2);
	assert_int_equal(ebpf_offload__refresh(rig.offload), -EAGAIN); /* the first is still away */
	hand->holds = false;
	struct ebpf_offload_batch *b = ebpf_offload_queue__poll(rig.queue, rig.now_ns);
	assert_non_null(b);
	assert_int_equal(ebpf_offload__refresh(rig.offload), -EAGAIN); /* it is not yet judged */
	rig.out += 8;
	ebpf_offload_queue__free(rig.queue, b);
	assert_int_equal(ebpf_offload__refresh(rig.offload), 0);
	rig.bias = 1;
	assert_int_equal(rig__poll(&rig), 1);
	rig.bias = 2;
	rig__run(&rig, 100, 32, 0);
	assert_int_equal(hand_rig__stats().refreshes, 2);
	assert_int_equal(hand_rig__stats().refreshed_bytes, 2 * BLOCK);
	rig__check(&rig);
	assert_true(hand_rig__stats().stale_ns > 0);
	rig__close(&rig);
	ebpf_offload__destroy(rig.offload);
}

static void nothing_is_copied_that_has_not_changed(void **state)
{
	hand_rig__open(NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ebpf_offload__refresh(rig.offload), 0);
	assert_int_equal(hand_rig__stats().refreshes, 0);
	rig_program__set_bias(0); /* the same again */
	assert_int_equal(ebpf_offload__refresh(rig.offload), 0);
	assert_int_equal(hand_rig__stats().refreshes, 0);
	assert_int_equal(hand_rig__stats().refreshed_bytes, 0);
	hand_rig__close();
}

/* Both versions get each change, and each no more than the blocks that it is in. */
static void only_blocks_are_copied_that_have_changed(void **state)
{
	static const struct {
		uint32_t keys[3];
		uint64_t bytes,
			more; /* for the version that is written; which lacks the last, too */
	} changes[] = {
		{{512, 512, 512}, BLOCK, 0},
		{{0, 600, 2000}, 3 * BLOCK, 0},     /* 512 again is in the block of 600 */
		{{2048, 2048, 2048}, 8, 3 * BLOCK}, /* the last block is short */
	};
	uint64_t had = 0;

	hand_rig__open(&(struct ebpf_offload_opts){.batch = 8});
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		for (uint32_t k = 0; k < 3; k++)
			rig_program__set_other(changes[i].keys[k], 4);
		assert_int_equal(ebpf_offload__refresh(rig.offload), 0);
		assert_int_equal(hand_rig__stats().refreshed_bytes - had,
			changes[i].bytes + changes[i].more);
		had = hand_rig__stats().refreshed_bytes;
		rig__run(&rig, 100, 32, 0);
	}
	hand_rig__close();
}

static void what_other_programs_change_is_found(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 8});
	for (uint64_t bias = 1; bias < 4; bias++) {
		rig_program__store_bias(bias);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		assert_int_equal(ebpf_offload__refresh(rig.offload), 0);
		assert_int_equal(hand_rig__stats().refreshes, bias);
		rig.bias = bias;
		rig__run(&rig, 100, 32, 0);
	}
	hand_rig__close();
}

static void refreshes_that_fail(void **state)
{
	hand_rig__open(&(struct ebpf_offload_opts){.batch = 8});
	rig__run(&rig, 100, 32, 0);
	rig_program__set_bias(1);
	hand->fail_write = 1;
	assert_int_equal(ebpf_offload__refresh(rig.offload), -EIO);
	check_failed("hand: a copy to a map failed");
	rig.bias = 1;
	rig__run(&rig, 100, 32, 0);
	hand_rig__close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HAND_RIG_TEST(batches_of_every_size),
		HAND_RIG_TEST(what_is_copied_is_counted),
		HAND_RIG_TEST(packets_that_stay_have_their_turn),
		HAND_RIG_TEST(nothing_but_packets_that_stay),
		HAND_RIG_TEST(a_batch_goes_at_its_deadline),
		HAND_RIG_TEST(all_batches_away_take_no_more),
		HAND_RIG_TEST(buffers_too_small_for_what_the_kernel_did),
		HAND_RIG_TEST(launches_that_fail),
		HAND_RIG_TEST(kernels_that_fail),
		HAND_RIG_TEST(results_that_are_spoiled),
		HAND_RIG_TEST(batches_that_do_not_come_back),
		HAND_RIG_TEST(queues_that_go_with_batches_away),
		HAND_RIG_TEST(devices_that_cannot_begin),
		HAND_RIG_TEST(queues_that_get_no_memory),
		HAND_RIG_TEST(batches_that_are_too_large),
		HAND_RIG_TEST(batches_read_the_version_they_went_with),
		HAND_RIG_TEST(nothing_is_copied_that_has_not_changed),
		HAND_RIG_TEST(only_blocks_are_copied_that_have_changed),
		HAND_RIG_TEST(what_other_programs_change_is_found),
		HAND_RIG_TEST(refreshes_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
