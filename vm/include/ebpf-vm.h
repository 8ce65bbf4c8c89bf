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
 * Typed programs (XDP) and maps are in ebpf-program.h and ebpf-map.h; this header is the
 * plain door to the same machine.
 *
 * Errors: functions that return int give 0 or a negative errno value. Where there is a
 * `char **errmsg`, it may be NULL; otherwise the call sets *errmsg, whatever was there: to one
 * sentence that the caller frees after a failure, to NULL after a success.
 *
 * Threads: one VM may be executed by many threads at once once it is loaded; loading,
 * registering, compiling and destroying want the VM to themselves. Different VMs are
 * independent.
 */
#ifndef EBPF_VM_H
#define EBPF_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	EBPF_FAULT_ACCESS, /* load, store or atomic outside every region the program may touch */
	EBPF_FAULT_BUDGET, /* the instruction budget ran out */
	EBPF_FAULT_DEPTH,  /* more frames than EBPF_MAX_FRAMES */
	EBPF_FAULT_HELPER, /* call of a helper that does not exist */
	EBPF_FAULT_INSN,   /* an instruction that cannot be executed */
};

/* Why and where the last program run by this thread stopped. */
struct ebpf_fault {
	enum ebpf_fault_reason reason;
	uint32_t insn;    /* index of the instruction word */
	uint64_t address; /* EBPF_FAULT_ACCESS: first byte that was asked for */
	uint32_t size;    /* EBPF_FAULT_ACCESS: bytes asked for */
};

/* Defaults, each a build option of the same name in lower case. */
#ifndef EBPF_STACK_SIZE
#define EBPF_STACK_SIZE 512 /* bytes per frame */
#endif
#ifndef EBPF_MAX_FRAMES
#define EBPF_MAX_FRAMES 8
#endif
#ifndef EBPF_MAX_INSNS
#define EBPF_MAX_INSNS 65536 /* raw programs, instruction words */
#endif
#ifndef EBPF_MAX_HELPERS
#define EBPF_MAX_HELPERS 8192
#endif

/* backend: "llvm", "interp", or "" for the best available. NULL with errno set on failure
 * (ENOENT: no such backend, ENOMEM). The caller owns the VM. */
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

/* Copies *h; NULL takes the callbacks away. Must precede ebpf_load. */
int ebpf_set_lddw_helpers(struct ebpf_vm *vm, const struct ebpf_lddw_helpers *h);

/* This thread's last fault; -ENOENT when its last run ended normally. */
int ebpf_last_fault(struct ebpf_vm *vm, struct ebpf_fault *f);

/* Run-time memory checks of raw programs; on by default. Returns the former setting. Must
 * precede ebpf_compile to have an effect on compiled code; `interp` always checks. */
bool ebpf_toggle_bounds_check(struct ebpf_vm *vm, bool enable);

#ifdef __cplusplus
}
#endif
#endif
