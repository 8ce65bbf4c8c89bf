/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replay-driver.c -- driver-replay.c as the machine wants it.
 */
#include <stddef.h>

#include "core/checksum.h"
#include "driver-replay.h"

#ifdef HAVE_LLVM
extern const unsigned char driver_replay[];
extern const unsigned long driver_replay_size;
#endif

struct ebpf_driver replay_driver(void)
{
	static const size_t layout[] = {
		sizeof(struct replay_burst),
		sizeof(struct replay_packet),
		offsetof(struct replay_packet, redirect),
		offsetof(struct replay_packet, verdict),
		offsetof(struct replay_packet, fault_reason),
	};
	struct ebpf_driver driver = {.name = "replay",
		.native = driver_replay__native,
		.layout = checksum__add(0, layout, sizeof(layout))};

#ifdef HAVE_LLVM
	driver.bitcode = driver_replay;
	driver.bitcode_size = driver_replay_size;
#endif
	return driver;
}
