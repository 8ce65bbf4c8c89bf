/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ebpf-program.h -- typed programs: verified, bound to maps, interpreted or compiled.
 *
 * The user's steps:
 *
 *	inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 4}, &err);
 *	map  = ebpf_map__create(inst, ...);
 *	prog = ebpf_program__load(inst, &spec, &load_opts, &err);    verified; interpreted
 *	code = ebpf_program__compile(prog, "llvm", driver, &err);    optional
 *	ebpf_program__install(prog, code);                           workers see it at once
 *
 *	per worker:  ebpf_env__init(&env, inst, worker);
 *	per packet:  verdict = ebpf_program__run(prog, &env, &ctx);
 *	per burst:   ebpf_program__code(prog)->driver(&env, burst);
 *
 * The memory picture:
 *
 *	instance ──► maps (reference-counted)
 *	    └──────► programs: bytecode, facts, maps
 *	                 ├─ interp code   part of the program
 *	                 └─ compiled code one per driver, owned by the program
 *
 * A driver is the loop around a program: C source compiled twice, natively (for code without
 * a compiler) and to bitcode (the compiler inlines the program into it). A driver's source
 * calls ebpf_program_entry() -- see ebpf-env.h -- and exports
 * `void ebpf_driver(struct ebpf_env *, void *burst)`; what `burst` points at is between the
 * driver and its caller.
 *
 * Errors: as in ebpf-vm.h. Threads: loading, compiling and installing may run beside
 * workers; one ebpf_env belongs to one thread.
 */
#ifndef EBPF_PROGRAM_H
#define EBPF_PROGRAM_H

#include "ebpf-vm.h"
#include "ebpf-map.h"
#include "ebpf-env.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

#define EBPF_MAX_WORKERS 1024

struct ebpf_image;
struct ebpf_instance;
struct ebpf_program;

/* Where a program's trace output goes; called on the worker's thread. */
typedef void (*ebpf_trace_fn)(void *user, const char *text, size_t len);

/* A process of its own for each compilation: that ends, crashes and hangs without harm to this
 * one. */
struct ebpf_compiler {
	const char *path; /* xdpk-compile */
	uint32_t seconds; /* a compilation may take; 0 means 60 */
	uint64_t memory;  /* bytes of addresses; 0 means 2 GiB */
};

struct ebpf_instance_opts {
	uint32_t workers;    /* greatest number of workers, EBPF_MAX_WORKERS at most; 0 means 1 */
	uint64_t map_memory; /* bytes all maps may take together; 0 means 1 GiB */
	ebpf_trace_fn trace; /* NULL: trace output is dropped */
	void *trace_user;
	/* A folder for compiled objects, so that none is compiled again: "" is the user's own,
	 * $XDG_CACHE_HOME/xdpk or ~/.cache/xdpk; NULL: none. A folder that cannot be used, or that
	 * others may write to, is as none. */
	const char *cache_dir;
	uint64_t cache_bytes;                 /* it may hold; 0 means 64 MiB */
	const struct ebpf_compiler *compiler; /* NULL: this process compiles */
};

/* opts NULL: all defaults. */
struct ebpf_instance *ebpf_instance__create(const struct ebpf_instance_opts *opts, char **errmsg);
/* Releases the caller's hold; maps and programs keep the instance alive until they go. */
void ebpf_instance__destroy(struct ebpf_instance *inst);
/* Returns when every worker that is online has been quiescent (ebpf-env.h) since. */
void ebpf_instance__synchronize(struct ebpf_instance *inst);
/* For the end, from any thread: what an ebpf_compiler compiles now and later fails with -ECANCELED.
 */
void ebpf_instance__stop_compiling(struct ebpf_instance *inst);
uint32_t ebpf_instance__workers(const struct ebpf_instance *inst);

