/* SPDX-License-Identifier: BSD-3-Clause
 *
 * elf-file.c -- opens an ELF object and copies what matters out of it into plain arrays.
 *
 * The order is what makes it safe: file header, section headers' ranges, then libelf.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "elf-file.h"

#define MAX_SECTION_SIZE (1ull << 40) /* .bss takes no room in the file */

static int check_ident(const uint8_t *p, size_t size, char **errmsg)
{
	if (size < SELFMAG || memcmp(p, ELFMAG, SELFMAG) != 0)
		return error__set(errmsg, -EINVAL, "not an ELF file");
	if (size < EI_NIDENT)
		return error__set(errmsg, -EINVAL, "truncated: the file has only %zu bytes", size);
	if (p[EI_CLASS] != ELFCLASS64)
		return error__set(errmsg, -EINVAL,
			"a 32-bit ELF file; BPF objects are 64-bit (ELF class %u)", p[EI_CLASS]);
	if (p[EI_DATA] == ELFDATA2MSB)
		return error__set(errmsg, -EINVAL,
			"a big-endian object; this machine runs little-endian BPF (-target bpfel)");
	if (p[EI_DATA] != ELFDATA2LSB)
		return error__set(
			errmsg, -EINVAL, "unknown byte order %u in the ELF header", p[EI_DATA]);
	if (size < sizeof(Elf64_Ehdr))
		return error__set(errmsg, -EINVAL, "truncated: the file has only %zu bytes", size);
	if (size > ELF_FILE_MAX)
		return error__set(errmsg, -EFBIG, "too large: %zu bytes, at most %u are read", size,
			ELF_FILE_MAX);
	return 0;
}

static int check_header(const uint8_t *p, size_t size, char **errmsg)
{
	Elf64_Ehdr h;
	uint64_t end;
	int err = check_ident(p, size, errmsg);

	if (err)
		return err;
	memcpy(&h, p, sizeof(h));
	/* compilers of long ago left the machine at EM_NONE */
	if (h.e_machine != EM_BPF && h.e_machine != EM_NONE)
		return error__set(errmsg, -EINVAL, "an ELF file for machine %u, not for BPF (%u)",
			h.e_machine, EM_BPF);
	if (h.e_type != ET_REL)
		return error__set(errmsg, -EINVAL,
			"not a relocatable object (ELF type %u, expected %u)", h.e_type, ET_REL);
	if (h.e_version != EV_CURRENT || p[EI_VERSION] != EV_CURRENT)
		return error__set(errmsg, -EINVAL, "unknown ELF version %u", h.e_version);
	if (h.e_shoff == 0 || h.e_shnum == 0)
		return error__set(errmsg, -EINVAL, "the object has no sections");
	if (h.e_shentsize != sizeof(Elf64_Shdr) || h.e_shnum >= SHN_LORESERVE)
		return error__set(errmsg, -EINVAL,
			"impossible section headers: %u of %u bytes each", h.e_shnum,
			h.e_shentsize);
	if (__builtin_add_overflow(h.e_shoff, (uint64_t)h.e_shnum * sizeof(Elf64_Shdr), &end) ||
		end > size)
		return error__set(errmsg, -EINVAL,
			"truncated: %u section headers at offset %#" PRIx64
			" do not fit in the file's %zu bytes",
			h.e_shnum, (uint64_t)h.e_shoff, size);
	if (h.e_shstrndx == SHN_UNDEF || h.e_shstrndx >= h.e_shnum)
		return error__set(errmsg, -EINVAL,
			"section names are in section %u, but there are only %u", h.e_shstrndx,
			h.e_shnum);
	return 0;
}

static int check_sections(const uint8_t *p, size_t size, char **errmsg)
{
	Elf64_Ehdr h;

	memcpy(&h, p, sizeof(h));
	for (uint32_t i = 1; i < h.e_shnum; i++) {
		Elf64_Shdr s;
		uint64_t end;

		memcpy(&s, p + h.e_shoff + i * sizeof(s), sizeof(s));
		if (s.sh_size > MAX_SECTION_SIZE)
			return error__set(errmsg, -EINVAL,
				"section %u has an absurd size: %" PRIu64 " bytes", i,
				(uint64_t)s.sh_size);
		if (s.sh_type == SHT_NOBITS || s.sh_type == SHT_NULL)
			continue;
		if (__builtin_add_overflow(s.sh_offset, s.sh_size, &end) || end > size)
			return error__set(errmsg, -EINVAL,
				"truncated: section %u at offset %#" PRIx64 ", size %" PRIu64
				", does not fit in the file's %zu bytes",
				i, (uint64_t)s.sh_offset, (uint64_t)s.sh_size, size);
		if ((s.sh_type == SHT_STRTAB || s.sh_type == SHT_SYMTAB || s.sh_type == SHT_REL) &&
			(s.sh_flags & SHF_COMPRESSED))
			return error__set(errmsg, -EINVAL, "section %u is a compressed table", i);
	}
	return 0;
}

