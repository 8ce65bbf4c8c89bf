/* SPDX-License-Identifier: BSD-3-Clause
 *
 * backend.h -- what a compiling backend offers: compile requests in, objects or code out.
 *
 * A backend lives in a shared module, libebpf-BACKEND.so, that is opened when somebody first
 * asks for it (libLLVM is large). The module exports one function, ebpf_backend_init, and
 * shares nothing with the machine but this header and the blob. It must be callable from
 * many threads.
 *
 * What the object holds (ELF64, relocatable, this machine's ISA):
 *
 *	ebpf_entry    uint64_t (struct ebpf_env *, void *ctx)
 *	ebpf_driver   void (struct ebpf_env *, void *burst), if the request has a driver
 *	ebpf_jit      uint64_t (void *mem, size_t len), raw programs only
 *
 * What it may leave undefined, for vm/native to resolve (always through the GOT):
 *
 *	ebpf_map.N    first byte of map N's memory (struct rt_map's mem)
 *	ebpf_helper.N the function registered as helper N (raw programs)
 *	ebpf_lddw.N   the value of the LDDW at instruction N (raw programs, source 1..6)
 *	ebpf_self     the struct ebpf_program that owns the image
 *	and the functions of vm/native/symbols.c
 *
 * For COMPILE_CPU_PTX it is PTX text instead: ebpf_driver is its entry, and the memory of map N the
 * global ebpf_map_N, zeroed and with one slot of per-CPU values, where there is need of it. Nothing
 * is left undefined.
 */
#ifndef VM_CORE_BACKEND_H
#define VM_CORE_BACKEND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "../native/native.h"
#include "compile-stats.h"
#include "ebpf-program.h"
#include "ebpf-vm.h"

#define EBPF_BACKEND_ABI 5

/* What a backend makes that gives no objects, but code in this process. */
struct backend_code {
	ebpf_jit_fn run; /* checks nothing; its fault, if it can have one, is not for it to tell */
	size_t run_size; /* of its code, bytes */
	uint64_t memory; /* bytes that it may touch: fewer must not be given to it */
	/* An object as above, with the doors to the code: it may leave undefined, besides,
	 * ebpf_code, which is this struct, and ebpf_interpret, the interpreter's entry. */
	const uint8_t *entry;
	size_t entry_size;
	void *owned;
};

struct code_order {
	const uint8_t *request;
	size_t request_size;
	native_resolve_fn resolve; /* values of ebpf_lddw.N and ebpf_helper.N */
	void *user;
};

struct ebpf_backend {
	uint32_t abi; /* EBPF_BACKEND_ABI */
	const char *name;
	/* For raw programs, instead of compile and dump, which are NULL then. */
	int (*make_code)(const struct code_order *order, struct backend_code *code, char **errmsg);
	void (*release_code)(struct backend_code *code);
	/* Each output is malloc'ed; stats may be NULL. 0 or negative errno with *errmsg. */
	int (*compile)(const uint8_t *request, size_t size, uint8_t **elf, size_t *elf_size,
		struct compile_stats *stats, char **errmsg);
	/* what: EBPF_DUMP_IR and later */
	int (*dump)(const uint8_t *request, size_t size, enum ebpf_dump what, char **text,
		char **errmsg);
};

typedef const struct ebpf_backend *(*ebpf_backend_init_fn)(void);

/* Opens the module on demand; NULL with *errmsg if it is not there. */
const struct ebpf_backend *backend__get(const char *name, char **errmsg);
/* The module's file, which is not opened; false if it is none that can be told. */
bool backend__find_module(const char *name, struct stat *st);

#endif
