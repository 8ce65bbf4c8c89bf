/* SPDX-License-Identifier: BSD-3-Clause
 *
 * instance.h -- the machine's instance: what its maps and programs share.
 */
#ifndef VM_CORE_INSTANCE_H
#define VM_CORE_INSTANCE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ebpf-program.h"
#include "net.h"
#include "reclaim.h"

struct map_pin {
	struct ebpf_map *map;
	struct map_pin *next;
};

struct ebpf_instance {
	atomic_uint refs; /* the caller's, one per map, one per program */
	uint32_t workers;
	uint64_t map_memory;
	struct object_cache *cache;     /* or NULL */
	struct compile_child *compiler; /* or NULL: in this process */
	atomic_ullong map_bytes;        /* taken so far */
	pthread_mutex_t pin_lock;
	struct map_pin *pins;
	atomic_uint last_program_id, last_map_id;
	struct reclaim reclaim;
	struct net net;
	ebpf_trace_fn trace;
	void *trace_user;
	struct ebpf_host host; /* what environments of this instance point at */
};

struct ebpf_instance *instance__ref(struct ebpf_instance *inst);
void instance__unref(struct ebpf_instance *inst);
/* Lets go of all pinned maps; the caller still holds the instance. */
void instance__drop_pins(struct ebpf_instance *inst);
/* -ENOMEM when the limit would be passed. */
int instance__charge(struct ebpf_instance *inst, uint64_t bytes);
void instance__uncharge(struct ebpf_instance *inst, uint64_t bytes);

#endif
