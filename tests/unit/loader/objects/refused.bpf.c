/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One good program, and one for each thing that costs only the program that needs it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int not_here SEC(".ksyms");
extern int maybe_here SEC(".ksyms") __weak;
extern int not_here_either(int x) SEC(".ksyms");
extern int CONFIG_MADE_UP __kconfig;
extern int CONFIG_BPF __kconfig;
volatile int elsewhere SEC("strange") = 1;

SEC("xdp") int weak(struct xdp_md *ctx)
{
	return &maybe_here ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int undefined_data(struct xdp_md *ctx)
{
	return not_here;
}

SEC("xdp") int undefined_call(struct xdp_md *ctx)
{
	return not_here_either(1);
}

SEC("xdp") int undefined_config(struct xdp_md *ctx)
{
	return CONFIG_MADE_UP;
}

SEC("xdp") int wrong_config(struct xdp_md *ctx)
{
	return CONFIG_BPF;
}

SEC("xdp") int strange_data(struct xdp_md *ctx)
{
	return elsewhere;
}

char _license[] SEC("license") = "GPL";
