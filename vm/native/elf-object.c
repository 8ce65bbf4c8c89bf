/* SPDX-License-Identifier: BSD-3-Clause
 *
 * elf-object.c -- checks an object's headers once, so that the accessors need no errors.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../core/error.h"
#include "elf-object.h"

static bool inside(const struct elf_object *obj, uint64_t offset, uint64_t size)
{
	return offset <= obj->size && size <= obj->size - offset;
}

Elf64_Shdr elf_object__section(const struct elf_object *obj, uint32_t i)
{
	Elf64_Shdr sh;

	memcpy(&sh, obj->bytes + obj->sections + (uint64_t)i * sizeof(sh), sizeof(sh));
	return sh;
}

Elf64_Sym elf_object__symbol(const struct elf_object *obj, uint32_t i)
{
	Elf64_Shdr symtab = elf_object__section(obj, obj->symtab);
	Elf64_Sym sym;

	memcpy(&sym, obj->bytes + symtab.sh_offset + (uint64_t)i * sizeof(sym), sizeof(sym));
	return sym;
}

Elf64_Rela elf_object__rela(const struct elf_object *obj, const Elf64_Shdr *sh, uint64_t i)
{
	Elf64_Rela rela;

	memcpy(&rela, obj->bytes + sh->sh_offset + i * sizeof(rela), sizeof(rela));
	return rela;
}

static const char *string_at(const struct elf_strings *s, uint32_t at)
{
	return at < s->size ? s->text + at : "?";
}

const char *elf_object__section_name(const struct elf_object *obj, const Elf64_Shdr *sh)
{
	return string_at(&obj->section_names, sh->sh_name);
}

const char *elf_object__symbol_name(const struct elf_object *obj, uint32_t i)
{
	Elf64_Sym sym = elf_object__symbol(obj, i);

	if (ELF64_ST_TYPE(sym.st_info) == STT_SECTION && sym.st_shndx < obj->n_sections) {
		Elf64_Shdr sh = elf_object__section(obj, sym.st_shndx);

		return elf_object__section_name(obj, &sh);
	}
	return string_at(&obj->symbol_names, sym.st_name);
}

static int open_strings(
	const struct elf_object *obj, uint32_t index, struct elf_strings *s, char **errmsg)
{
	Elf64_Shdr sh;

	if (index == 0 || index >= obj->n_sections)
		return error__set(
			errmsg, -ENOEXEC, "object: no string table at section %" PRIu32, index);
	sh = elf_object__section(obj, index);
	if (sh.sh_type != SHT_STRTAB || sh.sh_size == 0 ||
		obj->bytes[sh.sh_offset + sh.sh_size - 1] != '\0')
		return error__set(
			errmsg, -ENOEXEC, "object: section %" PRIu32 " is no string table", index);
	s->text = (const char *)obj->bytes + sh.sh_offset;
	s->size = sh.sh_size;
	return 0;
}

static int open_header(struct elf_object *obj, Elf64_Ehdr *eh, char **errmsg)
{
	static const unsigned char ident[] = {
		ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT};

	if (obj->size < sizeof(*eh))
		return error__set(errmsg, -ENOEXEC, "object: too short for an ELF file");
	memcpy(eh, obj->bytes, sizeof(*eh));
	if (memcmp(eh->e_ident, ident, sizeof(ident)) != 0 || eh->e_type != ET_REL ||
		eh->e_machine != EM_X86_64)
		return error__set(errmsg, -ENOEXEC, "object: not a relocatable x86-64 ELF file");
	if (eh->e_shentsize != sizeof(Elf64_Shdr) || eh->e_shnum == 0 ||
		!inside(obj, eh->e_shoff, (uint64_t)eh->e_shnum * sizeof(Elf64_Shdr)))
		return error__set(errmsg, -ENOEXEC, "object: its section headers lie outside it");
	obj->sections = eh->e_shoff;
	obj->n_sections = eh->e_shnum;
	return 0;
}

static int check_section(struct elf_object *obj, uint32_t i, char **errmsg)
{
	Elf64_Shdr sh = elf_object__section(obj, i);

	if (sh.sh_type == SHT_NULL || sh.sh_type == SHT_NOBITS)
		return 0;
	if (!inside(obj, sh.sh_offset, sh.sh_size))
		return error__set(errmsg, -ENOEXEC,
			"object: section %" PRIu32 " reaches beyond the end of the object", i);
	if (sh.sh_type == SHT_SYMTAB_SHNDX)
		return error__set(errmsg, -ENOEXEC, "object: too many sections");
	if (sh.sh_type == SHT_RELA &&
		(sh.sh_entsize != sizeof(Elf64_Rela) || sh.sh_size % sizeof(Elf64_Rela)))
		return error__set(errmsg, -ENOEXEC,
			"object: section %" PRIu32 " is no table of relocations", i);
	if (sh.sh_type != SHT_SYMTAB)
		return 0;
	if (obj->symtab || sh.sh_entsize != sizeof(Elf64_Sym) || sh.sh_size % sizeof(Elf64_Sym) ||
		sh.sh_size / sizeof(Elf64_Sym) > UINT32_MAX)
		return error__set(
			errmsg, -ENOEXEC, "object: section %" PRIu32 " is no symbol table", i);
	obj->symtab = i;
	obj->n_symbols = (uint32_t)(sh.sh_size / sizeof(Elf64_Sym));
	return 0;
}

int elf_object__open(struct elf_object *obj, const uint8_t *bytes, size_t size, char **errmsg)
{
	Elf64_Ehdr eh;
	int err;

	*obj = (struct elf_object){.bytes = bytes, .size = size};
	err = open_header(obj, &eh, errmsg);
	for (uint32_t i = 0; !err && i < obj->n_sections; i++)
		err = check_section(obj, i, errmsg);
	if (!err)
		err = open_strings(obj, eh.e_shstrndx, &obj->section_names, errmsg);
	if (!err && obj->symtab)
		err = open_strings(obj, elf_object__section(obj, obj->symtab).sh_link,
			&obj->symbol_names, errmsg);
	return err;
}