enum ebpf_program_type {
	EBPF_PROGRAM_RAW,        /* r1 = memory, r2 = its length; ctx is struct ebpf_raw_ctx */
	EBPF_PROGRAM_XDP,        /* r1 = struct xdp_md (kernel uapi); ctx is struct ebpf_xdp_ctx */
	EBPF_PROGRAM_XDP_DEVMAP, /* the same at a DEVMAP's entry: may read egress_ifindex */
	EBPF_PROGRAM_XDP_CPUMAP, /* the same at a CPUMAP's entry */
	EBPF_N_PROGRAM_TYPES,
};

/* What a caller must hand to a function that is verified on its own. */
enum ebpf_arg_kind {
	EBPF_ARG_OTHER, /* a type that such a function cannot have */
	EBPF_ARG_SCALAR,
	EBPF_ARG_CTX,    /* the program's context */
	EBPF_ARG_MEM,    /* a pointer to `size` bytes */
	EBPF_ARG_DYNPTR, /* a pointer to struct bpf_dynptr, to read */
};

struct ebpf_func_arg {
	uint32_t size; /* EBPF_ARG_MEM */
	uint8_t kind;
	bool nullable; /* EBPF_ARG_MEM: NULL is allowed */
};

/* A function of the program, in order of insn; the first is the entry at 0. */
struct ebpf_func {
	const char *name;
	uint32_t insn;       /* index of its first instruction word */
	bool global;         /* verified on its own (kernel: BTF_FUNC_GLOBAL) */
	bool typed;          /* what follows is known */
	bool returns_scalar; /* else nothing, or a pointer */
	uint8_t n_args;      /* more than 5: as 6, the first five are told */
	struct ebpf_func_arg args[5];
};

/* Source line of the instructions from `insn` on, in order of insn. */
struct ebpf_line {
	uint32_t insn;
	uint32_t line, column;
	const char *file;
	const char *text;
};

/* Everything is borrowed for the duration of the call. References to maps are by index into
 * `maps`: LDDW with source 5 (EBPF_LDDW_MAP_IDX) or 6 (EBPF_LDDW_MAP_IDX_VALUE). */
struct ebpf_program_spec {
	const char *name;
	enum ebpf_program_type type;
	bool has_frags; /* takes packets in fragments: BPF_F_XDP_HAS_FRAGS, sections xdp.frags */
	const struct ebpf_insn *insns;
	uint32_t n_insns;
	struct ebpf_map *const *maps;
	uint32_t n_maps;
	const struct ebpf_func *funcs;
	uint32_t n_funcs;
	const struct ebpf_line *lines;
	uint32_t n_lines;
	/* Where the program was compiled ahead of time (ebpf-image.h), or NULL: it is used for as
	 * long as the program lives. */
	struct ebpf_image *image;
};

struct ebpf_verify_stats {
	uint64_t insns_examined;
	uint32_t states_peak, states_total;
	uint64_t memory; /* bytes, at the peak */
	uint64_t ns;
};

struct ebpf_load_opts {
	int log_level; /* 0: text on rejection only, 1: branches, 2: every insn */
	char **log;    /* malloc'ed text or NULL; set also when the load fails */
	struct ebpf_verify_stats *stats;
	uint32_t insn_budget; /* instructions the verifier may examine; 0: 1,000,000, as Linux */
};

/* Verifies the program (-EACCES and the reason if rejected) and readies it for the
 * interpreter. Frozen maps are constants from here on. NULL on failure, errno set. */
struct ebpf_program *ebpf_program__load(struct ebpf_instance *inst,
	const struct ebpf_program_spec *spec, const struct ebpf_load_opts *opts, char **errmsg);
/* Verifies only, 0 or negative errno as above: a helper that the machine knows and does not have
 * is no error here, but a program that calls it cannot be loaded (-ENOTSUP). */
int ebpf_program__verify(struct ebpf_instance *inst, const struct ebpf_program_spec *spec,
	const struct ebpf_load_opts *opts, char **errmsg);
