/* SPDX-License-Identifier: BSD-3-Clause
 *
 * programs.c -- add, replace, delete. What takes long, compiling, is done without the lock: a
 * program that is not yet in the list is nobody else's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "dataplane.h"
#include "gpu/prog-offload.h"
#include "mbuf-driver.h"

struct prog *dataplane__find_prog(struct dataplane *dp, const char *name)
{
	for (unsigned i = 0; i < MAX_PROGS; i++)
		if (*dp->progs[i].name && !strcmp(dp->progs[i].name, name))
			return &dp->progs[i];
	return NULL;
}

static struct prog *free_place(struct dataplane *dp, const char *name, char **errmsg)
{
	if (!*name || strlen(name) >= PROG_NAME_MAX) {
		error__set(errmsg, -ENAMETOOLONG, "program %s: its name must have 1 to %d bytes",
			name, PROG_NAME_MAX - 1);
		return NULL;
	}
	if (dataplane__find_prog(dp, name)) {
		error__set(errmsg, -EEXIST,
			"program %s is there already: replace it, or load this one as another name",
			name);
		return NULL;
	}
	for (unsigned i = 0; i < MAX_PROGS; i++)
		if (!*dp->progs[i].name)
			return &dp->progs[i];
	error__set(errmsg, -ENOSPC, "program %s: there are %d programs already", name, MAX_PROGS);
	return NULL;
}

void prog__release(struct prog *prog)
{
	prog_offload__destroy(prog->offload);
	tier__release(prog->tier);
	ebpf_program__unref(prog->program);
	ebpf_object__close(prog->object);
}

/* A name that is free again begins to count from nothing. No worker runs it. */
static void forget_counters(struct dataplane *dp, const struct prog *prog)
{
	for (unsigned i = 0; i < dp->n_workers; i++)
		dp->workers[i]->progs[prog - dp->progs] = (struct prog_counters){0};
}

static int read_config(
	const struct prog_opts *opts, struct ebpf_object_run_config *config, char **errmsg)
{
	if (opts->object)
		return ebpf_object__run_config(
			opts->object, ebpf_program__name(opts->program), config, errmsg);
	*config = (struct ebpf_object_run_config){
		.priority = DEFAULT_PRIORITY, .call_on = DEFAULT_CALL_ON};
	return 0;
}

/* As Linux has it. */
static int check_is_for_ports(const struct ebpf_program *program, char **errmsg)
{
	static const char *const maps[EBPF_N_PROGRAM_TYPES] = {
		[EBPF_PROGRAM_XDP_DEVMAP] = "DEVMAP", [EBPF_PROGRAM_XDP_CPUMAP] = "CPUMAP"};
	const char *map = maps[ebpf_program__type(program)];

	return map ? error__set(errmsg, -EINVAL,
			     "program %s is for entries of a %s, as its section says, and for no "
			     "port",
			     ebpf_program__name(program), map)
		   : 0;
}

/* What the program runs in: code for the CPU, and a device if one is wanted, as the instance's last
 * worker. */
static int begin(struct dataplane *dp, struct prog *prog, enum tier_engine engine,
	const struct gpu_opts *gpu, char **errmsg)
{
	int err = check_is_for_ports(prog->program, errmsg);

	if (err)
		return err;
	prog->tier = tier__start(dp->tiers, prog->program, mbuf_driver(), engine, errmsg);
	if (!prog->tier)
		return -ENOTSUP;
	if (!gpu || !*gpu->device)
		return 0;
	prog->offload =
		prog_offload__create(prog->program, gpu, ebpf_instance__workers(dp->instance) - 1);
	if (prog->offload)
		return 0;
	tier__release(prog->tier);
	return error__set(errmsg, -ENOMEM, "no memory to offload program %s",
		ebpf_program__name(prog->program));
}

static void end(struct prog *prog)
{
	prog_offload__destroy(prog->offload);
	tier__release(prog->tier);
}

struct prog *dataplane__add_prog(struct dataplane *dp, const struct prog_opts *opts, char **errmsg)
{
	const char *name = opts->name ? opts->name : ebpf_program__name(opts->program);
	struct prog *prog,
		new = {.object = opts->object, .program = opts->program, .engine = opts->engine};

	if (read_config(opts, &new.config, errmsg) ||
		begin(dp, &new, opts->engine, opts->gpu, errmsg))
		return NULL;
	pthread_mutex_lock(&dp->lock);
	prog = free_place(dp, name, errmsg);
	if (prog) {
		*prog = new;
		snprintf(prog->name, sizeof(prog->name), "%s", name);
	}
	pthread_mutex_unlock(&dp->lock);
	if (!prog)
		end(&new);
	return prog;
}

