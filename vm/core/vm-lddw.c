/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm-lddw.c -- what the embedder's callbacks make of 64-bit immediate loads (RFC 9669 section 5.4).
 */
#include <errno.h>
#include <stdlib.h>

#include "../isa/isa.h"
#include "error.h"
#include "vm.h"

/* The value a 64-bit immediate load with source field `src` gives. */
static int lddw_value(
	struct ebpf_vm *vm, const struct ebpf_insn *p, uint32_t at, uint64_t *value, char **errmsg)
{
	const struct ebpf_lddw_helpers *h = &vm->lddw_helpers;
	uint32_t imm = (uint32_t)p[0].imm;
	uint64_t next = (uint32_t)p[1].imm;
	/* What each source field asks of the callbacks, RFC 9669 section 5.4. */
	const struct {
		uint64_t (*first)(void *user, uint32_t arg);
		const char *name;
		bool value; /* then map_val of it, plus the second immediate */
	} kinds[] = {
		[EBPF_LDDW_MAP_FD] = {h->map_by_fd, "map_by_fd", false},
		[EBPF_LDDW_MAP_FD_VALUE] = {h->map_by_fd, "map_by_fd", true},
		[EBPF_LDDW_VAR] = {h->var_addr, "var_addr", false},
		[EBPF_LDDW_CODE] = {h->code_addr, "code_addr", false},
		[EBPF_LDDW_MAP_IDX] = {h->map_by_idx, "map_by_idx", false},
		[EBPF_LDDW_MAP_IDX_VALUE] = {h->map_by_idx, "map_by_idx", true},
	};

	if (!kinds[p->src].first || (kinds[p->src].value && !h->map_val))
		return error__set(errmsg, -EINVAL,
			"instruction %u: lddw with source %u needs the callback %s, which is not "
			"set",
			at, p->src, kinds[p->src].first ? "map_val" : kinds[p->src].name);
	*value = kinds[p->src].first(h->user, imm);
	if (kinds[p->src].value)
		*value = h->map_val(h->user, *value) + next;
	return 0;
}

int vm__resolve_lddw(struct ebpf_vm *vm, const struct ebpf_insn *insns, uint32_t n, char **errmsg)
{
	struct isa_insn in;

	vm->lddw = calloc(n, sizeof(*vm->lddw));
	if (!vm->lddw)
		return error__set(errmsg, -ENOMEM, "no memory for %u instructions", n);
	for (uint32_t i = 0; i < n; i++) {
		const char *why;
		int err;

		if (isa__decode(insns + i, n - i, &in, &why))
			continue; /* the structure check says what is wrong with it */
		if (in.op != ISA_LDDW)
			continue;
		if (insns[i].src != EBPF_LDDW_IMM &&
			(err = lddw_value(vm, insns + i, i, &vm->lddw[i], errmsg)))
			return err;
		i++;
	}
	return 0;
}

int ebpf_set_lddw_helpers(struct ebpf_vm *vm, const struct ebpf_lddw_helpers *h)
{
	char *why = NULL;

	if (vm->prog)
		return vm__result(vm,
			error__set(&why, -EBUSY, "lddw helpers: code is loaded already"), &why,
			NULL);
	vm->lddw_helpers = h ? *h : (struct ebpf_lddw_helpers){0};
	return 0;
}
