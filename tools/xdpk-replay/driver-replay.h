/* SPDX-License-Identifier: BSD-3-Clause
 *
 * driver-replay.h -- what the replay driver's caller hands it: a burst of packets, each with its
 * context prepared. The driver runs the program on each and leaves what came of it.
 */
#ifndef XDPK_REPLAY_DRIVER_REPLAY_H
#define XDPK_REPLAY_DRIVER_REPLAY_H

#include "ebpf-program.h"

struct replay_packet {
	struct ebpf_xdp_ctx ctx; /* in; afterwards where the packet lies now */
	struct ebpf_redirect redirect;
	uint32_t verdict;
	uint32_t fault_reason, fault_insn; /* 0: none */
};

struct replay_burst {
	struct replay_packet *packets;
	uint32_t n;
};

/* The driver compiled natively: calls the code that is installed in env->prog. */
void driver_replay__native(struct ebpf_env *env, void *burst);

/* It, and its bitcode in builds that have it. */
struct ebpf_driver replay_driver(void);

#endif
