/* SPDX-License-Identifier: BSD-3-Clause
 *
 * relocate.c -- resolves what the instructions of one function refer to.
 *
 * BPF objects know two relocations of code (linux/Documentation/bpf/llvm_reloc.rst); the
 * addend is in the instruction:
 *
 *	R_BPF_64_64, on LDDW     symbol + imm is a map's definition    source 5, map index
 *	                                  ... in a data section        source 6, index, offset
 *	                                  ... a function's first byte  source 4, relative
 *	R_BPF_64_32, on CALL     symbol / 8 + imm + 1 is a function    source 1, relative
 *
 * A call within a section needs no relocation, but its distance changes all the same.
 */
#include <errno.h>
#include <inttypes.h>

#include "../vm/core/error.h"
#include "../vm/isa/isa.h"
#include "../vm/runtime/helpers.h"
#include "object-internal.h"

#define OPCODE_LDDW 0x18
#define OPCODE_CALL 0x85
#define NO_HELPER   2002000000 /* libbpf's number for a kernel function that is missing */

/* One instruction in the making, and where it came from. */
struct site {
	struct linker *l;
	const struct elf_section *section;
	uint32_t section_index;
	uint32_t from; /* instruction word in the section */
	uint32_t to;   /* instruction word in the program */
	struct ebpf_insn *insn;
};

#define SITE_FMT     "section %s, offset %#x: "
#define SITE_ARGS(s) (s)->section->name, (s)->from * 8

/* The distance from the site to a function, which is placed if it is not yet. */
static int distance(
	const struct site *s, uint32_t section, int64_t insn, int32_t *imm, char **errmsg)
{
	int f = ebpf_object__function_at(s->l->obj, section, insn);

	if (f < 0)
		return error__set(errmsg, -EINVAL,
			SITE_FMT "no function begins at instruction %" PRId64 " of section %s",
			SITE_ARGS(s), insn, s->l->obj->elf.sections[section].name);
	*imm = (int32_t)(linker__place(s->l, f) - (s->to + 1));
	return 0;
}

static int refer_to_function(const struct site *s, uint32_t section, int64_t offset, char **errmsg)
{
	int32_t imm = 0;
	int err;

	if (offset % 8)
		return error__set(
			errmsg, -EINVAL, SITE_FMT "address of half an instruction", SITE_ARGS(s));
	err = distance(s, section, offset / 8, &imm, errmsg);
	if (err)
		return err;
	s->insn[0].src = EBPF_LDDW_CODE;
	s->insn[0].imm = imm;
	s->insn[1].imm = 0;
	return 0;
}

static int refer_to_map(const struct site *s, const struct elf_symbol *sym, char **errmsg)
{
	const struct ebpf_object *obj = s->l->obj;
	int64_t offset = (int64_t)sym->value + s->insn->imm;
	int map = ebpf_object__map_at(obj, sym->section, offset);
	bool is_data;

	if (map < 0)
		return error__set(errmsg, -EINVAL,
			SITE_FMT "refers to %s+%" PRId64 ", which is neither map nor data",
			SITE_ARGS(s), obj->elf.sections[sym->section].name, offset);
	is_data = obj->maps[map].is_data;
	if (is_data && (offset < 0 || offset >= obj->maps[map].opts.value_size))
		return error__set(errmsg, -EINVAL, SITE_FMT "refers to %s+%" PRId64 ", outside",
			SITE_ARGS(s), obj->elf.sections[sym->section].name, offset);
	s->insn[0].src = is_data ? EBPF_LDDW_MAP_IDX_VALUE : EBPF_LDDW_MAP_IDX;
	s->insn[0].imm = linker__use_map(s->l, map);
	s->insn[1].imm = is_data ? offset : 0;
	return 0;
}

/* What the object leaves to the kernel: a variable of .kconfig, or the address of something in
 * .ksyms, which is 0 for what this machine does not have. */
static int refer_to_extern(const struct site *s, const struct elf_symbol *sym, char **errmsg)
{
	const struct object_extern *e = ebpf_object__find_extern(s->l->obj, sym->name);
	uint32_t kfunc = kfunc__find(sym->name);

	if (helper__find(kfunc)) { /* not 0 is all that its address can say */
		s->insn[0].src = EBPF_LDDW_IMM;
		s->insn[0].imm = (int32_t)kfunc;
		s->insn[1].imm = 0;
		return 0;
	}
	if (e && e->is_known) {
		s->insn[0].src = EBPF_LDDW_MAP_IDX_VALUE;
		s->insn[0].imm = linker__use_map(s->l, ebpf_object__map_at(s->l->obj, 0, 0));
		s->insn[1].imm = e->offset;
		return 0;
	}
	if (e)
		return error__set(errmsg, -ENOENT,
			SITE_FMT "refers to extern %s, which has no value of its type here",
			SITE_ARGS(s), sym->name);
	if (sym->bind != STB_WEAK && !kfunc)
		return error__set(errmsg, -ENOENT,
			SITE_FMT "refers to %s, which neither the object nor this machine has",
			SITE_ARGS(s), sym->name);
	s->insn[0].src = s->insn[0].imm = s->insn[1].imm = 0;
	return 0;
}

