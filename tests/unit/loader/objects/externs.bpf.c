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

SEC("xdp") int does_not_ask(struct xdp_md *ctx)
{
	return maybe(ctx, 1);
}

char _license[] SEC("license") = "GPL";
