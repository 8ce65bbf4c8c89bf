/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replay.c -- one replay.
 *
 * All input is opened before anything runs. The first pass takes every burst through all
 * engines in turn and compares what came out; then maps are compared. Outputs, map dump and
 * coverage are those of the first engine in the first pass. Further passes only measure.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "compare.h"
#include "coverage.h"
#include "expect.h"
#include "object.h"
#include "replay.h"
#include "report.h"
#include "verdict.h"

struct running {
	const struct engine *engine;
	void *state;
	struct engine_result results[ENGINE_BURST];
	uint64_t verdicts[N_VERDICTS];
	double *pass_ns; /* per packet, one per pass */
	struct map_set maps;
	struct event_log burst; /* what the last burst has written */
	uint64_t events, lost;  /* before it */
};

struct replay {
	const struct replay_opts *opts;
	struct capture capture;
	struct expect expect;
	struct running run[REPLAY_MAX_ENGINES];
	size_t n_run;
	struct capture_writer *writers[REPLAY_MAX_OUTPUTS];
	FILE *expect_to;
	struct engine_opts engine; /* the program's name found */
	char *program;
	bool has_frags;          /* the program takes packets in fragments */
	struct event_log events; /* to be dumped */
	json_t *report;
};

static json_t *engine_reports(struct replay *r)
{
	return json_object_get(r->report, "engines");
}

static int start_report(struct replay *r, char **errmsg)
{
	const struct replay_opts *o = r->opts;

	r->report = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:[], s:[]}", "object",
		o->engine.subject.object, "program", r->program, "capture", o->capture, "packets",
		(json_int_t)r->capture.n, "too_short", (json_int_t)r->capture.too_short, "too_long",
		(json_int_t)r->capture.too_long, "cut_by_snap", (json_int_t)r->capture.cut_by_snap,
		"passes", (json_int_t)o->passes, "engines", "differences");
	if (!r->report)
		return error__set(errmsg, -EINVAL, "file names must be UTF-8");
	if (o->verbose)
		json_object_set_new(r->report, "packet_list", json_array());
	return 0;
}

/* Which program is it, if the user named none? Engines open the object again. */
static int find_program(struct replay *r, char **errmsg)
{
	struct ebpf_object *obj = ebpf_object__open(r->opts->engine.subject.object, errmsg);
	const struct ebpf_object_program *p =
		obj ? ebpf_object__find_program(obj, r->opts->engine.subject.program, errmsg)
		    : NULL;

	if (p && !(r->program = strdup(p->name)))
		error__set(errmsg, -ENOMEM, "no memory");
	r->has_frags = p && p->has_frags;
	ebpf_object__close(obj);
	r->engine = r->opts->engine;
	r->engine.subject.program = r->program;
	return r->program ? 0 : -EINVAL;
}

/* An engine that was not asked for by name and cannot run here, or not this program, is noted in
 * the report. */
static int skip_engine(struct replay *r, const struct engine *e, int err, char **errmsg)
{
	const char *why = *errmsg ? *errmsg : strerror(-err);

	if (r->opts->engines_named) {
		error__prefix(errmsg, "engine %s", e->name);
		return err;
	}
	json_array_append_new(
		engine_reports(r), json_pack("{s:s, s:s}", "name", e->name, "skipped", why));
	free(*errmsg);
	*errmsg = NULL;
	return 0;
}

static int open_engine(struct replay *r, const struct engine *e, char **errmsg)
{
	struct running *run = &r->run[r->n_run];
	int err = e->available ? e->available(e, errmsg) : 0;

	if (err)
		return skip_engine(r, e, err, errmsg);
	run->pass_ns = calloc(r->opts->passes, sizeof(*run->pass_ns));
	if (!run->pass_ns)
		return error__set(errmsg, -ENOMEM, "no memory");
	err = e->open(e, &r->engine, &run->state, errmsg);
	if (err) {
		free(run->pass_ns);
		run->pass_ns = NULL;
		return err == -ENOTSUP ? skip_engine(r, e, err, errmsg) : err;
	}
	run->engine = e;
	r->n_run++;
	return 0;
}

static int open_outputs(struct replay *r, char **errmsg)
{
	const struct replay_opts *o = r->opts;

	for (size_t i = 0; i < o->n_outputs; i++) {
		r->writers[i] = capture_writer__open(o->outputs[i].path, errmsg);
		if (!r->writers[i])
			return -EIO;
	}
	if (o->write_expect) {
		r->expect_to = fopen(o->write_expect, "w");
		if (!r->expect_to)
			return error__set(
				errmsg, -errno, "%s: %s", o->write_expect, strerror(errno));
		fprintf(r->expect_to, "# packet verdict bytes\n");
	}
	return 0;
}

