/* SPDX-License-Identifier: BSD-3-Clause
 *
 * known-helpers.c -- prototypes of helpers that Linux 6.12 gives to XDP programs and that the
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
	HELPER(sk_lookup_tcp, SOCK_OR_NULL, 5, HELPER_READS_PACKET | HELPER_ACQUIRES, ARG_CTX,
		ARG_MEM, ARG_SIZE_OR_ZERO, ARG_ANY, ARG_ANY),
	HELPER(sk_lookup_udp, SOCK_OR_NULL, 5, HELPER_READS_PACKET | HELPER_ACQUIRES, ARG_CTX,
		ARG_MEM, ARG_SIZE_OR_ZERO, ARG_ANY, ARG_ANY),
	HELPER(skc_lookup_tcp, SOCK_COMMON_OR_NULL, 5, HELPER_READS_PACKET | HELPER_ACQUIRES,
		ARG_CTX, ARG_MEM, ARG_SIZE_OR_ZERO, ARG_ANY, ARG_ANY),
	HELPER(sk_release, SCALAR, 1, HELPER_RELEASES, ARG_SOCK_RELEASED),
	HELPER(tcp_check_syncookie, SCALAR, 5, HELPER_READS_PACKET, ARG_SOCK, ARG_MEM, ARG_SIZE,
		ARG_MEM, ARG_SIZE),
	HELPER(tcp_gen_syncookie, SCALAR, 5, HELPER_READS_PACKET, ARG_SOCK, ARG_MEM, ARG_SIZE,
		ARG_MEM, ARG_SIZE),
	HELPER(tcp_raw_gen_syncookie_ipv4, SCALAR, 3, HELPER_READS_PACKET, ARG_HEADER20, ARG_MEM,
		ARG_SIZE_OR_ZERO),
	HELPER(tcp_raw_gen_syncookie_ipv6, SCALAR, 3, HELPER_READS_PACKET, ARG_HEADER40, ARG_MEM,
		ARG_SIZE_OR_ZERO),
	HELPER(tcp_raw_check_syncookie_ipv4, SCALAR, 2, HELPER_READS_PACKET, ARG_HEADER20,
		ARG_HEADER20),
	HELPER(tcp_raw_check_syncookie_ipv6, SCALAR, 2, HELPER_READS_PACKET, ARG_HEADER40,
		ARG_HEADER20),
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
