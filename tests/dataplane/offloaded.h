/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offloaded.h -- the packets of offload_test.c, as offloaded.bpf.c sees them.
 */
#ifndef TESTS_DATAPLANE_OFFLOADED_H
#define TESTS_DATAPLANE_OFFLOADED_H

#include <linux/types.h>

struct numbered {
	__u8 padding[14];
	__u16 queue;
	__u32 number;
	__u32 verdict;
	__u32 setting; /* that it was judged by */
	__u8 judged;   /* how often */
	__u8 stamp;    /* by which version */
} __attribute__((packed));

#endif
