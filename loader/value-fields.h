/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value-fields.h -- fields of a map's values that are not the program's to write: locks, timers,
 * pointers of the kernel. BTF names their types.
 */
#ifndef LOADER_VALUE_FIELDS_H
#define LOADER_VALUE_FIELDS_H

#include "btf-types.h"
#include "object.h"

/* Sets lock_off and special of the map whose values are of this type; neither where Linux would
 * not take such values for such a map and libbpf would create it without types. */
void value_fields__find(const struct btf *btf, uint32_t type, struct ebpf_map_opts *opts);
/* The same for a section of variables. */
void value_fields__find_in_section(const struct btf *btf, const struct elf_file *elf,
	uint32_t section, struct ebpf_map_opts *opts);

#endif
