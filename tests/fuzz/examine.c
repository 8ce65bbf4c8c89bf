/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arithmetic.h"
#include "causes.h"
#include "contents.h"
#include "core/program.h"
#include "examine.h"
#include "held.h"
#include "mutate.h"
#include "runtime/helpers.h"

#define MOST_INSNS   16384
#define SMALL_BUDGET 20000 /* of loops without end, which most of the time would go to */
#define MOST_PRINTED 200   /* findings */

struct subject {
	uint64_t number;
	enum origin origin;
	const char *name; /* of a specimen, or "" */
	struct ebpf_insn *insns;
	uint32_t n;
	struct run_machine *machine;
	struct run_kernel *kernel; /* NULL: not to be asked */
	uint64_t uses;
	/* Every engine computes the same: no addresses, no time. */
	bool clean;
};

static __attribute__((format(printf, 3, 4))) void find(
	const struct subject *s, uint64_t *count, const char *format, ...)
{
	va_list args;

	if (++*count > MOST_PRINTED)
		return;
	va_start(args, format);
	printf("program %" PRIu64 " %s: ", s->number, s->name);
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
}

/* Short ones are quick, and survive damage more often. */
static void generate(struct chance *c, struct generated_program *p)
{
	uint64_t words[256];
	uint32_t size = 60 + chance__below(c, 100U << chance__below(c, 5)), i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		words[i] = chance__next(c) * 0x9e3779b97f4a7c15;
	generate_program((const uint8_t *)words, size, p);
}

/* From one of those that keep no model of what is right. */
static void make_blindly(struct chance *c, enum origin origin, struct generated_program *p)
{
	p->n_insns =
		origin == ORIGIN_HELD ? held_program(c, p->insns) : arithmetic_program(c, p->insns);
	p->mistakes = 0;
	p->volatile_results = false;
}

/* Most damage is refused: once is best. */
static uint32_t times(struct chance *c)
{
	return 1 + !chance__below(c, 3) + !chance__below(c, 6);
}

static void make_generated(struct chance *c, struct subject *s)
{
	static struct generated_program p, donor;
	static const enum origin origins[] = {ORIGIN_ARITHMETIC, ORIGIN_HELD, ORIGIN_GENERATED,
		ORIGIN_GENERATED, ORIGIN_GENERATED};

	s->origin = origins[chance__below(c, sizeof(origins) / sizeof(origins[0]))];
	if (s->origin != ORIGIN_GENERATED)
		make_blindly(c, s->origin, &p);
	else
		generate(c, &p);
	if (p.mistakes)
		s->origin = ORIGIN_MISTAKEN;
	s->clean =
		s->origin == ORIGIN_HELD || (s->origin == ORIGIN_GENERATED && !p.volatile_results);
	s->insns = p.insns;
	s->n = p.n_insns;
	if (chance__below(c, 5) < 2) {
		generate(c, &donor);
		s->n = mutate(c, times(c), p.insns, p.n_insns, GENERATED_MAX_INSNS, donor.insns,
			donor.n_insns);
		s->origin = ORIGIN_MUTATED;
		s->clean = false;
	}
}

static void make_from_object(struct examiner *e, struct chance *c, struct subject *s)
{
	static struct ebpf_insn insns[MOST_INSNS];
	struct specimen *from = e->corpus.specimens[chance__below(c, e->corpus.n)];
	struct specimen *donor = e->corpus.specimens[chance__below(c, e->corpus.n)];

	s->origin = ORIGIN_OBJECT;
	s->name = from->name;
	s->machine = &from->machine;
	s->kernel = from->in_kernel ? &from->kernel : NULL;
	memcpy(insns, from->insns, from->n_insns * sizeof(insns[0]));
	s->insns = insns;
	s->n = mutate(c, times(c), insns, from->n_insns, MOST_INSNS, donor->insns, donor->n_insns);
}

static bool repeatable(const struct subject *s)
{
	return run_repeatable(s->uses, &s->machine->set);
}

