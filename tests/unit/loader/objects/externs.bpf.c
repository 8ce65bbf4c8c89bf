/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the kernel would provide: its configuration, and functions that it may not have.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern unsigned long CONFIG_HZ __kconfig;
extern bool CONFIG_BPF __kconfig;
extern char CONFIG_NET __kconfig;
extern enum libbpf_tristate CONFIG_IPV6 __kconfig __weak;
extern char CONFIG_CC_VERSION_TEXT[32] __kconfig __weak;
extern int CONFIG_MADE_UP __kconfig __weak;
extern __u32 CONFIG_SET_BY_USER __kconfig;

extern int maybe(struct xdp_md *ctx, int x) __ksym __weak;
struct bpf_iter_num;
struct task_struct;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym __weak;
extern struct task_struct *bpf_task_from_pid(int pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

SEC("xdp") int version(struct xdp_md *ctx)
{
	return LINUX_KERNEL_VERSION;
}

SEC("xdp") int numbers(struct xdp_md *ctx)
{
	return CONFIG_HZ + CONFIG_BPF + CONFIG_NET + CONFIG_IPV6 + CONFIG_CC_VERSION_TEXT[0] +
	       CONFIG_MADE_UP;
}

SEC("xdp") int set_by_user(struct xdp_md *ctx)
{
	return CONFIG_SET_BY_USER;
}

SEC("xdp") int asks_first(struct xdp_md *ctx)
{
	return maybe ? maybe(ctx, 1) : XDP_PASS;
}

/* This machine has the one, and of the other it knows that the kernel has it. */
SEC("xdp") int asks_for_kfuncs(struct xdp_md *ctx)
{
	return (bpf_iter_num_new != 0) + 2 * (bpf_task_from_pid != 0);
}

SEC("xdp") int calls_the_kernel(struct xdp_md *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (task)
		bpf_task_release(task);
	return XDP_PASS;
}

SEC("xdp") int does_not_ask(struct xdp_md *ctx)
{
	return maybe(ctx, 1);
}

char _license[] SEC("license") = "GPL";
