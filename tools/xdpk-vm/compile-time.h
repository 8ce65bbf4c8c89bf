/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile-time.h -- what it costs to make a program's object and to load it, for `compile --time`.
 */
#ifndef XDPK_VM_COMPILE_TIME_H
#define XDPK_VM_COMPILE_TIME_H

#include <stdint.h>

#include "core/program.h"

struct compile_job {
	const char *path, *program; /* of the object; name of the function or NULL */
	const char *init;           /* file of control lines, or NULL */
	struct compile_opts opts;
};

enum compile_row {
	ROW_OPEN,
	ROW_LOAD,
	ROW_STEPS, /* those of compile-stats.h */
	ROW_COMPILER = ROW_STEPS + N_COMPILE_STEPS,
	ROW_HIT,
	N_COMPILE_ROWS
};

#define COMPILE_MAX_ROUNDS 1000

struct compile_report {
	uint32_t rounds;
	uint64_t *ns[N_COMPILE_ROWS]; /* CPU time by round; zeros: not done */
	char program[128];
	const char *cpu;
	uint32_t n_insns;
	uint64_t code_size, object_size;
	uint64_t kib_before, kib_peak; /* memory of the process, in the first compilation */
};

/* Makes the object `rounds` times, each from the file on. *object is one of those made, the caller
 * frees its elf. 0 or negative errno with *errmsg. */
int compile_time__measure(struct compile_report *r, const struct compile_job *job, uint32_t rounds,
	struct compiled_object *object, char **errmsg);
void compile_time__release(struct compile_report *r);

/* compile-report.c; they sort the samples. */
void compile_report__print(struct compile_report *r);
void compile_report__print_json(struct compile_report *r);

#endif
