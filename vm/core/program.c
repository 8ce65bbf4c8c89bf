/* SPDX-License-Identifier: BSD-3-Clause
 *
 * program.c -- the life of a program: copied, verified, readied for the interpreter.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "ebpf-image.h"
#include "error.h"
#include "log.h"
#include "map-handles.h"
#include "program.h"
#include "../runtime/helpers.h"

/* A map whose contents can never change again is a constant. */
static const uint8_t *constant_contents(const struct ebpf_map *map)
{
	const struct rt_geometry *g = &map->rt.geo;

	if (!atomic_load(&map->frozen) || !(g->flags & BPF_F_RDONLY_PROG) ||
		g->type != BPF_MAP_TYPE_ARRAY || g->max_entries != 1)
		return NULL;
	return ebpf_map__initial_value((struct ebpf_map *)map);
}

/* Flattens what the caller lent into the program's own blob. */
static int copy_spec(struct ebpf_program *prog, const struct ebpf_program_spec *spec, char **errmsg)
{
	static const struct ebpf_func whole = {.name = "main"};
	struct map_view *maps = calloc(2 * (size_t)spec->n_maps + 1, sizeof(*maps));
	struct program_view v = {.name = spec->name,
		.type = spec->type,
		.has_frags = spec->has_frags,
		.insns = spec->insns,
		.n_insns = spec->n_insns,
		.maps = maps,
		.n_maps = spec->n_maps,
		.funcs = spec->n_funcs ? spec->funcs : &whole,
		.n_funcs = spec->n_funcs ? spec->n_funcs : 1,
		.lines = spec->lines,
		.n_lines = spec->n_lines,
		.helpers = prog->raw.helpers,
		.n_helpers = prog->raw.n_helpers,
		.limits = prog->raw.limits};
	int err = -ENOMEM;

	if (maps) {
		for (uint32_t i = 0; i < spec->n_maps; i++) {
			const struct ebpf_map *map = spec->maps[i];

			maps[i] = (struct map_view){.name = map->opts.name,
				.geo = map->rt.geo,
				.frozen = constant_contents(map)};
			if (!map->opts.inner)
				continue;
			maps[i].inner = spec->n_maps + v.n_templates++;
			maps[maps[i].inner] = (struct map_view){
				.name = map->opts.inner->name, .geo = map->inner_geo};
		}
		err = compile_request__build(&v, 0, NULL, "", &prog->blob, &prog->blob_size);
	}
	free(maps);
	if (err)
		return error__set(errmsg, err, "%s: no memory for the program", spec->name);
	err = compile_request__open(prog->blob, prog->blob_size, &prog->request, errmsg);
	prog->view = prog->request.view;
	return err;
}

static int hold_maps(struct ebpf_program *prog, const struct ebpf_program_spec *spec)
{
	prog->maps = calloc(spec->n_maps + 1, sizeof(*prog->maps));
	prog->rt_maps = calloc(spec->n_maps + 1, sizeof(*prog->rt_maps));
	if (!prog->maps || !prog->rt_maps)
		return -ENOMEM;
	for (uint32_t i = 0; i < spec->n_maps; i++) {
		prog->maps[i] = map__hold(spec->maps[i]);
		prog->rt_maps[i] = &prog->maps[i]->rt;
	}
	return 0;
}

static int verify(struct ebpf_program *prog, const struct ebpf_load_opts *opts, char **errmsg)
{
	struct verifier_opts vo = {.log_level = opts ? opts->log_level : 0,
		.insn_budget = opts ? opts->insn_budget : 0};
	int err;

	if (prog->view.type == EBPF_PROGRAM_RAW)
		return verifier__check_structure(&prog->view, errmsg);
	err = verifier__run(&prog->view, &vo, &prog->verified);
	if (opts && opts->stats)
		*opts->stats = prog->verified.stats;
	if (opts && opts->log) {
		*opts->log = prog->verified.log;
		prog->verified.log = NULL;
	}
	if (err)
		error__set(errmsg, err, "%s",
			prog->verified.reason ? prog->verified.reason : strerror(-err));
	return err;
}

