/* SPDX-License-Identifier: BSD-3-Clause
 *
 * no-program.bpf.c -- holds a program, but not one for XDP.
 */
#include "parse.h"

SEC("tc")
int classify(struct __sk_buff *skb)
{
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
