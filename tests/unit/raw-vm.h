/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw-vm.h -- VMs of each backend of this build, and programs for them as assembler text. What goes
 * wrong fails the test.
 */
#ifndef TESTS_UNIT_RAW_VM_H
#define TESTS_UNIT_RAW_VM_H

#include <ebpf-vm.h>

static const char *const raw_vm_backends[] = {
	"interp",
#ifdef HAVE_LLVM
	"llvm",
#endif
};
#define N_RAW_BACKENDS (sizeof(raw_vm_backends) / sizeof(raw_vm_backends[0]))

struct ebpf_vm *raw_vm__create(const char *backend);
void raw_vm__load(struct ebpf_vm *vm, const char *text);
/* The error, whose sentence has to hold `says`. */
int raw_vm__load_fails(struct ebpf_vm *vm, const char *text, const char *says);
uint64_t raw_vm__run(struct ebpf_vm *vm, void *mem, size_t mem_len);
/* The run has to be stopped for this reason; `at` is the instruction. */
struct ebpf_fault raw_vm__run_faults(
	struct ebpf_vm *vm, void *mem, size_t mem_len, enum ebpf_fault_reason reason, uint32_t at);

#endif
