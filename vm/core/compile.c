/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile.c -- from a program to its object: out of its image, out of the instance's cache, or out
 * of the backend, which works in the instance's compiler process, or in this one if it has none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "compile-child.h"
#include "error.h"
#include "log.h"
#include "../image/image.h"
#include "object-cache.h"
#include "../native/observer.h"
#include "program.h"

/* The request of this program with a driver around it. */
static int build_request(const struct ebpf_program *prog, const struct compile_opts *opts,
	uint8_t **blob, size_t *size, char **errmsg)
{
	const struct ebpf_driver *driver = opts->driver;
	uint32_t flags = opts->flags | (observer__wants_lines() ? COMPILE_LINES : 0);

	if (driver && !driver->bitcode)
		return error__set(errmsg, -ENOTSUP,
			"%s: this build has no bitcode of the driver %s", prog->view.name,
			driver->name);
	if (program__build_request(prog, flags, driver, opts->cpu, blob, size))
		return error__set(errmsg, -ENOMEM, "%s: no memory to compile it", prog->view.name);
	return 0;
}

/* The module's file stands for the compiler and all that is compiled into it. */
static bool make_key(const struct compile_opts *opts, struct object_key *key)
{
	struct object_maker *m = &key->maker;
	struct stat st;

	memset(m, 0, sizeof(*m));
	if (!backend__find_module(opts->backend, &st) || !host_cpu__identify(&m->cpu))
		return false;
	snprintf(m->backend, sizeof(m->backend), "%s", opts->backend);
	m->module[0] = st.st_dev;
	m->module[1] = st.st_ino;
	m->module[2] = (uint64_t)st.st_size;
	m->module[3] = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	return true;
}

static int run_child(const struct ebpf_program *prog, const struct compile_opts *opts,
	const uint8_t *request, size_t size, struct compiled_object *object, char **errmsg)
{
	struct compile_order order = {.program = prog->view.name,
		.backend = opts->backend,
		.output = "object",
		.request = request,
		.request_size = size};

	return compile_child__run(
		prog->inst->compiler, &order, &object->elf, &object->size, errmsg);
}

static int run_backend(const struct ebpf_program *prog, const struct compile_opts *opts,
	const uint8_t *request, size_t size, struct compiled_object *object, char **errmsg)
{
	uint64_t since = compile_stats__now();
	const struct ebpf_backend *backend;

	log__write(LOG_LEVEL_INFO, "%s: compiling: %s, %s, %s", prog->view.name, opts->backend,
		opts->cpu, opts->driver ? opts->driver->name : "no driver");
	if (prog->inst->compiler)
		return run_child(prog, opts, request, size, object, errmsg);
	backend = backend__get(opts->backend, errmsg);
	compile_stats__end(opts->stats, STEP_OPEN, &since);
	if (!backend)
		return -errno;
	if (!backend->compile)
		return error__set(errmsg, -ENOTSUP, "%s: the %s backend makes code, no objects",
			prog->view.name, backend->name);
	return backend->compile(request, size, &object->elf, &object->size, opts->stats, errmsg);
}

static bool find(struct object_cache *cache, const struct compile_opts *opts,
	const struct object_key *key, struct compiled_object *object)
{
	uint64_t since = compile_stats__now();
	bool found = object_cache__find(cache, key, object);

	compile_stats__end(opts->stats, STEP_FIND, &since);
	if (opts->stats)
		opts->stats->from_cache = found;
	return found;
}

static int find_or_compile(const struct ebpf_program *prog, const struct compile_opts *opts,
	const struct object_key *key, struct compiled_object *object, char **errmsg)
{
	struct object_cache *cache = prog->inst->cache;
	uint64_t since;
	int err;

	if (find(cache, opts, key, object))
		return 0;
	err = run_backend(prog, opts, key->request, key->request_size, object, errmsg);
	since = compile_stats__now();
	if (!err)
		object_cache__store(cache, key, object);
	compile_stats__end(opts->stats, STEP_STORE, &since);
	return err;
}

static int find_in_image(const struct ebpf_program *prog, const struct compile_opts *opts,
	struct compiled_object *object, char **errmsg)
{
	uint64_t since = compile_stats__now();
	int err;

	if (!prog->image)
		return -ENOENT;
	err = image__find(prog->image, prog, opts, object, errmsg);
	compile_stats__end(opts->stats, STEP_FIND, &since);
	return err;
}

int program__find_object(struct ebpf_program *prog, const struct compile_opts *opts,
	struct compiled_object *object, char **errmsg)
{
	int err = find_in_image(prog, opts, object, errmsg);
	struct object_key key;
	uint8_t *blob;

	if (err != -ENOENT || !prog->inst->cache ||
		build_request(prog, opts, &blob, &key.request_size, NULL))
		return err;
	key.request = blob;
	if (make_key(opts, &key) && find(prog->inst->cache, opts, &key, object))
		err = 0;
	program__drop_request(prog, blob, key.request_size);
	return err;
}

static int compile(struct ebpf_program *prog, const struct compile_opts *opts,
	struct compiled_object *object, char **errmsg)
{
	uint64_t since = compile_stats__now();
	struct object_key key;
	uint8_t *blob;
	size_t size;
	int err = build_request(prog, opts, &blob, &size, errmsg);

	if (err)
		return err;
	compile_stats__end(opts->stats, STEP_REQUEST, &since);
	key.request = blob;
	key.request_size = size;
	if (prog->inst->cache && make_key(opts, &key))
		err = find_or_compile(prog, opts, &key, object, errmsg);
	else
		err = run_backend(prog, opts, blob, size, object, errmsg);
	program__drop_request(prog, blob, size);
	return err;
}

/* Code that does not fit is not passed over in silence: who ships an image wants to know. */
int program__make_object(struct ebpf_program *prog, const struct compile_opts *opts,
	struct compiled_object *object, char **errmsg)
{
	int err = find_in_image(prog, opts, object, errmsg);

	if (err != -ENOENT)
		return err;
	err = compile(prog, opts, object, errmsg);
	if (err && prog->image)
		error__prefix(errmsg, "the image has no code for this, and it cannot be compiled");
	return err;
}
