/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <bpf/btf.h>

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
