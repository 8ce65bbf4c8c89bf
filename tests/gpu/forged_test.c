/* SPDX-License-Identifier: BSD-3-Clause
 *
 * forged_test.c -- results that no run of the program could have given, with seals that are right:
 * none is believed, the device counts as failed, and the CPU judges every packet of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hand-rig.h"
#include "kernel-double.h"

static void as_it_is(struct kernel_result *r, struct ebpf_note *notes)
{
}

static void more_notes_than_there_is_room_for(struct kernel_result *r, struct ebpf_note *notes)
{
	r->n_notes = 2;
}

static void a_map_beyond_the_last(struct kernel_result *r, struct ebpf_note *notes)
{
	notes->map = 2;
}

static void an_addition_to_a_map_that_is_read(struct kernel_result *r, struct ebpf_note *notes)
{
	notes->map = 1;
}

static void a_redirect_by_a_counter(struct kernel_result *r, struct ebpf_note *notes)
{
	notes->kind = EBPF_NOTE_REDIRECT;
}

static void a_kind_of_note_that_is_none(struct kernel_result *r, struct ebpf_note *notes)
{
	notes->kind = 200;
}

static void a_redirect_without_a_call(struct kernel_result *r, struct ebpf_note *notes)
{
	r->redirect_kind = EBPF_REDIRECT_IFINDEX;
	r->redirect_target = 1;
}

static void a_broadcast_by_no_map(struct kernel_result *r, struct ebpf_note *notes)
{
	r->redirect_kind = EBPF_REDIRECT_BROADCAST;
}

static void a_head_before_the_buffer(struct kernel_result *r, struct ebpf_note *notes)
{
	r->head = INT16_MIN;
}

static void metadata_before_the_buffer(struct kernel_result *r, struct ebpf_note *notes)
{
	r->meta = UINT16_MAX;
}

static void a_tail_behind_the_buffer(struct kernel_result *r, struct ebpf_note *notes)
{
	r->len = 60000;
}

static void no_length_at_all(struct kernel_result *r, struct ebpf_note *notes)
{
	r->len = UINT32_MAX;
}

static void a_move(struct kernel_result *r, struct ebpf_note *notes)
{
	r->head -= 2;
	r->len += 2;
}

static const struct forgery {
	const char *name;
	void (*forge)(struct kernel_result *r, struct ebpf_note *notes);
	bool moves_nothing; /* the program is said to */
} forgeries[] = {
#define FORGERY(name, ...)                 \
	{                                  \
#name, name, ##__VA_ARGS__ \
	}
	FORGERY(more_notes_than_there_is_room_for),
	FORGERY(a_map_beyond_the_last),
	FORGERY(an_addition_to_a_map_that_is_read),
	FORGERY(a_redirect_by_a_counter),
	FORGERY(a_kind_of_note_that_is_none),
	FORGERY(a_redirect_without_a_call),
	FORGERY(a_broadcast_by_no_map),
	FORGERY(a_head_before_the_buffer),
	FORGERY(metadata_before_the_buffer),
	FORGERY(a_tail_behind_the_buffer),
	FORGERY(no_length_at_all),
	FORGERY(a_move, true),
};

static const struct ebpf_offload_opts opts = {.batch = 16};

static void sealed_again_they_are_believed(void **state)
{
	struct ebpf_offload_stats s;

	hand_rig__open(&opts);
	hand->forge = as_it_is;
	rig__run(&rig, 1000, 32, 0);
	s = hand_rig__stats();
	assert_int_equal(s.packets, 1000);
	assert_int_equal(s.fallback + s.again + s.failed, 0);
	hand_rig__close();
}

static void forged(const struct forgery *f)
{
	const char *why = "";

	hand->forge = NULL;
	hand_rig__open(&opts);
	rig__run(&rig, 64, 32, 0);
	hand->forge = f->forge;
	double__say_moves(!f->moves_nothing);
	rig__run(&rig, 200, 32, 0);
	double__say_moves(true);
	if (ebpf_offload__state(rig.offload, &why) != EBPF_OFFLOAD_FAILED ||
		!strstr(why, "not whole"))
		fail_msg("%s: it is believed (%s)", f->name, why);
	assert_true(hand_rig__stats().fallback >= 16); /* the first batch at least */
	hand_rig__close();
}

static void what_is_impossible_goes_to_the_cpu(void **state)
{
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(*forgeries); i++)
		forged(&forgeries[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HAND_RIG_TEST(sealed_again_they_are_believed),
		HAND_RIG_TEST(what_is_impossible_goes_to_the_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
