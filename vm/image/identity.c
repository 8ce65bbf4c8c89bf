/* SPDX-License-Identifier: BSD-3-Clause
 *
 * identity.c -- what compiled code depends on: the compile request, and what no request tells.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../core/checksum.h"
#include "image.h"

/* Structures of the machine that compiled code reads and writes: a version may change them while it
 * is being made. */
uint64_t image__layout(void)
{
	static const size_t layout[] = {
		sizeof(struct ebpf_env),
		offsetof(struct ebpf_env, redirect),
		offsetof(struct ebpf_env, next),
		offsetof(struct ebpf_env, random),
		offsetof(struct ebpf_env, fault_reason),
		offsetof(struct ebpf_env, frames),
		offsetof(struct ebpf_env, mem),
		offsetof(struct ebpf_env, n_workers),
		offsetof(struct ebpf_env, net),
		sizeof(struct ebpf_call_frame),
		sizeof(struct ebpf_redirect),
		sizeof(struct ebpf_raw_ctx),
		sizeof(struct ebpf_xdp_ctx),
		offsetof(struct ebpf_xdp_ctx, head_limit),
		offsetof(struct ebpf_xdp_ctx, frags),
		offsetof(struct ebpf_xdp_ctx, metadata),
		sizeof(struct rt_map),
		sizeof(struct rt_geometry),
		sizeof(struct ebpf_note),
		EBPF_STACK_SIZE,
	};

	return checksum__add(IMAGE_FORMAT, layout, sizeof(layout));
}

uint64_t image__checksum(const uint8_t *file, size_t size)
{
	const size_t at = sizeof(Elf64_Ehdr) + offsetof(struct image_header, checksum);
	const size_t behind = at + sizeof(uint64_t);

	return checksum__add(checksum__add(0, file, at), file + behind, size - behind);
}

/* How much cache there is only tunes the code, and differs from machine to machine. */
int image_identity__make(const struct ebpf_program *prog, const struct compile_opts *opts,
	const char *cpu, struct image_identity *identity, uint8_t **request, size_t *request_size)
{
	const struct ebpf_driver *driver = opts->driver;
	struct ebpf_driver named = {.cache_size = 1};

	memset(identity, 0, sizeof(*identity));
	snprintf(identity->backend, sizeof(identity->backend), "%s", opts->backend);
	host_cpu__identify(&identity->cpu);
	if (driver) {
		identity->driver_layout = driver->layout;
		named.name = driver->name;
	}
	return program__build_request(prog, opts->flags, driver ? &named : NULL,
		cpu ? cpu : opts->cpu, request, request_size);
}
