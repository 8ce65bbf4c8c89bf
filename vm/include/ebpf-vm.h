/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ebpf-vm.h -- the eBPF machine: load raw bytecode, run it, compile it.
 *
 * The user's steps:
 *
 *	struct ebpf_vm *vm = ebpf_create("llvm");        "" takes the best backend available
 *	ebpf_register(vm, 1, "my_helper", fn);           optional: before ebpf_load
 *	ebpf_load(vm, code, sizeof(code), &err);         structure is checked here (RFC 9669)
 *	ebpf_exec(vm, mem, mem_len, &result);            r1 = mem, r2 = mem_len, result = r0
 *	ebpf_jit_fn fn = ebpf_compile(vm, &err);         or compiled: fn(mem, mem_len)
 *	ebpf_destroy(vm);
 *
 * Where mem is NULL there is no memory, whatever mem_len says, and r2 is 0.
 *
 * Typed programs (XDP) and maps are in ebpf-program.h and ebpf-map.h; this header is the
 * plain door to the same machine.
 *
 * Errors: functions that return int give 0 or a negative errno value. Where there is a
 * `char **errmsg`, it may be NULL; otherwise the call sets *errmsg, whatever was there: to one
 * sentence that the caller frees after a failure, to NULL after a success.
 *
 * Threads: one VM may be executed by many threads at once once it is loaded, and compiled, which
 * the first of them does; regions may come and go meanwhile. What else changes the VM wants it to
 * itself. Different VMs are independent.
 *
 * A run takes 32 KiB of its thread's stack at the most, whatever the limits; compiled code takes,
 * besides, the stack_size of each function that is running, of the `frames` limit as many as there
 * may be. Helpers come on top of that, and a run that a helper begins is another one.
 */
#ifndef EBPF_VM_H
#define EBPF_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_vm;

/* One 64-bit instruction word, RFC 9669 section 3.1; multi-byte fields in host order. */
struct ebpf_insn {
	uint8_t opcode;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint8_t dst : 4, src : 4;
#else
	uint8_t src : 4, dst : 4;
#endif
	int16_t off;
	int32_t imm;
};

/* A compiled program. Owned by its VM: gone after ebpf_unload_code() or ebpf_destroy(). */
typedef uint64_t (*ebpf_jit_fn)(void *mem, size_t mem_len);

/* A helper takes r1..r5 and returns r0. */
typedef uint64_t (*ebpf_helper_fn)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);

/* What the five 64-bit immediate loads with a non-zero source field mean (RFC 9669 section
 * 5.4). A callback that is NULL makes programs that need it fail to load. */
struct ebpf_lddw_helpers {
	uint64_t (*map_by_fd)(void *user, uint32_t fd);
	uint64_t (*map_by_idx)(void *user, uint32_t idx);
	uint64_t (*map_val)(void *user, uint64_t map);
	uint64_t (*var_addr)(void *user, uint32_t idx);
	uint64_t (*code_addr)(void *user, uint32_t idx);
	void *user;
};

enum ebpf_fault_reason {
	EBPF_FAULT_NONE,
	EBPF_FAULT_ACCESS,   /* load, store or atomic outside every region the program may touch */
	EBPF_FAULT_BUDGET,   /* the instruction budget ran out */
	EBPF_FAULT_DEPTH,    /* more frames than the limit, or no memory for them */
	EBPF_FAULT_HELPER,   /* call of a helper that does not exist */
	EBPF_FAULT_INSN,     /* an instruction that cannot be executed */
	EBPF_FAULT_ARGUMENT, /* a helper was called with what its type does not allow */
};

/* Why and where the last program run by this thread stopped. */
struct ebpf_fault {
	enum ebpf_fault_reason reason;
	uint32_t insn; /* index of the instruction word */
	/* EBPF_FAULT_ACCESS, EBPF_FAULT_ARGUMENT: the first byte that was asked for, and how many
	 * they were. */
	uint64_t address;
	uint32_t size;
};

/* Defaults, each a build option of the same name in lower case. */
#ifndef EBPF_STACK_SIZE
#define EBPF_STACK_SIZE 512 /* bytes per frame */
#endif
#ifndef EBPF_MAX_FRAMES
#define EBPF_MAX_FRAMES 8
#endif
/* Of stacks that are set at run time. */
#define EBPF_MAX_STACK_SIZE 65536
#define EBPF_STACK_ALIGN    16
#ifndef EBPF_MAX_INSNS
#define EBPF_MAX_INSNS 65536 /* raw programs, instruction words */
#endif
#ifndef EBPF_MAX_HELPERS
#define EBPF_MAX_HELPERS 8192
#endif

