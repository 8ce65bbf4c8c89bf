/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel.h -- what lies in a batch's buffers: written by batch.c, read by kernel.c, which is
 * compiled for GPUs and for the CPU; so no pointers, but offsets from launch->in and launch->out,
 * and nothing but <stdint.h>. A launch may be a copy: it need not lie where launch->in says.
 *
 *	in    launch │ packets[n] │ windows[n], 256 bytes aligned, `stride` apart
 *	out   results[n] │ notes[n][max_notes] │ windows[n] as the program left them, if it writes
 *
 * A window is a frame as in ebpf-env.h: `headroom` bytes, then the packet's first bytes, which
 * begin at 2 mod 16, and room behind them if the program may grow the tail.
 */
#ifndef GPU_OFFLOAD_KERNEL_H
#define GPU_OFFLOAD_KERNEL_H

#include <stdint.h>

#include "ebpf-offload.h"

struct kernel_packet {
	uint32_t len; /* of the packet; its window may hold less */
	uint32_t ifindex, queue;
	uint32_t metadata; /* enum ebpf_rx_metadata, and the fields that it says are set: */
	uint32_t rx_hash, rx_hash_type;
	uint32_t rx_vlan_tci;
	uint32_t pad;
	uint64_t rx_timestamp;
};

struct kernel_result {
	uint32_t verdict;
	uint32_t len;  /* of the packet now */
	int16_t head;  /* how far it begins behind where it did */
	uint16_t meta; /* bytes of metadata before it */
	uint32_t n_notes;
	uint32_t redirect_kind, redirect_target; /* enum ebpf_redirect_kind: NONE or IFINDEX; a
						    map's target is a note */
	uint32_t again; /* not 0: nothing of this counts, the CPU is to judge the packet */
};

struct kernel_launch {
	uint32_t n;          /* packets */
	uint32_t first, end; /* host: those of this thread, which has its own copy of the launch;
				a GPU goes by its thread's number */
	uint32_t cpu;        /* what bpf_get_smp_processor_id() says */
	uint32_t stride;     /* of windows, in and out */
	uint32_t headroom;   /* of windows */
	uint32_t max_notes;
	uint32_t windows_out;                 /* not 0: windows are to be copied to `out` */
	uint64_t packets, windows;            /* offsets in `in` */
	uint64_t results, notes, out_windows; /* offsets in `out` */
	uint64_t in, out;                     /* addresses of both, as the kernel sees them */
	uint64_t ktime_ns;                    /* when the batch went */
	uint64_t seed;                        /* of random numbers, with the packet's number */
};

#endif
