/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "control.h"
#include "object-program.h"
#include "subject.h"

/* With the network that xdpk-replay begins with, so that the same control lines run. */
static int finish(struct opened_object *o, const char *init, char **errmsg)
{
	if (o->obj && !subject__add_loopback(o->inst, 1, errmsg) &&
		!ebpf_object__set_up(o->obj, o->inst, init, errmsg))
		return 0;
	opened_object__close(o);
	return -EINVAL;
}

int opened_object__open(struct opened_object *o, const char *path, const char *init,
	const char *cache_dir, char **errmsg)
{
	const struct ebpf_instance_opts opts = {.workers = 1, .cache_dir = cache_dir};

	*o = (struct opened_object){.inst = ebpf_instance__create(&opts, errmsg)};
	o->obj = o->inst ? ebpf_object__open(path, errmsg) : NULL;
	return finish(o, init, errmsg);
}

int opened_object__open_mem(struct opened_object *o, const char *path, const void *elf, size_t size,
	const char *init, char **errmsg)
{
	const struct ebpf_instance_opts opts = {.workers = 1};

	*o = (struct opened_object){.inst = ebpf_instance__create(&opts, errmsg)};
	o->obj = o->inst ? ebpf_object__open_mem(path, elf, size, errmsg) : NULL;
	return finish(o, init, errmsg);
}

void opened_object__close(struct opened_object *o)
{
	ebpf_object__close(o->obj);
	if (o->inst)
		ebpf_instance__destroy(o->inst);
}
