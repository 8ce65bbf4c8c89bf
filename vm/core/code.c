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
#include "log.h"
#include "../native/observer.h"
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

/* What an image's undefined symbols are for this program: see backend.h for the names. */
static bool resolve_program(void *user, const char *symbol, uint64_t *address)
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

struct binding {
	struct ebpf_program *prog;
	const struct backend_code *made; /* or NULL */
};

static bool resolve(void *user, const char *symbol, uint64_t *address)
{
	const struct binding *b = user;

	if (b->made && strcmp(symbol, "ebpf_code") == 0)
		*address = (uintptr_t)b->made;
	else if (b->made && strcmp(symbol, "ebpf_interpret") == 0)
		*address = (uintptr_t)interpret;
	else
		return resolve_program(b->prog, symbol, address);
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

/* *made without an image gets that, the entry that is in it, and is kept. */
static const struct ebpf_code *load_image(struct ebpf_program *prog, struct program_code *made,
	const uint8_t *elf, size_t size, ebpf_jit_fn *jit, char **errmsg)
{
	struct binding binding = {.prog = prog, .made = made->made};
	const struct ebpf_code *code;

	made->image = native_image__load(prog->view.name, elf, size, resolve, &binding, errmsg);
	if (!made->image)
		return NULL;
	made->code.entry = (ebpf_entry_fn)native_image__symbol(made->image, "ebpf_entry");
	made->code.driver = (ebpf_driver_fn)native_image__symbol(made->image, "ebpf_driver");
	if (jit)
		*jit = (ebpf_jit_fn)native_image__symbol(made->image, "ebpf_jit");
	code = keep_image(prog, made, jit, errmsg);
	if (code)
		log__write(LOG_LEVEL_INFO, "%s: %s code of %zu bytes, %zu as an object",
			prog->view.name, made->backend, native_image__bytes(made->image), size);
	else
		native_image__unload(made->image);
	return code;
}

const struct ebpf_code *program__load_object(struct ebpf_program *prog,
	const struct compile_opts *opts, const struct compiled_object *object, ebpf_jit_fn *jit,
	char **errmsg)
{
	uint64_t since = compile_stats__now();
	struct program_code made = {0};
	const struct ebpf_code *code;

	snprintf(made.backend, sizeof(made.backend), "%s", opts->backend);
	code = load_image(prog, &made, object->elf, object->size, jit, errmsg);
	compile_stats__end(opts->stats, STEP_LOAD, &since);
	return code;
}

static int order_code(const struct ebpf_program *prog, const struct compile_opts *opts,
	struct program_code *made, char **errmsg)
{
	struct code_order order = {.resolve = resolve_program, .user = (void *)prog};
	uint8_t *request;
	int err = program__build_request(
		prog, opts->flags, opts->driver, opts->cpu, &request, &order.request_size);

	if (err)
		return error__set(errmsg, err, "%s: no memory to compile it", prog->view.name);
	order.request = request;
	err = made->maker->make_code(&order, made->made, errmsg);
	program__drop_request(prog, request, order.request_size);
	return err;
}

static const struct ebpf_code *make_code(struct ebpf_program *prog, const struct compile_opts *opts,
	const struct ebpf_backend *maker, ebpf_jit_fn *jit, char **errmsg)
{
	struct program_code made = {.maker = maker, .made = calloc(1, sizeof(*made.made))};
	const struct ebpf_code *code = NULL;

	if (!made.made) {
		error__set(errmsg, -ENOMEM, "%s: no memory for its code", prog->view.name);
		return NULL;
	}
	snprintf(made.backend, sizeof(made.backend), "%s", maker->name);
	if (!order_code(prog, opts, &made, errmsg)) {
		code = load_image(
			prog, &made, made.made->entry, made.made->entry_size, jit, errmsg);
		if (code)
			observer__made(prog->view.name, maker->name,
				(const void *)(uintptr_t)made.made->run, made.made->run_size);
		else
			maker->release_code(made.made);
	}
	if (!code)
		free(made.made);
	return code;
}

void program_code__free(struct program_code *c)
{
	if (c->image)
		native_image__unload(c->image);
	if (c->made)
		c->maker->release_code(c->made);
	free(c->made);
	free(c);
}

const struct ebpf_code *program__compile(
	struct ebpf_program *prog, const struct compile_opts *opts, ebpf_jit_fn *jit, char **errmsg)
{
	bool raw = prog->view.type == EBPF_PROGRAM_RAW;
	const struct ebpf_backend *backend = raw ? backend__get(opts->backend, errmsg) : NULL;
	struct compiled_object object;
	const struct ebpf_code *code;

	if (raw && !backend)
		return NULL;
	if (raw && backend->make_code)
		return make_code(prog, opts, backend, jit, errmsg);
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

	if (program__find_object(prog, &opts, &object, NULL))
		return NULL;
	code = program__load_object(prog, &opts, &object, NULL, NULL);
	free(object.elf);
	return code;
}
