/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map.h -- the host's object around a runtime map.
 */
#ifndef VM_CORE_MAP_H
#define VM_CORE_MAP_H

#include <pthread.h>
#include <stdatomic.h>

#include "ebpf-map.h"
#include "instance.h"
#include "../runtime/map.h"

struct ebpf_map {
	struct rt_map rt;          /* what programs hold the address of */
	struct ebpf_map_opts opts; /* .name is owned */
	struct ebpf_instance *inst;
	atomic_uint refs;
	atomic_bool frozen;
	uint32_t slots; /* per-CPU slots: the instance's workers and one for the host */
	uint64_t bytes; /* of rt.mem, charged to the instance */
};

#endif
