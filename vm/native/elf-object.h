/* SPDX-License-Identifier: BSD-3-Clause
 *
 * elf-object.h -- a checked reader of relocatable objects (ELF64, little endian, x86-64).
 *
 * After elf_object__open() every section's bytes lie inside the object and every name is a
 * terminated string; the accessors check what they are given, so a caller may follow any
 * index it reads. The object's bytes are borrowed and need no alignment: everything is copied
 * out of them.
 */
#ifndef VM_NATIVE_ELF_OBJECT_H
#define VM_NATIVE_ELF_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_strings {
	const char *text; /* ends in NUL */
	uint64_t size;
};

struct elf_object {
	const uint8_t *bytes;
	size_t size;
	uint64_t sections; /* offset of the section headers */
	uint32_t n_sections;
	uint32_t symtab; /* index of the symbol table, 0 if there is none */
	uint32_t n_symbols;
	struct elf_strings section_names, symbol_names;
};

/* 0, or -ENOEXEC with *errmsg. */
int elf_object__open(struct elf_object *obj, const uint8_t *bytes, size_t size, char **errmsg);

/* i < n_sections, i < n_symbols, i < the section's size / sizeof(Elf64_Rela) */
Elf64_Shdr elf_object__section(const struct elf_object *obj, uint32_t i);
Elf64_Sym elf_object__symbol(const struct elf_object *obj, uint32_t i);
Elf64_Rela elf_object__rela(const struct elf_object *obj, const Elf64_Shdr *sh, uint64_t i);

const char *elf_object__section_name(const struct elf_object *obj, const Elf64_Shdr *sh);
/* A section's symbol has the section's name. */
const char *elf_object__symbol_name(const struct elf_object *obj, uint32_t i);

#endif
