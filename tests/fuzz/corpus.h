/* SPDX-License-Identifier: BSD-3-Clause
 *
 * corpus.h -- programs of compiled objects, with machines of their own: the maps are theirs,
 * but smaller.
 */
#ifndef TESTS_FUZZ_CORPUS_H
#define TESTS_FUZZ_CORPUS_H

#include <object.h>

#include "kernel.h"

struct specimen {
	char *name; /* "object program" */
	struct ebpf_insn *insns;
	uint32_t n_insns;
	struct map_set maps;
	struct run_machine machine;
	struct run_kernel kernel;
	bool in_kernel; /* the kernel has its maps too */
};

struct source { /* an object */
	struct ebpf_instance *inst;
	struct ebpf_object *obj;
	struct source *next;
};

struct corpus {
	struct source *sources;
	struct specimen **specimens;
	uint32_t n;
	bool with_kernel;
};

/* Adds every XDP program of the object that is accepted. What cannot be used is passed over.
 * Everything stays until the process ends. */
void corpus__add(struct corpus *c, const char *path);

#endif
