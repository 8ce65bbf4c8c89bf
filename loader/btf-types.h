/* SPDX-License-Identifier: BSD-3-Clause
 *
 * btf-types.h -- the types of an object (.BTF), read by libbpf's btf__*, and small questions
 * about them. Type ids and string offsets in a file may be anything: every step here ends, and
 * returns NULL or a negative errno for what does not exist.
 */
#ifndef LOADER_BTF_TYPES_H
#define LOADER_BTF_TYPES_H

#include <bpf/btf.h>

#include "elf-file.h"

/* 0 with *btf NULL if the object has no .BTF. btf__free() it. */
int btf_types__open(const struct elf_file *elf, struct btf **btf, char **errmsg);

/* The type behind typedefs and qualifiers, NULL if none. */
const struct btf_type *btf_types__resolve(const struct btf *btf, uint32_t type);

/* Never NULL: "" for what has no name. */
const char *btf_types__string(const struct btf *btf, uint32_t offset);

/* The number that a member of a definition is: what __uint() makes of it, or for greater numbers
 * __ulong(), an enumeration of one. False: it is none. */
bool btf_types__number(const struct btf *btf, const struct btf_type *t, uint64_t *value);

/* The DATASEC of that name, NULL if none. */
const struct btf_type *btf_types__datasec(const struct btf *btf, const char *name);

#endif
