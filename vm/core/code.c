/* SPDX-License-Identifier: BSD-3-Clause
 *
 * code.c -- ways to run a program: the interpreter's entry, and images made by a compiling
 * backend, bound to the program's maps.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "error.h"
#include "map.h"
#include "program.h"

static uint64_t interpret(struct ebpf_env *env, void *ctx)
{
	return interp__run(env->prog->interp, env, ctx);
}

static const struct ebpf_code *keep(
	struct ebpf_program *prog, const struct program_code *made, char **errmsg)
{
	struct program_code *c = malloc(sizeof(*c));

	if (!c) {
		error__set(errmsg, -ENOMEM, "%s: no memory for its code", prog->view.name);
		return NULL;
	}
	*c = *made;
	pthread_mutex_lock(&prog->lock);
	c->next = prog->codes;
	prog->codes = c;
	pthread_mutex_unlock(&prog->lock);
	return &c->code;
}

const struct ebpf_code *ebpf_program__interpret(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg)
{
	struct program_code made = {.code = {.backend = "interp",
					    .entry = interpret,
					    .driver = driver ? driver->native : NULL}};

	if (errmsg)
		*errmsg = NULL;
	return keep(prog, &made, errmsg);
}

/* "ebpf_map.12" -> 12 */
static bool indexed(const char *symbol, const char *prefix, uint64_t *index)
{
	size_t len = strlen(prefix);
	char *end;

	if (strncmp(symbol, prefix, len) != 0 || symbol[len] < '0' || symbol[len] > '9')
		return false;
	*index = strtoull(symbol + len, &end, 10);
	return *end == '\0';
}

static bool find_helper(const struct raw_binding *raw, uint64_t id, uint64_t *address)
{
	for (uint32_t i = 0; i < raw->n_helpers; i++) {
		if (raw->helpers[i].id == id) {
			*address = (uintptr_t)raw->helper_fns[i];
			return true;
		}
	}
	return false;
}

/* Binds an image's undefined symbols to this program: see backend.h for the names. */
static bool resolve(void *user, const char *symbol, uint64_t *address)
{
	const struct ebpf_program *prog = user;
	uint64_t i;

	if (indexed(symbol, "ebpf_map.", &i) && i < prog->view.n_maps)
		*address = (uintptr_t)prog->rt_maps[i]->mem;
	else if (indexed(symbol, "ebpf_lddw.", &i) && prog->raw.lddw && i < prog->view.n_insns)
		*address = prog->raw.lddw[i];
	else if (indexed(symbol, "ebpf_helper.", &i))
		return find_helper(&prog->raw, i, address);
	else if (strcmp(symbol, "ebpf_self") == 0)
		*address = (uintptr_t)prog;
	else
		return native_symbols__find(symbol, address);
	return true;
}

/* The request of this program with a driver around it. */
static int request_with(const struct ebpf_program *prog, const struct ebpf_driver *driver,
	uint32_t flags, uint8_t **blob, size_t *size, char **errmsg)
{
	if (driver && !driver->bitcode)
		return error__set(errmsg, -ENOTSUP,
			"%s: this build has no bitcode of the driver %s", prog->view.name,
			driver->name);
	if (compile_request__build(&prog->view, flags, driver, "native", blob, size))
		return error__set(errmsg, -ENOMEM, "%s: no memory to compile it", prog->view.name);
	return 0;
}

static const struct ebpf_code *load_image(struct ebpf_program *prog, const char *backend,
	const uint8_t *elf, size_t size, ebpf_jit_fn *jit, char **errmsg)
{
	struct program_code made = {.image = native_image__load(elf, size, resolve, prog, errmsg)};
	const struct ebpf_code *code;

	if (!made.image)
		return NULL;
	made.code.backend = backend;
	made.code.entry = (ebpf_entry_fn)native_image__symbol(made.image, "ebpf_entry");
	made.code.driver = (ebpf_driver_fn)native_image__symbol(made.image, "ebpf_driver");
	if (jit)
		*jit = (ebpf_jit_fn)native_image__symbol(made.image, "ebpf_jit");
	if (!made.code.entry || (jit && !*jit)) {
		error__set(errmsg, -ENOEXEC, "%s: the %s backend made an image without an entry",
			prog->view.name, backend);
		native_image__unload(made.image);
		return NULL;
	}
	code = keep(prog, &made, errmsg);
	if (!code)
		native_image__unload(made.image);
	return code;
}

const struct ebpf_code *program__compile(struct ebpf_program *prog, const char *backend,
	const struct ebpf_driver *driver, uint32_t flags, ebpf_jit_fn *jit, char **errmsg)
{
	const struct ebpf_backend *b = backend__get(backend, errmsg);
	const struct ebpf_code *code = NULL;
	uint8_t *blob = NULL, *elf = NULL;
	size_t blob_size, elf_size;

	if (!b || request_with(prog, driver, flags, &blob, &blob_size, errmsg))
		return NULL;
	if (b->compile(blob, blob_size, &elf, &elf_size, errmsg) == 0)
		code = load_image(prog, b->name, elf, elf_size, jit, errmsg);
	free(elf);
	free(blob);
	return code;
}

const struct ebpf_code *ebpf_program__compile(struct ebpf_program *prog, const char *backend,
	const struct ebpf_driver *driver, char **errmsg)
{
	if (errmsg)
		*errmsg = NULL;
	return program__compile(prog, backend, driver, 0, NULL, errmsg);
}
