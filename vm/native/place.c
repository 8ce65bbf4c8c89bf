/* SPDX-License-Identifier: BSD-3-Clause
 *
 * place.c -- where in the image every section, GOT slot and stub goes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "link.h"

#define SLOT_SIZE 8
#define STUB_SIZE 8 /* jmp *slot(%rip), and two bytes never reached */

static enum link_part part_of(const struct link *l, const Elf64_Shdr *sh)
{
	static const char relro[] = ".data.rel.ro"; /* only relocations write it */

	if (sh->sh_flags & SHF_EXECINSTR)
		return PART_CODE;
	if (!(sh->sh_flags & SHF_WRITE) ||
		!strncmp(elf_object__section_name(&l->obj, sh), relro, strlen(relro)))
		return PART_CONST;
	return PART_DATA;
}

static int check_loadable(const struct link *l, const Elf64_Shdr *sh)
{
	const uint64_t known =
		SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR | SHF_MERGE | SHF_STRINGS | SHF_GROUP;
	const char *name = elf_object__section_name(&l->obj, sh);

	if (sh->sh_type != SHT_PROGBITS && sh->sh_type != SHT_NOBITS &&
		sh->sh_type != SHT_X86_64_UNWIND)
		return error__set(l->errmsg, -ENOEXEC,
			"object: section %s has unsupported type %#" PRIx32, name, sh->sh_type);
	if (sh->sh_flags & ~known)
		return error__set(l->errmsg, -ENOEXEC,
			"object: section %s has unsupported flags %#" PRIx64, name,
			(uint64_t)(sh->sh_flags & ~known));
	if ((sh->sh_flags & SHF_WRITE) && (sh->sh_flags & SHF_EXECINSTR))
		return error__set(l->errmsg, -ENOEXEC,
			"object: section %s is both writable and executable", name);
	if (sh->sh_addralign > LINK_PAGE || (sh->sh_addralign & (sh->sh_addralign - 1)))
		return error__set(l->errmsg, -ENOEXEC, "object: section %s has alignment %" PRIu64,
			name, (uint64_t)sh->sh_addralign);
	if (sh->sh_size > LINK_MAX_IMAGE)
		return error__set(l->errmsg, -EFBIG, "object: section %s has %" PRIu64 " bytes",
			name, (uint64_t)sh->sh_size);
	return 0;
}

static int advance(const struct link *l, uint64_t *at, uint64_t align, uint64_t size)
{
	*at = align > 1 ? (*at + align - 1) & ~(align - 1) : *at;
	if (*at + size > LINK_MAX_IMAGE)
		return error__set(l->errmsg, -EFBIG, "object: the image would exceed %u bytes",
			LINK_MAX_IMAGE);
	return 0;
}

static int place_sections(struct link *l, enum link_part part, uint64_t *at)
{
	for (uint32_t i = 0; i < l->obj.n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(&l->obj, i);
		int err;

		if (!(sh.sh_flags & SHF_ALLOC) || part_of(l, &sh) != part)
			continue;
		err = check_loadable(l, &sh);
		if (!err)
			err = advance(l, at, sh.sh_addralign, sh.sh_size);
		if (err)
			return err;
		l->section_at[i] = (uint32_t)*at;
		*at += sh.sh_size;
	}
	return 0;
}

static int place_each(struct link *l, uint32_t *places, uint32_t size, uint64_t *at)
{
	for (uint32_t i = 0; i < l->obj.n_symbols; i++) {
		int err;

		if (places[i] == LINK_NOWHERE)
			continue;
		err = advance(l, at, size, size);
		if (err)
			return err;
		places[i] = (uint32_t)*at;
		*at += size;
	}
	return 0;
}

static uint32_t *nowhere(uint32_t n)
{
	uint32_t *places = malloc(n * sizeof(*places) + 1);

	for (uint32_t i = 0; places && i < n; i++)
		places[i] = LINK_NOWHERE;
	return places;
}

int link__place(struct link *l)
{
	uint64_t at = 0;
	int err = 0;

	l->section_at = nowhere(l->obj.n_sections);
	l->slot_at = nowhere(l->obj.n_symbols);
	l->stub_at = nowhere(l->obj.n_symbols);
	if (!l->section_at || !l->slot_at || !l->stub_at)
		return error__set(l->errmsg, -ENOMEM, "object: no memory to load it");
	err = link__find_needs(l);
	for (int part = 0; !err && part < N_PARTS; part++) {
		err = advance(l, &at, LINK_PAGE, 0);
		l->part_at[part] = (uint32_t)at;
		if (!err)
			err = place_sections(l, part, &at);
		if (!err && part == PART_CODE)
			err = place_each(l, l->stub_at, STUB_SIZE, &at);
		if (!err && part == PART_CONST)
			err = place_each(l, l->slot_at, SLOT_SIZE, &at);
	}
	if (!err)
		err = advance(l, &at, LINK_PAGE, 0);
	if (!err && at == 0)
		err = error__set(l->errmsg, -ENOEXEC, "object: there is nothing in it to load");
	l->part_at[N_PARTS] = (uint32_t)at;
	return err;
}

void link__release(struct link *l)
{
	free(l->section_at);
	free(l->slot_at);
	free(l->stub_at);
}
