/* SPDX-License-Identifier: BSD-3-Clause
 *
 * object-program.h -- an object file opened, with its maps in an instance, for `verify` and
 * `dump`.
 */
#ifndef XDPK_VM_OBJECT_PROGRAM_H
#define XDPK_VM_OBJECT_PROGRAM_H

#include "object.h"

struct opened_object {
	struct ebpf_instance *inst;
	struct ebpf_object *obj;
};

/* init: a file of control lines; cache_dir: as an instance's. Both may be NULL. */
int opened_object__open(struct opened_object *o, const char *path, const char *init,
	const char *cache_dir, char **errmsg);
/* The same of bytes, without a cache. */
int opened_object__open_mem(struct opened_object *o, const char *path, const void *elf, size_t size,
	const char *init, char **errmsg);
void opened_object__close(struct opened_object *o);

#endif
