/* SPDX-License-Identifier: BSD-3-Clause
 *
 * core-value.h -- CO-RE: what a relocation asks of types ("compile once, run everywhere").
 *
 * There is no kernel whose types could differ, so an object is resolved against its own BTF:
 * a field is where the compiler put it, every type and field it names exists. What does depend
 * on the machine is the existence of helpers and map types, which programs ask by their
 * enumerators: the answer is what this machine implements, and by name, so that a flavour
 * (BPF_FUNC_x___new = 1) gets the true number. And what a program reads of a map itself, of the
 * kernel's struct bpf_map, is where this machine has it, if it has it.
 */
#ifndef LOADER_CORE_VALUE_H
#define LOADER_CORE_VALUE_H

#include "btf-ext.h"
#include "btf-types.h"

/* The value that record `r` of the core_relo table wants in its instruction. Errors: a sentence
 * about the record, without its place. */
int core_value(const struct btf *btf, const struct ext_record *r, uint64_t *value, char **errmsg);

#endif
