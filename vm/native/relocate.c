/* SPDX-License-Identifier: BSD-3-Clause
 *
 * relocate.c -- copies sections into the image and applies relocations (System V ABI,
 * AMD64 supplement, table 4.9: S symbol, A addend, P place, G GOT slot, L stub).
 *
 * A symbol that the object does not define is reached through its GOT slot only: by a
 * relocation that asks for the slot, or by a call, which gets a stub that jumps through it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../core/error.h"
#include "link.h"

enum form {
	FORM_ABSOLUTE, /* S + A */
	FORM_RELATIVE, /* S + A - P */
	FORM_CALL,     /* S + A - P, or L + A - P if the symbol is undefined */
	FORM_SLOT,     /* G + A - P */
};

struct reloc_type {
	uint32_t type;
	const char *name;
	uint8_t form, width; /* bytes */
};

static const struct reloc_type reloc_types[] = {
	{R_X86_64_64, "R_X86_64_64", FORM_ABSOLUTE, 8},
	{R_X86_64_PC64, "R_X86_64_PC64", FORM_RELATIVE, 8},
	{R_X86_64_PC32, "R_X86_64_PC32", FORM_RELATIVE, 4},
	{R_X86_64_PLT32, "R_X86_64_PLT32", FORM_CALL, 4},
	{R_X86_64_GOTPCREL, "R_X86_64_GOTPCREL", FORM_SLOT, 4},
	{R_X86_64_GOTPCRELX, "R_X86_64_GOTPCRELX", FORM_SLOT, 4},
	{R_X86_64_REX_GOTPCRELX, "R_X86_64_REX_GOTPCRELX", FORM_SLOT, 4},
};

/* A relocation with all its indexes checked. */
struct reloc {
	const struct reloc_type *type;
	uint32_t section; /* that it changes */
	uint32_t symbol;
	Elf64_Sym sym;
	uint64_t offset; /* in the section */
	int64_t addend;
};

static int refuse(const struct link *l, const struct reloc *r, int err, const char *why)
{
	Elf64_Shdr sh = elf_object__section(&l->obj, r->section);

	return error__set(l->errmsg, err,
		"object: section %s, offset %#" PRIx64 ": relocation against '%s' %s",
		elf_object__section_name(&l->obj, &sh), r->offset,
		r->symbol < l->obj.n_symbols ? elf_object__symbol_name(&l->obj, r->symbol) : "?",
		why);
}

static int check_symbol(const struct link *l, const struct reloc *r)
{
	Elf64_Shdr sh;

	if (link__is_undefined(&r->sym)) {
		if (ELF64_ST_TYPE(r->sym.st_info) == STT_TLS)
			return refuse(l, r, -ENOEXEC, "is thread-local");
		if (r->type->form == FORM_RELATIVE)
			return refuse(l, r, -ENOEXEC,
				"assumes that an undefined symbol lies near the image");
		return 0;
	}
	if (r->sym.st_shndx >= l->obj.n_sections)
		return refuse(l, r, -ENOEXEC, "is of a kind that is not supported");
	sh = elf_object__section(&l->obj, r->sym.st_shndx);
	if (!(sh.sh_flags & SHF_ALLOC))
		return refuse(l, r, -ENOEXEC, "lies in a section that is not loaded");
	if (ELF64_ST_TYPE(r->sym.st_info) > STT_FILE || r->sym.st_value > sh.sh_size)
		return refuse(l, r, -ENOEXEC, "lies outside its section");
	return 0;
}

static int decode(const struct link *l, uint32_t section, uint64_t section_size,
	const Elf64_Rela *rela, struct reloc *r)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);
	char why[64];

	*r = (struct reloc){.section = section,
		.symbol = ELF64_R_SYM(rela->r_info),
		.offset = rela->r_offset,
		.addend = rela->r_addend};
	for (size_t i = 0; i < sizeof(reloc_types) / sizeof(reloc_types[0]); i++)
		if (reloc_types[i].type == type)
			r->type = &reloc_types[i];
	if (!r->type) {
		snprintf(why, sizeof(why), "has unsupported type %" PRIu32, type);
		return refuse(l, r, -ENOEXEC, why);
	}
	if (r->symbol == 0 || r->symbol >= l->obj.n_symbols)
		return refuse(l, r, -ENOEXEC, "has no symbol");
	if (r->offset > section_size || r->type->width > section_size - r->offset)
		return refuse(l, r, -ENOEXEC, "lies outside its section");
	/* So that no sum of addresses below can overflow. */
	if (r->addend > (int64_t)LINK_MAX_IMAGE || r->addend < -(int64_t)LINK_MAX_IMAGE)
		return refuse(l, r, -ENOEXEC, "has an absurd addend");
	r->sym = elf_object__symbol(&l->obj, r->symbol);
	return check_symbol(l, r);
}

