/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "isa/isa.h"
#include "kernel-types.h"
#include "runtime/helpers.h"

/* struct { struct bpf_spin_lock lock; unsigned rest[3]; }: the kernel finds the lock by its type.
 * The types' ids are 1 to 4, in this order. */
int kernel_types__locked_value(void)
{
	struct btf *btf = btf__new_empty();
	const void *raw;
	uint32_t size;
	int fd = -1;

	if (btf && btf__add_int(btf, "unsigned int", 4, 0) == 1 &&
		btf__add_struct(btf, "bpf_spin_lock", 4) == 2 &&
		!btf__add_field(btf, "val", 1, 0, 0) && btf__add_array(btf, 1, 1, 3) == 3 &&
		btf__add_struct(btf, "value", 16) == 4 && !btf__add_field(btf, "lock", 2, 0, 0) &&
		!btf__add_field(btf, "rest", 3, 32, 0)) {
		raw = btf__raw_data(btf, &size);
		fd = bpf_btf_load(raw, size, NULL);
	}
	btf__free(btf);
	return fd;
}

#define MOST_KFUNCS 1024

static int32_t find_function(uint32_t kfunc)
{
	static struct btf *vmlinux;
	const char *name = helper__name(kfunc);
	int id;

	if (!vmlinux)
		vmlinux = btf__load_vmlinux_btf();
	id = vmlinux && name ? btf__find_by_name_kind(vmlinux, name, BTF_KIND_FUNC) : -1;
	return id < 0 ? 0 : id;
}

int32_t kernel_types__function(uint32_t kfunc)
{
	static struct {
		bool known;
		int32_t id;
	} found[MOST_KFUNCS]; /* a search is long */
	uint32_t i = kfunc - KFUNC_BASE;

	if (i >= MOST_KFUNCS)
		return 0;
	if (!found[i].known)
		found[i].id = find_function(kfunc);
	found[i].known = true;
	return found[i].id;
}

static void add_func(struct func_types *t, uint32_t insn)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->info[i].insn_off == insn)
			return;
	if (t->n < MOST_FUNC_TYPES)
		t->info[t->n++].insn_off = insn;
}

static int by_insn(const void *a, const void *b)
{
	const struct bpf_func_info *x = a, *y = b;

	return x->insn_off < y->insn_off ? -1 : x->insn_off > y->insn_off;
}

void func_types__find(struct func_types *t, const struct ebpf_insn *insns, uint32_t n)
{
	struct isa_insn in;
	struct btf *btf;
	const void *raw;
	const char *why;
	char name[16];
	uint32_t size;
	int type;

	*t = (struct func_types){.fd = -1};
	add_func(t, 0);
	for (uint32_t i = 0; i < n && !isa__decode(&insns[i], n - i, &in, &why); i += in.words)
		if ((in.op == ISA_LDDW && in.src == EBPF_LDDW_CODE) ||
			(in.op == ISA_CALL && in.src == EBPF_CALL_LOCAL))
			add_func(t, i + 1 + (uint32_t)in.target);
	if (t->n == 1)
		return;
	qsort(t->info, t->n, sizeof(t->info[0]), by_insn);
	btf = btf__new_empty();
	type = btf__add_func_proto(btf, btf__add_int(btf, "int", 4, BTF_INT_SIGNED));
	for (uint32_t i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		t->info[i].type_id = (uint32_t)btf__add_func(
			btf, name, i ? BTF_FUNC_STATIC : BTF_FUNC_GLOBAL, type);
	}
	raw = btf__raw_data(btf, &size);
	t->fd = raw ? bpf_btf_load(raw, size, NULL) : -1;
	btf__free(btf);
}

void func_types__release(struct func_types *t)
{
	if (t->fd >= 0)
		close(t->fd);
}
