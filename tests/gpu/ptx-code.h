/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ptx-code.h -- what the text of a module has become.
 */
#ifndef TESTS_GPU_PTX_CODE_H
#define TESTS_GPU_PTX_CODE_H

#include <stddef.h>

#include "ptx.h"

#define PTX_NAME    64
#define PTX_PARAMS  32 /* of a function, and of all that it calls */
#define PTX_CLASSES 8  /* of registers */
#define PTX_VECTOR  4

enum ptx_op {
	PTX_ADD,
	PTX_AND,
	PTX_ATOM,
	PTX_BFE,
	PTX_BFI,
	PTX_BRA,
	PTX_CALL,
	PTX_CLZ,
	PTX_CVT,
	PTX_CVTA,
	PTX_DIV,
	PTX_ISSPACEP,
	PTX_LD,
	PTX_MAD,
	PTX_MAX,
	PTX_MIN,
	PTX_MOV,
	PTX_MUL,
	PTX_NEG,
	PTX_NOT,
	PTX_OR,
	PTX_POPC,
	PTX_PRMT,
	PTX_REM,
	PTX_RET,
	PTX_SELP,
	PTX_SETP,
	PTX_SHF,
	PTX_SHL,
	PTX_SHR,
	PTX_ST,
	PTX_SUB,
	PTX_XOR,
	PTX_N_OPS,
};

enum ptx_how {
	PTX_PLAIN,
	PTX_LO, /* mul, mad */
	PTX_HI,
	PTX_WIDE,
	PTX_LEFT, /* shf */
	PTX_RIGHT,
	PTX_EQ, /* setp */
	PTX_NE,
	PTX_LT,
	PTX_LE,
	PTX_GT,
	PTX_GE,
	PTX_ATOM_ADD, /* atom */
	PTX_ATOM_AND,
	PTX_ATOM_OR,
	PTX_ATOM_XOR,
	PTX_ATOM_EXCH,
	PTX_ATOM_CAS,
	PTX_PARAM, /* ld, st: neither memory nor address */
};

struct ptx_type {
	uint8_t bits; /* 1: a predicate */
	bool is_signed;
};

enum ptx_kind {
	PTX_NONE,
	PTX_REG,
	PTX_IMM,   /* and addresses of globals */
	PTX_DEPOT, /* the function's local memory */
	PTX_BLOCK, /* %ctaid.x, %ntid.x, %tid.x */
	PTX_THREADS,
	PTX_THREAD,
};

struct ptx_operand {
	enum ptx_kind kind;
	uint32_t reg;
	uint64_t imm;
};

struct ptx_insn {
	enum ptx_op op;
	enum ptx_how how;
	struct ptx_type type, from; /* from: cvt's source */
	bool guarded, unless;
	uint32_t guard, line;
	uint8_t n_data;                      /* more than 1: {...} */
	struct ptx_operand data[PTX_VECTOR]; /* what is written; of st, what it stores */
	uint8_t n_args;
	struct ptx_operand arg[PTX_VECTOR]; /* of ld and st the address is the first */
	uint64_t offset;
	uint32_t param;              /* ld, st of PTX_PARAM */
	char label[PTX_NAME];        /* bra; call: of whom */
	uint32_t target;             /* bra: the instruction */
	uint32_t n_passed, returned; /* call: params passed; UINT32_MAX: nothing returned */
	uint32_t passed[PTX_PARAMS];
};

struct ptx_class {
	char name[16];
	uint32_t first, n;
	uint8_t bits;
};

struct ptx_label {
	char name[PTX_NAME];
	uint32_t insn;
};

struct ptx_function {
	char name[PTX_NAME];
	uint32_t n_params; /* its own: the first of `param`; what it returns is behind them */
	bool returns;
	char param[PTX_PARAMS][PTX_NAME];
	uint32_t n_all_params;
	struct ptx_class class[PTX_CLASSES];
	uint32_t n_classes, n_regs;
	char depot[PTX_NAME];
	uint64_t depot_bytes;
	struct ptx_insn *insn;
	uint32_t n_insns;
	struct ptx_label *label;
	uint32_t n_labels;
};

struct ptx_global {
	char name[PTX_NAME];
	uint8_t *memory;
	uint64_t bytes;
};

struct ptx_module {
	struct ptx_function *function;
	uint32_t n_functions;
	struct ptx_global *global;
	uint32_t n_globals;
};

const struct ptx_function *ptx_module__function(const struct ptx_module *m, const char *name);

#endif