/* What a helper wants of an argument, and a run checks at each call. A pointer must lead to memory
 * that the program may touch, as for its own accesses; that holds without bounds checks, too: it is
 * the helper that relies on it. */
enum ebpf_arg_check {
	EBPF_CHECK_NOTHING, /* any value */
	EBPF_CHECK_MEM,     /* a pointer to as many bytes as `size` says */
	EBPF_CHECK_MEM_LEN, /* a pointer to as many bytes as the next argument says, or to none */
	EBPF_CHECK_STRING,  /* a pointer to bytes that end with 0 */
};

struct ebpf_helper_type {
	struct {
		enum ebpf_arg_check check;
		uint32_t size;    /* EBPF_CHECK_MEM: not 0 */
		bool may_be_null; /* pointers: 0 is fine, too */
		bool is_written;  /* pointers: the memory must be writable */
	} arg[5];
};

/* Limits of a VM; 0 leaves one as it is. Those of time hold for every run, compiled or not. */
struct ebpf_limits {
	uint32_t insns;      /* instruction words of a program (EBPF_MAX_INSNS) */
	uint32_t helpers;    /* numbers of helpers are below (EBPF_MAX_HELPERS) */
	uint32_t stack_size; /* bytes per frame (EBPF_STACK_SIZE); a multiple of EBPF_STACK_ALIGN,
				at most EBPF_MAX_STACK_SIZE */
	uint32_t frames;     /* functions that call each other (EBPF_MAX_FRAMES, not more) */
	/* Instructions of a run; UINT64_MAX, the default: no limit. Compiled code counts those that
	 * follow each other without a jump at once: what would end among them does not begin them.
	 */
	uint64_t budget;
};

/* One sentence each, of what went wrong: also of what a caller did not ask for, having given no
 * errmsg. Called by the thread that failed, before the call returns. */
typedef void (*ebpf_error_fn)(void *user, const char *sentence);

struct ebpf_image_signer;
struct ebpf_image_check;

struct ebpf_aot_options {
	size_t size;     /* sizeof(struct ebpf_aot_options), so that it may grow */
	const char *cpu; /* NULL: "native"; "x86-64", "x86-64-v2", "-v3", "-v4" */
	char **errmsg;   /* NULL, or where to put a sentence */
	/* ebpf-image.h: who signs it, or NULL. */
	const struct ebpf_image_signer *signer;
};

struct ebpf_ptx_options {
	size_t size;     /* sizeof(struct ebpf_ptx_options) */
	const char *cpu; /* NULL: "sm_75"; there is no other: drivers compile on from it */
};

/* backend: "llvm", "interp", "rte", or "" for the best available: "llvm", which is opened to see
 * whether it is, else "interp". NULL with errno set on failure (ENOENT: no such backend, ENOMEM).
 * The caller owns the VM.
 *
 * "rte" is DPDK's librte_bpf, which compiles in microseconds what it can: programs without loops
 * and calls. As it checks nothing while a program runs, all accesses but how long the memory is
 * must be provable, unless the VM has its bounds checks off; for a run over less memory than the
 * program may touch the interpreter stands in. Of anything else ebpf_compile() says what it is, and
 * ebpf_exec() gives -ENOTSUP. */
struct ebpf_vm *ebpf_create(const char *backend);
void ebpf_destroy(struct ebpf_vm *vm); /* NULL is fine */
const char *ebpf_get_vm_name(const struct ebpf_vm *vm);

/* Takes a copy of `code` (code_len in bytes, a multiple of 8). -EBUSY if code is loaded,
 * -EINVAL for what RFC 9669 does not allow. */
int ebpf_load(struct ebpf_vm *vm, const void *code, uint32_t code_len, char **errmsg);
void ebpf_unload_code(struct ebpf_vm *vm);

/* Runs the loaded code in the VM's backend (compiling first if that is what it does).
 * -EFAULT when the program was stopped: see ebpf_last_fault(). */
int ebpf_exec(struct ebpf_vm *vm, void *mem, size_t mem_len, uint64_t *result);

/* NULL on failure, and on backends that do not compile. Calling again returns the same. A
 * compiled program that faults returns UINT64_MAX. */
