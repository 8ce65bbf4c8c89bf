/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fuzzed-object.c -- open it, and throw it away in time.
 */
#include <stdlib.h>

#include "fuzzed-object.h"

#define MAP_MEMORY (1 << 26)
#define INPUTS     500

static void end(struct fuzzed *f)
{
	ebpf_object__close(f->object);
	ebpf_instance__destroy(f->instance);
	*f = (struct fuzzed){0};
}

static void begin(struct fuzzed *f)
{
	const char *path = getenv("XDPK_FUZZ_OBJECT");

	f->instance = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = 2, .map_memory = MAP_MEMORY}, NULL);
	f->object = f->instance && path ? ebpf_object__open(path, NULL) : NULL;
	if (!f->object || ebpf_object__create_maps(f->object, f->instance, NULL))
		abort();
}

const struct fuzzed *fuzzed__next(void)
{
	static struct fuzzed f;
	static unsigned n;

	if (n++ % INPUTS == 0 && f.object)
		end(&f);
	if (!f.object)
		begin(&f);
	return &f;
}
