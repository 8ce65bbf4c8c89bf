/* SPDX-License-Identifier: BSD-3-Clause
 *
 * legacy-maps.c -- maps defined in section "maps", before BTF: an array of structs. The
 * struct was libbpf's (20 bytes), the kernel samples' (28) or iproute2's (36); all begin with
 * the same five words. What follows in the longer ones (inner maps, pinning, NUMA node) is not
 * read: maps of maps are refused by their type.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../vm/core/error.h"
#include "object-internal.h"

struct legacy_map {
	uint32_t type, key_size, value_size, max_entries, flags;
};

static bool is_map(const struct elf_symbol *s, uint32_t section)
{
	return s->section == section && s->type != STT_SECTION && s->name[0];
}

static int add_map(
	struct ebpf_object *obj, const struct elf_symbol *s, uint64_t stride, char **errmsg)
{
	const struct elf_section *sec = &obj->elf.sections[s->section];
	struct legacy_map def;

	if (s->value % stride || sec->size - s->value < stride)
		return error__set(errmsg, -EINVAL,
			"section maps: map %s at offset %#" PRIx64
			" is not at a multiple of %" PRIu64 " bytes",
			s->name, s->value, stride);
	memcpy(&def, sec->data + s->value, sizeof(def));
	return ebpf_object__add_map(obj,
		&(struct object_map){
			.opts = {.name = s->name,
				.type = def.type,
				.key_size = def.key_size,
				.value_size = def.value_size,
				.max_entries = def.max_entries,
				.flags = def.flags},
			.values = NO_VALUES,
			.section = s->section,
			.offset = s->value,
		},
		errmsg);
}

int ebpf_object__add_legacy_maps(struct ebpf_object *obj, char **errmsg)
{
	uint32_t section = elf_file__find_section(&obj->elf, "maps"), n = 0;
	const struct elf_section *sec = &obj->elf.sections[section];
	uint64_t stride;
	int err = 0;

	if (!section || !sec->size || !sec->data)
		return 0;
	for (uint32_t i = 0; i < obj->elf.n_symbols; i++)
		n += is_map(&obj->elf.symbols[i], section);
	stride = n ? sec->size / n : 0;
	if ((stride != 20 && stride != 28 && stride != 36) || sec->size % n)
		return error__set(errmsg, -EINVAL,
			"section maps: %u maps in %" PRIu64
			" bytes; definitions of 20, 28 or 36 bytes are known",
			n, sec->size);
	for (uint32_t i = 0; i < obj->elf.n_symbols && !err; i++) {
		if (is_map(&obj->elf.symbols[i], section))
			err = add_map(obj, &obj->elf.symbols[i], stride, errmsg);
	}
	return err;
}
