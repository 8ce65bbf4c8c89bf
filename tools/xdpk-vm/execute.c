/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>

#include "command.h"
#include "core/error.h"
#include "ebpf-image.h"
#include "execute.h"
#include "input.h"
#include "isa/isa.h"

static int explain(struct ebpf_vm *vm, const void *code, size_t code_size, char **errmsg)
{
	static const char *const reasons[] = {
		[EBPF_FAULT_ACCESS] = "access to memory that is not the program's",
		[EBPF_FAULT_BUDGET] = "too many instructions",
		[EBPF_FAULT_DEPTH] = "too many frames",
		[EBPF_FAULT_HELPER] = "no such helper",
		[EBPF_FAULT_INSN] = "not an instruction",
	};
	const struct ebpf_insn *insns = code;
	uint32_t n = code_size / sizeof(*insns);
	char text[128] = "";
	struct ebpf_fault f;

	if (ebpf_last_fault(vm, &f))
		return error__set(errmsg, -EFAULT, "the program was stopped");
	if (f.insn < n)
		isa__disassemble(insns + f.insn, n - f.insn, f.insn, text, sizeof(text));
	if (f.reason == EBPF_FAULT_ACCESS)
		return error__set(errmsg, -EFAULT,
			"stopped at instruction %u (%s): %s, %u bytes at 0x%" PRIx64, f.insn, text,
			reasons[f.reason], f.size, f.address);
	return error__set(errmsg, -EFAULT, "stopped at instruction %u (%s): %s", f.insn, text,
		reasons[f.reason]);
}

/* The image's code, or what the backend makes of bytecode. */
static int load(struct ebpf_vm *vm, const void *code, size_t size, char **errmsg)
{
	if (ebpf_image__is_one(code, size))
		return ebpf_aot_load(vm, code, size, errmsg);
	if (size > UINT32_MAX)
		return error__set(errmsg, -E2BIG, "the program is too large");
	if (input__check_bytecode(code, size, errmsg))
		return -EINVAL;
	return ebpf_load(vm, code, (uint32_t)size, errmsg);
}

static int explain_loaded(struct ebpf_vm *vm, const void *code, size_t size, char **errmsg)
{
	struct ebpf_image *img = NULL;
	int err;

	if (ebpf_image__is_one(code, size))
		img = ebpf_image__open(code, size, NULL, NULL);
	err = img ? explain(vm, ebpf_image__source(img)->bytes, ebpf_image__source(img)->size,
			    errmsg)
		  : explain(vm, code, size, errmsg);
	ebpf_image__unref(img);
	return err;
}

int execute(const char *backend, const uint8_t *code, size_t code_size, uint8_t *mem,
	size_t mem_len, uint64_t *result, char **errmsg)
{
	struct ebpf_vm *vm;
	int status = EXIT_UNUSABLE, err;

	if (!backend) /* an image wants no compiler */
		backend = ebpf_image__is_one(code, code_size) ? "interp" : "";
	vm = ebpf_create(backend);
	if (!vm) {
		error__set(errmsg, -errno,
			errno == ENOENT ? "no backend %s here" : "backend %s: %m", backend);
		return EXIT_UNUSABLE;
	}
	if (!load(vm, code, code_size, errmsg)) {
		err = ebpf_exec(vm, mem, mem_len, result);
		status = err ? EXIT_BAD : EXIT_GOOD;
		if (err == -EFAULT)
			explain_loaded(vm, code, code_size, errmsg);
		else if (err && ebpf_compile(vm, errmsg) == NULL)
			status = EXIT_UNUSABLE;
	}
	ebpf_destroy(vm);
	return status;
}