/* A program up to its proof; NULL on failure, errno set. */
static struct ebpf_program *make_verified(struct ebpf_instance *inst,
	const struct ebpf_program_spec *spec, const struct raw_binding *raw,
	const struct ebpf_load_opts *opts, char **errmsg)
{
	struct ebpf_program *prog = calloc(1, sizeof(*prog));
	int err = -ENOMEM;

	if (errmsg)
		*errmsg = NULL;
	if (opts && opts->log)
		*opts->log = NULL;
	if (!prog) {
		error__set(errmsg, -ENOMEM, "%s: no memory for the program", spec->name);
		return NULL;
	}
	atomic_init(&prog->refs, 1);
	prog->id = atomic_fetch_add(&inst->last_program_id, 1) + 1;
	pthread_mutex_init(&prog->lock, NULL);
	prog->inst = instance__ref(inst);
	if (raw)
		prog->raw = *raw;
	if (spec->image)
		prog->image = ebpf_image__ref(spec->image);
	if (!spec->n_insns)
		err = error__set(
			errmsg, -EINVAL, "%s: the program has no instructions", spec->name);
	else if (!(err = copy_spec(prog, spec, errmsg)) && (err = hold_maps(prog, spec)))
		error__set(errmsg, err, "%s: no memory for the program", spec->name);
	if (!err && !(err = verify(prog, opts, errmsg)))
		return prog;
	ebpf_program__unref(prog);
	errno = -err;
	return NULL;
}

/* Those that a tail call may lead to, and this one, must take the same. */
static int join_arrays(struct ebpf_program *prog, char **errmsg)
{
	for (uint32_t i = 0; i < prog->view.n_maps; i++) {
		struct ebpf_map *map = prog->maps[i];

		if (map->opts.type == BPF_MAP_TYPE_PROG_ARRAY && map_handles__join(map, prog))
			return error__set(errmsg, -EINVAL,
				"map %s is for programs that run elsewhere, or %s packets in "
				"fragments",
				map->opts.name, map->kind.has_frags ? "take" : "do not take");
	}
	return 0;
}

static int ready_to_run(struct ebpf_program *prog, char **errmsg)
{
	struct interp_binding b = {.view = &prog->view,
		.maps = prog->rt_maps,
		.lddw = prog->raw.lddw,
		.helper_fns = prog->raw.helper_fns,
		.budget = prog->raw.limits.budget,
		.secret = prog->raw.secret};
	uint32_t missing = prog->verified.missing_helper;

	if (missing)
		return error__set(errmsg, -ENOTSUP, "helper %s#%u is not supported: %s",
			helper__name(missing), missing, helper__reason(missing));
	for (uint32_t i = 0; i < prog->view.n_maps; i++)
		if (prog->maps[i]->refusal)
			return error__set(errmsg, -ENOTSUP, "%s", prog->maps[i]->refusal);
	if (join_arrays(prog, errmsg))
		return -EINVAL;
	prog->interp = interp__prepare(&b, errmsg);
	if (!prog->interp)
		return -errno;
	if (!ebpf_program__interpret(prog, NULL, errmsg))
		return -ENOMEM;
	ebpf_program__install(prog, &prog->codes->code);
	program__hide_insns(prog);
	return 0;
}

struct ebpf_program *program__load(struct ebpf_instance *inst, const struct ebpf_program_spec *spec,
	const struct raw_binding *raw, const struct ebpf_load_opts *opts, char **errmsg)
{
	struct ebpf_program *prog = make_verified(inst, spec, raw, opts, errmsg);
	int err = prog ? ready_to_run(prog, errmsg) : 0;

	if (prog && !err)
		log__write(LOG_LEVEL_INFO, "%s: loaded as program %u: %u instructions, %u maps",
			prog->view.name, prog->id, prog->view.n_insns, prog->view.n_maps);
	if (!err)
		return prog;
	ebpf_program__unref(prog);
	errno = -err;
	return NULL;
}

