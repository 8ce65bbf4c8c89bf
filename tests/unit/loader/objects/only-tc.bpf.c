/* SPDX-License-Identifier: BSD-3-Clause
 *
 * No XDP program here.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc") int ingress(struct __sk_buff *skb)
{
	return 0;
}

SEC("tc") int egress(struct __sk_buff *skb)
{
	return 1;
}
