/* SPDX-License-Identifier: BSD-3-Clause
 *
 * version.h -- the packets of traffic.h, for the programs that are replaced and for itself.
 */
#ifndef TESTS_DATAPLANE_VERSION_H
#define TESTS_DATAPLANE_VERSION_H

#include <linux/types.h>

struct stamped {
	__u8 addresses[12];
	__u16 type;
	__u16 queue;
	__u32 number; /* of the queue's packets, from 0 */
	__u32 head;
	__u64 fed;  /* when, in ns of the processor time of the queue's worker */
	__u64 late; /* how long it waited then, the first of its burst */
	__u32 generation;
	__u32 padding[20];
	__u32 tail;
};

#endif
