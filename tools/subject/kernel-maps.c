/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-maps.c -- contents of our maps into the kernel's.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "kernel-load.h"
#include "map-kind.h"

size_t kernel_map__cpu_stride(const struct ebpf_map_opts *opts)
{
	return ((size_t)opts->value_size + 7) & ~(size_t)7;
}

size_t kernel_map__value_bytes(const struct ebpf_map_opts *opts)
{
	if (map_type__is_percpu(opts->type))
		return kernel_map__cpu_stride(opts) * libbpf_num_possible_cpus();
	return opts->value_size;
}

/* A per-CPU value of ours, slot 0 of it, becomes every CPU's. */
static void spread(const struct ebpf_map_opts *o, const uint8_t *ours, uint8_t *theirs)
{
	size_t all = kernel_map__value_bytes(o);

	if (!map_type__is_percpu(o->type)) {
		memcpy(theirs, ours, o->value_size);
		return;
	}
	for (size_t at = 0; at < all; at += kernel_map__cpu_stride(o))
		memcpy(theirs + at, ours, o->value_size);
}

int kernel_map__copy(struct ebpf_map *map, int fd, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(map);
	uint8_t *keys = calloc(2, o->key_size + 1), *ours = calloc(1, ebpf_map__value_bytes(map));
	uint8_t *theirs = calloc(1, kernel_map__value_bytes(o)), *key = NULL, *next = keys;
	bool any = map_type__has_entries(o->type);
	int err = keys && ours && theirs ? 0 : -ENOMEM;

	while (any && !err && (err = ebpf_map__next_key(map, key, next)) == 0) {
		err = ebpf_map__lookup(map, next, ours);
		if (err == -ENOENT) { /* some arrays have a key for what is not there */
			err = 0;
		} else if (!err) {
			spread(o, ours, theirs);
			if (bpf_map_update_elem(fd, next, theirs, BPF_ANY))
				err = -errno;
		}
		key = next;
		next = key == keys ? keys + o->key_size : keys;
	}
	free(keys);
	free(ours);
	free(theirs);
	if (!err || err == -ENOENT)
		return 0;
	return error__set(
		errmsg, err, "map %s: cannot fill the kernel's: %s", o->name, strerror(-err));
}

/* The kernel's map for one that ours holds. */
static int put_inner(struct ebpf_map *map, int fd, const void *key, kernel_map_fd_fn fd_of,
	void *user, char **errmsg)
{
	struct ebpf_map *inner = ebpf_map__get_inner(map, key);
	int inner_fd = inner ? fd_of(user, inner) : -1, err = 0;

	if (inner && (inner_fd < 0 || bpf_map_update_elem(fd, key, &inner_fd, BPF_ANY)))
		err = error__set(errmsg, inner_fd < 0 ? -ENOENT : -errno,
			"map %s: cannot put map %s into the kernel's: %s",
			ebpf_map__opts(map)->name, ebpf_map__opts(inner)->name,
			strerror(inner_fd < 0 ? ENOENT : errno));
	ebpf_map__unref(inner);
	return err;
}

int kernel_map__copy_inner(
	struct ebpf_map *map, int fd, kernel_map_fd_fn fd_of, void *user, char **errmsg)
{
	uint32_t key_size = ebpf_map__opts(map)->key_size;
	uint8_t *keys = calloc(2, key_size), *key = NULL, *next = keys;
	int err = keys ? 0 : error__set(errmsg, -ENOMEM, "no memory for keys");

	while (!err && !ebpf_map__next_key(map, key, next)) {
		err = put_inner(map, fd, next, fd_of, user, errmsg);
		key = next;
		next = key == keys ? keys + key_size : keys;
	}
	free(keys);
	return err;
}