static int read_section(struct elf_file *f, Elf_Scn *scn, size_t names, char **errmsg)
{
	size_t i = elf_ndxscn(scn);
	struct elf_section *s = &f->sections[i];
	GElf_Shdr h;

	if (!gelf_getshdr(scn, &h))
		return error__set(errmsg, -EINVAL, "section %zu: %s", i, elf_errmsg(-1));
	s->name = elf_strptr(f->elf, names, h.sh_name);
	if (!s->name)
		return error__set(
			errmsg, -EINVAL, "section %zu has no name: offset %#x", i, h.sh_name);
	s->type = h.sh_type;
	s->flags = h.sh_flags;
	s->size = h.sh_size;
	if (h.sh_type != SHT_NOBITS && h.sh_type != SHT_NULL && !(h.sh_flags & SHF_COMPRESSED))
		s->data = f->image + h.sh_offset;
	s->is_code = h.sh_type == SHT_PROGBITS && (h.sh_flags & SHF_EXECINSTR) && s->data;
	return 0;
}

static int read_sections(struct elf_file *f, char **errmsg)
{
	Elf_Scn *scn = NULL;
	size_t n, names;
	int err = 0;

	if (elf_getshdrnum(f->elf, &n) || elf_getshdrstrndx(f->elf, &names))
		return error__set(errmsg, -EINVAL, "section headers: %s", elf_errmsg(-1));
	f->sections = calloc(n, sizeof(*f->sections));
	if (!f->sections)
		return error__set(errmsg, -ENOMEM, "no memory for %zu sections", n);
	f->n_sections = n;
	f->sections[0].name = "";
	while (!err && (scn = elf_nextscn(f->elf, scn)))
		err = read_section(f, scn, names, errmsg);
	return err;
}

static int read_symbol(struct elf_file *f, Elf_Data *data, uint32_t i, size_t strtab, char **errmsg)
{
	struct elf_symbol *s = &f->symbols[i];
	GElf_Sym sym;
	uint64_t end;

	if (!gelf_getsym(data, i, &sym))
		return error__set(errmsg, -EINVAL, "symbol %u: %s", i, elf_errmsg(-1));
	s->name = elf_strptr(f->elf, strtab, sym.st_name);
	if (!s->name)
		return error__set(
			errmsg, -EINVAL, "symbol %u has no name: offset %#x", i, sym.st_name);
	s->value = sym.st_value;
	s->size = sym.st_size;
	s->type = GELF_ST_TYPE(sym.st_info);
	s->bind = GELF_ST_BIND(sym.st_info);
	s->visibility = GELF_ST_VISIBILITY(sym.st_other);
	s->section = sym.st_shndx < SHN_LORESERVE ? sym.st_shndx : ELF_SECTION_NONE;
	if (s->section == SHN_UNDEF || s->section == ELF_SECTION_NONE)
		return 0;
	if (s->section >= f->n_sections)
		return error__set(errmsg, -EINVAL, "symbol %u (%s) is in section %u of %u", i,
			s->name, s->section, f->n_sections);
	if (__builtin_add_overflow(s->value, s->size, &end) || end > f->sections[s->section].size)
		return error__set(errmsg, -EINVAL,
			"symbol %s at offset %#" PRIx64 ", size %" PRIu64
			", ends outside its section %s",
			s->name, s->value, s->size, f->sections[s->section].name);
	return 0;
}

static int read_symbols(struct elf_file *f, uint32_t *symtab, char **errmsg)
{
	GElf_Shdr h;
	Elf_Data *data;
	Elf_Scn *scn;
	int err = 0;

	*symtab = 0;
	for (uint32_t i = 1; i < f->n_sections; i++) {
		if (f->sections[i].type != SHT_SYMTAB)
			continue;
		if (*symtab)
			return error__set(errmsg, -EINVAL, "two symbol tables: sections %u and %u",
				*symtab, i);
		*symtab = i;
	}
	if (!*symtab)
		return error__set(errmsg, -EINVAL, "the object has no symbol table");
	scn = elf_getscn(f->elf, *symtab);
	data = elf_getdata(scn, NULL);
	if (!gelf_getshdr(scn, &h) || !data)
		return error__set(errmsg, -EINVAL, "symbol table: %s", elf_errmsg(-1));
	if (h.sh_size % sizeof(Elf64_Sym) || data->d_size != h.sh_size)
		return error__set(errmsg, -EINVAL, "the symbol table's size %" PRIu64 " is odd",
			(uint64_t)h.sh_size);
	f->n_symbols = h.sh_size / sizeof(Elf64_Sym);
	f->symbols = calloc((size_t)f->n_symbols + 1, sizeof(*f->symbols));
	if (!f->symbols)
		return error__set(errmsg, -ENOMEM, "no memory for %u symbols", f->n_symbols);
	for (uint32_t i = 0; i < f->n_symbols && !err; i++)
		err = read_symbol(f, data, i, h.sh_link, errmsg);
	return err;
}