/* Do both say the same of these instructions? */
static bool agree(void *user, const struct ebpf_insn *insns, bool accepted)
{
	const struct subject *s = user;
	char log[64];
	int fd = run_kernel__load(s->kernel, insns, s->n, log, sizeof(log));
	struct ebpf_program *prog =
		accepted ? NULL : run_machine__load(s->machine, insns, s->n, NULL, NULL);
	bool same = accepted ? fd >= 0 : (fd >= 0) == (prog != NULL);

	if (fd >= 0)
		close(fd);
	ebpf_program__unref(prog);
	return same;
}

static void explain(struct examiner *e, struct subject *s, bool only_here, const char *text)
{
	const struct disagreement d = {only_here, text, s->insns, s->n, agree, s};
	const struct cause *cause = cause__find(&d);

	if (cause && cause - causes < MOST_CAUSES)
		e->totals->causes[cause - causes]++;
	else
		find(s, &e->totals->unexplained, "accepted by %s alone: %s",
			only_here ? "us" : "the kernel", text);
}

/* Does it call what rightly answers otherwise in the kernel? */
static bool asks_this_kernel(const struct subject *s)
{
	static const struct {
		uint8_t src;
		int32_t imm;
	} calls[] = {
		/* Of a bool the kernel gives 8 bits; the others of r0 are what they were. */
		{BPF_PSEUDO_KFUNC_CALL, KFUNC_dynptr_is_null},
		{BPF_PSEUDO_KFUNC_CALL, KFUNC_dynptr_is_rdonly},
		/* How many CPUs there are. */
		{0, BPF_FUNC_map_lookup_percpu_elem},
	};

	for (uint32_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < sizeof(calls) / sizeof(calls[0]); k++)
			if (s->insns[i].opcode == (BPF_JMP | BPF_CALL) &&
				s->insns[i].src == calls[k].src && s->insns[i].imm == calls[k].imm)
				return true;
	return false;
}

/* `interpreted`: what the kernel must do too, if it `ran`; NULL if refused here for `reason`. */
static void ask_kernel(struct examiner *e, struct subject *s, const struct run_outcome *interpreted,
	bool ran, const char *reason)
{
	static struct run_outcome outcome;
	const char *difference;
	static char log[2000];
	int prog = run_kernel__load(s->kernel, s->insns, s->n, log, sizeof(log));

	e->totals->asked++;
	e->totals->asked_accepted += prog >= 0;
	if (e->verbose)
		printf("the kernel: %s\n", prog < 0 ? log : "accepted");
	if ((prog < 0) == !interpreted) {
		if (prog < 0)
			return;
	} else {
		explain(e, s, prog < 0, prog < 0 ? log : reason);
	}
	if (prog < 0)
		return;
	if (!ran || !s->clean || !repeatable(s) || asks_this_kernel(s)) {
		close(prog);
		return;
	}
	if (run_kernel__run(s->kernel, prog, s->uses, &outcome)) {
		find(s, &e->totals->differences, "the kernel cannot run it: %s", strerror(errno));
		return;
	}
	e->totals->ran_in_kernel++;
	difference = run_outcome__difference(interpreted, &outcome, &s->machine->set);
	if (difference)
		find(s, &e->totals->differences, "interpreted, then in the kernel: %s", difference);
}

static bool same(const struct subject *s, const struct run_outcome *a, const struct run_outcome *b)
{
	return !run_outcome__difference(a, b, &s->machine->set);
}

/* A program may compute with addresses, which an engine gives as it likes: what changes when
 * the program runs elsewhere is no matter of engines. */
