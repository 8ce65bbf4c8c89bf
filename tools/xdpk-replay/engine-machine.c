/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-machine.c -- the interpreter and compiled code, called through the replay driver.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "engine-machine.h"
#include "frames.h"
#include "subject.h"

static int load(struct machine *m, const struct subject_opts *opts, char **errmsg)
{
	char *log = NULL;
	struct ebpf_load_opts load_opts = {
		.log_level = opts->log ? 2 : 0, .log = opts->log ? &log : NULL};

	m->prog = ebpf_object__load_program(m->subject.obj, opts->program, &load_opts, errmsg);
	if (log)
		fputs(log, stderr);
	free(log);
	return m->prog ? 0 : -EINVAL;
}

static int make_code(struct machine *m, const struct engine *e, char **errmsg)
{
	const struct ebpf_driver driver = replay_driver();

	if (strcmp(e->name, "interp") == 0)
		m->code = ebpf_program__interpret(m->prog, &driver, errmsg);
	else
		m->code = ebpf_program__compile(m->prog, e->name, &driver, errmsg);
	if (!m->code) /* no compiler, no image or none that fits: others may go on */
		return errno == ENOTSUP || errno == ENOENT || errno == ENOEXEC ? -ENOTSUP : -EINVAL;
	ebpf_program__install(m->prog, m->code);
	return strcmp(e->name, "interp")
		       ? ebpf_program__compile_targets(m->prog, e->name, NULL, errmsg)
		       : 0;
}

static int start_counting(struct machine *m, char **errmsg)
{
	m->hits = calloc(ebpf_program__n_insns(m->prog), sizeof(*m->hits));
	if (!m->hits)
		return error__set(errmsg, -ENOMEM, "no memory for instruction counters");
	ebpf_program__count_hits(m->prog, m->hits);
	return 0;
}

int machine__open(struct machine *m, const struct engine_opts *opts, char **errmsg)
{
	int err = subject__open(&m->subject, &opts->subject, errmsg);

	if (!err)
		err = load(m, &opts->subject, errmsg);
	if (err)
		return err;
	m->frames = frames__create(ENGINE_BURST, ebpf_program__has_frags(m->prog));
	if (!m->frames)
		return error__set(errmsg, -ENOMEM, "no memory for packet frames");
	m->ifindex = opts->subject.ifindex;
	ebpf_env__init(&m->env, m->subject.inst, 0);
	m->env.prog = m->prog;
	return 0;
}

int engine_machine__open(
	const struct engine *e, const struct engine_opts *opts, void **state, char **errmsg)
{
	struct machine *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return error__set(errmsg, -ENOMEM, "no memory");
	err = machine__open(m, opts, errmsg);
	if (!err)
		err = make_code(m, e, errmsg);
	if (!err && opts->count && e->counts)
		err = start_counting(m, errmsg);
	if (err)
		engine_machine__close(m);
	else
		*state = m;
	return err;
}

void machine__place(struct machine *m, const struct capture_packet *in, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		m->packets[i].ctx = frames__place(m->frames, i, &in[i]);
		m->packets[i].ctx.ingress_ifindex = m->ifindex;
	}
}

uint64_t machine__now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

void machine__tell(struct machine *m, struct engine_result *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct replay_packet *p = &m->packets[i];
		uint32_t size, meta_len = p->ctx.data - p->ctx.data_meta;
		const uint8_t *bytes = frames__bytes(m->frames, i, &p->ctx, &size);

		out[i] = (struct engine_result){.verdict = p->verdict,
			.meta_len = meta_len,
			.len = size - meta_len,
			.bytes = bytes,
			.has_redirect = true,
			.redirect = p->redirect,
			.fault_reason = p->fault_reason,
			.fault_insn = p->fault_insn};
	}
}

int engine_machine__run(void *state, const struct capture_packet *in, size_t n,
	struct engine_result *out, uint64_t *ns, char **errmsg)
{
	struct machine *m = state;
	struct replay_burst burst = {.packets = m->packets, .n = n};
	uint64_t start;

	machine__place(m, in, n);
	start = machine__now_ns();
	m->code->driver(&m->env, &burst);
	*ns = machine__now_ns() - start;
	machine__tell(m, out, n);
	return 0;
}

struct reading {
	struct event_log *log;
	const char *map;
};

static int note_event(void *user, const struct ebpf_event *event)
{
	const struct reading *r = user;

	r->log->lost += event->lost;
	return event_log__add(
		r->log, &(struct event){.map = r->map, .size = event->size}, event->data);
}

int engine_machine__events(void *state, struct event_log *log, char **errmsg)
{
	const struct subject *s = &((struct machine *)state)->subject;

	for (uint32_t i = 0; i < s->n_maps; i++) {
		const struct ebpf_map_opts *o = ebpf_map__opts(s->maps[i]);
		struct reading r = {log, o->name};

		if (map_type__has_events(o->type) &&
			ebpf_map__consume(s->maps[i], note_event, &r) < 0)
			return error__set(
				errmsg, -ENOMEM, "map %s: no memory for its events", o->name);
	}
	return 0;
}

static int next_key(void *map, const void *key, void *next)
{
	return ebpf_map__next_key(map, key, next);
}

static int lookup(void *map, const void *key, void *value)
{
	return ebpf_map__lookup(map, key, value);
}

static int take(void *map, void *value)
{
	return ebpf_map__lookup_and_delete(map, NULL, value);
}

static int put(void *map, const void *value)
{
	return ebpf_map__update(map, NULL, value, BPF_ANY);
}

int engine_machine__maps(void *state, struct map_set *set, char **errmsg)
{
	const struct subject *s = &((struct machine *)state)->subject;

	for (uint32_t i = 0; i < s->n_maps; i++) {
		struct ebpf_map *map = s->maps[i];
		/* Of a per-CPU value the first slot: worker 0 is the only one. */
		struct map_reader reader = {.next = next_key,
			.lookup = lookup,
			.take = take,
			.put = put,
			.map = map,
			.value_bytes = ebpf_map__value_bytes(map)};
		int err = map_set__add(set, ebpf_map__opts(map), &reader, errmsg);

		if (err)
			return err;
	}
	return 0;
}

void engine_machine__counts(void *state, struct engine_counts *counts)
{
	struct machine *m = state;

	ebpf_program__count_hits(m->prog, NULL);
	*counts = (struct engine_counts){m->prog, m->subject.spec, m->hits};
}

void machine__close(struct machine *m)
{
	ebpf_program__unref(m->prog);
	subject__close(&m->subject);
	frames__destroy(m->frames);
}

void engine_machine__close(void *state)
{
	struct machine *m = state;

	machine__close(m);
	free(m->hits);
	free(m);
}