static int compare_relocations(const void *a, const void *b)
{
	const struct elf_relocation *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int read_relocations(
	struct elf_file *f, struct elf_section *s, Elf_Data *data, char **errmsg)
{
	uint32_t n = data->d_size / sizeof(Elf64_Rel);

	if (s->relocations)
		return error__set(
			errmsg, -EINVAL, "section %s has two relocation sections", s->name);
	if (data->d_size % sizeof(Elf64_Rel))
		return error__set(errmsg, -EINVAL,
			"section %s: the size of its relocations, %zu, is odd", s->name,
			data->d_size);
	s->relocations = calloc((size_t)n + 1, sizeof(*s->relocations));
	if (!s->relocations)
		return error__set(errmsg, -ENOMEM, "no memory for %u relocations", n);
	s->n_relocations = n;
	for (uint32_t i = 0; i < n; i++) {
		struct elf_relocation *r = &s->relocations[i];
		GElf_Rel rel;

		if (!gelf_getrel(data, i, &rel))
			return error__set(errmsg, -EINVAL, "section %s: relocation %u: %s", s->name,
				i, elf_errmsg(-1));
		r->offset = rel.r_offset;
		r->type = GELF_R_TYPE(rel.r_info);
		r->symbol = GELF_R_SYM(rel.r_info);
		if (r->offset >= s->size || r->symbol >= f->n_symbols)
			return error__set(errmsg, -EINVAL,
				"section %s: relocation %u at offset %#" PRIx64
				" of symbol %u points outside the section or the symbol table",
				s->name, i, r->offset, r->symbol);
	}
	qsort(s->relocations, n, sizeof(*s->relocations), compare_relocations);
	for (uint32_t i = 1; i < n; i++) {
		if (s->relocations[i].offset == s->relocations[i - 1].offset)
			return error__set(errmsg, -EINVAL,
				"section %s: two relocations at offset %#" PRIx64, s->name,
				s->relocations[i].offset);
	}
	return 0;
}

static int read_all_relocations(struct elf_file *f, uint32_t symtab, char **errmsg)
{
	Elf_Scn *scn = NULL;
	int err = 0;

	while (!err && (scn = elf_nextscn(f->elf, scn))) {
		struct elf_section *s;
		Elf_Data *data;
		GElf_Shdr h;

		if (!gelf_getshdr(scn, &h))
			return error__set(errmsg, -EINVAL, "relocations: %s", elf_errmsg(-1));
		if (h.sh_type != SHT_REL && h.sh_type != SHT_RELA)
			continue;
		if (h.sh_info >= f->n_sections)
			return error__set(errmsg, -EINVAL,
				"section %zu relocates section %u, but there are only %u",
				elf_ndxscn(scn), h.sh_info, f->n_sections);
		s = &f->sections[h.sh_info];
		if (!s->is_code && strcmp(s->name, ".maps") != 0)
			continue;
		if (h.sh_type == SHT_RELA || h.sh_link != symtab)
			return error__set(errmsg, -EINVAL,
				"section %s: its relocations have addends or another symbol table",
				s->name);
		data = elf_getdata(scn, NULL);
		if (!data)
			return error__set(errmsg, -EINVAL, "relocations of section %s: %s", s->name,
				elf_errmsg(-1));
		err = read_relocations(f, s, data, errmsg);
	}
	return err;
}

int elf_file__open(struct elf_file *f, const void *bytes, size_t size, char **errmsg)
{
	uint32_t symtab;
	int err;

	memset(f, 0, sizeof(*f));
	err = check_header(bytes, size, errmsg);
	if (!err)
		err = check_sections(bytes, size, errmsg);
	if (err)
		return err;
	f->image = malloc(size);
	if (!f->image)
		return error__set(errmsg, -ENOMEM, "no memory for a copy of %zu bytes", size);
	memcpy(f->image, bytes, size);
	f->size = size;
	elf_version(EV_CURRENT);
	f->elf = elf_memory((char *)f->image, size);
	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF)
		err = error__set(errmsg, -EINVAL, "%s", elf_errmsg(-1));
	if (!err)
		err = read_sections(f, errmsg);
	if (!err)
		err = read_symbols(f, &symtab, errmsg);
	if (!err)
		err = read_all_relocations(f, symtab, errmsg);
	if (err)
		elf_file__close(f);
	return err;
}

void elf_file__close(struct elf_file *f)
{
	for (uint32_t i = 0; i < f->n_sections; i++)
		free(f->sections[i].relocations);
	free(f->sections);
	free(f->symbols);
	elf_end(f->elf);
	free(f->image);
	memset(f, 0, sizeof(*f));
}

uint32_t elf_file__find_section(const struct elf_file *f, const char *name)
{
	for (uint32_t i = 1; i < f->n_sections; i++) {
		if (strcmp(f->sections[i].name, name) == 0)
			return i;
	}
	return 0;
}
