/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel.h"

#define MAX_FUNCTIONS 8

bool kernel__permitted(void)
{
	static int error = -1;

	if (error < 0) {
		int fd = kernel__create_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);

		error = fd < 0 ? -fd : 0;
		if (fd >= 0)
			close(fd);
		else
			printf("the kernel is not asked: bpf() gives: %s\n", strerror(error));
	}
	return !error;
}

int kernel__create_map(
	uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(
		(enum bpf_map_type)type, "xdpk_test", key_size, value_size, max_entries, &opts);

	return fd < 0 ? -errno : fd;
}

int kernel__load_xdp(const struct bpf_insn *insns, size_t n_insns)
{
	return kernel__load_xdp_with(NULL, insns, n_insns, false);
}

/* Types of functions `int f(void *ctx)` at 0 and wherever a call leads: the kernel wants them
 * of programs whose functions make tail calls. NULL if there is only one function. */
static struct btf *describe_functions(
	const struct bpf_insn *insns, size_t n_insns, struct bpf_func_info *info, uint32_t *n_info)
{
	struct btf *btf = btf__new_empty();
	int integer, pointer, proto;

	*n_info = 0;
	if (!btf)
		return NULL;
	integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	pointer = btf__add_ptr(btf, 0);
	proto = btf__add_func_proto(btf, integer);
	btf__add_func_param(btf, "ctx", pointer);
	for (size_t at = 0; at < n_insns; at++) {
		bool starts = at == 0;
		char name[32];

		for (size_t i = 0; i < n_insns; i++)
			starts |= insns[i].code == (BPF_JMP | BPF_CALL) &&
				  insns[i].src_reg == BPF_PSEUDO_CALL && i + 1 + insns[i].imm == at;
		if (!starts || *n_info == MAX_FUNCTIONS)
			continue;
		snprintf(name, sizeof(name), "f%zu", at);
		info[*n_info].insn_off = (uint32_t)at;
		info[(*n_info)++].type_id =
			(uint32_t)btf__add_func(btf, name, BTF_FUNC_STATIC, proto);
	}
	if (*n_info > 1 && !btf__load_into_kernel(btf))
		return btf;
	btf__free(btf);
	return NULL;
}

static int load(const int *map_fds, const struct bpf_insn *insns, size_t n_insns, uint32_t flags,
	bool quietly)
{
	static char log[1 << 16];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log),
		.fd_array = map_fds, .prog_flags = flags);
	struct bpf_func_info info[MAX_FUNCTIONS];
	struct btf *btf = describe_functions(insns, n_insns, info, &opts.func_info_cnt);
	int fd, err;

	if (btf) {
		opts.prog_btf_fd = (uint32_t)btf__fd(btf);
		opts.func_info = info;
		opts.func_info_rec_size = sizeof(info[0]);
	} else {
		opts.func_info_cnt = 0;
	}
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "xdpk_test", "GPL", insns, n_insns, &opts);

	err = -errno;
	if (btf)
		btf__free(btf);
	if (fd < 0 && !quietly)
		printf("%s\n", log);
	return fd < 0 ? err : fd;
}

int kernel__load_xdp_with(
	const int *map_fds, const struct bpf_insn *insns, size_t n_insns, bool quietly)
{
	return load(map_fds, insns, n_insns, 0, quietly);
}

int kernel__load_frags(const int *map_fds, const struct bpf_insn *insns, size_t n_insns)
{
	return load(map_fds, insns, n_insns, BPF_F_XDP_HAS_FRAGS, false);
}

int kernel__run(int prog_fd, struct kernel_run *run)
{
	struct xdp_md in = {.data_end = run->linear ? run->linear : run->size,
			      .ingress_ifindex = run->ifindex},
		      out = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->packet, .data_size_in = run->size,
		.data_out = run->out, .data_size_out = sizeof(run->out), .ctx_in = &in,
		.ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out),
		.repeat = 1);

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		return -errno;
	run->verdict = opts.retval;
	run->out_size = opts.data_size_out;
	run->meta_size = out.data;
	run->out_linear = out.data_end;
	return 0;
}

int kernel__result(int rc)
{
	return rc < 0 ? -errno : 0;
}

void kernel__require(void)
{
	if (!kernel__permitted())
		skip();
}

uint32_t kernel__verdict(const struct bpf_insn *insns, size_t n, struct kernel_run *run)
{
	int fd = kernel__load_xdp(insns, n);

	assert_true(fd >= 0);
	assert_int_equal(kernel__run(fd, run), 0);
	close(fd);
	return run->verdict;
}