static int open_all(struct replay *r, char **errmsg)
{
	const struct replay_opts *o = r->opts;
	int err = find_program(r, errmsg);

	if (!err)
		err = capture__load(&r->capture, o->capture,
			r->has_frags ? EBPF_XDP_MAX_PACKET : EBPF_XDP_MAX_LINEAR, errmsg);
	if (!err && o->expect)
		err = expect__load(&r->expect, o->expect, r->capture.total, errmsg);
	if (!err)
		err = start_report(r, errmsg);
	for (size_t i = 0; !err && i < o->n_engines; i++)
		err = open_engine(r, o->engines[i], errmsg);
	if (!err && !r->n_run)
		err = error__set(errmsg, -ENOTSUP, "no engine can run here");
	return err ? err : open_outputs(r, errmsg);
}

static void close_all(struct replay *r)
{
	for (size_t i = 0; i < r->n_run; i++) {
		r->run[i].engine->close(r->run[i].state);
		map_set__free(&r->run[i].maps);
		event_log__free(&r->run[i].burst);
		free(r->run[i].pass_ns);
	}
	for (size_t i = 0; i < r->opts->n_outputs; i++) {
		if (r->writers[i])
			capture_writer__close(r->writers[i], NULL);
	}
	if (r->expect_to)
		fclose(r->expect_to);
	event_log__free(&r->events);
	json_decref(r->report);
	free(r->program);
	expect__free(&r->expect);
	capture__free(&r->capture);
}

/* Only now is it known whether everything that was written has arrived. */
static int finish_outputs(struct replay *r, char **errmsg)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->opts->n_outputs; i++) {
		err = capture_writer__close(r->writers[i], errmsg);
		r->writers[i] = NULL;
	}
	if (!err && r->expect_to) {
		bool failed = ferror(r->expect_to);

		if (fclose(r->expect_to) || failed)
			err = error__set(
				errmsg, -EIO, "%s: %s", r->opts->write_expect, strerror(errno));
		r->expect_to = NULL;
	}
	return err;
}

/* What the first engine made of a packet goes to the files that want it. */
static void write_out(
	struct replay *r, const struct capture_packet *in, const struct engine_result *out)
{
	for (size_t i = 0; i < r->opts->n_outputs; i++) {
		if (verdict__leaves(out->verdict) &&
			r->opts->outputs[i].verdicts & 1u << out->verdict)
			capture_writer__add(
				r->writers[i], &in->time, out->bytes + out->meta_len, out->len);
	}
	if (r->expect_to)
		expect__write_line(r->expect_to, in, out);
	if (r->opts->verbose)
		report__packet(r->report, in, out);
}

/* A verified program never faults: if it does, that is a difference too. */
static void note_fault(struct replay *r, const struct running *run, uint32_t packet,
	const struct engine_result *out)
{
	char where[48];

	if (!out->fault_reason)
		return;
	snprintf(where, sizeof(where), "reason %u at instruction %u", out->fault_reason,
		out->fault_insn);
	report__difference(r->report, json_pack("{s:I}", "packet", (json_int_t)packet), "fault",
		run->engine->name, where, "verifier", "none");
}

static void compare_burst(struct replay *r, const struct capture_packet *in, size_t n)
{
	const struct running *first = &r->run[0];

	for (size_t i = 0; i < n; i++) {
		for (size_t e = 0; e < r->n_run; e++) {
			struct running *run = &r->run[e];
			const struct engine_result *out = &run->results[i];

			run->verdicts[verdict__class(out->verdict)]++;
			note_fault(r, run, in[i].number, out);
			if (r->expect.of)
				expect__check(&r->expect, &in[i], run->engine, out, r->report);
			if (e)
				compare__results(r->report, in[i].number, run->engine->name, out,
					first->engine->name, &first->results[i]);
		}
		write_out(r, &in[i], &first->results[i]);
	}
}

static int run_burst(
	struct replay *r, struct running *run, uint32_t pass, size_t at, size_t n, char **errmsg)
{
	uint64_t ns;
	int err =
		run->engine->run(run->state, r->capture.packets + at, n, run->results, &ns, errmsg);

	run->pass_ns[pass] += (double)ns / r->capture.n;
	event_log__clear(&run->burst);
	return err ? err : run->engine->events(run->state, &run->burst, errmsg);
}