/* A successor of a compiled program is compiled before its first packet. */
static enum tier_engine first_engine(const struct prog *before, enum tier_engine wanted)
{
	bool compiled = strcmp(ebpf_program__code(before->program)->backend, "interp") != 0;

	return wanted == TIER_AUTO && compiled ? TIER_LLVM : wanted;
}

/* In whose place a successor comes, as it was when that began. */
struct predecessor {
	struct ebpf_object *object; /* a reference, or NULL */
	enum tier_engine first;     /* engine of the successor */
	struct gpu_opts gpu;
};

static int look_at_predecessor(struct dataplane *dp, const struct prog_opts *opts, const char *name,
	struct predecessor *p, char **errmsg)
{
	const struct prog *prog;

	*p = (struct predecessor){0};
	pthread_mutex_lock(&dp->lock);
	prog = dataplane__find_prog(dp, name);
	if (prog) {
		p->object = prog->object ? ebpf_object__ref(prog->object) : NULL;
		p->first = first_engine(prog, opts->engine);
		if (opts->gpu || prog->offload)
			p->gpu = opts->gpu ? *opts->gpu : prog->offload->opts;
	}
	pthread_mutex_unlock(&dp->lock);
	return prog ? 0 : error__set(errmsg, -ENOENT, "there is no program %s to replace", name);
}

/* Under the lock: on failure nothing has changed. */
static int swap(struct dataplane *dp, const char *name, struct prog *successor,
	const struct succession *succession, struct prog *before, char **errmsg)
{
	struct prog *prog = dataplane__find_prog(dp, name);
	int err;

	if (!prog)
		return error__set(errmsg, -ENOENT, "program %s is gone", name);
	if (prog->object != before->object)
		return error__set(
			errmsg, -EAGAIN, "program %s has just been replaced by another", name);
	*before = *prog;
	prog->object = successor->object;
	prog->program = successor->program;
	prog->engine = successor->engine;
	prog->tier = successor->tier;
	prog->offload = successor->offload;
	prog->replaced++;
	err = dataplane__publish_succession(dp, succession, errmsg);
	if (err)
		*prog = *before;
	return err;
}

int dataplane__replace_prog(struct dataplane *dp, const struct prog_opts *opts, char **errmsg)
{
	const char *name = opts->name ? opts->name : ebpf_program__name(opts->program);
	struct prog before = {0}, successor = {.object = opts->object,
					  .program = opts->program,
					  .engine = opts->engine};
	struct succession succession = {0};
	struct predecessor p;
	int err = look_at_predecessor(dp, opts, name, &p, errmsg);

	if (err)
		return err;
	before.object = p.object;
	err = succession__prepare(&succession, dp, opts->object, p.object, p.first, errmsg);
	if (!err)
		err = begin(dp, &successor, p.first, &p.gpu, errmsg);
	if (!err) {
		pthread_mutex_lock(&dp->lock);
		err = swap(dp, name, &successor, &succession, &before, errmsg);
		pthread_mutex_unlock(&dp->lock);
		if (err)
			end(&successor);
		else
			prog__release(&before);
	}
	succession__drop(&succession);
	ebpf_object__close(p.object);
	return err;
}

int dataplane__del_prog(struct dataplane *dp, const char *name, char **errmsg)
{
	struct prog *prog, before = {0};
	int err = 0;

	pthread_mutex_lock(&dp->lock);
	prog = dataplane__find_prog(dp, name);
	if (!prog) {
		err = error__set(errmsg, -ENOENT, "there is no program %s", name);
	} else if (prog->attached) {
		err = error__set(errmsg, -EBUSY, "program %s is attached to %u port%s", name,
			prog->attached, prog->attached > 1 ? "s" : "");
	} else {
		before = *prog;
		forget_counters(dp, prog);
		*prog = (struct prog){0};
	}
	pthread_mutex_unlock(&dp->lock);
	if (!err)
		prog__release(&before);
	return err;
}

void dataplane__compile_targets(struct dataplane *dp)
{
	pthread_mutex_lock(&dp->lock);
	for (unsigned i = 0; i < MAX_PROGS; i++)
		if (*dp->progs[i].name)
			tier__revisit(dp->progs[i].tier);
	pthread_mutex_unlock(&dp->lock);
}
