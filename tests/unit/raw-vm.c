/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../vm/isa/isa.h"
#include "raw-vm.h"

struct ebpf_vm *raw_vm__create(const char *backend)
{
	struct ebpf_vm *vm = ebpf_create(backend);

	if (!vm)
		fail_msg("backend %s: %s", backend, strerror(errno));
	assert_string_equal(ebpf_get_vm_name(vm), backend);
	return vm;
}

static struct ebpf_insn *assemble(const char *text, uint32_t *size)
{
	struct ebpf_insn *insns;
	char *err = NULL;

	if (isa__assemble(text, &insns, size, &err))
		fail_msg("%s: %s", text, err);
	*size *= sizeof(*insns);
	return insns;
}

void raw_vm__load(struct ebpf_vm *vm, const char *text)
{
	uint32_t size;
	struct ebpf_insn *insns = assemble(text, &size);
	char *err = NULL;

	if (ebpf_load(vm, insns, size, &err))
		fail_msg("%s: %s", text, err);
	assert_null(err);
	free(insns);
}

int raw_vm__load_fails(struct ebpf_vm *vm, const char *text, const char *says)
{
	uint32_t size;
	struct ebpf_insn *insns = assemble(text, &size);
	char *err = NULL;
	int rc = ebpf_load(vm, insns, size, &err);

	free(insns);
	assert_true(rc < 0);
	assert_non_null(err);
	if (!strstr(err, says))
		fail_msg("'%s' does not say '%s'", err, says);
	free(err);
	return rc;
}

uint64_t raw_vm__run(struct ebpf_vm *vm, void *mem, size_t mem_len)
{
	struct ebpf_fault f;
	uint64_t r = 0;
	int err = ebpf_exec(vm, mem, mem_len, &r);

	if (err && !ebpf_last_fault(vm, &f))
		fail_msg("%s: fault %d at instruction %u", ebpf_get_vm_name(vm), f.reason, f.insn);
	assert_int_equal(err, 0);
	assert_int_equal(ebpf_last_fault(vm, &f), -ENOENT);
	return r;
}

struct ebpf_fault raw_vm__run_faults(
	struct ebpf_vm *vm, void *mem, size_t mem_len, enum ebpf_fault_reason reason, uint32_t at)
{
	struct ebpf_fault f;
	uint64_t r = 0;

	assert_int_equal(ebpf_exec(vm, mem, mem_len, &r), -EFAULT);
	assert_int_equal(r, UINT64_MAX);
	assert_int_equal(ebpf_last_fault(vm, &f), 0);
	assert_int_equal(f.reason, reason);
	assert_int_equal(f.insn, at);
	return f;
}
