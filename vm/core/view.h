/* SPDX-License-Identifier: BSD-3-Clause
 *
 * view.h -- a program as every room of the machine sees it: symbolic bytecode and the
 * geometry of its maps, no addresses. The verifier, the interpreter, the compile request and
 * the compiler's side of that request all take this struct. Nothing in it is owned.
 */
#ifndef VM_CORE_VIEW_H
#define VM_CORE_VIEW_H

#include "ebpf-program.h"
#include "../runtime/map.h"

struct map_view {
	const char *name;
	struct rt_geometry geo;
	const uint8_t *frozen; /* contents (value_size bytes) if constant, else NULL */
	uint32_t inner;        /* maps of maps: index of the template of those; otherwise 0 */
};

/* What a run of a raw program may take; 0 is the default. Other programs have the defaults. */
struct run_limits {
	uint32_t stack_size, frames;
	uint64_t budget; /* 0: no limit */
};

struct program_view {
	const char *name;
	enum ebpf_program_type type;
	bool has_frags;
	const struct ebpf_insn *insns;
	uint32_t n_insns;
	const struct map_view *maps; /* n_maps of them, then the templates: no maps of their own */
	uint32_t n_maps, n_templates;
	const struct ebpf_func *funcs; /* never empty: funcs[0] is the entry */
	uint32_t n_funcs;
	const struct ebpf_line *lines;
	uint32_t n_lines;
	/* Raw programs: the helpers that are registered, sorted by id. NULL otherwise. */
	const struct raw_helper *helpers;
	uint32_t n_helpers;
	struct run_limits limits;
};

static inline uint32_t program_view__stack_size(const struct program_view *v)
{
	return v->limits.stack_size ? v->limits.stack_size : EBPF_STACK_SIZE;
}

static inline uint32_t program_view__frames(const struct program_view *v)
{
	return v->limits.frames ? v->limits.frames : EBPF_MAX_FRAMES;
}

struct raw_helper {
	uint32_t id;
	const char *name;
	struct ebpf_helper_type type; /* zeros: its arguments may be anything */
};

/* Where the first one is whose id is not below; they are sorted by it. */
uint32_t raw_helpers__place(const struct raw_helper *helpers, uint32_t n, uint32_t id);

/* Can all of it be checked? Sizes are there, and so are the arguments that say one. */
bool helper_type__is_valid(const struct ebpf_helper_type *type);

/* The context of a program type: what a field of the user's struct is and where the
 * machine keeps it. A new program type is a new table. */
enum ctx_kind {
	CTX_SCALAR,
	CTX_PACKET,
	CTX_PACKET_END,
	CTX_PACKET_META,
};

struct ctx_field {
	const char *name;
	uint16_t offset, size; /* in the user's struct */
	uint8_t kind;          /* enum ctx_kind */
	uint8_t place_size;    /* bytes in the machine's context: 8 for pointers */
	uint16_t place;        /* offset in the machine's context */
};

struct ctx_table {
	const char *type_name; /* "xdp", "raw" */
	const struct ctx_field *fields;
	uint32_t n_fields;
	uint32_t size; /* of the user's struct */
};

/* Never NULL; a raw program's table has no fields. */
const struct ctx_table *ctx_table__of(enum ebpf_program_type type);
/* The field an access of `size` bytes at `offset` reads, or NULL. Narrower loads of scalar
 * fields are allowed as in the kernel; pointers only whole. */
const struct ctx_field *ctx_table__find(const struct ctx_table *t, int64_t offset, uint32_t size);

/* Where does instruction `insn` come from? NULL if not known. */
const struct ebpf_line *program_view__line(const struct program_view *v, uint32_t insn);
/* The function that holds instruction `insn`. */
uint32_t program_view__func(const struct program_view *v, uint32_t insn);

#endif
