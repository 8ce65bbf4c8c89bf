/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-object.c -- structs of the kernel that some of its functions give to programs: tasks,
 * connections, sockets as they are. Here nobody has them, so a program that asks for one is
 * verified and then not loaded. Of its fields the offsets alone are known, not the types: all may
 * be read, as numbers.
 */
#include <linux/bpf.h>

#include "call.h"

#define MAX_FIELD_OFFSET 0x10000 /* no struct is larger */

static const char *const names[] = {
	[OBJECT_UNTRUSTED] = "untrusted_ptr",
	[OBJECT_TASK] = "task_struct",
	[OBJECT_CGROUP] = "cgroup",
	[OBJECT_SOCK] = "sock",
	[OBJECT_CONNECTION] = "nf_conn",
	[OBJECT_NEW_CONNECTION] = "nf_conn___init",
	[OBJECT_XFRM_STATE] = "xfrm_state",
	[OBJECT_XDP_BUFF] = "xdp_buff",
	[OBJECT_FLOW] = "flow_offload_tuple_rhash",
};

/* Which struct a function takes, and which it gives. */
static const struct {
	uint32_t func;
	uint8_t takes, gives; /* enum kernel_object */
} functions[] = {
	{BPF_FUNC_get_current_task_btf, 0, OBJECT_TASK},
	{BPF_FUNC_skc_to_tcp6_sock, 0, OBJECT_SOCK},
	{BPF_FUNC_skc_to_tcp_sock, 0, OBJECT_SOCK},
	{BPF_FUNC_skc_to_tcp_timewait_sock, 0, OBJECT_SOCK},
	{BPF_FUNC_skc_to_tcp_request_sock, 0, OBJECT_SOCK},
	{BPF_FUNC_skc_to_udp6_sock, 0, OBJECT_SOCK},
	{BPF_FUNC_skc_to_unix_sock, 0, OBJECT_SOCK},
	{BPF_FUNC_skc_to_mptcp_sock, 0, OBJECT_SOCK},
	{KFUNC_task_from_pid, 0, OBJECT_TASK},
	{KFUNC_task_acquire, OBJECT_TASK, OBJECT_TASK},
	{KFUNC_task_release, OBJECT_TASK, 0},
	{KFUNC_cgroup_from_id, 0, OBJECT_CGROUP},
	{KFUNC_cgroup_acquire, OBJECT_CGROUP, OBJECT_CGROUP},
	{KFUNC_cgroup_ancestor, OBJECT_CGROUP, OBJECT_CGROUP},
	{KFUNC_cgroup_release, OBJECT_CGROUP, 0},
	{KFUNC_xdp_ct_alloc, 0, OBJECT_NEW_CONNECTION},
	{KFUNC_xdp_ct_lookup, 0, OBJECT_CONNECTION},
	{KFUNC_ct_insert_entry, OBJECT_NEW_CONNECTION, OBJECT_CONNECTION},
	{KFUNC_ct_release, OBJECT_CONNECTION, 0},
	{KFUNC_ct_set_timeout, OBJECT_NEW_CONNECTION, 0},
	{KFUNC_ct_change_timeout, OBJECT_CONNECTION, 0},
	{KFUNC_ct_set_status, OBJECT_NEW_CONNECTION, 0},
	{KFUNC_ct_change_status, OBJECT_CONNECTION, 0},
	{KFUNC_xdp_get_xfrm_state, 0, OBJECT_XFRM_STATE},
	{KFUNC_xdp_xfrm_state_release, OBJECT_XFRM_STATE, 0},
	{KFUNC_xdp_flow_lookup, 0, OBJECT_FLOW},
	{KFUNC_cast_to_kern_ctx, 0, OBJECT_XDP_BUFF},
	{KFUNC_rdonly_cast, 0, OBJECT_UNTRUSTED},
};

int kernel_object__check_arg(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (functions[i].func != c->proto->id)
			continue;
		if (r->type == REG_OBJECT && !r->maybe_null && !r->off &&
			range__is_const(&r->var) && !r->var.bits.value &&
			r->object == functions[i].takes)
			return 0;
		return reject(v, "R%u type=%s expected=%s", arg + 1, reg_type__name(r),
			names[functions[i].takes]);
	}
	return reject(v, "R%u: %s is not supported", arg + 1, c->proto->name);
}

void kernel_object__give(struct verifier *v, const struct call *c, struct reg *r0)
{
	reg__set_pointer(r0, REG_OBJECT);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (functions[i].func == c->proto->id)
			r0->object = functions[i].gives;
	r0->maybe_null = c->proto->ret == RET_OBJECT_OR_NULL;
	r0->id = r0->maybe_null ? new_id(v) : 0;
	r0->ref = c->ref; /* a socket in another form ends with the socket */
}

/* Of a connection the mark, a number of 4 bytes. */
static bool may_write(const struct reg *r, uint32_t size)
{
	return (r->object == OBJECT_CONNECTION || r->object == OBJECT_NEW_CONNECTION) && size == 4;
}

int kernel_object__check_access(
	struct verifier *v, uint32_t regno, int32_t off, uint32_t size, bool write)
{
	const struct reg *r = reg_at(v, regno);
	int64_t at = (int64_t)r->off + off;

	if (write && !may_write(r, size))
		return reject(v, "R%u cannot write into struct %s", regno, names[r->object]);
	if (range__is_const(&r->var) && !r->var.bits.value && at >= 0 && at < MAX_FIELD_OFFSET)
		return 0;
	return reject(v, "R%u invalid access to struct %s, off=%lld size=%u", regno,
		names[r->object], (long long)at, size);
}
