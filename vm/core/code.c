/* SPDX-License-Identifier: BSD-3-Clause
 *
 * code.c -- ways to run a program: the interpreter's entry, and images made by a compiling
 * backend, bound to the program's maps.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	c->code.backend = c->backend;
	pthread_mutex_lock(&prog->lock);
	c->next = prog->codes;
	prog->codes = c;
	pthread_mutex_unlock(&prog->lock);
	return &c->code;
}

const struct ebpf_code *ebpf_program__interpret(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg)
{
	struct program_code made = {.backend = "interp",
		.code = {.entry = interpret, .driver = driver ? driver->native : NULL}};

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

static const struct ebpf_code *keep_image(
	struct ebpf_program *prog, const struct program_code *made, ebpf_jit_fn *jit, char **errmsg)
{
	if (made->code.entry && (!jit || *jit))
		return keep(prog, made, errmsg);
	error__set(errmsg, -ENOEXEC, "%s: the %s backend made an image without an entry",
		prog->view.name, made->backend);
	return NULL;
}

const struct ebpf_code *program__load_object(struct ebpf_program *prog,
	const struct compile_opts *opts, const struct compiled_object *object, ebpf_jit_fn *jit,
	char **errmsg)
{
	uint64_t since = compile_stats__now();
	struct program_code made = {0};
	const struct ebpf_code *code;

	made.image = native_image__load(object->elf, object->size, resolve, prog, errmsg);
	if (!made.image)
		return NULL;
	snprintf(made.backend, sizeof(made.backend), "%s", opts->backend);
	made.code.entry = (ebpf_entry_fn)native_image__symbol(made.image, "ebpf_entry");
	made.code.driver = (ebpf_driver_fn)native_image__symbol(made.image, "ebpf_driver");
	if (jit)
		*jit = (ebpf_jit_fn)native_image__symbol(made.image, "ebpf_jit");
	code = keep_image(prog, &made, jit, errmsg);
	if (!code)
		native_image__unload(made.image);
	compile_stats__end(opts->stats, STEP_LOAD, &since);
	return code;
}

const struct ebpf_code *program__compile(
	struct ebpf_program *prog, const struct compile_opts *opts, ebpf_jit_fn *jit, char **errmsg)
{
	struct compiled_object object;
	const struct ebpf_code *code;

	if (program__make_object(prog, opts, &object, errmsg))
		return NULL;
	code = program__load_object(prog, opts, &object, jit, errmsg);
	free(object.elf);
	return code;
}

const struct ebpf_code *ebpf_program__compile(struct ebpf_program *prog, const char *backend,
	const struct ebpf_driver *driver, char **errmsg)
{
	struct compile_opts opts = {.backend = backend, .driver = driver, .cpu = "native"};

	if (errmsg)
		*errmsg = NULL;
	return program__compile(prog, &opts, NULL, errmsg);
}

const struct ebpf_code *ebpf_program__find_compiled(
	struct ebpf_program *prog, const char *backend, const struct ebpf_driver *driver)
{
	struct compile_opts opts = {.backend = backend, .driver = driver, .cpu = "native"};
	struct compiled_object object;
	const struct ebpf_code *code;

	if (!program__find_object(prog, &opts, &object))
		return NULL;
	code = program__load_object(prog, &opts, &object, NULL, NULL);
	free(object.elf);
	return code;
}
