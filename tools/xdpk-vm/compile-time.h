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

#define COMPILE_TIME_MAX_ROUNDS 1000

/* Makes the object `rounds` times, each from the file on, and prints what every step took, as text
 * or JSON. *object is one of those made. 0 or negative errno with *errmsg. */
int compile_time__run(const struct compile_job *job, uint32_t rounds, bool as_json,
	struct compiled_object *object, char **errmsg);

#endif
