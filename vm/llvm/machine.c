/* SPDX-License-Identifier: BSD-3-Clause
 *
 * machine.c -- what the code is for: the CPU that a request names, as LLVM knows it.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <llvm-c/Support.h>
#include <llvm-c/Target.h>

#include "compile.h"

#define PTX_TRIPLE "nvptx64-nvidia-cuda"

/* LLVM ends the process where it does not know the name: these it knows. */
static const struct cpu {
	const char *name;
	bool is_ptx;
} cpus[] = {
	{"native", false},
	{"x86-64", false},
	{"x86-64-v2", false},
	{"x86-64-v3", false},
	{"x86-64-v4", false},
	{COMPILE_CPU_PTX, true},
};

static const struct cpu *find_cpu(const char *name)
{
	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
		if (strcmp(name, cpus[i].name) == 0)
			return &cpus[i];
	return NULL;
}

/* Domain reassignment (integers into AVX-512 mask registers) takes time quadratic in a
 * function's length, 1.2 of 1.6 seconds for 8000 instructions, and finds nothing here. */
static void start_llvm(void)
{
	static const char *const options[] = {"ebpf-llvm", "-disable-x86-domain-reassignment"};

	LLVMParseCommandLineOptions(2, options, NULL);
	LLVMInitializeX86TargetInfo();
	LLVMInitializeX86Target();
	LLVMInitializeX86TargetMC();
	LLVMInitializeX86AsmPrinter();
	LLVMInitializeNVPTXTargetInfo();
	LLVMInitializeNVPTXTarget();
	LLVMInitializeNVPTXTargetMC();
	LLVMInitializeNVPTXAsmPrinter();
}

/* As LLVM would have it for the triple; `features` beyond those of the CPU. */
static int create(struct compilation *c, const char *triple, const char *cpu, const char *features)
{
	LLVMTargetDataRef layout;
	LLVMTargetRef target;
	char *why = NULL;
	int err;

	if (LLVMGetTargetFromTriple(triple, &target, &why)) {
		err = error__set(c->errmsg, -ENOTSUP, "%s: %s", c->view->name, why);
		LLVMDisposeMessage(why);
		return err;
	}
	c->machine = LLVMCreateTargetMachine(target, triple, cpu, features, LLVMCodeGenLevelDefault,
		LLVMRelocPIC, LLVMCodeModelDefault);
	if (!c->machine)
		return error__set(c->errmsg, -ENOTSUP, "%s: LLVM cannot compile for %s",
			c->view->name, triple);
	layout = LLVMCreateTargetDataLayout(c->machine);
	LLVMSetTarget(c->module, triple);
	LLVMSetModuleDataLayout(c->module, layout);
	LLVMDisposeTargetData(layout);
	return 0;
}

static int create_native(struct compilation *c)
{
	char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
	char *triple = LLVMGetDefaultTargetTriple();
	int err = create(c, triple, cpu, features);

	LLVMDisposeMessage(triple);
	LLVMDisposeMessage(features);
	LLVMDisposeMessage(cpu);
	return err;
}

int compilation__make_machine(struct compilation *c)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct cpu *cpu = find_cpu(c->req->cpu);
	char *triple;
	int err;

	pthread_once(&once, start_llvm);
	if (!cpu)
		return error__set(c->errmsg, -ENOTSUP,
			"%s: cpu %s: must be native, x86-64, x86-64-v2 to -v4 or %s", c->view->name,
			c->req->cpu, COMPILE_CPU_PTX);
	if (cpu->is_ptx && !(c->req->flags & COMPILE_KERNEL))
		return error__set(c->errmsg, -ENOTSUP, "%s: for %s there are kernels alone",
			c->view->name, cpu->name);
	c->is_ptx = cpu->is_ptx;
	if (c->is_ptx)
		return create(c, PTX_TRIPLE, cpu->name, "");
	if (cpu == &cpus[0])
		return create_native(c);
	triple = LLVMGetDefaultTargetTriple();
	err = create(c, triple, cpu->name, "");
	LLVMDisposeMessage(triple);
	return err;
}
