/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The kernel's own verifier selftests, compiled: XDP programs against the verdict their tags
 * expect, all others, taken for XDP programs, against the verdict of the running kernel.
 *
 *	selftests [-x PERCENT] [-a PERCENT] [-r PERCENT] [-k FILE] OBJECT...
 *
 * -x: XDP programs that must agree with their tags; -a, -r: of the others that the kernel
 * accepts, or rejects, those that must be here. Every disagreement is printed with its cause;
 * those that are left on purpose stand in FILE, a line each: "name: reason", and with -k all
 * others are failures, and so is a line that is not needed any more.
 * Exit status: 0, 1 below a threshold or something unexpected, 2 for a bad command line, 77 if
 * bpf() is not permitted.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "object.h"

#define SKIPPED  77
#define LOG_SIZE (16u << 20)

enum verdict { ACCEPTED, REJECTED, UNKNOWN };

struct tally {
	uint32_t total[2], agree[2]; /* by the verdict that is right */
};

#define MAX_KNOWN 64

/* A disagreement that is left on purpose. */
struct known {
	char *name, *reason;
	bool needed;
};

struct run {
	struct tally tagged, forced;
	struct known known[MAX_KNOWN];
	uint32_t n_known, unexpected;
	uint32_t tags_of_others; /* the running kernel sees it in another way than the tag */
	uint32_t unasked;        /* the kernel */
	uint32_t unexamined;     /* here, by the verifier: something is not supported */
	char *kernel_log;
};

/* What the tags of a function expect of it with privileges. One that has tags for other cases
 * only, or none, is expected to be accepted; an auxiliary one is no test. */
struct expectation {
	bool failure, auxiliary;
};

static struct expectation expectation_of(const struct btf *btf, const char *function)
{
	struct expectation e = {0};
	int id = btf ? btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) : -1;

	for (uint32_t i = 1; id > 0 && i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *tag;

		if (!btf_is_decl_tag(t) || t->type != (uint32_t)id)
			continue;
		tag = btf__name_by_offset(btf, t->name_off);
		e.failure |= !strcmp(tag, "comment:test_expect_failure");
		e.auxiliary |= !strcmp(tag, "comment:test_auxiliary");
	}
	return e;
}

/* ---- ours ---- */

/* reason: malloc'ed. */
static enum verdict our_verdict(
	struct ebpf_instance *inst, struct ebpf_object *obj, const char *name, char **reason)
{
	const struct ebpf_program_spec *spec = ebpf_object__program_spec(obj, name, reason);

	return spec && !ebpf_program__verify(inst, spec, NULL, reason) ? ACCEPTED : REJECTED;
}

/* ---- the kernel's ---- */

/* A program that was accepted, and what comes after that failed: there is no program for an array
 * that the object fills. */
static bool failed_later;

static int listen(enum libbpf_print_level level, const char *format, va_list args)
{
	failed_later |= strstr(format, "failed to initialize slot") != NULL;
	return 0;
}

/* Sections whose programs libbpf would tie to something in the kernel, or make sleepable. */
static void take_for_xdp(void)
{
	static const char *const sections[] = {"fentry+", "fentry.s+", "fexit+", "fexit.s+",
		"fmod_ret+", "fmod_ret.s+", "tp_btf+", "lsm+", "lsm.s+", "iter+", "iter.s+",
		"syscall", "uprobe.s+"};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		libbpf_register_prog_handler(sections[i], BPF_PROG_TYPE_XDP, 0, NULL);
}

static void keep_only(struct bpf_object *obj, const char *name, struct run *run)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, obj) {
		bool wanted = !strcmp(bpf_program__name(p), name);

		bpf_program__set_autoload(p, wanted);
		if (!wanted)
			continue;
		bpf_program__set_type(p, BPF_PROG_TYPE_XDP);
		bpf_program__set_expected_attach_type(p, 0);
		bpf_program__set_flags(p, 0);
		bpf_program__set_log_buf(p, run->kernel_log, LOG_SIZE);
	}
}

/* What libbpf made of the object, not what the program does. */
static const char *const no_verdict[] = {
	"failed to resolve CO-RE relocation", /* an invalid instruction took its place */
};

