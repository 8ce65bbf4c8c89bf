/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

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

int kernel__load_xdp_with(
	const int *map_fds, const struct bpf_insn *insns, size_t n_insns, bool quietly)
{
	static char log[1 << 16];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log),
		.fd_array = map_fds);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "xdpk_test", "GPL", insns, n_insns, &opts);

	if (fd < 0 && !quietly)
		printf("%s\n", log);
	return fd < 0 ? -errno : fd;
}

int kernel__run(int prog_fd, struct kernel_run *run)
{
	struct xdp_md in = {.data_end = run->size}, out = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->packet, .data_size_in = run->size,
		.data_out = run->out, .data_size_out = sizeof(run->out), .ctx_in = &in,
		.ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out),
		.repeat = 1);

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		return -errno;
	run->verdict = opts.retval;
	run->out_size = opts.data_size_out;
	run->meta_size = out.data;
	return 0;
}
