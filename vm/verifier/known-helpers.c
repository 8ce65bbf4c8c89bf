/* SPDX-License-Identifier: BSD-3-Clause
 *
 * known-helpers.c -- prototypes of helpers that Linux gives to XDP programs and that the
 * machine does not have: a program that calls them is verified like any other, and then refused
 * by name where it is to be loaded.
 */
#include <linux/bpf.h>

#include "internal.h"

#define PROTO(id, name, ret, n, flags, ...)                          \
	{                                                            \
		id, "bpf_" #name, RET_##ret, {__VA_ARGS__}, n, flags \
	}
#define HELPER(name, ...) PROTO(BPF_FUNC_##name, name, __VA_ARGS__)
#define KFUNC(name, ...)  PROTO(KFUNC_##name, name, __VA_ARGS__)

static const struct helper_proto known[] = {
	HELPER(perf_event_read, SCALAR, 2, 0, ARG_MAP, ARG_ANY),
	HELPER(current_task_under_cgroup, SCALAR, 2, 0, ARG_MAP, ARG_ANY),
	HELPER(perf_event_read_value, SCALAR, 4, 0, ARG_MAP, ARG_ANY, ARG_UNINIT_MEM, ARG_SIZE),
	HELPER(send_signal, SCALAR, 1, 0, ARG_ANY),
	HELPER(send_signal_thread, SCALAR, 1, 0, ARG_ANY),
	HELPER(get_branch_snapshot, SCALAR, 3, 0, ARG_UNINIT_MEM, ARG_SIZE_OR_ZERO, ARG_ANY),
	KFUNC(iter_bits_new, SCALAR, 3, 0, ARG_ITER_UNINIT, ARG_ANY, ARG_SCALAR),
	KFUNC(iter_bits_next, ITER_ELEM_OR_NULL, 1, 0, ARG_ITER),
	KFUNC(iter_bits_destroy, NOTHING, 1, 0, ARG_ITER_DESTROYED),
	KFUNC(throw, NOTHING, 1, 0, ARG_SCALAR),
};

const struct helper_proto *known_helper__find(uint32_t id)
{
	const struct helper_proto *proto = helper__find(id);

	for (size_t i = 0; !proto && i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].id == id)
			proto = &known[i];
	return proto;
}