struct ebpf_program *ebpf_program__ref(struct ebpf_program *prog);
void ebpf_program__unref(struct ebpf_program *prog); /* NULL is fine */
const char *ebpf_program__name(const struct ebpf_program *prog);
enum ebpf_program_type ebpf_program__type(const struct ebpf_program *prog);
bool ebpf_program__has_frags(const struct ebpf_program *prog);
bool ebpf_program__has_image(const struct ebpf_program *prog);
/* From 1, unique in the instance: what a lookup in a PROG_ARRAY gives. */
uint32_t ebpf_program__id(const struct ebpf_program *prog);

struct ebpf_driver {
	const char *name;
	const void *bitcode; /* LLVM bitcode of the driver; NULL in builds without the compiler */
	size_t bitcode_size;
	ebpf_driver_fn native; /* the same source, calling env->prog */
	/* Bytes of maps that lookups need not look ahead in, as they stay in the cache: see
	 * ebpf-env.h. 0: as the machine's second-level cache has it. */
	uint64_t cache_size;
	/* Tells of the layout of what `burst` points at, for code that was compiled elsewhere:
	 * other for any other layout, the same in builds without the bitcode. */
	uint64_t layout;
};

/* One way to run a program. Owned by the program and valid as long as it. */
struct ebpf_code {
	const char *backend;   /* "interp", "llvm" */
	ebpf_entry_fn entry;   /* one program: a tail call is left for the caller to follow */
	ebpf_driver_fn driver; /* NULL if made without a driver */
};

/* The interpreter's code with the driver's native loop around it (driver may be NULL). */
const struct ebpf_code *ebpf_program__interpret(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg);
const struct ebpf_code *ebpf_program__compile(struct ebpf_program *prog, const char *backend,
	const struct ebpf_driver *driver, char **errmsg);
/* The same out of the program's image or the instance's folder of compiled objects, at once; NULL
 * if it is not there. */
const struct ebpf_code *ebpf_program__find_compiled(
	struct ebpf_program *prog, const char *backend, const struct ebpf_driver *driver);

/* Compiles and installs the programs that tail calls of this one lead to as its maps are now, and
 * those that theirs do; not this one. What is put into the maps later stays as it is. With a driver
 * also those at the entries that it redirects by: they are compiled into that loop. */
int ebpf_program__compile_targets(struct ebpf_program *prog, const char *backend,
	const struct ebpf_driver *driver, char **errmsg);

/* Makes `code` what ebpf_program__code() returns from now on; other threads see it with
 * their next call. Code that was installed before stays valid as long as the program. */
void ebpf_program__install(struct ebpf_program *prog, const struct ebpf_code *code);
const struct ebpf_code *ebpf_program__code(const struct ebpf_program *prog);

/* Runs once with the installed code; sets env->prog. */
uint64_t ebpf_program__run(struct ebpf_program *prog, struct ebpf_env *env, void *ctx);

/* Coverage. hits: a counter per instruction word, raised by the interpreter from now on; the
 * caller owns it; NULL stops counting. Not while the program runs. */
void ebpf_program__count_hits(struct ebpf_program *prog, uint64_t *hits);
/* Did the verifier reach this instruction word? (A second word of an LDDW is not one.) */
bool ebpf_program__reachable(const struct ebpf_program *prog, uint32_t insn);
uint32_t ebpf_program__n_insns(const struct ebpf_program *prog);

enum ebpf_dump {
	EBPF_DUMP_BYTECODE, /* disassembly with source lines and map names */
	EBPF_DUMP_IR,       /* LLVM IR before optimisation */
	EBPF_DUMP_IR_OPT,   /* after it */
	EBPF_DUMP_ASM,      /* the machine code's assembly text */
};
/* malloc'ed text; driver may be NULL. NULL on failure. */
char *ebpf_program__dump(struct ebpf_program *prog, enum ebpf_dump what,
	const struct ebpf_driver *driver, char **errmsg);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
