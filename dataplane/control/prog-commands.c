/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prog-commands.c -- prog list, show, load, replace, unload, dump, tracelog.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../dataplane.h"
#include "commands.h"
#include "core/error.h"
#include "loader/object.h"
#include "../gpu/prog-offload.h"
#include "../trace.h"

static const char *const engine_words[] = {
	[TIER_AUTO] = "auto", [TIER_INTERP] = "interp", [TIER_LLVM] = "llvm"};

#define N_ENGINES (sizeof(engine_words) / sizeof(engine_words[0]))

/* --- list and show --------------------------------------------------------------------------- */

/* Of every program. */
static bool add_prog(struct ebpf_json *row, const struct prog *p)
{
	struct tier_status tier = tier__status(p->tier);

	ebpf_json__add_unsigned(row, "id", ebpf_program__id(p->program));
	ebpf_json__add_string(row, "name", p->name);
	ebpf_json__add_string(row, "function", ebpf_program__name(p->program));
	ebpf_json__add_string(row, "engine", engine_words[p->engine]);
	ebpf_json__add_string(row, "state", tier_state__text(tier.state));
	ebpf_json__add_unsigned(row, "ports", p->attached);
	ebpf_json__add_unsigned(row, "replaced", p->replaced);
	ebpf_json__add_string(
		row, "offload", p->offload ? prog_offload__state(p->offload) : "none");
	free(tier.why);
	return true;
}

static void add_offload(struct ebpf_json *row, const struct prog_offload *po)
{
	char *why = prog_offload__why(po), *words = gpu_opts__text(&po->opts);

	ebpf_json__add_string(row, "device", prog_offload__device(po));
	if (words)
		ebpf_json__add_string(row, "offload_as", words);
	if (why)
		ebpf_json__add_string(row, "offload_why", why);
	free(words);
	free(why);
}

static void add_details(struct ebpf_json *row, const struct dataplane *dp, const struct prog *p)
{
	struct tier_status tier = tier__status(p->tier);

	if (tier.why)
		ebpf_json__add_string(row, "why", tier.why);
	if (tier.ns)
		ebpf_json__add_real(row, "compile_ms", (double)tier.ns / 1e6, 1);
	ebpf_json__add_bool(row, "from_cache", tier.from_cache);
	free(tier.why);
	if (p->object) {
		char digest[17];

		snprintf(digest, sizeof(digest), "%016" PRIx64, ebpf_object__digest(p->object));
		ebpf_json__add_string(row, "digest", digest);
	}
	if (p->offload)
		add_offload(row, p->offload);
	ebpf_json__add_unsigned(row, "instructions", ebpf_program__n_insns(p->program));
	ebpf_json__add_unsigned(row, "priority", p->config.priority);
	ebpf_json__key(row, "maps");
	ebpf_json__open(row, '[');
	for (size_t i = 0; p->object && i < ebpf_object__n_maps(p->object); i++)
		ebpf_json__string(row, ebpf_object__map_opts(p->object, i)->name);
	ebpf_json__close(row, ']');
	ebpf_json__key(row, "attached_to");
	ebpf_json__open(row, '[');
	for (uint16_t slot = 0; slot < dp->ports->n; slot++)
		for (unsigned i = 0; i < dp->attached[slot].n; i++)
			if (dp->attached[slot].item[i].prog == p - dp->progs)
				ebpf_json__string(row, dp->ports->port[slot].name);
	ebpf_json__close(row, ']');
}

int control__send_progs(struct control_context *c, struct control_words *w,
	bool (*add)(struct ebpf_json *row, const struct prog *p), char **errmsg)
{
	struct dataplane *dp = c->dataplane;
	int err = control_words__end(w, errmsg);

	for (unsigned i = 0; i < MAX_PROGS && !err; i++) {
		struct ebpf_json *row = control__row(c);
		bool told;

		pthread_mutex_lock(&dp->lock);
		told = *dp->progs[i].name && add(row, &dp->progs[i]);
		pthread_mutex_unlock(&dp->lock);
		if (told)
			err = control__send(c, errmsg);
	}
	return err;
}

int control__list_progs(struct control_context *c, struct control_words *w, char **errmsg)
{
	return control__send_progs(c, w, add_prog, errmsg);
}

/* Under the lock. */
static struct prog *want_prog(struct dataplane *dp, const char *name, char **errmsg)
{
	struct prog *p = dataplane__find_prog(dp, name);

	if (!p)
		error__set(errmsg, -ENOENT, "there is no program %s: see prog list", name);
	return p;
}

static int send_prog(struct control_context *c, const char *name, char **errmsg)
{
	struct ebpf_json *row = control__row(c);
	struct dataplane *dp = c->dataplane;
	const struct prog *p;

	pthread_mutex_lock(&dp->lock);
	p = want_prog(dp, name, errmsg);
	if (p) {
		add_prog(row, p);
		add_details(row, dp, p);
	}
	pthread_mutex_unlock(&dp->lock);
	return p ? control__send(c, errmsg) : -ENOENT;
}

