/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hand-rig.h"
#include "rig-program.h"

static struct ebpf_instance *inst;
struct ebpf_program *prog;
struct hand_device *hand;
struct rig rig;

int hand_rig__set_up(void **state)
{
	inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, NULL);
	assert_non_null(inst);
	prog = rig_program__load(inst);
	hand = hand_device__open();
	return 0;
}

int hand_rig__tear_down(void **state)
{
	hand_device__close(hand);
	rig_program__unload(prog);
	ebpf_instance__destroy(inst);
	return 0;
}

void hand_rig__open(const struct ebpf_offload_opts *opts)
{
	char *err = NULL;
	struct ebpf_offload *o;

	rig_program__clear_counts();
	o = ebpf_offload__create(&hand->dev, prog, opts, &err);
	if (!o)
		fail_msg("%s", err);
	rig__open(&rig, inst, 0, o);
}

void hand_rig__close(void)
{
	struct ebpf_offload *o = rig.offload;

	rig__check(&rig);
	for (uint32_t kind = 0; kind < 4; kind++)
		assert_int_equal(rig_program__count(kind), rig.counted[kind]);
	rig__close(&rig);
	ebpf_offload__destroy(o);
}

struct ebpf_offload_stats hand_rig__stats(void)
{
	struct ebpf_offload_stats s;

	ebpf_offload__stats(rig.offload, &s);
	return s;
}
