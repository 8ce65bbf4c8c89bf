/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw.bpf.c -- a program that gets its packet in r1, as librte_bpf can run it: the same source, for
 * packets of one length. Compiled for ISA v2. From the build:
 *
 *	SOURCE, PROGRAM   the program's file and function
 *	LENGTH            of all packets
 *	SECTION           "raw" if not given
 */
#define xdp_md kernel_xdp_md
#include <linux/bpf.h>
#undef xdp_md

struct xdp_md {
	void *data, *data_end;
};

int PROGRAM(struct xdp_md *ctx) __attribute__((always_inline));
#include SOURCE

#ifndef SECTION
#define SECTION "raw"
#endif

SEC(SECTION)
int raw_program(void *packet)
{
	struct xdp_md ctx = {packet, packet + LENGTH};

	return PROGRAM(&ctx);
}
