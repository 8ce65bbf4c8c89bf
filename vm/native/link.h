/* SPDX-License-Identifier: BSD-3-Clause
 *
 * link.h -- an object on its way to becoming an image.
 *
 * The image's address is known before a byte of it is written: link__place() decides where
 * in the image every section goes, image.c reserves the addresses, link__fill() copies and
 * relocates.
 *
 *	code   sections to execute, then a stub `jmp *slot` per symbol that needs one
 *	const  read-only sections, then the GOT
 *	data   writable sections
 *
 * Each part starts on a page of its own.
 */
#ifndef VM_NATIVE_LINK_H
#define VM_NATIVE_LINK_H

#include "elf-object.h"
#include "native.h"

#define LINK_PAGE      4096u
#define LINK_MAX_IMAGE (256u << 20) /* bytes; far below what a 32-bit displacement reaches */
#define LINK_NOWHERE   UINT32_MAX

enum link_part { PART_CODE, PART_CONST, PART_DATA, N_PARTS };

struct link {
	struct elf_object obj;
	const char *name; /* the program's */
	native_resolve_fn resolve;
	void *user;
	char **errmsg;

	uint32_t *section_at; /* offset in the image, or LINK_NOWHERE */
	uint32_t *slot_at;    /* by symbol: offset of its GOT slot, or LINK_NOWHERE */
	uint32_t *stub_at;    /* by symbol: offset of its stub, or LINK_NOWHERE */
	uint32_t part_at[N_PARTS + 1];

	uint64_t base;  /* where the image will run */
	uint8_t *bytes; /* where it is written */
};

/* place.c: 0 or negative errno with *errmsg. */
int link__place(struct link *l);
/* relocate.c: marks the symbols that need a GOT slot or a stub by a place other than
 * LINK_NOWHERE, for link__place() to correct. Refuses relocations that cannot be applied. */
int link__find_needs(struct link *l);
/* relocate.c: writes the whole image. */
int link__fill(struct link *l);
void link__release(struct link *l);

static inline bool link__is_undefined(const Elf64_Sym *sym)
{
	return sym->st_shndx == SHN_UNDEF;
}

#endif
