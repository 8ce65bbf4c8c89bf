/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile.c -- from a program to its object: out of the backend.
 */
#include <errno.h>
#include <stdlib.h>

#include "backend.h"
#include "error.h"
#include "program.h"

/* The request of this program with a driver around it. */
static int build_request(const struct ebpf_program *prog, const struct compile_opts *opts,
	uint8_t **blob, size_t *size, char **errmsg)
{
	const struct ebpf_driver *driver = opts->driver;

	if (driver && !driver->bitcode)
		return error__set(errmsg, -ENOTSUP,
			"%s: this build has no bitcode of the driver %s", prog->view.name,
			driver->name);
	if (compile_request__build(&prog->view, opts->flags, driver, opts->cpu, blob, size))
		return error__set(errmsg, -ENOMEM, "%s: no memory to compile it", prog->view.name);
	return 0;
}

int program__make_object(struct ebpf_program *prog, const struct compile_opts *opts,
	struct compiled_object *object, char **errmsg)
{
	uint64_t since = compile_stats__now();
	const struct ebpf_backend *backend;
	uint8_t *blob;
	size_t size;
	int err = build_request(prog, opts, &blob, &size, errmsg);

	if (err)
		return err;
	compile_stats__end(opts->stats, STEP_REQUEST, &since);
	backend = backend__get(opts->backend, errmsg);
	err = backend ? backend->compile(
				blob, size, &object->elf, &object->size, opts->stats, errmsg)
		      : -errno;
	free(blob);
	return err;
}
