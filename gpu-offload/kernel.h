/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel.h -- what lies in a batch's buffers: written by batch.c, read by kernel.c, which is
 * compiled for GPUs and for the CPU; so no pointers, but offsets from launch->in and launch->out,
 * and nothing but <stdint.h>. A launch may be a copy: it need not lie where launch->in says.
 *
 *	in    launch │ packets[n] │ windows, each as long as its packet needs
 *	out   results[n] │ notes[n][max_notes] │ windows as the program left them, if it writes
 *
 * A window is a frame as in ebpf-env.h: `headroom` bytes, then the packet's first bytes, which
 * begin at 2 mod 16, and room behind them if the program may grow the tail.
 *
 * Each result has a seal, by which the host knows that it is whole, and of this batch: of what a
 * device that fails leaves behind nothing is believed.
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
	uint16_t rx_vlan_tci;
	uint16_t room;   /* bytes of its window, headroom and all */
	uint32_t window; /* where that begins, behind launch->windows and launch->out_windows */
	uint64_t rx_timestamp;
};

#define KERNEL_WINDOW_ALIGN 64

struct kernel_result {
	uint32_t verdict;
	uint32_t len;  /* of the packet now */
	int16_t head;  /* how far it begins behind where it did */
	uint16_t meta; /* bytes of metadata before it */
	uint32_t n_notes;
	uint32_t redirect_kind, redirect_target; /* enum ebpf_redirect_kind: NONE or IFINDEX; a
						    map's target is a note */
	uint32_t again; /* not 0: nothing of this counts, the CPU is to judge the packet */
	uint32_t seal;  /* kernel_result__seal(), set when all else is */
};

struct kernel_launch {
	uint32_t n;          /* packets */
	uint32_t first, end; /* host: those of this thread, which has its own copy of the launch;
				a GPU goes by its thread's number */
	uint32_t cpu;        /* what bpf_get_smp_processor_id() says */
	uint32_t headroom;   /* of windows */
	uint32_t max_notes;
	uint32_t windows_out;                 /* not 0: windows are to be copied to `out` */
	uint64_t packets, windows;            /* offsets in `in` */
	uint64_t results, notes, out_windows; /* offsets in `out` */
	uint64_t in, out;                     /* addresses of both, as the kernel sees them */
	uint64_t ktime_ns;                    /* when the batch went */
	uint64_t seed; /* of random numbers and seals, with the packet's number; of no other batch
			  the same */
};

/* A sum with odd factors: another value of any one word makes another seal. */
static inline uint32_t kernel_result__seal(const struct kernel_result *r,
	const struct ebpf_note *notes, uint64_t seed, uint32_t number)
{
	uint64_t sum = (seed + number) * 0x9e3779b97f4a7c15u;

	sum += (r->verdict | (uint64_t)r->len << 32) * 0xbf58476d1ce4e5b9u;
	sum += ((uint16_t)r->head | (uint64_t)r->meta << 16 | (uint64_t)r->n_notes << 32) *
	       0x94d049bb133111ebu;
	sum += (r->redirect_kind | (uint64_t)r->redirect_target << 32) * 0xd6e8feb86659fd93u;
	for (uint32_t i = 0; i < r->n_notes; i++) {
		const struct ebpf_note *n = &notes[i];

		sum = sum * 0xff51afd7ed558ccdu + n->offset;
		sum = sum * 0xff51afd7ed558ccdu + n->operand;
		sum = sum * 0xff51afd7ed558ccdu +
		      ((uint64_t)n->map << 32 | (uint64_t)n->size << 48 | (uint64_t)n->kind << 56);
	}
	return (uint32_t)(sum >> 32) ^ (uint32_t)sum ^ r->again;
}

/* kernel.c for ebpf_program__offload(): its bitcode is NULL in builds without the compiler. */
struct ebpf_kernel_driver kernel_driver(void);

#endif
