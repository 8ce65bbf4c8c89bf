/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hand-rig.h -- the rig's program on a device that does what the test says: one at a time.
 */
#ifndef TESTS_GPU_HAND_RIG_H
#define TESTS_GPU_HAND_RIG_H

#include "hand-device.h"
#include "rig.h"

/* From set_up to tear_down. */
extern struct ebpf_program *prog;
extern struct hand_device *hand;
extern struct rig rig; /* once it is open */

int hand_rig__set_up(void **state);
int hand_rig__tear_down(void **state);
#define HAND_RIG_TEST(name) \
	cmocka_unit_test_setup_teardown(name, hand_rig__set_up, hand_rig__tear_down)

void hand_rig__open(const struct ebpf_offload_opts *opts);
/* Whatever happened, what came of each packet, and counters, are as if there had been no device. */
void hand_rig__close(void);

struct ebpf_offload_stats hand_rig__stats(void);

#endif