ebpf_jit_fn ebpf_compile(struct ebpf_vm *vm, char **errmsg);

/* idx < EBPF_MAX_HELPERS. Helpers must be registered before code that calls them is loaded;
 * -EBUSY while code is loaded, -EEXIST if the index is taken. `name` is copied. */
int ebpf_register(struct ebpf_vm *vm, unsigned idx, const char *name, ebpf_helper_fn fn);
int ebpf_unregister(struct ebpf_vm *vm, unsigned idx);

/* The same, and what the arguments must be: a call with others ends the run with
 * EBPF_FAULT_ARGUMENT before the helper is called. *type is copied; NULL: anything will do.
 * -EINVAL for a type that cannot be checked. */
int ebpf_register_typed(struct ebpf_vm *vm, unsigned idx, const char *name, ebpf_helper_fn fn,
	const struct ebpf_helper_type *type);

/* Copies *h; NULL takes the callbacks away. Must precede ebpf_load. */
int ebpf_set_lddw_helpers(struct ebpf_vm *vm, const struct ebpf_lddw_helpers *h);

/* This thread's last fault; -ENOENT when its last run ended normally. */
int ebpf_last_fault(struct ebpf_vm *vm, struct ebpf_fault *f);

/* Run-time memory checks of raw programs; on by default. Returns the former setting. Must
 * precede ebpf_compile to have an effect on compiled code; `interp` always checks. */
bool ebpf_toggle_bounds_check(struct ebpf_vm *vm, bool enable);

/* Memory that programs may touch besides their argument, their stack and their maps' values.
 * Allowed to any thread, and while programs run: runs that begin later see the change, those that
 * are under way may. -EEXIST if a region begins there already, -EINVAL if it is empty or wraps,
 * -ENOSPC beyond EBPF_MAX_REGIONS; removing: -ENOENT. */
#define EBPF_MAX_REGIONS 64
int ebpf_add_region(struct ebpf_vm *vm, void *base, size_t size, bool writable);
int ebpf_remove_region(struct ebpf_vm *vm, void *base);

/* -EBUSY while code is loaded, -EINVAL for what cannot be; nothing is changed then. */
int ebpf_set_limits(struct ebpf_vm *vm, const struct ebpf_limits *limits);
void ebpf_get_limits(const struct ebpf_vm *vm, struct ebpf_limits *limits);

/* From the next ebpf_load() on bytecode, and what the interpreter makes of it, is kept combined
 * with the secret and the place where it lies: who can write to this process's memory, but not read
 * it, can neither place instructions there nor know what those that were loaded look like. It is
 * plain while a backend compiles it. 0 is no secret. -EBUSY while code is loaded. */
int ebpf_set_pointer_secret(struct ebpf_vm *vm, uint64_t secret);

/* fn NULL: nobody is told, which is the default. */
void ebpf_set_error_hook(struct ebpf_vm *vm, ebpf_error_fn fn, void *user);

/* The loaded code as an ELF object that ebpf_aot_load() takes in another process, with any backend
 * and without the compiler. The bytecode is in it. The VM must be one of "llvm". *elf is malloc'ed;
 * o may be NULL. */
int ebpf_aot_compile(
	struct ebpf_vm *vm, const struct ebpf_aot_options *o, uint8_t **elf, size_t *size);
/* Instead of ebpf_load(), with the same helpers registered and callbacks set: then
 * ebpf_compile() gives the code of the object, whatever the backend, and ebpf_exec() runs it. What
 * was compiled under other limits, or with bounds checks where this VM wants them otherwise, for
 * another CPU or by another version is refused (-ENOEXEC); what is damaged, too (-EINVAL). */
int ebpf_aot_load(struct ebpf_vm *vm, const void *elf, size_t size, char **errmsg);
/* What ebpf_aot_load() asks about an image's signature (ebpf-image.h) from now on; *check is
 * copied, NULL asks nothing. */
void ebpf_set_aot_check(struct ebpf_vm *vm, const struct ebpf_image_check *check);

/* The loaded code as PTX text: one entry, `ebpf_kernel(mem, len, stride, n, results)`, that runs
 * the program once for each of n pieces of memory. *ptx is malloc'ed. -ENOTSUP with the reason for
 * what a GPU cannot do. o may be NULL. */
int ebpf_get_ptx(struct ebpf_vm *vm, const struct ebpf_ptx_options *o, char **ptx, char **errmsg);

/* "0.1.0" */
const char *ebpf_version(void);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
