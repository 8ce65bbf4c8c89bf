/* SPDX-License-Identifier: BSD-3-Clause
 *
 * elf-file.h -- a BPF object as ELF sees it: sections, symbols, relocations, all checked.
 *
 * libelf walks the file; before it does, the header and every section's range are checked
 * here, so that nothing it returns lies outside the file. After elf_file__open():
 *
 *	section data    lies within the file, `size` bytes of it (NULL: the file has no bytes)
 *	symbol          its section exists and it ends within that section
 *	relocation      lies within its section, its symbol exists; sorted by offset
 *	every name      ends within its string table
 *
 * Nothing is checked for alignment: read through memcpy.
 *
 * Ownership: everything points into the elf_file. Errors: -EINVAL (-ENOMEM) and a sentence
 * that names section and offset; the caller puts the file's name before it.
 */
#ifndef LOADER_ELF_FILE_H
#define LOADER_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <gelf.h>

#define ELF_FILE_MAX     (256u << 20) /* bytes */
#define ELF_SECTION_NONE UINT32_MAX   /* an absolute or common symbol */

struct elf_relocation {
	uint64_t offset;
	uint32_t type; /* R_BPF_... */
	uint32_t symbol;
};

struct elf_section {
	const char *name;
	const uint8_t *data;
	uint64_t size, flags;
	uint32_t type;
	bool is_code;
	struct elf_relocation *relocations; /* of code and of .maps */
	uint32_t n_relocations;
};

struct elf_symbol {
	const char *name;
	uint64_t value, size;
	uint32_t section; /* 0: undefined */
	uint8_t type, bind, visibility;
};

struct elf_file {
	uint8_t *image; /* a copy of the file */
	size_t size;
	Elf *elf;
	struct elf_section *sections; /* [0] is unused */
	uint32_t n_sections;
	struct elf_symbol *symbols;
	uint32_t n_symbols;
};

/* *f need not be initialised; after a failure there is nothing to close. */
int elf_file__open(struct elf_file *f, const void *bytes, size_t size, char **errmsg);
void elf_file__close(struct elf_file *f);

/* The section's index, 0 if there is none. */
uint32_t elf_file__find_section(const struct elf_file *f, const char *name);

#endif