int control__show_prog(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a program's name", errmsg);
	int err = name ? control_words__end(w, errmsg) : -EINVAL;

	return err ? err : send_prog(c, name, errmsg);
}

int control__dump_prog(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a program's name", errmsg);
	struct dataplane *dp = c->dataplane;
	struct ebpf_program *program = NULL;
	const struct prog *p;
	char *text;
	int err = name ? control_words__end(w, errmsg) : -EINVAL;

	if (err)
		return err;
	pthread_mutex_lock(&dp->lock);
	p = want_prog(dp, name, errmsg);
	if (p)
		program = ebpf_program__ref(p->program);
	pthread_mutex_unlock(&dp->lock);
	if (!program)
		return -ENOENT;
	text = ebpf_program__dump(program, EBPF_DUMP_BYTECODE, NULL, errmsg);
	ebpf_program__unref(program);
	if (!text)
		return -ENOMEM;
	ebpf_json__add_string(control__row(c), "text", text);
	free(text);
	return control__send(c, errmsg);
}

/* --- load and replace ------------------------------------------------------------------------ */

struct loading {
	const char *path, *name, *function, *init;
	enum tier_engine engine;
	bool replace, fresh_maps, keep_data;
	bool offload; /* something is said of it */
	struct gpu_opts gpu;
	struct control_file lines; /* those of the init file, and what `rodata` and `resize` say */
};

static int parse_engine(struct control_words *w, enum tier_engine *engine, char **errmsg)
{
	const char *word = control_words__want(w, "an engine: auto, interp or llvm", errmsg);

	if (!word)
		return -EINVAL;
	for (size_t i = 0; i < N_ENGINES; i++) {
		if (strcmp(word, engine_words[i]) == 0) {
			*engine = i;
			return 0;
		}
	}
	return error__set(
		errmsg, -EINVAL, "expected an engine: auto, interp or llvm, got '%s'", word);
}

/* NAME=VALUE becomes a line. */
static int add_line(struct loading *l, struct control_words *w, const char *begin,
	const char *middle, char **errmsg)
{
	const char *word = control_words__want(w, "NAME=VALUE", errmsg);
	const char *equals = word ? strchr(word, '=') : NULL;
	char *line;
	int err;

	if (!word)
		return -EINVAL;
	if (!equals)
		return error__set(errmsg, -EINVAL, "expected NAME=VALUE, got '%s'", word);
	if (asprintf(&line, "%s %.*s%s %s", begin, (int)(equals - word), word, middle, equals + 1) <
		0)
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	err = control_file__add(&l->lines, line, errmsg);
	free(line);
	return err;
}

static int want_word(struct control_words *w, const char *what, const char **word, char **errmsg)
{
	*word = control_words__want(w, what, errmsg);
	return *word ? 0 : -EINVAL;
}

/* `offload none` takes a predecessor's device away; the other words follow the device. */
static int parse_offload(struct loading *l, struct control_words *w, char **errmsg)
{
	int err = 0;

	l->offload = true;
	l->gpu = gpu_opts__defaults;
	if (control_words__take(w, "none"))
		return 0;
	err = gpu_opts__want_device(&l->gpu, w, errmsg);
	while (!err && gpu_opts__take(&l->gpu, w, &err, errmsg))
		;
	return err;
}

static int parse_option(struct loading *l, struct control_words *w, char **errmsg)
{
	if (!l->replace && control_words__take(w, "as"))
		return want_word(w, "a name for the program", &l->name, errmsg);
	if (control_words__take(w, "prog"))
		return want_word(w, "a function's name", &l->function, errmsg);
	if (control_words__take(w, "init"))
		return want_word(w, "a file of control lines", &l->init, errmsg);
	if (control_words__take(w, "engine"))
		return parse_engine(w, &l->engine, errmsg);
	if (control_words__take(w, "rodata"))
		return add_line(l, w, "rodata set", "", errmsg);
	if (control_words__take(w, "resize"))
		return add_line(l, w, "map resize", " max_entries", errmsg);
	if (control_words__take(w, "offload"))
		return parse_offload(l, w, errmsg);
	if (l->replace && control_words__take(w, "fresh-maps"))
		l->fresh_maps = true;
	else if (l->replace && control_words__take(w, "keep-data"))
		l->keep_data = true;
	else
		return control_words__unexpected(w,
			l->replace ? "fresh-maps, keep-data, prog, engine, init, rodata, resize, "
				     "offload"
				   : "as, prog, engine, init, rodata, resize, offload",
			errmsg);
	return 0;
}

/* The lines of the init file come first, so that what is said on the line itself counts. */
static int read_init(struct control_context *c, struct loading *l, char **errmsg)
{
	struct control_file more = l->lines;
	int fd = control__open_file(c, l->init, 'r', errmsg), err;

	if (fd < 0)
		return fd;
	l->lines = (struct control_file){0};
	err = control_file__read_fd(&l->lines, fd, l->init, errmsg);
	close(fd);
	for (size_t i = 0; i < more.n_lines && !err; i++)
		err = control_file__add(&l->lines, more.lines[i], errmsg);
	control_file__close(&more);
	return err;
}

