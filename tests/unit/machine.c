/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "llvm-driver.h"
#include "machine.h"

#define PACKET_SIZE 64

struct machine machine;

int machine__set_up(void **state)
{
	machine.inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 2}, NULL);
	if (!machine.inst)
		return -1;
	ebpf_env__init(&machine.env, machine.inst, 0);
	return 0;
}

int machine__tear_down(void **state)
{
	ebpf_instance__destroy(machine.inst);
	return 0;
}

struct twin twin__create(struct ebpf_map_opts o, int inner_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = o.flags,
		.inner_map_fd = inner_fd < 0 ? 0 : (uint32_t)inner_fd);
	struct twin t = {.theirs = -1};
	char *err = NULL;

	o.name = "twin";
	t.ours = ebpf_map__create(machine.inst, &o, &err);
	if (!t.ours)
		fail_msg("%s", err);
	if (kernel__permitted()) {
		t.theirs = bpf_map_create((enum bpf_map_type)o.type, "twin", o.key_size,
			o.value_size, o.max_entries, &opts);
		assert_true(t.theirs >= 0);
	}
	return t;
}

void twin__drop(struct twin *t)
{
	ebpf_map__unref(t->ours);
	if (t->theirs >= 0)
		close(t->theirs);
}

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
	struct ebpf_driver driver = {.name = "test", .cache_size = 1}; /* it looks ahead */

#ifdef HAVE_LLVM
	driver.bitcode = llvm_driver;
	driver.bitcode_size = llvm_driver_size;
#endif
	if (strcmp(backend, "interp") == 0)
		return ebpf_program__code(prog);
	return ebpf_program__compile(
		prog, "llvm", strcmp(backend, "loop") == 0 ? &driver : NULL, err);
}

static struct ebpf_program *load(struct ebpf_instance *inst, bool has_frags,
	struct ebpf_map *const *maps, uint32_t n_maps, const struct bpf_insn *insns, size_t n_insns,
	char **err)
{
	struct ebpf_program_spec spec = {.name = "test",
		.type = EBPF_PROGRAM_XDP,
		.has_frags = has_frags,
		.insns = (const struct ebpf_insn *)insns,
		.n_insns = (uint32_t)n_insns,
		.maps = maps,
		.n_maps = n_maps};

	return ebpf_program__load(inst, &spec, NULL, err);
}

static struct ebpf_program *load_compiled(struct ebpf_instance *inst, const char *backend,
	bool has_frags, struct ebpf_map *const *maps, uint32_t n_maps, const struct bpf_insn *insns,
	size_t n_insns)
{
	char *err = NULL;
	struct ebpf_program *prog = load(inst, has_frags, maps, n_maps, insns, n_insns, &err);
	const struct ebpf_code *code;

	if (!prog)
		fail_msg("%s", err);
	code = compile(prog, backend, &err);
	if (!code)
		fail_msg("%s", err);
	ebpf_program__install(prog, code);
	return prog;
}

struct ebpf_program *machine__load(struct ebpf_instance *inst, const char *backend,
	struct ebpf_map *const *maps, uint32_t n_maps, const struct bpf_insn *insns, size_t n_insns)
{
	return load_compiled(inst, backend, false, maps, n_maps, insns, n_insns);
}

struct ebpf_program *machine__load_frags(struct ebpf_instance *inst, const char *backend,
	struct ebpf_map *const *maps, uint32_t n_maps, const struct bpf_insn *insns, size_t n_insns)
{
	return load_compiled(inst, backend, true, maps, n_maps, insns, n_insns);
}

char *machine__reason(struct ebpf_instance *inst, struct ebpf_map *const *maps, uint32_t n_maps,
	const struct bpf_insn *insns, size_t n_insns)
{
	char *err = NULL;

	ebpf_program__unref(load(inst, false, maps, n_maps, insns, n_insns, &err));
	return err;
}

/* Puts what follows the linear part into pages of their own, as BPF_PROG_TEST_RUN does. */
static void add_frags(struct ebpf_xdp_ctx *ctx, struct ebpf_xdp_frags *frags, const uint8_t *packet,
	uint32_t size)
{
	static uint8_t pages[EBPF_XDP_MAX_FRAGS][EBPF_XDP_FRAME_SIZE];

	if (!size)
		return;
	*frags = (struct ebpf_xdp_frags){.size = size};
	for (uint32_t at = 0, n; at < size; at += n) {
		assert_true(frags->n < EBPF_XDP_MAX_FRAGS);
		n = size - at < sizeof(pages[0]) ? size - at : sizeof(pages[0]);
		memcpy(pages[frags->n], packet + at, n);
		frags->frag[frags->n] = (struct ebpf_xdp_frag){
			.data = pages[frags->n], .size = n, .room = sizeof(pages[0])};
		frags->n++;
	}
	ctx->frags = frags;
	ctx->metadata = EBPF_RX_FRAGS;
}

/* All that follows data_meta. */
static void take_packet(struct kernel_run *run, const struct ebpf_xdp_ctx *ctx)
{
	uint32_t n = ctx->metadata & EBPF_RX_FRAGS ? ctx->frags->n : 0;

	run->meta_size = (uint32_t)(ctx->data - ctx->data_meta);
	run->out_linear = run->out_size = (uint32_t)(ctx->data_end - ctx->data_meta);
	memcpy(run->out, ctx->data_meta, run->out_size);
	for (uint32_t i = 0; i < n; i++) {
		const struct ebpf_xdp_frag *f = &ctx->frags->frag[i];

		memcpy(run->out + run->out_size, f->data, f->size);
		run->out_size += f->size;
	}
}

