/* SPDX-License-Identifier: BSD-3-Clause
 *
 * btf-ext.h -- what .BTF.ext says about instructions: source lines, functions' types, CO-RE
 * relocations. libbpf 1.1 has no iteration over it, so its records are read here.
 *
 *	header │ func_info: rec_size { section name, count, records } ... │ line_info │ core_relo
 *
 * Every record begins with the byte offset of its instruction in its section, and three
 * words follow at most: one shape serves all three tables.
 */
#ifndef LOADER_BTF_EXT_H
#define LOADER_BTF_EXT_H

#include "elf-file.h"

struct ext_record {
	uint32_t section; /* index of the code section */
	uint32_t insn;    /* instruction word in it */
	uint32_t word[3];
};

struct ext_table { /* sorted by section and insn */
	struct ext_record *records;
	uint32_t n;
};

struct btf_ext_info {
	struct ext_table funcs; /* type id of a BTF_KIND_FUNC */
	struct ext_table lines; /* file name, line text (string offsets), line << 10 | column */
	struct ext_table cores; /* type id, access string, kind */
};

/* An object without .BTF.ext has empty tables. */
int btf_ext_info__open(const struct elf_file *elf, struct btf_ext_info *info, char **errmsg);
void btf_ext_info__close(struct btf_ext_info *info);

/* The records of instructions [insn, insn + n): the first of them and how many. */
const struct ext_record *ext_table__range(const struct ext_table *t, uint32_t section,
	uint32_t insn, uint32_t n, uint32_t *n_records);

#endif
