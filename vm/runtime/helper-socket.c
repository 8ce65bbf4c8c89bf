/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-socket.c -- bpf_sk_lookup_tcp, _udp, bpf_skc_lookup_tcp and what is done with a socket.
 * There are no sockets outside the kernel: a lookup never finds one, and no program gets as far as
 * calling the others.
 */
#include "helpers.h"
#include "uapi.h"

uint64_t helper_sk_release(struct ebpf_env *env, void *sock)
{
	return (uint64_t)-RT_EINVAL;
}

void *helper_sk_lookup_tcp(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, const void *tuple,
	uint64_t size, uint64_t netns, uint64_t flags)
{
	return NULL;
}

void *helper_sk_lookup_udp(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, const void *tuple,
	uint64_t size, uint64_t netns, uint64_t flags)
{
	return NULL;
}

void *helper_skc_lookup_tcp(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, const void *tuple,
	uint64_t size, uint64_t netns, uint64_t flags)
{
	return NULL;
}

uint64_t helper_tcp_check_syncookie(struct ebpf_env *env, void *sock, const void *ip,
	uint64_t ip_size, const void *tcp, uint64_t tcp_size)
{
	return (uint64_t)-RT_EINVAL;
}

uint64_t helper_tcp_gen_syncookie(struct ebpf_env *env, void *sock, const void *ip,
	uint64_t ip_size, const void *tcp, uint64_t tcp_size)
{
	return (uint64_t)-RT_EINVAL;
}
