/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helpers.h -- the helpers, from one table (helpers.def, kfuncs.def): C prototypes, the verifier's
 * argument kinds, the interpreter's call table, the names. Kernel functions are helpers with ids
 * from KFUNC_BASE.
 *
 * A helper is a C function `helper_NAME(struct ebpf_env *env, ...)` in vm/runtime/helper-*.c with
 * the argument types its kinds imply, compiled natively and to bitcode. It gets env as a hidden
 * first argument; a pointer argument is a real pointer, so that inlined code keeps the
 * program's stack in registers. A helper reads its pointer arguments before it returns and
 * keeps none, unless its flags say so.
 */
#ifndef VM_RUNTIME_HELPERS_H
#define VM_RUNTIME_HELPERS_H

#include "map.h"

#define KFUNC_BASE 0x10000

struct rt_dynptr; /* dynptr.h */

/* A function of the program, called by a helper. Arguments that are numbers are passed as if they
 * were pointers; what it does not expect is ignored. */
typedef uint64_t (*helper_callback_fn)(
	struct ebpf_env *env, void *r1, void *r2, void *r3, void *r4, void *r5);

/* Argument kinds and the C type each implies. */
/* clang-format off */
#define HELPER_ARG_KINDS(X) \
	X(ANY, uint64_t)                 /* any initialised scalar or pointer */ \
	X(CTX, struct ebpf_xdp_ctx *)    \
	X(MAP, const struct rt_map *)    \
	X(MAP_KEY, const void *)         /* key_size bytes to read */ \
	X(MAP_VALUE, const void *)       /* value_size bytes to read */ \
	X(UNINIT_MAP_VALUE, void *)      /* value_size bytes to write; bloom filters read them */ \
	X(MEM, const void *)             /* bytes to read, their number in the next argument */ \
	X(MEM_OR_NULL, const void *)     /* the same, or NULL with size 0 */ \
	X(UNINIT_MEM, void *)            /* bytes to write, number in the next argument */ \
	X(UNINIT_MEM_OR_NULL, void *)    /* the same, or NULL with size 0 */ \
	X(BUFFER_OR_NULL, void *)        /* bytes to read and write, number in the next; or NULL */ \
	X(INOUT_U32, uint32_t *)         /* 4 bytes, aligned, to read and write */ \
	X(OUT_U64, uint64_t *)           /* 8 bytes, aligned, to write */ \
	X(OUT2, void *)                  /* bytes to write, wherever they are */ \
	X(OUT4, void *)                  \
	X(OUT8, void *)                  \
	X(HEADER20, const void *)        /* an IPv4 or TCP header without options */ \
	X(HEADER40, const void *)        /* an IPv6 header */ \
	X(FIB_LOOKUP, void *)            /* a struct bpf_fib_lookup, to read and write */ \
	X(CONST_STRING, const char *)    /* in a constant map, with its end */ \
	X(SIZE, uint64_t)                /* > 0 */ \
	X(SIZE_OR_ZERO, uint64_t)        \
	X(SCALAR, uint64_t)              /* a number, no pointer */ \
	X(CONST, uint64_t)               /* known */ \
	X(CONST_SIZE, uint64_t)          /* known, > 0: of the memory before it */ \
	X(CONST_SIZE_OR_ZERO, uint64_t)  \
	X(ALLOC_SIZE, uint64_t)          /* known: of the memory that is returned */ \
	X(CALLBACK, helper_callback_fn)  /* a function of the program */ \
	X(CALLBACK_CTX, void *)          /* what it is passed: in the caller's stack, or NULL */ \
	X(SPIN_LOCK, uint32_t *)         /* in a map's value */ \
	X(RECORD, void *)                /* from a ring buffer; the call ends it */ \
	X(SOCK, void *)                  \
	X(SOCK_RELEASED, void *)         \
	X(OBJECT, void *)                /* a struct of the kernel's: none is ever there */ \
	X(OBJECT_RELEASED, void *)       \
	X(DYNPTR_UNINIT, struct rt_dynptr *)   /* on the stack; the call makes it */ \
	X(DYNPTR, struct rt_dynptr *)          \
	X(DYNPTR_RELEASED, struct rt_dynptr *) \
	X(ITER_UNINIT, void *)           /* an iterator on the stack; the call makes it */ \
	X(ITER, void *)                  \
	X(ITER_DESTROYED, void *)        \
	X(DONTCARE, uint64_t)            /* as the register is, even if never written */

/* A SCALAR that is an error is a negative errno: of a helper in 64 bits, of a kernel function, which
 * returns an int, in the lower 32. */