void machine__run_on(struct ebpf_program *prog, struct ebpf_env *env, struct kernel_run *run)
{
	uint8_t frame[EBPF_XDP_FRAME_SIZE], *data = frame + EBPF_XDP_HEADROOM;
	uint32_t linear = run->linear ? run->linear : run->size;
	uint32_t size = linear < EBPF_XDP_MAX_LINEAR ? linear : EBPF_XDP_MAX_LINEAR;
	struct ebpf_xdp_frags frags;
	struct ebpf_xdp_ctx ctx = {.data = data,
		.data_meta = data,
		.data_end = data + size,
		.buf = frame,
		.buf_end = frame + sizeof(frame),
		.head_limit = frame + EBPF_XDP_FRAME_HEADER,
		.tail_limit = frame + sizeof(frame) - EBPF_XDP_TAIL_RESERVE,
		.ingress_ifindex = run->ifindex ? run->ifindex : 1};
	const struct ebpf_code *code = ebpf_program__code(prog);

	memset(frame, 0, sizeof(frame));
	memcpy(data, run->packet, size);
	add_frags(&ctx, &frags, (const uint8_t *)run->packet + size, run->size - size);
	env->redirect.kind = EBPF_REDIRECT_NONE;
	if (code->driver) {
		env->prog = prog;
		env->tail_calls = 0;
		code->driver(env, &(struct test_burst){&ctx, &run->verdict, 1});
	} else {
		run->verdict = (uint32_t)ebpf_program__run(prog, env, &ctx);
	}
	if (env->fault_reason)
		fail_msg("instruction %u faults (%u)", env->fault_insn, env->fault_reason);
	take_packet(run, &ctx);
}

uint32_t machine__run(struct ebpf_program *prog, struct ebpf_env *env)
{
	static const uint8_t packet[PACKET_SIZE];
	struct kernel_run run = {.packet = packet, .size = PACKET_SIZE};

	machine__run_on(prog, env, &run);
	return run.verdict;
}

void machine__check_same(
	const char *backend, const struct kernel_run *ours, const struct kernel_run *theirs)
{
	if (ours->verdict != theirs->verdict)
		fail_msg("%s: 0x%x, the kernel: 0x%x", backend, ours->verdict, theirs->verdict);
	if (ours->out_size != theirs->out_size)
		fail_msg("%s: %u bytes, the kernel: %u", backend, ours->out_size, theirs->out_size);
	for (uint32_t i = 0; i < ours->out_size; i++)
		if (ours->out[i] != theirs->out[i])
			fail_msg("%s: byte %u is 0x%02x, the kernel's 0x%02x", backend, i,
				ours->out[i], theirs->out[i]);
}

void machine__compare_acceptance(const struct machine_maps *maps, const struct bpf_insn *insns,
	size_t n_insns, const char *what)
{
	int theirs = kernel__load_xdp_with(maps->fds, insns, n_insns, true);
	char *why = machine__reason(machine.inst, maps->maps, maps->n, insns, n_insns);

	if ((theirs < 0) != (why != NULL))
		fail_msg("%s: the kernel says %d, we say %s", what, theirs, why ? why : "yes");
	free(why);
	if (theirs >= 0)
		close(theirs);
}

void machine__agree(struct ebpf_instance *inst, const struct machine_maps *maps,
	const struct bpf_insn *insns, size_t n_insns, struct kernel_run *run)
{
	int fd = kernel__load_xdp_with(maps ? maps->fds : NULL, insns, n_insns, false);
	struct ebpf_env env;

	assert_true(fd >= 0);
	assert_int_equal(kernel__run(fd, run), 0);
	close(fd);
	ebpf_env__init(&env, inst, 0);
	for (const char *const *backend = machine_backends; *backend; backend++) {
		struct ebpf_program *prog = machine__load(inst, *backend, maps ? maps->maps : NULL,
			maps ? maps->n : 0, insns, n_insns);
		struct kernel_run ours = *run;

		machine__run_on(prog, &env, &ours);
		machine__check_same(*backend, &ours, run);
		ebpf_program__unref(prog);
	}
}

static void *run_traffic(void *arg)
{
	struct machine_traffic *t = arg;
	struct ebpf_env env;

	ebpf_env__init(&env, machine.inst, 1);
	ebpf_env__online(&env);
	while (!t->stop) {
		for (int i = 0; i < 8; i++)
			t->wrong += !t->is_right(machine__run(t->prog, &env));
		t->packets += 8;
		ebpf_env__quiescent(&env);
	}
	ebpf_env__offline(&env);
	return NULL;
}

void machine_traffic__start(struct machine_traffic *t)
{
	assert_int_equal(pthread_create(&t->worker, NULL, run_traffic, t), 0);
	while (!t->packets)
		sched_yield();
}

void machine_traffic__stop(struct machine_traffic *t)
{
	t->stop = true;
	pthread_join(t->worker, NULL);
	assert_int_equal(t->wrong, 0);
}
