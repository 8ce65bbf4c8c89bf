/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "llvm-driver.h"
#include "machine.h"

#define PACKET_SIZE 64

const char *const machine_backends[] = {
	"interp",
#ifdef HAVE_LLVM
	"llvm",
	"loop",
#endif
	NULL,
};

#ifdef HAVE_LLVM
extern const unsigned char llvm_driver[];
extern const unsigned long llvm_driver_size;
#endif

/* Installs what the backend makes of the program. */
static const struct ebpf_code *compile(struct ebpf_program *prog, const char *backend, char **err)
{
	struct ebpf_driver driver = {.name = "test"};

#ifdef HAVE_LLVM
	driver.bitcode = llvm_driver;
	driver.bitcode_size = llvm_driver_size;
#endif
	if (strcmp(backend, "interp") == 0)
		return ebpf_program__code(prog);
	return ebpf_program__compile(
		prog, "llvm", strcmp(backend, "loop") == 0 ? &driver : NULL, err);
}

static struct ebpf_program *load(struct ebpf_instance *inst, struct ebpf_map *const *maps,
	uint32_t n_maps, const struct bpf_insn *insns, size_t n_insns, char **err)
{
	struct ebpf_program_spec spec = {.name = "test",
		.type = EBPF_PROGRAM_XDP,
		.insns = (const struct ebpf_insn *)insns,
		.n_insns = (uint32_t)n_insns,
		.maps = maps,
		.n_maps = n_maps};

	return ebpf_program__load(inst, &spec, NULL, err);
}

struct ebpf_program *machine__load(struct ebpf_instance *inst, const char *backend,
	struct ebpf_map *const *maps, uint32_t n_maps, const struct bpf_insn *insns, size_t n_insns)
{
	char *err = NULL;
	struct ebpf_program *prog = load(inst, maps, n_maps, insns, n_insns, &err);
	const struct ebpf_code *code;

	if (!prog)
		fail_msg("%s", err);
	code = compile(prog, backend, &err);
	if (!code)
		fail_msg("%s", err);
	ebpf_program__install(prog, code);
	return prog;
}

char *machine__reason(struct ebpf_instance *inst, struct ebpf_map *const *maps, uint32_t n_maps,
	const struct bpf_insn *insns, size_t n_insns)
{
	char *err = NULL;

	ebpf_program__unref(load(inst, maps, n_maps, insns, n_insns, &err));
	return err;
}

uint32_t machine__run(struct ebpf_program *prog, struct ebpf_env *env)
{
	uint8_t frame[EBPF_XDP_FRAME_SIZE];
	struct ebpf_xdp_ctx ctx = {.data = frame + EBPF_XDP_HEADROOM,
		.data_meta = frame + EBPF_XDP_HEADROOM,
		.data_end = frame + EBPF_XDP_HEADROOM + PACKET_SIZE,
		.buf = frame,
		.buf_end = frame + sizeof(frame),
		.head_limit = frame + EBPF_XDP_FRAME_HEADER,
		.tail_limit = frame + sizeof(frame) - EBPF_XDP_TAIL_RESERVE};
	const struct ebpf_code *code = ebpf_program__code(prog);
	uint32_t verdict;

	memset(frame, 0, sizeof(frame));
	env->redirect.kind = EBPF_REDIRECT_NONE;
	if (code->driver) {
		env->prog = prog;
		env->tail_calls = 0;
		code->driver(env, &(struct test_burst){&ctx, &verdict, 1});
	} else {
		verdict = (uint32_t)ebpf_program__run(prog, env, &ctx);
	}
	if (env->fault_reason)
		fail_msg("instruction %u faults (%u)", env->fault_insn, env->fault_reason);
	return verdict;
}