int ebpf_program__verify(struct ebpf_instance *inst, const struct ebpf_program_spec *spec,
	const struct ebpf_load_opts *opts, char **errmsg)
{
	struct ebpf_program *prog = make_verified(inst, spec, NULL, opts, errmsg);

	if (!prog)
		return -errno;
	ebpf_program__unref(prog);
	return 0;
}

struct ebpf_program *ebpf_program__load(struct ebpf_instance *inst,
	const struct ebpf_program_spec *spec, const struct ebpf_load_opts *opts, char **errmsg)
{
	return program__load(inst, spec, NULL, opts, errmsg);
}

struct ebpf_program *ebpf_program__ref(struct ebpf_program *prog)
{
	atomic_fetch_add_explicit(&prog->refs, 1, memory_order_relaxed);
	return prog;
}

void ebpf_program__unref(struct ebpf_program *prog)
{
	if (!prog || atomic_fetch_sub_explicit(&prog->refs, 1, memory_order_acq_rel) != 1)
		return;
	while (prog->codes) {
		struct program_code *c = prog->codes;

		prog->codes = c->next;
		program_code__free(c);
	}
	interp__release(prog->interp);
	verifier__release(&prog->verified);
	for (uint32_t i = 0; prog->maps && i < prog->view.n_maps; i++)
		if (prog->maps[i])
			map__release(prog->maps[i]);
	free(prog->maps);
	free(prog->rt_maps);
	compile_request__close(&prog->request);
	free(prog->blob);
	pthread_mutex_destroy(&prog->lock);
	ebpf_image__unref(prog->image);
	instance__unref(prog->inst);
	free(prog);
}

uint32_t ebpf_program__id(const struct ebpf_program *prog)
{
	return prog->id;
}

const char *ebpf_program__name(const struct ebpf_program *prog)
{
	return prog->view.name;
}

enum ebpf_program_type ebpf_program__type(const struct ebpf_program *prog)
{
	return prog->view.type;
}

bool ebpf_program__has_frags(const struct ebpf_program *prog)
{
	return prog->view.has_frags;
}

bool ebpf_program__has_image(const struct ebpf_program *prog)
{
	return prog->image;
}

int ebpf_program_has_frags(struct ebpf_env *env)
{
	return env->prog->view.has_frags;
}

uint32_t ebpf_program__n_insns(const struct ebpf_program *prog)
{
	return prog->view.n_insns;
}

void ebpf_program__count_hits(struct ebpf_program *prog, uint64_t *hits)
{
	interp__count_into(prog->interp, hits);
}

bool ebpf_program__reachable(const struct ebpf_program *prog, uint32_t insn)
{
	const struct ebpf_facts *f = &prog->verified.facts;

	return f->insn && insn < f->n_insns && (f->insn[insn].flags & FACT_REACHED);
}

void ebpf_program__install(struct ebpf_program *prog, const struct ebpf_code *code)
{
	atomic_store_explicit(&prog->installed, code, memory_order_release);
}

const struct ebpf_code *ebpf_program__code(const struct ebpf_program *prog)
{
	return atomic_load_explicit(&prog->installed, memory_order_acquire);
}

/* Each program of the chain has left before the next one starts. */
uint64_t ebpf_tail_call__follow(struct ebpf_env *env)
{
	const struct ebpf_program *self = env->prog;
	uint64_t result = 0;

	while (env->next) {
		env->prog = env->next;
		env->next = NULL;
		result = ebpf_program__code(env->prog)->entry(env, env->next_ctx);
	}
	env->prog = self;
	return result;
}

uint64_t ebpf_program__entry(struct ebpf_env *env, void *ctx)
{
	uint64_t result = ebpf_program__code(env->prog)->entry(env, ctx);

	return env->next ? ebpf_tail_call__follow(env) : result;
}

uint64_t ebpf_program__run(struct ebpf_program *prog, struct ebpf_env *env, void *ctx)
{
	env->prog = prog;
	env->tail_calls = 0;
	return ebpf_program__entry(env, ctx);
}