static void compile(struct examiner *e, const struct subject *s, struct ebpf_program *prog,
	const struct ebpf_code *interp, const struct run_outcome *interpreted)
{
	static struct run_outcome elsewhere, compiled, compiled_elsewhere;
	char *errmsg = NULL;
	const struct ebpf_code *code = run_compile(prog, &errmsg);

	if (!code) {
		find(s, &e->totals->differences, "not compiled: %s", errmsg);
		free(errmsg);
		return;
	}
	e->totals->compiled++;
	if (shows_map(prog)) {
		e->totals->by_address++;
		return;
	}
	run_machine__run(s->machine, prog, interp, s->uses, true, &elsewhere);
	run_machine__run(s->machine, prog, code, s->uses, false, &compiled);
	run_machine__run(s->machine, prog, code, s->uses, true, &compiled_elsewhere);
	if (!same(s, interpreted, &elsewhere) || !same(s, &compiled, &compiled_elsewhere)) {
		if (s->clean)
			find(s, &e->totals->differences, "elsewhere it does something else");
		e->totals->by_address++;
		return;
	}
	e->totals->compared++;
	if (!same(s, interpreted, &compiled))
		find(s, &e->totals->differences, "interpreted, then compiled: %s",
			run_outcome__difference(interpreted, &compiled, &s->machine->set));
}

static void note_stats(
	struct examiner *e, const struct subject *s, const struct ebpf_verify_stats *stats)
{
	struct totals *t = e->totals;

	if (stats->ns > t->slowest.ns) {
		t->slowest.program = s->number;
		t->slowest.ns = stats->ns;
		t->slowest.insns = stats->insns_examined;
	}
	if (stats->states_peak > t->states)
		t->states = stats->states_peak;
}

/* False if it takes too long: then nothing can be compared. */
static bool interpret(struct examiner *e, const struct subject *s, struct ebpf_program *prog,
	bool compiles, struct run_outcome *out)
{
	const struct ebpf_code *code = run_interpreter__begin(prog);
	bool ran = false;

	if (!code)
		return false;
	run_machine__run(s->machine, prog, code, s->uses, false, out);
	if (out->fault_reason == EBPF_FAULT_BUDGET) {
		e->totals->too_long++;
	} else if (out->fault_reason) {
		find(s, &e->totals->faults, "stopped, reason %u at instruction %u",
			out->fault_reason, out->fault_insn);
	} else {
		ran = true;
		if (compiles && repeatable(s))
			compile(e, s, prog, code, out);
	}
	run_interpreter__end();
	return ran;
}

static void examine_subject(struct examiner *e, struct chance *c, struct subject *s)
{
	static struct run_outcome interpreted;
	bool compiles = e->compile_one_in && !chance__below(c, e->compile_one_in);
	bool asks = e->ask_one_in && !chance__below(c, e->ask_one_in);
	struct ebpf_verify_stats stats = {0};
	char *errmsg = NULL;
	bool ran = false;
	struct ebpf_load_opts opts = {
		.stats = &stats, .insn_budget = asks || !chance__below(c, 256) ? 0 : SMALL_BUDGET};
	struct ebpf_program *prog = run_machine__load(s->machine, s->insns, s->n, &opts, &errmsg);

	note_stats(e, s, &stats);
	s->uses = run_uses(s->insns, s->n, &s->machine->set);
	e->totals->made[s->origin]++;
	if (e->verbose) {
		run_print(s->insns, s->n);
		printf("here: %s\n", prog ? "accepted" : errmsg);
	}
	if (prog) {
		e->totals->accepted[s->origin]++;
		totals__cover(e->totals, s->insns, s->n);
		ran = interpret(e, s, prog, compiles, &interpreted);
	}
	if (asks && s->kernel)
		ask_kernel(e, s, prog ? &interpreted : NULL, ran, errmsg);
	ebpf_program__unref(prog);
	free(errmsg);
}

void examine(struct examiner *e, uint64_t i)
{
	struct chance c = chance__seed(e->totals->seed << 40 ^ i);
	struct subject s = {.number = i,
		.name = "",
		.machine = &e->machine,
		.kernel = e->with_kernel ? &e->kernel : NULL};

	if (e->corpus.n && !chance__below(&c, 6))
		make_from_object(e, &c, &s);
	else
		make_generated(&c, &s);
	examine_subject(e, &c, &s);
}