static enum verdict load(struct run *run, const char *path, const char *name)
{
	struct bpf_object *obj = bpf_object__open(path);

	if (!obj)
		return UNKNOWN;
	keep_only(obj, name, run);
	if (!bpf_object__load(obj) || failed_later)
		return ACCEPTED;
	for (size_t i = 0; i < sizeof(no_verdict) / sizeof(no_verdict[0]); i++)
		if (strstr(run->kernel_log, no_verdict[i]))
			return UNKNOWN;
	return run->kernel_log[0] ? REJECTED : UNKNOWN;
}

/* UNKNOWN: something else than its verifier refused. Asked in a process of its own, since some
 * of these objects crash some versions of libbpf. */
static enum verdict kernel_verdict(struct run *run, const char *path, const char *name)
{
	int status;
	pid_t pid;

	run->kernel_log[0] = '\0';
	pid = fork();
	if (pid == 0)
		_exit(load(run, path, name));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return UNKNOWN;
	return (enum verdict)WEXITSTATUS(status);
}

/* The log's last line that says something: before "processed ... insns". */
static const char *kernel_reason(char *log)
{
	char *last = log, *end = strstr(log, "\nprocessed ");

	if (end)
		*end = '\0';
	for (char *c = log; *c; c++)
		if (*c == '\n' && c[1])
			last = c + 1;
	return last;
}

/* ---- one against the other ---- */

static const char *known_reason(struct run *run, const char *name)
{
	for (uint32_t i = 0; i < run->n_known; i++) {
		if (strcmp(run->known[i].name, name) != 0)
			continue;
		run->known[i].needed = true;
		return run->known[i].reason;
	}
	run->unexpected++;
	return "not expected";
}

/* Was it rejected here for what this machine does not have, and there for something else? */
static bool lacks_something(const char *our_reason, const char *kernels)
{
	bool lacks =
		strstr(our_reason, "is not supported") || strstr(our_reason, "this machine has");

	return lacks && !strstr(kernels, "cannot use helper") && !strstr(kernels, "is not allowed");
}

/* ours UNKNOWN: the verifier had nothing to say, so where a rejection is right that proves
 * nothing; nor does one for want of something. */
static void compare(struct run *run, struct tally *tally, const char *name, enum verdict right,
	enum verdict ours, const char *our_reason)
{
	if (right == REJECTED && ours != ACCEPTED &&
		(ours == UNKNOWN || lacks_something(our_reason, kernel_reason(run->kernel_log)))) {
		run->unexamined++;
		return;
	}
	tally->total[right]++;
	if (ours == right) {
		tally->agree[right]++;
		return;
	}
	printf("%s %s %s: %s (%s)\n", tally == &run->tagged ? "tag" : "kernel",
		right == ACCEPTED ? "REJECTED-HERE" : "ACCEPTED-HERE", name,
		right == ACCEPTED ? our_reason : kernel_reason(run->kernel_log),
		known_reason(run, name));
}

static void note_unasked(struct run *run, const char *name)
{
	const char *why = kernel_reason(run->kernel_log);

	printf("not asked %s: %s\n", name, why[0] ? why : "its maps or types do not come so far");
	run->unasked++;
}

static void examine(struct run *run, struct ebpf_instance *inst, struct ebpf_object *obj,
	const char *path, const struct btf *btf, const struct ebpf_object_program *p,
	const char *why_no_maps)
{
	struct expectation expected = expectation_of(btf, p->name);
	enum verdict ours = UNKNOWN, kernels;
	char *reason = NULL;

	if (expected.auxiliary)
		return;
	if (!why_no_maps)
		ours = our_verdict(inst, obj, p->name, &reason);
	kernels = kernel_verdict(run, path, p->name);
	if (p->is_xdp && kernels != UNKNOWN &&
		kernels != (expected.failure ? REJECTED : ACCEPTED)) {
		printf("the running kernel %s %s, against its tag\n",
			kernels == ACCEPTED ? "accepts" : "rejects", p->name);
		run->tags_of_others++;
	}
	if (p->is_xdp)
		compare(run, &run->tagged, p->name, expected.failure ? REJECTED : ACCEPTED, ours,
			why_no_maps ? why_no_maps : reason);
	else if (kernels != UNKNOWN)
		compare(run, &run->forced, p->name, kernels, ours,
			why_no_maps ? why_no_maps : reason);
	else
		note_unasked(run, p->name);
	free(reason);
}

