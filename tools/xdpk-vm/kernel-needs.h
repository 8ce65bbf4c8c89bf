/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-needs.h -- what a program needs to run on a device, or why it cannot (ebpf-offload.h).
 */
#ifndef XDPK_VM_KERNEL_NEEDS_H
#define XDPK_VM_KERNEL_NEEDS_H

#include <jansson.h>
#include <stdbool.h>

#include "object.h"
#include "verifier/offload.h"

struct kernel_needs {
	struct ebpf_program *prog; /* NULL: it could not be loaded */
	struct offload_needs needs;
	char *refusal; /* NULL: it can */
};

/* False: it cannot, and needs->refusal says why. */
bool kernel_needs__find(struct kernel_needs *n, struct ebpf_object *obj, const char *program);
void kernel_needs__print(const struct kernel_needs *n);
json_t *kernel_needs__to_json(const struct kernel_needs *n);
void kernel_needs__release(struct kernel_needs *n);

#endif
