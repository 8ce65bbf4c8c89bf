/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-native.c -- the program as a C compiler makes it (native-program.c), and what a
 * programmer makes of it who fetches ahead by hand (staged-*.c): modules that are handed the
 * memory of the case's maps.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/map.h"
#include "engine.h"
#include "object.h"

/* The first pointer of a map's definition is the address of its memory: native/bpf/. */
static void bind_maps(const struct bench_case *c, void *module)
{
	for (size_t i = 0; i < ebpf_object__n_maps(c->obj); i++) {
		void **definition = dlsym(module, ebpf_object__map_opts(c->obj, i)->name);

		if (definition) /* variables are C's own */
			*definition = ebpf_object__map(c->obj, i)->rt.mem;
	}
}

static int open_module(struct variant *v, const char *path, char **errmsg)
{
	const char *engine = v->engine->name;

	if (!path)
		return error__set(errmsg, -ENOTSUP, "%s: there is no such module", engine);
	v->state = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!v->state)
		return error__set(errmsg, -ENOENT, "%s: %s", engine, dlerror());
	v->driver = (ebpf_driver_fn)dlsym(v->state, "bench_native");
	if (!v->driver) {
		dlclose(v->state);
		return error__set(errmsg, -EINVAL, "%s: %s has no driver", engine, path);
	}
	bind_maps(v->bench, v->state);
	return 0;
}

static void native__close(struct variant *v)
{
	dlclose(v->state);
}

static int native__open(struct variant *v, char **errmsg)
{
	return open_module(v, v->bench->workload->native, errmsg);
}

static int staged__open(struct variant *v, char **errmsg)
{
	return open_module(v, v->bench->workload->staged, errmsg);
}

const struct engine engine_native = {
	.name = "native",
	.what = "the same source as C, clang 19 -O3 -march=native, with the same maps",
	.kinds = OF_KIND(CASE_AS_IT_IS),
	.open = native__open,
	.close = native__close,
};

const struct engine engine_staged = {
	.name = "staged",
	.what = "C written by hand to fetch what lookups touch ahead, over a burst, in stages",
	.kinds = OF_KIND(CASE_AS_IT_IS),
	.open = staged__open,
	.close = native__close,
};
