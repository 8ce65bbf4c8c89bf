/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Runs every vector (*.data) of the folders given on every backend, and as an image that another VM
 * loads, with bounds checks and without, through the public API, and prints how many passed. A
 * build with the compiler must have the llvm backend, one with DPDK the rte backend, which refuses
 * what it cannot do by name: of any folder one vector in five at the most, of one with 150 vectors
 * or more not so many that fewer than 150 pass.
 */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

#define MANY 150

static const struct {
	const char *name;
	const char *vm;    /* that runs them */
	const char *maker; /* of an image for that; NULL: none */
	bool must;         /* be there */
	bool refuses;      /* may */
} ways[] = {
	{"interp", "interp", NULL, true, false},
#ifdef HAVE_LLVM
	{"llvm", "llvm", NULL, true, false},
	{"image", "interp", "llvm", true, false},
#else
	{"llvm", "llvm", NULL, false, false},
	{"image", "interp", "llvm", false, false},
#endif
#ifdef HAVE_RTE
	{"rte", "rte", NULL, true, true},
#else
	{"rte", "rte", NULL, false, true},
#endif
};

struct counts {
	unsigned passed, refused, failed;
};

enum outcome { PASSED, REFUSED, FAILED };

/* Why nothing ran. */
static enum outcome explain(struct ebpf_vm *vm, int err, char *why, size_t size)
{
	struct ebpf_fault fault;
	char *reason = NULL;

	if (err != -EFAULT) {
		ebpf_compile(vm, &reason);
		snprintf(why, size, "%s", reason ? reason : "does not run");
		free(reason);
		return err == -ENOTSUP ? REFUSED : FAILED;
	}
	if (ebpf_last_fault(vm, &fault))
		snprintf(why, size, "stopped, and nobody knows why");
	else
		snprintf(why, size, "fault %d at instruction %u", fault.reason, fault.insn);
	return FAILED;
}

/* Compiled in a VM that is gone when the image is loaded. */
static int load_image(
	struct ebpf_vm *vm, const char *maker, bool checks, const struct vector *v, char **err)
{
	struct ebpf_aot_options opts = {.size = sizeof(opts), .errmsg = err};
	struct ebpf_vm *other = ebpf_create(maker);
	size_t size;
	uint8_t *elf;
	int rc;

	ebpf_toggle_bounds_check(other, checks);
	rc = ebpf_load(other, v->insns, v->n_insns * sizeof(*v->insns), err);
	if (!rc)
		rc = ebpf_aot_compile(other, &opts, &elf, &size);
	ebpf_destroy(other);
	if (rc)
		return rc;
	rc = ebpf_aot_load(vm, elf, size, err);
	free(elf);
	return rc;
}

static enum outcome run(
	struct ebpf_vm *vm, size_t way, bool checks, const struct vector *v, char *why, size_t size)
{
	uint64_t result;
	char *err = NULL;
	int rc;

	ebpf_toggle_bounds_check(vm, checks);
	if (ways[way].maker)
		rc = load_image(vm, ways[way].maker, checks, v, &err);
	else
		rc = ebpf_load(vm, v->insns, v->n_insns * sizeof(*v->insns), &err);
	if (rc) {
		snprintf(why, size, "does not load: %s", err);
		free(err);
		return FAILED;
	}
	rc = ebpf_exec(vm, v->mem, v->mem_len, &result);
	if (rc)
		return explain(vm, rc, why, size);
	if (result == v->result)
		return PASSED;
	snprintf(why, size, "0x%" PRIx64 " instead of 0x%" PRIx64, result, v->result);
	return FAILED;
}

static enum outcome run_file(size_t way, bool checks, const char *path, char *why, size_t size)
{
	struct ebpf_vm *vm = ebpf_create(ways[way].vm);
	enum outcome outcome = FAILED;
	struct vector v;
	char *err;

	if (vector__read(path, &v, &err)) {
		snprintf(why, size, "%s", err);
		free(err);
	} else {
		snprintf(why, size, "no such backend");
		outcome = vm ? run(vm, way, checks, &v, why, size) : FAILED;
		vector__release(&v);
	}
	ebpf_destroy(vm);
	return outcome;
}

static bool available(size_t way)
{
	struct ebpf_vm *vm = ebpf_create(ways[way].maker ? ways[way].maker : ways[way].vm);

	ebpf_destroy(vm);
	return vm;
}

static bool refused_too_many(const struct counts *c)
{
	return c->refused * 5 > c->passed + c->refused ||
	       (c->passed + c->refused >= MANY && c->passed < MANY);
}

static void run_folder(size_t way, bool checks, const char *folder, struct counts *total)
{
	struct counts counts = {0};
	unsigned *const counter[] = {&counts.passed, &counts.refused, &counts.failed};
	const char *name = ways[way].name;
	char pattern[4096], why[256];
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%s/*.data", folder);
	if (glob(pattern, 0, NULL, &files)) {
		printf("%s: %s holds no vectors\n", name, folder);
		total->failed++;
		return;
	}
	for (size_t i = 0; i < files.gl_pathc; i++) {
		enum outcome outcome = run_file(way, checks, files.gl_pathv[i], why, sizeof(why));

		if (outcome == REFUSED && !ways[way].refuses)
			outcome = FAILED;
		if (outcome != PASSED)
			printf("%s: %s: %s%s\n", name, files.gl_pathv[i],
				outcome == REFUSED ? "refused: " : "", why);
		++*counter[outcome];
	}
	globfree(&files);
	printf("%s, %s: %s: %u passed, %u refused, %u failed\n", name,
		checks ? "checked" : "unchecked", folder, counts.passed, counts.refused,
		counts.failed);
	total->passed += counts.passed;
	total->failed += counts.failed + refused_too_many(&counts);
}

int main(int argc, char **argv)
{
	struct counts total = {0};
	size_t way;
	int i;

	for (way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
		if (!available(way)) {
			printf("%s: %s\n", ways[way].name,
				ways[way].must ? "missing" : "skipped: not in this build");
			total.failed += ways[way].must;
			continue;
		}
		for (i = 1; i < argc; i++) {
			run_folder(way, true, argv[i], &total);
			run_folder(way, false, argv[i], &total);
		}
	}
	return total.failed || !total.passed;
}
