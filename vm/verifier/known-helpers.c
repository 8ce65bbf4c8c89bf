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
	HELPER(get_branch_snapshot, SCALAR, 2, 0, ARG_UNINIT_MEM, ARG_SIZE_OR_ZERO),
	HELPER(user_ringbuf_drain, SCALAR, 4, 0, ARG_MAP, ARG_CALLBACK, ARG_CALLBACK_CTX, ARG_ANY),
	HELPER(get_current_task_btf, OBJECT, 0, 0, ARG_NONE),
	HELPER(skc_to_tcp6_sock, OBJECT_OR_NULL, 1, 0, ARG_SOCK),
	HELPER(skc_to_tcp_sock, OBJECT_OR_NULL, 1, 0, ARG_SOCK),
	HELPER(skc_to_tcp_timewait_sock, OBJECT_OR_NULL, 1, 0, ARG_SOCK),
	HELPER(skc_to_tcp_request_sock, OBJECT_OR_NULL, 1, 0, ARG_SOCK),
	HELPER(skc_to_udp6_sock, OBJECT_OR_NULL, 1, 0, ARG_SOCK),
	HELPER(skc_to_unix_sock, OBJECT_OR_NULL, 1, 0, ARG_SOCK),
	HELPER(skc_to_mptcp_sock, OBJECT_OR_NULL, 1, 0, ARG_SOCK),
	KFUNC(throw, NOTHING, 1, 0, ARG_SCALAR),
	KFUNC(task_from_pid, OBJECT_OR_NULL, 1, HELPER_ACQUIRES, ARG_SCALAR),
	KFUNC(task_acquire, OBJECT_OR_NULL, 1, HELPER_ACQUIRES, ARG_OBJECT),
	KFUNC(task_release, NOTHING, 1, HELPER_RELEASES, ARG_OBJECT_RELEASED),
	KFUNC(cgroup_from_id, OBJECT_OR_NULL, 1, HELPER_ACQUIRES, ARG_SCALAR),
	KFUNC(cgroup_acquire, OBJECT_OR_NULL, 1, HELPER_ACQUIRES, ARG_OBJECT),
	KFUNC(cgroup_ancestor, OBJECT_OR_NULL, 2, HELPER_ACQUIRES, ARG_OBJECT, ARG_SCALAR),
	KFUNC(cgroup_release, NOTHING, 1, HELPER_RELEASES, ARG_OBJECT_RELEASED),
	KFUNC(xdp_ct_alloc, OBJECT_OR_NULL, 5, HELPER_READS_PACKET | HELPER_ACQUIRES, ARG_CTX,
		ARG_UNINIT_MEM_OR_NULL, ARG_SIZE_OR_ZERO, ARG_UNINIT_MEM_OR_NULL, ARG_SIZE_OR_ZERO),
	KFUNC(ct_insert_entry, OBJECT_OR_NULL, 1, HELPER_ACQUIRES | HELPER_RELEASES,
		ARG_OBJECT_RELEASED),
	KFUNC(ct_set_timeout, NOTHING, 2, 0, ARG_OBJECT, ARG_SCALAR),
	KFUNC(ct_change_timeout, SCALAR, 2, 0, ARG_OBJECT, ARG_SCALAR),
	KFUNC(ct_set_status, SCALAR, 2, 0, ARG_OBJECT, ARG_SCALAR),
	KFUNC(ct_change_status, SCALAR, 2, 0, ARG_OBJECT, ARG_SCALAR),
	KFUNC(xdp_get_xfrm_state, OBJECT_OR_NULL, 3, HELPER_READS_PACKET | HELPER_ACQUIRES, ARG_CTX,
		ARG_UNINIT_MEM, ARG_SIZE_OR_ZERO),
	KFUNC(xdp_xfrm_state_release, NOTHING, 1, HELPER_RELEASES, ARG_OBJECT_RELEASED),
	KFUNC(xdp_flow_lookup, OBJECT_OR_NULL, 4, HELPER_READS_PACKET, ARG_CTX, ARG_FIB_LOOKUP,
		ARG_UNINIT_MEM_OR_NULL, ARG_SIZE_OR_ZERO),
	KFUNC(cast_to_kern_ctx, OBJECT, 1, 0, ARG_CTX),
	KFUNC(rdonly_cast, OBJECT, 2, 0, ARG_ANY, ARG_CONST),
};

const struct helper_proto *known_helper__find(uint32_t id)
{
	const struct helper_proto *proto = helper__find(id);

	for (size_t i = 0; !proto && i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].id == id)
			proto = &known[i];
	return proto;
}