static int compare_events(struct replay *r, char **errmsg)
{
	struct running *first = &r->run[0];

	for (size_t e = 0; e < r->n_run; e++) {
		struct running *run = &r->run[e];

		if (e)
			compare__events(r->report, run->events, run->engine->name, &run->burst,
				first->engine->name, &first->burst);
		run->events += run->burst.n;
		run->lost += run->burst.lost;
	}
	if (r->opts->dump_maps && event_log__append(&r->events, &first->burst))
		return error__set(errmsg, -ENOMEM, "no memory for events");
	return 0;
}

static size_t burst_at(const struct replay *r, size_t at)
{
	return r->capture.n - at < ENGINE_BURST ? r->capture.n - at : ENGINE_BURST;
}

static int first_pass(struct replay *r, char **errmsg)
{
	int err = 0;

	for (size_t at = 0, n; !err && at < r->capture.n; at += n) {
		n = burst_at(r, at);
		for (size_t e = 0; !err && e < r->n_run; e++)
			err = run_burst(r, &r->run[e], 0, at, n, errmsg);
		if (err)
			break;
		compare_burst(r, r->capture.packets + at, n);
		err = compare_events(r, errmsg);
	}
	for (size_t e = 0; !err && e < r->n_run; e++) {
		struct running *run = &r->run[e];

		err = run->engine->maps(run->state, &run->maps, errmsg);
		if (!err && e)
			compare__maps(r->report, run->engine->name, &run->maps,
				r->run[0].engine->name, &r->run[0].maps);
	}
	return err;
}

static int measure(struct replay *r, char **errmsg)
{
	int err = 0;

	for (uint32_t pass = 1; pass < r->opts->passes; pass++) {
		for (size_t e = 0; e < r->n_run; e++) {
			for (size_t at = 0, n; !err && at < r->capture.n; at += n) {
				n = burst_at(r, at);
				err = run_burst(r, &r->run[e], pass, at, n, errmsg);
			}
		}
	}
	return err;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median without the first pass, if there are others. */
static double median_ns(struct running *run, uint32_t passes)
{
	if (passes == 1)
		return run->pass_ns[0];
	qsort(run->pass_ns + 1, passes - 1, sizeof(double), compare_doubles);
	return run->pass_ns[1 + (passes - 1) / 2];
}

static void report_engine(struct replay *r, struct running *run)
{
	json_t *verdicts = json_object(), *ran;

	for (uint32_t v = 0; v < N_VERDICTS; v++)
		json_object_set_new(
			verdicts, verdict__class_name(v), json_integer(run->verdicts[v]));
	ran = json_pack("{s:s, s:o, s:I, s:I, s:f, s:s}", "name", run->engine->name, "verdicts",
		verdicts, "events", (json_int_t)run->events, "events_lost", (json_int_t)run->lost,
		"ns_per_packet", median_ns(run, r->opts->passes), "measures",
		run->engine->measures);
	json_array_append_new(engine_reports(r), ran);
}

static int report_coverage(struct replay *r, char **errmsg)
{
	struct engine_counts counts;

	for (size_t e = 0; e < r->n_run; e++) {
		if (!r->run[e].engine->counts)
			continue;
		r->run[e].engine->counts(r->run[e].state, &counts);
		json_object_set_new(r->report, "coverage", coverage__describe(&counts));
		return 0;
	}
	return error__set(errmsg, -EINVAL, "--coverage needs the engine interp");
}

/* Engines have opened the object for themselves, and changed what is in it. */
static int report_maps(struct replay *r, char **errmsg)
{
	struct ebpf_object *obj = ebpf_object__open(r->opts->engine.subject.object, errmsg);

	if (!obj)
		return -EINVAL;
	report__maps(r->report, &r->run[0].maps, obj);
	ebpf_object__close(obj);
	return 0;
}

static int run_all(struct replay *r, char **errmsg)
{
	int err = first_pass(r, errmsg);

	if (!err && r->opts->engine.count)
		err = report_coverage(r, errmsg);
	if (!err)
		err = measure(r, errmsg);
	if (!err)
		err = finish_outputs(r, errmsg);
	for (size_t e = 0; !err && e < r->n_run; e++)
		report_engine(r, &r->run[e]);
	if (!err && r->opts->dump_maps)
		err = report_maps(r, errmsg);
	if (!err && r->opts->dump_maps)
		report__events(r->report, &r->events);
	return err;
}

int replay__run(const struct replay_opts *opts, char **errmsg)
{
	struct replay *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return error__set(errmsg, -ENOMEM, "no memory");
	r->opts = opts;
	rc = open_all(r, errmsg);
	if (!rc)
		rc = run_all(r, errmsg);
	if (!rc) {
		if (opts->json)
			report__print_json(r->report);
		else
			report__print_text(r->report);
		rc = report__n_differences(r->report) ? 1 : 0;
	}
	close_all(r);
	free(r);
	return rc;
}