#define HELPER_RET_KINDS(X) \
	X(SCALAR, uint64_t)              \
	X(NOTHING, uint64_t)             /* r0 has no value after it */ \
	X(MAP_VALUE_OR_NULL, void *)     \
	X(RECORD_OR_NULL, void *)        /* as long as ALLOC_SIZE says */ \
	X(SOCK_OR_NULL, void *)          \
	X(SOCK_COMMON_OR_NULL, void *)   /* of a kind not known */ \
	X(OBJECT, void *)                \
	X(OBJECT_OR_NULL, void *)        \
	X(MEM_OR_NULL, void *)           /* as long as the constant size among the arguments */ \
	X(RDONLY_MEM_OR_NULL, void *)    \
	X(ITER_ELEM_OR_NULL, void *)     /* an int */
/* clang-format on */

enum helper_arg {
	ARG_NONE,
#define X(kind, type) ARG_##kind,
	HELPER_ARG_KINDS(X)
#undef X
};

enum helper_ret {
#define X(kind, type) RET_##kind,
	HELPER_RET_KINDS(X)
#undef X
};

/* The C type of each kind: helper_arg_MAP_t, helper_ret_SCALAR_t, ... */
#define X(kind, type) typedef type helper_arg_##kind##_t;
HELPER_ARG_KINDS(X)
#undef X
#define X(kind, type) typedef type helper_ret_##kind##_t;
HELPER_RET_KINDS(X)
#undef X

enum helper_flags {
	HELPER_MOVES_PACKET = 1 << 0, /* packet pointers are gone after the call */
	HELPER_RAW = 1 << 1,          /* also offered to raw programs */
	HELPER_TAIL_CALL = 1 << 2,    /* not 0: the function ends here, env->next goes on */
	HELPER_READS_PACKET = 1 << 3, /* its memory arguments may be in the packet */
	HELPER_ACQUIRES = 1 << 4,     /* what it returns must be released */
	HELPER_RELEASES = 1 << 5,     /* its argument of a released kind is gone after the call */
	HELPER_KEEPS_MEMORY = 1 << 6, /* what it makes leads to its memory argument */
};

struct helper_proto {
	uint32_t id; /* enum bpf_func_id, or of kfuncs.def */
	const char *name;
	uint8_t ret; /* enum helper_ret */
	uint8_t args[5];
	uint8_t n_args;
	uint32_t flags;
};

/* Uniform call: the interpreter's way. */
typedef uint64_t (*helper_call_fn)(
	struct ebpf_env *env, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);

/* NULL if xdpk does not implement the helper. helper__name() knows all of the kernel's names
 * ("bpf_map_lookup_elem"), and of kernel functions what Linux has for XDP; NULL only for numbers
 * nobody knows. */
const struct helper_proto *helper__find(uint32_t id);
helper_call_fn helper__call(uint32_t id);
const char *helper__name(uint32_t id);
/* Why xdpk does not have what Linux gives to XDP programs; NULL if it has it, or Linux does not
 * give it. */
const char *helper__reason(uint32_t id);
/* The id of a kernel function, implemented or not; 0 if the name is not known. */
uint32_t kfunc__find(const char *name);

/* KFUNC_iter_num_new, KFUNC_xdp_ct_lookup, ... */
enum kfunc {
#define KNOWN_KFUNC(id, name, reason) KFUNC_##name = (id),
#define HELPER0(id, name, ...)        KFUNC_##name = (id),
#define HELPER1                       HELPER0
#define HELPER2                       HELPER0
#define HELPER3                       HELPER0
#define HELPER4                       HELPER0
#define HELPER5                       HELPER0
#include "kfuncs.def"
#undef HELPER0
#undef HELPER1
#undef HELPER2
#undef HELPER3
#undef HELPER4
#undef HELPER5
};

/* uint64_t helper_NAME(struct ebpf_env *env, ...) */
#define PROTO(name, ret, ...) \
	helper_ret_##ret##_t helper_##name(struct ebpf_env *env, ##__VA_ARGS__);
#define ARG(kind)                                 helper_arg_##kind##_t
#define HELPER0(id, name, ret, flags)             PROTO(name, ret)
#define HELPER1(id, name, ret, a, flags)          PROTO(name, ret, ARG(a))
#define HELPER2(id, name, ret, a, b, flags)       PROTO(name, ret, ARG(a), ARG(b))
#define HELPER3(id, name, ret, a, b, c, flags)    PROTO(name, ret, ARG(a), ARG(b), ARG(c))
#define HELPER4(id, name, ret, a, b, c, d, flags) PROTO(name, ret, ARG(a), ARG(b), ARG(c), ARG(d))
#define HELPER5(id, name, ret, a, b, c, d, e, flags) \
	PROTO(name, ret, ARG(a), ARG(b), ARG(c), ARG(d), ARG(e))
#include "helpers.def"
#undef PROTO
#undef ARG

/* helper_map_lookup_elem() of compiled programs, in a map that came out of another one. */
void *helper_map_lookup_inner(struct ebpf_env *env, const struct rt_map *template,
	const struct rt_map *m, const void *key);

#endif
