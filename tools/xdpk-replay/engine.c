/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine.c -- the table of engines, in the order in which they are compared.
 */
#include <string.h>

#include "engine.h"
#include "engine-gpu.h"
#include "engine-kernel.h"
#include "engine-machine.h"

const struct engine engines[] = {
	{
		.name = "interp",
		.summary = "the interpreter; checks every memory access",
		.measures = "the burst loop, interpreting",
		.by_default = true,
		.open = engine_machine__open,
		.run = engine_machine__run,
		.events = engine_machine__events,
		.maps = engine_machine__maps,
		.counts = engine_machine__counts,
		.close = engine_machine__close,
	},
	{
		.name = "llvm",
		.summary = "compiled by LLVM, the program inlined into the burst loop",
		.measures = "the burst loop, the program inlined",
		.by_default = true,
		.open = engine_machine__open,
		.run = engine_machine__run,
		.events = engine_machine__events,
		.maps = engine_machine__maps,
		.close = engine_machine__close,
	},
	{
		.name = "gpu-host",
		.summary = "in batches, the kernel for GPUs compiled for this CPU",
		.measures = "a batch of the burst, from its packing to its last verdict",
		.available = engine_gpu__available,
		.open = engine_gpu__open,
		.run = engine_gpu__run,
		.events = engine_machine__events,
		.maps = engine_machine__maps,
		.close = engine_gpu__close,
	},
	{
		.name = "gpu",
		.summary = "in batches, on the first CUDA device",
		.measures = "a batch of the burst, from its packing to its last verdict",
		.available = engine_gpu__available,
		.open = engine_gpu__open,
		.run = engine_gpu__run,
		.events = engine_machine__events,
		.maps = engine_machine__maps,
		.close = engine_gpu__close,
	},
	{
		.name = "kernel",
		.summary = "the running Linux (BPF_PROG_TEST_RUN; needs CAP_BPF and CAP_NET_ADMIN)",
		.measures = "one test run a packet, the kernel's harness included",
		.available = engine_kernel__available,
		.open = engine_kernel__open,
		.run = engine_kernel__run,
		.events = engine_kernel__events,
		.maps = engine_kernel__maps,
		.close = engine_kernel__close,
	},
	{NULL},
};

const struct engine *engine__find(const char *name, size_t len)
{
	for (const struct engine *e = engines; e->name; e++) {
		if (strlen(e->name) == len && memcmp(e->name, name, len) == 0)
			return e;
	}
	return NULL;
}