static struct ebpf_object *open_object(struct control_context *c, const char *path, char **errmsg)
{
	int fd = control__open_file(c, path, 'r', errmsg);
	struct ebpf_object *obj = fd >= 0 ? ebpf_object__open_fd(path, fd, errmsg) : NULL;

	if (fd >= 0)
		close(fd);
	return obj;
}

/* The object that the new one takes the place of, if its maps are to stay. */
static struct ebpf_object *find_predecessor(
	const struct control_context *c, const struct loading *l)
{
	for (size_t i = 0; i < c->n_objects && l->replace && !l->fresh_maps; i++)
		if (strcmp(c->objects[i].name, l->name) == 0)
			return c->objects[i].object;
	return NULL;
}

/* From the file to a verified program; of what fails nothing stays. Lines of a client's file name
 * no files: they would be opened here. */
static int make_program(
	struct control_context *c, struct loading *l, struct prog_opts *opts, char **errmsg)
{
	const struct control_set_up how = {.lines = &l->lines,
		.files = c->files == &control_files__local ? c->files : NULL,
		.before = find_predecessor(c, l),
		.share.variables = l->keep_data};
	const struct ebpf_object_program *chosen;
	int err;

	opts->object = open_object(c, l->path, errmsg);
	if (!opts->object)
		return -EINVAL;
	chosen = ebpf_object__find_program(opts->object, l->function, errmsg);
	err = chosen ? control__set_up_object(opts->object, c->instance, &how, errmsg) : -ENOENT;
	if (!err) {
		opts->program = ebpf_object__load_program(opts->object, chosen->name, NULL, errmsg);
		err = opts->program ? 0 : -EACCES;
	}
	if (err)
		ebpf_object__close(opts->object);
	return err;
}

static int load(struct control_context *c, struct loading *l, char **name, char **errmsg)
{
	struct prog_opts opts = {.engine = l->engine, .gpu = l->offload ? &l->gpu : NULL};
	int err = make_program(c, l, &opts, errmsg);

	if (err)
		return err;
	opts.name = l->name ? l->name : ebpf_program__name(opts.program);
	*name = strdup(opts.name);
	if (!*name)
		err = error__set(errmsg, -ENOMEM, "no memory for a name");
	else if (l->replace)
		err = dataplane__replace_prog(c->dataplane, &opts, errmsg);
	else
		err = dataplane__add_prog(c->dataplane, &opts, errmsg) ? 0 : -errno;
	if (err) {
		ebpf_program__unref(opts.program);
		ebpf_object__close(opts.object);
	}
	return err;
}

static int load_line(
	struct control_context *c, struct control_words *w, struct loading *l, char **errmsg)
{
	char *name = NULL;
	int err = 0;

	if (l->replace)
		err = want_word(w, "a program's name", &l->name, errmsg);
	if (!err)
		err = want_word(w, "an object file", &l->path, errmsg);
	while (w->n && !err)
		err = parse_option(l, w, errmsg);
	if (!err && l->init)
		err = read_init(c, l, errmsg);
	if (!err)
		err = load(c, l, &name, errmsg);
	if (!err)
		err = send_prog(c, name, errmsg);
	free(name);
	control_file__close(&l->lines);
	return err;
}

int control__load_prog(struct control_context *c, struct control_words *w, char **errmsg)
{
	return load_line(c, w, &(struct loading){0}, errmsg);
}

int control__replace_prog(struct control_context *c, struct control_words *w, char **errmsg)
{
	return load_line(c, w, &(struct loading){.replace = true}, errmsg);
}

int control__unload_prog(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a program's name", errmsg);
	int err = name ? control_words__end(w, errmsg) : -EINVAL;

	return err ? err : dataplane__del_prog(c->dataplane, name, errmsg);
}

/* --- what programs say ----------------------------------------------------------------------- */

#define TRACE_POLL_MS 100

struct tracelog {
	struct control_context *c;
	char **errmsg;
};

static int send_line(void *user, const struct trace_line *line)
{
	struct tracelog *log = user;
	struct ebpf_json *row = control__row(log->c);

	ebpf_json__add_real(row, "s", (double)line->ns / 1e9, 6);
	ebpf_json__add_unsigned(row, "worker", line->worker);
	ebpf_json__add_string(row, "prog", line->program);
	ebpf_json__key(row, "text");
	ebpf_json__bytes(row, line->text, line->len);
	if (line->lost)
		ebpf_json__add_unsigned(row, "lost", line->lost);
	return control__send(log->c, log->errmsg);
}

int control__read_trace(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct tracelog log = {c, errmsg};
	struct trace *trace = ((struct dataplane *)c->dataplane)->trace;
	int err = control_words__end(w, errmsg);

	if (!err && !trace)
		err = error__set(errmsg, -ENODATA,
			"traces go to the standard error of xdpk, which runs with --verbose");
	while (!err) {
		err = trace__read(trace, send_line, &log);
		err = err < 0 ? err : 0;
		if (!control__wait(c, TRACE_POLL_MS))
			break;
	}
	return err;
}
