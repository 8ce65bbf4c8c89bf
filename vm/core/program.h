/* SPDX-License-Identifier: BSD-3-Clause
 *
 * program.h -- a loaded program inside the machine.
 *
 * Its bytecode, functions and lines live in the blob of its compile request: what is hashed,
 * compiled and interpreted is one and the same copy.
 */
#ifndef VM_CORE_PROGRAM_H
#define VM_CORE_PROGRAM_H

#include <pthread.h>
#include <stdatomic.h>

#include "../interp/interp.h"
#include "../native/native.h"
#include "../verifier/verifier.h"
#include "backend.h"
#include "compile-stats.h"
#include "ebpf-offload.h"
#include "ebpf-program.h"
#include "instance.h"
#include "request.h"

struct program_code { /* one way to run it; a list that only grows */
	struct ebpf_code code;
	char backend[24];                 /* what code.backend points at */
	struct native_image *image;       /* NULL: interpreter */
	const struct ebpf_backend *maker; /* of `made`, if there is any */
	struct backend_code *made;
	struct program_code *next;
};

/* What only raw programs have. Borrowed by the program; owned by its VM. */
struct raw_binding {
	const struct raw_helper *helpers; /* sorted by id */
	const ebpf_helper_fn *helper_fns;
	uint32_t n_helpers;
	const uint64_t *lddw;               /* value of the LDDW at each instruction */
	const struct ebpf_regions *regions; /* NULL: none */
	struct run_limits limits;
	uint64_t secret; /* 0: none */
};

struct ebpf_program {
	atomic_uint refs;
	uint32_t id; /* from 1, unique in its instance */
	struct ebpf_instance *inst;
	uint8_t *blob; /* owns everything the view points at */
	size_t blob_size;
	struct compile_request request;
	struct program_view view; /* = request.view */
	struct ebpf_map **maps;   /* references */
	const struct rt_map **rt_maps;
	struct raw_binding raw;
	struct ebpf_image *image; /* a reference, or NULL */
	struct verifier_result verified;
	struct interp_code *interp;
	_Atomic(const struct ebpf_code *) installed;
	pthread_mutex_t lock; /* codes */
	struct program_code *codes;
};

/* As ebpf_program__load(); raw is NULL but for raw programs, whose verification is structural. */
struct ebpf_program *program__load(struct ebpf_instance *inst, const struct ebpf_program_spec *spec,
	const struct raw_binding *raw, const struct ebpf_load_opts *opts, char **errmsg);

struct compile_opts {
	const char *backend;
	const struct ebpf_driver *driver; /* or NULL */
	const char *cpu;                  /* as in the request */
	uint32_t flags;                   /* enum compile_flags */
	struct compile_stats *stats;      /* added to; or NULL */
};

/* A relocatable ELF object: see backend.h. Its owner frees elf. */
struct compiled_object {
	uint8_t *elf;
	size_t size;
};

/* secret.c: the compile request of this program, its instructions plain; 0 or -ENOMEM. Its owner
 * gives it to program__drop_request(). */
int program__build_request(const struct ebpf_program *prog, uint32_t flags,
	const struct ebpf_driver *driver, const char *cpu, uint8_t **blob, size_t *size);
void program__drop_request(const struct ebpf_program *prog, uint8_t *blob, size_t size);
/* Combines the program's instructions with its secret, if it has one. */
void program__hide_insns(struct ebpf_program *prog);

/* offload.c: the driver of kernels for a target. */
struct ebpf_driver kernel_driver__for(
	const struct ebpf_kernel_driver *driver, enum ebpf_target target);

/* compile.c: 0 or negative errno with *errmsg. */
int program__make_object(struct ebpf_program *prog, const struct compile_opts *opts,
	struct compiled_object *object, char **errmsg);
/* The same without a compiler: out of the program's image, or else the instance's cache. -ENOENT:
 * it is in neither. -ENOEXEC: the image has it, but it does not fit. */
int program__find_object(struct ebpf_program *prog, const struct compile_opts *opts,
	struct compiled_object *object, char **errmsg);
/* code.c: the object, made of this program for this CPU, as code. *jit is ebpf_jit of raw
 * programs; NULL for others. */
const struct ebpf_code *program__load_object(struct ebpf_program *prog,
	const struct compile_opts *opts, const struct compiled_object *object, ebpf_jit_fn *jit,
	char **errmsg);
void program_code__free(struct program_code *c);
/* Both; or code at once, of a backend that makes it. */
const struct ebpf_code *program__compile(struct ebpf_program *prog, const struct compile_opts *opts,
	ebpf_jit_fn *jit, char **errmsg);

#endif
