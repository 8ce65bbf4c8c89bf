/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-load.h -- a program and its maps in the running kernel.
 *
 * libbpf loads the object where it can open it: then nothing of our loader is between the
 * object and the kernel, and a fault of ours shows as a difference. Otherwise (old map
 * definitions, for one) the kernel gets our loader's output. Either way the maps begin with
 * the contents of ours. A program that calls metadata functions is bound to the first
 * interface that has them, and then cannot be test-run.
 */
#ifndef XDPK_SUBJECT_KERNEL_LOAD_H
#define XDPK_SUBJECT_KERNEL_LOAD_H

#include "subject.h"

struct bpf_object;

struct kernel_program {
	struct bpf_object *obj; /* libbpf's, which then owns all descriptors; or NULL */
	int prog_fd;
	int *map_fds; /* one per map of the subject */
	uint32_t n_maps;
	uint32_t bound_to;  /* the interface it is for, if it asks for what only one has; or 0 */
	uint32_t verify_us; /* by the kernel's log; 0: not known */
};

int kernel_program__load(struct kernel_program *k, const struct subject *s,
	const struct subject_opts *opts, char **errmsg);
void kernel_program__unload(struct kernel_program *k);
/* Of a kernel's log, which is cut there: the last line before the statistics that is not one of
 * the source. */
const char *kernel_log__reason(char *log);
/* Contents of a map of ours into the kernel's; nothing of maps that have no such entries. */
int kernel_map__copy(struct ebpf_map *map, int fd, char **errmsg);
/* The same for a map of maps. fd_of: the kernel's descriptor of a map of ours, or -1. */
typedef int (*kernel_map_fd_fn)(void *user, struct ebpf_map *map);
int kernel_map__copy_inner(
	struct ebpf_map *map, int fd, kernel_map_fd_fn fd_of, void *user, char **errmsg);
/* Bytes of a map's value as the system calls have it: all CPUs' of a per-CPU map, each
 * rounded up to 8 bytes. */
size_t kernel_map__value_bytes(const struct ebpf_map_opts *opts);
size_t kernel_map__cpu_stride(const struct ebpf_map_opts *opts);

#endif
