/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile.h -- one compilation, from compile request to object, in stages of a file each:
 *
 *	translate   bytecode and facts -> an LLVM function for each function of the program, and
 *	            scouts of them where its maps are large
 *	link        the burst driver and what is called of the runtime joins it
 *	optimise    LLVM's pipeline for the CPU of the request
 *	emit        object or assembly text; PTX is of the latter kind
 *
 * A compilation has an LLVM context of its own, so that any number of threads may compile at
 * once. Every stage gives 0 or a negative errno with a sentence in *errmsg.
 */
#ifndef VM_LLVM_COMPILE_H
#define VM_LLVM_COMPILE_H

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "../core/compile-stats.h"
#include "../core/error.h"
#include "../core/request.h"
#include "../isa/isa.h"
#include "../verifier/verifier.h"

/* A program with tail calls, without those that it calls: what ebpf_entry is then. */
#define PROGRAM_ALONE    "ebpf_program_alone"
#define TAIL_CALL_FOLLOW "ebpf_tail_call__follow"

/* A function of the program. */
struct bpf_function {
	const char *name;
	uint32_t start, end; /* its instruction words */
	LLVMValueRef fn;     /* (env, r1..r5) -> r0 */
	LLVMTypeRef type;
	bool pointer_param[6]; /* r1..r5: passed as pointer, else as i64 */
	bool returns_pointer;
	LLVMValueRef callback; /* the same with the type that helpers call; made on first use */
	LLVMValueRef scout;    /* scout.c; declared when a scout first calls it */
	LLVMTypeRef scout_type;
};

/* What the module holds for a map; made on first use. */
struct map_code {
	LLVMValueRef descriptor; /* struct rt_map: constant geometry, external memory */
	LLVMValueRef memory;     /* external: first byte of the map's memory */
	LLVMValueRef contents;   /* frozen maps: the value as a constant */
	LLVMValueRef lookup;     /* shim that takes the key by value */
	LLVMTypeRef lookup_type;
	uint8_t ahead; /* its number among the maps in which scouts look ahead, or 0 */
};

struct compilation {
	const struct compile_request *req;
	const struct program_view *view;
	const struct ebpf_fact *facts; /* one per instruction word, or NULL */
	const struct ctx_table *ctx_table;
	char **errmsg;

	LLVMContextRef context;
	LLVMModuleRef module;
	LLVMTargetMachineRef machine;
	LLVMTypeRef void_type, i1, i8, i16, i32, i64, ptr;

	struct isa_insn *insns;     /* decoded; .words is 0 for second words of LDDW */
	struct bpf_function *funcs; /* in order of start; the entry is the first */
	uint32_t n_funcs;
	struct map_code *maps;
	LLVMBasicBlockRef *blocks; /* by instruction, of the function that is being translated */
	uint32_t n_ahead;          /* maps in which scouts look ahead */
	uint32_t n_lookups;        /* but for those in arrays */
	bool is_raw;
	bool is_ptx;           /* the machine is a GPU's */
	bool tail_calls;       /* the program has some */
	bool scouts_draw;      /* random numbers */
	bool publishes_frames; /* raw: something is checked against the frames at run time */
	char *diagnostic;      /* the first error that LLVM reported to its handler */

	LLVMDIBuilderRef lines;      /* NULL: nobody asked where code comes from */
	struct compile_stats *stats; /* or NULL */
	uint64_t since;              /* when the current step began */
};

int compilation__make_machine(struct compilation *c);
int compilation__translate(struct compilation *c);
int compilation__link(struct compilation *c);
/* The program is to become a part of the driver's loop; ebpf_entry calls a copy of it. */
void compilation__inline_program(struct compilation *c);
/* offsets.c: of a comparison that was just built; and of all of them, when the program is inlined.
 */
void compilation__mark_bounds(struct compilation *c, LLVMValueRef comparison);
void compilation__compare_offsets(struct compilation *c);
/* permute.c */
int compilation__permute(struct compilation *c);
int compilation__optimise(struct compilation *c);
int compilation__emit(struct compilation *c, LLVMCodeGenFileType what, LLVMMemoryBufferRef *out);

#define GPU_GLOBAL_MEMORY 1 /* NVPTX's number of that address space */

/* ptx.c: what a GPU wants of the runtime's functions, of a module that is linked, and of one that
 * is to be emitted. */
void compilation__inline_always(struct compilation *c, LLVMValueRef fn);
void compilation__mark_kernel(struct compilation *c);
int compilation__check_kernel(struct compilation *c);
/* When all else is optimised: memory is cleared by wide stores. */
void compilation__widen_clears(struct compilation *c);
/* The global that is a map's memory. */
LLVMValueRef compilation__kernel_memory(struct compilation *c, uint32_t map);

/* A pointer on all paths: FACT_ANY is none. */
static inline bool fact_kind__is_pointer(uint8_t kind)
{
	return kind != FACT_UNSET && kind != FACT_SCALAR && kind != FACT_ANY;
}

/* What is known of instruction `pc`; without facts nothing but that r10 is the frame. */
const struct ebpf_fact *compilation__fact(const struct compilation *c, uint32_t pc);
LLVMTypeRef compilation__int_type(const struct compilation *c, unsigned bytes);
/* translate-raw.c: does the access need a check at run time? What raw.c wants to find. */
bool compilation__needs_check(const struct compilation *c, uint32_t pc);
int compilation__add_raw_globals(struct compilation *c);

/* Raw programs: does a helper that the instruction may call want memory? */
bool compilation__checks_arguments(const struct compilation *c, uint32_t pc);

/* callback.c: what a helper may call for the function; NULL if none begins there. */
LLVMValueRef compilation__callback(struct compilation *c, int64_t start);

int compilation__translate_function(
	struct compilation *c, const struct bpf_function *self, LLVMValueRef fn);

/* lines.c: where code comes from, if that is asked for. The function begins at `insn`; what the
 * builder builds next comes from there, too. */
void compilation__open_lines(struct compilation *c);
void compilation__describe(
	struct compilation *c, LLVMValueRef fn, const char *name, uint32_t insn, LLVMBuilderRef b);
void compilation__close_lines(struct compilation *c);

/* listing.c: assembly with the program's lines between; *listing is malloc'ed. */
int compilation__list(struct compilation *c, const char *text, char **listing);

/* scout.c: what a driver may call besides the program. */
int compilation__scout(struct compilation *c);
void compilation__declare_scout(struct compilation *c, struct bpf_function *of);

/* maps.c */
LLVMValueRef compilation__map_descriptor(struct compilation *c, uint32_t map);
/* When all of the program is translated. */
void compilation__inline_lookups(struct compilation *c);
LLVMValueRef compilation__map_memory(struct compilation *c, uint32_t map);
/* The constant address of a byte of a single-entry array's value. */
LLVMValueRef compilation__map_value(struct compilation *c, uint32_t map, uint32_t offset);

#endif
