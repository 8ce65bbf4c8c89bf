/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verdicts -- what the running kernel's verifier says of a program, and what ours says, and how
 * long each takes.
 *
 *	verdicts OBJECT                     [{"program", "section"}]: the XDP programs
 *	verdicts OBJECT PROGRAM [INIT]      {"kernel": {...}, "xdpk": {...}}, of each "accepted",
 *	                                    "reason", "us"; of ours statistics too, and "kept":
 *	                                    the bytes of memory that more are in use after the
 *	                                    last verification than after the first
 *
 * Both verify several times, in turn, and the shortest time counts: the kernel's as its log
 * tells it, which is without the system call and the compilation. Where our loader does not get
 * through, the kernel is asked all the same, without the time.
 *
 * Exit status: 0, or 2 if nothing can be said.
 */
#include <bpf/libbpf.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel-load.h"

#define ROUNDS   5
#define LOG_SIZE (1 << 20)

struct verdict {
	bool known, accepted;
	char *reason; /* malloc'ed */
	uint64_t ns;  /* the shortest */
	struct ebpf_verify_stats stats;
	int64_t kept;
};

static void keep_shortest(struct verdict *v, uint64_t ns)
{
	if (!v->ns || ns < v->ns)
		v->ns = ns;
}

static void ask_ours(struct verdict *v, const struct subject *s)
{
	struct ebpf_load_opts opts = {.stats = &v->stats};

	free(v->reason);
	v->reason = NULL;
	v->known = true;
	v->accepted = !ebpf_program__verify(s->inst, s->spec, &opts, &v->reason);
	keep_shortest(v, v->stats.ns);
}

static void ask_kernel(struct verdict *v, const struct subject *s, const struct subject_opts *opts)
{
	struct kernel_program k;

	free(v->reason);
	v->reason = NULL;
	v->known = true;
	v->accepted = !kernel_program__load(&k, s, opts, &v->reason);
	if (!v->accepted)
		return;
	keep_shortest(v, k.verify_us * 1000ull);
	kernel_program__unload(&k);
}

/* ---- without our loader ---- */

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static bool is_xdp(const struct bpf_program *p)
{
	const char *section = bpf_program__section_name(p);

	return strncmp(section + (*section == '?'), "xdp", 3) == 0;
}

static void ask_through_libbpf(struct verdict *v, const char *path, const char *name)
{
	struct bpf_object *obj = bpf_object__open(path);
	char *log = calloc(1, LOG_SIZE);
	struct bpf_program *p;

	if (!obj || !log)
		return;
	bpf_object__for_each_program(p, obj) {
		bpf_program__set_autoload(p, strcmp(bpf_program__name(p), name) == 0);
		bpf_program__set_type(p, BPF_PROG_TYPE_XDP);
		bpf_program__set_log_buf(p, log, LOG_SIZE);
	}
	v->accepted = !bpf_object__load(obj);
	v->known = v->accepted || *log;
	v->reason = v->accepted
			    ? NULL
			    : strdup(*log ? kernel_log__reason(log) : "libbpf does not load it");
	bpf_object__close(obj);
	free(log);
}

/* ---- */

static json_t *describe(const struct verdict *v)
{
	json_t *o = json_pack("{s:b, s:f}", "accepted", v->accepted, "us", v->ns / 1e3);

	if (v->reason)
		json_object_set_new(o, "reason", json_string(v->reason));
	return o;
}

static json_t *describe_ours(const struct verdict *v)
{
	json_t *o = describe(v), *more;

	more = json_pack("{s:I, s:I, s:I, s:I}", "insns", (json_int_t)v->stats.insns_examined,
		"states", (json_int_t)v->stats.states_total, "memory", (json_int_t)v->stats.memory,
		"kept", (json_int_t)v->kept);
	json_object_update(o, more);
	json_decref(more);
	return o;
}

static int64_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return (int64_t)(m.uordblks + m.hblkhd);
}

static json_t *ask_both(const char *object, const char *program, const char *init)
{
	const struct subject_opts opts = {
		.object = object, .program = program, .init = init, .ifindex = 1};
	struct verdict kernel = {0}, ours = {0};
	struct subject s;
	json_t *both;

	if (subject__open(&s, &opts, &ours.reason)) {
		ask_through_libbpf(&kernel, object, program);
	} else {
		for (int i = 0; i < ROUNDS; i++) {
			ask_kernel(&kernel, &s, &opts);
			ask_ours(&ours, &s);
			if (i == 0)
				ours.kept = -in_use();
		}
		ours.kept += in_use();
		subject__close(&s);
	}
	both = json_pack("{s:o?, s:o}", "kernel", kernel.known ? describe(&kernel) : NULL, "xdpk",
		describe_ours(&ours));
	free(kernel.reason);
	free(ours.reason);
	return both;
}

/* As our loader finds them; as libbpf does, where ours does not open the object. */
static json_t *list(const char *path)
{
	json_t *programs = json_array();
	struct ebpf_object *ours = ebpf_object__open(path, NULL);
	struct bpf_object *theirs = ours ? NULL : bpf_object__open(path);
	struct bpf_program *p = NULL;

	for (size_t i = 0; ours && i < ebpf_object__n_programs(ours); i++) {
		const struct ebpf_object_program *one = ebpf_object__program(ours, i);

		if (one->is_xdp)
			json_array_append_new(
				programs, json_pack("{s:s, s:s}", "program", one->name, "section",
						  one->section));
	}
	while (theirs && (p = bpf_object__next_program(theirs, p))) {
		if (is_xdp(p))
			json_array_append_new(
				programs, json_pack("{s:s, s:s}", "program", bpf_program__name(p),
						  "section", bpf_program__section_name(p)));
	}
	ebpf_object__close(ours);
	bpf_object__close(theirs);
	return programs;
}

int main(int argc, char **argv)
{
	json_t *answer = NULL;

	libbpf_set_print(silent);
	if (argc == 2)
		answer = list(argv[1]);
	else if (argc == 3 || argc == 4)
		answer = ask_both(argv[1], argv[2], argv[3]);
	if (!answer) {
		fprintf(stderr, "usage: verdicts OBJECT [PROGRAM [INIT]]\n");
		return 2;
	}
	json_dumpf(answer, stdout, JSON_SORT_KEYS);
	printf("\n");
	json_decref(answer);
	return 0;
}