static int relocate_lddw(const struct site *s, const struct elf_symbol *sym, char **errmsg)
{
	if (s->insn->opcode != OPCODE_LDDW)
		return error__set(errmsg, -EINVAL,
			SITE_FMT "a 64-bit relocation of instruction 0x%02x, not of LDDW",
			SITE_ARGS(s), s->insn->opcode);
	if (sym->section == SHN_UNDEF)
		return refer_to_extern(s, sym, errmsg);
	if (sym->section == ELF_SECTION_NONE)
		return error__set(errmsg, -EINVAL, SITE_FMT "refers to %s, which is in no section",
			SITE_ARGS(s), sym->name);
	if (s->l->obj->elf.sections[sym->section].is_code)
		return refer_to_function(
			s, sym->section, (int64_t)sym->value + s->insn->imm, errmsg);
	return refer_to_map(s, sym, errmsg);
}

/* A call of what the object does not have: a kernel function. One that may be missing becomes a
 * call that the verifier rejects where it is reached. */
static int call_extern(const struct site *s, const struct elf_symbol *sym, char **errmsg)
{
	uint32_t id = kfunc__find(sym->name);

	if (id) {
		s->insn->src = EBPF_CALL_KFUNC;
		s->insn->off = 0;
		s->insn->imm = (int32_t)id;
		return 0;
	}
	if (sym->bind != STB_WEAK)
		return error__set(errmsg, -ENOENT,
			SITE_FMT "calls %s, which neither the object nor this machine has",
			SITE_ARGS(s), sym->name);
	s->insn->src = EBPF_CALL_HELPER;
	s->insn->off = 0;
	s->insn->imm = NO_HELPER;
	return 0;
}

static int relocate_call(const struct site *s, const struct elf_symbol *sym, char **errmsg)
{
	if (s->insn->opcode != OPCODE_CALL || s->insn->src != EBPF_CALL_LOCAL)
		return error__set(errmsg, -EINVAL,
			SITE_FMT "a 32-bit relocation of instruction 0x%02x, not of a call",
			SITE_ARGS(s), s->insn->opcode);
	if (sym->section == SHN_UNDEF)
		return call_extern(s, sym, errmsg);
	if (sym->section == ELF_SECTION_NONE || !s->l->obj->elf.sections[sym->section].is_code ||
		sym->value % 8)
		return error__set(errmsg, -EINVAL, SITE_FMT "calls %s, which is no function",
			SITE_ARGS(s), sym->name);
	return distance(s, sym->section, (int64_t)(sym->value / 8) + s->insn->imm + 1,
		&s->insn->imm, errmsg);
}

static int relocate_insn(const struct site *s, const struct elf_relocation *r, char **errmsg)
{
	const struct elf_symbol *sym = &s->l->obj->elf.symbols[r->symbol];

	switch (r->type) {
	case R_BPF_64_64: return relocate_lddw(s, sym, errmsg);
	case R_BPF_64_32: return relocate_call(s, sym, errmsg);
	default:
		return error__set(errmsg, -EINVAL, SITE_FMT "unknown relocation type %u of %s",
			SITE_ARGS(s), r->type, sym->name);
	}
}

/* Without relocation: calls move; a map can only be named by one. */
static int move_insn(const struct site *s, char **errmsg)
{
	if (s->insn->opcode == OPCODE_CALL && s->insn->src == EBPF_CALL_LOCAL)
		return distance(s, s->section_index, (int64_t)s->from + 1 + s->insn->imm,
			&s->insn->imm, errmsg);
	if (s->insn->opcode == OPCODE_LDDW && s->insn->src != EBPF_LDDW_IMM)
		return error__set(errmsg, -EINVAL, SITE_FMT "LDDW of kind %u without a relocation",
			SITE_ARGS(s), s->insn->src);
	return 0;
}

/* The relocation at or after `offset`; `from` is where to begin to look. */
static uint32_t next_relocation(const struct elf_section *s, uint32_t from, uint64_t offset)
{
	while (from < s->n_relocations && s->relocations[from].offset < offset)
		from++;
	return from;
}

int linker__relocate(struct linker *l, const struct placed_function *at, char **errmsg)
{
	const struct object_function *f = &l->obj->functions[at->function];
	const struct elf_section *section = &l->obj->elf.sections[f->section];
	struct site s = {.l = l, .section = section, .section_index = f->section};
	uint32_t n = f->program.n_insns, words, r = 0, next;
	int err;

	for (uint32_t i = 0; i < n; i += words) {
		s.from = f->insn + i;
		s.to = at->insn + i;
		s.insn = &l->insns[s.to];
		words = s.insn->opcode == OPCODE_LDDW ? 2 : 1;
		if (words > n - i)
			return error__set(errmsg, -EINVAL,
				SITE_FMT "function %s ends in half an LDDW", SITE_ARGS(&s),
				f->program.name);
		r = next_relocation(section, r, (uint64_t)s.from * 8);
		next = next_relocation(section, r, ((uint64_t)s.from + words) * 8);
		if (next > r + 1 || (next > r && section->relocations[r].offset != s.from * 8ull))
			return error__set(errmsg, -EINVAL,
				SITE_FMT "a relocation in the middle of an instruction",
				SITE_ARGS(&s));
		err = next > r ? relocate_insn(&s, &section->relocations[r], errmsg)
			       : move_insn(&s, errmsg);
		if (err)
			return err;
		r = next;
	}
	return 0;
}