static void examine_object(struct run *run, const char *path)
{
	const struct ebpf_instance_opts opts = {.workers = 1};
	struct ebpf_instance *inst = ebpf_instance__create(&opts, NULL);
	char *err = NULL;
	struct ebpf_object *obj = ebpf_object__open(path, &err);
	struct btf *btf = btf__parse_elf(path, NULL);

	if (!obj || !inst) {
		printf("unreadable %s: %s\n", path, err ? err : "out of memory");
	} else {
		ebpf_object__create_maps(obj, inst, &err);
		for (size_t i = 0; i < ebpf_object__n_programs(obj); i++)
			examine(run, inst, obj, path, btf, ebpf_object__program(obj, i), err);
	}
	btf__free(btf);
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
	free(err);
}

static bool enough(const char *what, uint32_t agree, uint32_t total, double percent)
{
	double share = total ? 100.0 * agree / total : 0;

	printf("%s: %u of %u (%.1f%%)\n", what, agree, total, share);
	return share >= percent;
}

static bool bpf_permitted(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, NULL);

	if (fd < 0)
		printf("the kernel is not asked: bpf() gives: %s\n", strerror(errno));
	else
		close(fd);
	return fd >= 0;
}

/* "name: reason" a line; # begins a comment. */
static bool read_known(struct run *run, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512], *colon;

	if (!f) {
		printf("%s: %s\n", path, strerror(errno));
		return false;
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		colon = strstr(line, ": ");
		if (line[0] == '#' || !colon)
			continue;
		if (run->n_known == MAX_KNOWN)
			break;
		run->known[run->n_known++] = (struct known){
			.name = strndup(line, (size_t)(colon - line)), .reason = strdup(colon + 2)};
	}
	fclose(f);
	return run->n_known < MAX_KNOWN;
}

/* All that is known, and nothing else, was found. */
static bool as_known(struct run *run)
{
	bool good = !run->unexpected;

	printf("disagreements that are not expected: %u\n", run->unexpected);
	for (uint32_t i = 0; i < run->n_known; i++) {
		if (!run->known[i].needed) {
			printf("no disagreement any more: %s\n", run->known[i].name);
			good = false;
		}
		free(run->known[i].name);
		free(run->known[i].reason);
	}
	return good;
}

int main(int argc, char **argv)
{
	double need_tagged = 0, need_accepted = 0, need_rejected = 0;
	struct run run = {0};
	const struct tally *t = &run.tagged, *f = &run.forced;
	bool good, only_known = false;
	int opt;

	while ((opt = getopt(argc, argv, "x:a:r:k:")) != -1) {
		switch (opt) {
		case 'x': need_tagged = atof(optarg); break;
		case 'a': need_accepted = atof(optarg); break;
		case 'r': need_rejected = atof(optarg); break;
		case 'k':
			only_known = true;
			if (!read_known(&run, optarg))
				return 2;
			break;
		default: return 2;
		}
	}
	if (!bpf_permitted())
		return SKIPPED;
	run.kernel_log =
		mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.kernel_log == MAP_FAILED || optind == argc)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0); /* nothing waits in it while it forks */
	libbpf_set_print(listen);
	take_for_xdp();
	for (int i = optind; i < argc; i++)
		examine_object(&run, argv[i]);
	good = enough("XDP programs as their tags expect", t->agree[0] + t->agree[1],
		t->total[0] + t->total[1], need_tagged);
	good &= enough("of others, the kernel accepts and so do we", f->agree[ACCEPTED],
		f->total[ACCEPTED], need_accepted);
	good &= enough("of others, the kernel rejects and so do we", f->agree[REJECTED],
		f->total[REJECTED], need_rejected);
	printf("tags that the running kernel does not keep: %u\n", run.tags_of_others);
	printf("not asked, since something else than the kernel's verifier refused: %u\n",
		run.unasked);
	printf("rightly rejected, but not counted, since something is not supported: %u\n",
		run.unexamined);
	if (only_known)
		good &= as_known(&run);
	return good ? 0 : 1;
}
