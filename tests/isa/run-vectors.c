/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Runs every vector (*.data) of the folders given on every backend, through the public API,
 * and prints how many passed. A build with the compiler must have the llvm backend.
 */
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

static const struct {
	const char *name;
	bool must; /* be there */
} backends[] = {
	{"interp", true},
#ifdef HAVE_LLVM
	{"llvm", true},
#else
	{"llvm", false},
#endif
};

struct counts {
	unsigned passed, failed;
};

static const char *run(struct ebpf_vm *vm, const struct vector *v, char *why, size_t size)
{
	struct ebpf_fault fault;
	uint64_t result;
	char *err = NULL;

	if (ebpf_load(vm, v->insns, v->n_insns * sizeof(*v->insns), &err)) {
		snprintf(why, size, "does not load: %s", err);
		free(err);
		return why;
	}
	if (ebpf_exec(vm, v->mem, v->mem_len, &result)) {
		if (ebpf_last_fault(vm, &fault))
			return "does not run";
		snprintf(why, size, "fault %d at instruction %u", fault.reason, fault.insn);
		return why;
	}
	if (result != v->result) {
		snprintf(why, size, "0x%" PRIx64 " instead of 0x%" PRIx64, result, v->result);
		return why;
	}
	return NULL;
}

static void run_file(const char *backend, const char *path, struct counts *counts)
{
	struct ebpf_vm *vm = NULL;
	const char *failure;
	char why[256], *err;
	struct vector v;

	if (vector__read(path, &v, &err)) {
		snprintf(why, sizeof(why), "%s", err);
		free(err);
		failure = why;
	} else {
		vm = ebpf_create(backend);
		failure = vm ? run(vm, &v, why, sizeof(why)) : "no such backend";
	}
	if (failure)
		printf("%s: %s: %s\n", backend, path, failure);
	failure ? counts->failed++ : counts->passed++;
	ebpf_destroy(vm);
	vector__release(&v);
}

static bool available(const char *backend)
{
	struct ebpf_vm *vm = ebpf_create(backend);

	ebpf_destroy(vm);
	return vm;
}

static void run_folder(const char *backend, const char *folder, struct counts *total)
{
	struct counts counts = {0};
	char pattern[4096];
	glob_t files;
	size_t i;

	snprintf(pattern, sizeof(pattern), "%s/*.data", folder);
	if (glob(pattern, 0, NULL, &files)) {
		printf("%s: %s holds no vectors\n", backend, folder);
		total->failed++;
		return;
	}
	for (i = 0; i < files.gl_pathc; i++)
		run_file(backend, files.gl_pathv[i], &counts);
	globfree(&files);
	printf("%s: %s: %u passed, %u failed\n", backend, folder, counts.passed, counts.failed);
	total->passed += counts.passed;
	total->failed += counts.failed;
}

int main(int argc, char **argv)
{
	struct counts total = {0};
	size_t b;
	int i;

	for (b = 0; b < sizeof(backends) / sizeof(backends[0]); b++) {
		if (!available(backends[b].name)) {
			printf("%s: %s\n", backends[b].name,
				backends[b].must ? "missing" : "skipped: not in this build");
			total.failed += backends[b].must;
			continue;
		}
		for (i = 1; i < argc; i++)
			run_folder(backends[b].name, argv[i], &total);
	}
	return total.failed || !total.passed;
}