static int for_each_reloc(struct link *l, int (*act)(struct link *, const struct reloc *))
{
	for (uint32_t i = 0; i < l->obj.n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(&l->obj, i), target;

		if ((sh.sh_type != SHT_RELA && sh.sh_type != SHT_REL) ||
			sh.sh_info >= l->obj.n_sections)
			continue;
		target = elf_object__section(&l->obj, sh.sh_info);
		if (!(target.sh_flags & SHF_ALLOC))
			continue;
		if (sh.sh_type == SHT_REL || target.sh_type == SHT_NOBITS)
			return error__set(l->errmsg, -ENOEXEC,
				"object: section %s cannot have these relocations",
				elf_object__section_name(&l->obj, &target));
		for (uint64_t k = 0; k < sh.sh_size / sizeof(Elf64_Rela); k++) {
			Elf64_Rela rela = elf_object__rela(&l->obj, &sh, k);
			struct reloc r;
			int err = decode(l, sh.sh_info, target.sh_size, &rela, &r);

			if (!err)
				err = act(l, &r);
			if (err)
				return err;
		}
	}
	return 0;
}

static int note_needs(struct link *l, const struct reloc *r)
{
	bool stub = r->type->form == FORM_CALL && link__is_undefined(&r->sym);

	if (stub)
		l->stub_at[r->symbol] = 0;
	if (stub || r->type->form == FORM_SLOT || link__is_undefined(&r->sym))
		l->slot_at[r->symbol] = 0;
	return 0;
}

int link__find_needs(struct link *l)
{
	return for_each_reloc(l, note_needs);
}

/* The GOT is filled before relocations are applied, so what an undefined symbol resolved to
 * is read back from its slot. */
static uint64_t address_of(const struct link *l, uint32_t symbol, const Elf64_Sym *sym)
{
	uint64_t address;

	if (!link__is_undefined(sym))
		return l->base + l->section_at[sym->st_shndx] + sym->st_value;
	memcpy(&address, l->bytes + l->slot_at[symbol], sizeof(address));
	return address;
}

static int fill_slot(struct link *l, uint32_t symbol)
{
	Elf64_Sym sym = elf_object__symbol(&l->obj, symbol);
	const char *name = elf_object__symbol_name(&l->obj, symbol);
	uint64_t address;

	if (!link__is_undefined(&sym))
		address = address_of(l, symbol, &sym);
	else if (!l->resolve(l->user, name, &address))
		return error__set(l->errmsg, -ENOENT, "object: nothing here is called '%s'", name);
	memcpy(l->bytes + l->slot_at[symbol], &address, sizeof(address));
	return 0;
}

static void fill_stub(struct link *l, uint32_t symbol)
{
	uint8_t stub[8] = {0xff, 0x25, 0, 0, 0, 0, 0xcc, 0xcc}; /* jmp *slot(%rip) */
	int32_t displacement = (int32_t)(l->slot_at[symbol] - (l->stub_at[symbol] + 6));

	memcpy(stub + 2, &displacement, sizeof(displacement));
	memcpy(l->bytes + l->stub_at[symbol], stub, sizeof(stub));
}

static int apply(struct link *l, const struct reloc *r)
{
	uint32_t at = l->section_at[r->section] + (uint32_t)r->offset;
	uint64_t place = l->base + at, value = 0;
	int64_t displacement;
	int32_t narrow;

	switch (r->type->form) {
	case FORM_ABSOLUTE: value = address_of(l, r->symbol, &r->sym); break;
	case FORM_RELATIVE: value = address_of(l, r->symbol, &r->sym) - place; break;
	case FORM_CALL:
		value = link__is_undefined(&r->sym) ? l->base + l->stub_at[r->symbol]
						    : address_of(l, r->symbol, &r->sym);
		value -= place;
		break;
	case FORM_SLOT: value = l->base + l->slot_at[r->symbol] - place; break;
	}
	value += (uint64_t)r->addend;
	if (r->type->width == 8) {
		memcpy(l->bytes + at, &value, sizeof(value));
		return 0;
	}
	displacement = (int64_t)value;
	narrow = (int32_t)displacement;
	if (narrow != displacement)
		return refuse(l, r, -ENOEXEC, "does not reach");
	memcpy(l->bytes + at, &narrow, sizeof(narrow));
	return 0;
}

static void copy_sections(struct link *l)
{
	for (uint32_t i = 0; i < l->obj.n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(&l->obj, i);

		if (l->section_at[i] != LINK_NOWHERE && sh.sh_type != SHT_NOBITS)
			memcpy(l->bytes + l->section_at[i], l->obj.bytes + sh.sh_offset,
				sh.sh_size);
	}
}

int link__fill(struct link *l)
{
	copy_sections(l);
	for (uint32_t i = 0; i < l->obj.n_symbols; i++) {
		int err = l->slot_at[i] != LINK_NOWHERE ? fill_slot(l, i) : 0;

		if (err)
			return err;
		if (l->stub_at[i] != LINK_NOWHERE)
			fill_stub(l, i);
	}
	return for_each_reloc(l, apply);
}
