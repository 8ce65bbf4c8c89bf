/* SPDX-License-Identifier: BSD-3-Clause
 *
 * frames.h -- where the packets of a burst lie while a program runs on them: laid out as the
 * kernel's test run does it. A frame is a page with headroom and a reserve at its end; what finds
 * no place in it goes on in fragments, a page each, for programs that take them.
 */
#ifndef XDPK_REPLAY_FRAMES_H
#define XDPK_REPLAY_FRAMES_H

#include <stdbool.h>

#include "capture.h"
#include "ebpf-env.h"

struct frames;

/* For `n` packets at a time; NULL without memory. */
struct frames *frames__create(uint32_t n, bool has_frags);
void frames__destroy(struct frames *f);
/* The context of the packet, in place i. Without fragments a packet has EBPF_XDP_MAX_LINEAR bytes
 * at the most, otherwise EBPF_XDP_MAX_PACKET. */
struct ebpf_xdp_ctx frames__place(struct frames *f, uint32_t i, const struct capture_packet *in);
/* All bytes from data_meta on; *size of them. Until the place is used again. */
const uint8_t *frames__bytes(
	struct frames *f, uint32_t i, const struct ebpf_xdp_ctx *ctx, uint32_t *size);

#endif
