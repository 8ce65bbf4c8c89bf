/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "isa/isa.h"
#include "kernel-types.h"
#include "subject.h"

#define CONST_SIZE 32

static const struct ebpf_map_opts maps[SUBJECT_N_MAPS] = {
	[SUBJECT_ARRAY] = {"array", BPF_MAP_TYPE_ARRAY, 4, 64, 1, 0},
	[SUBJECT_PERCPU] = {"percpu", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 2, 0},
	[SUBJECT_HASH] = {"hash", BPF_MAP_TYPE_HASH, 8, 24, 4, 0},
	[SUBJECT_PERCPU_HASH] = {"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 3, 0},
	[SUBJECT_CONST] = {"const", BPF_MAP_TYPE_ARRAY, 4, CONST_SIZE, 1, BPF_F_RDONLY_PROG},
	[SUBJECT_WRITE_ONLY] = {"write_only", BPF_MAP_TYPE_ARRAY, 4, 32, 1, BPF_F_WRONLY_PROG},
	[SUBJECT_RINGBUF] = {"ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0},
	[SUBJECT_LOCKED] = {"locked", BPF_MAP_TYPE_HASH, 4, 16, 4, 0, .lock_off = 1},
	[SUBJECT_SOCKETS] = {"sockets", BPF_MAP_TYPE_XSKMAP, 4, 4, 4, 0},
};

static void fill_const(uint8_t *bytes)
{
	for (int i = 0; i < CONST_SIZE; i++)
		bytes[i] = (uint8_t)i;
}

const struct program_view *subject__view(
	enum ebpf_program_type type, const struct ebpf_insn *insns, uint32_t n)
{
	static struct map_view views[SUBJECT_N_MAPS];
	static uint8_t contents[CONST_SIZE];
	static const struct ebpf_func entry = {.name = "main"};
	static struct program_view view;

	fill_const(contents);
	for (int i = 0; i < SUBJECT_N_MAPS; i++) {
		const struct ebpf_map_opts *m = &maps[i];

		views[i].name = m->name;
		views[i].frozen = i == SUBJECT_CONST ? contents : NULL;
		if (rt_geometry__init(&views[i].geo, m->type, m->key_size, m->value_size,
			    m->max_entries, m->flags))
			abort();
		if (rt_geometry__set_lock(&views[i].geo, m->lock_off))
			abort();
	}
	view = (struct program_view){.name = "subject",
		.type = type,
		.insns = insns,
		.n_insns = n,
		.maps = views,
		.n_maps = SUBJECT_N_MAPS,
		.funcs = &entry,
		.n_funcs = 1};
	return &view;
}

int subject__verify(const struct ebpf_insn *insns, uint32_t n, struct verifier_result *res)
{
	return verifier__run(subject__view(EBPF_PROGRAM_XDP, insns, n), NULL, res);
}

static int create_map(const struct ebpf_map_opts *m)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = m->flags);

	if (m->lock_off) {
		opts.btf_fd = (uint32_t)kernel_types__locked_value();
		opts.btf_key_type_id = LOCKED_KEY_TYPE;
		opts.btf_value_type_id = LOCKED_VALUE_TYPE;
	}
	return bpf_map_create((enum bpf_map_type)m->type, m->name, m->key_size, m->value_size,
		m->max_entries, &opts);
}

/* The kernel's maps, made once. */
static const int *map_fds(void)
{
	static int fds[SUBJECT_N_MAPS];
	uint8_t contents[CONST_SIZE];
	uint32_t key = 0;

	if (fds[0])
		return fds[0] > 0 ? fds : NULL;
	for (int i = 0; i < SUBJECT_N_MAPS; i++) {
		fds[i] = create_map(&maps[i]);
		if (fds[i] < 0) {
			printf("the kernel is not asked: bpf() gives: %s\n", strerror(errno));
			fds[0] = -1;
			return NULL;
		}
	}
	fill_const(contents);
	if (bpf_map_update_elem(fds[SUBJECT_CONST], &key, contents, 0) ||
		bpf_map_freeze(fds[SUBJECT_CONST]))
		abort();
	return fds;
}

/* The verdicts of older kernels are other ones: they know fewer instructions and less about
 * numbers. */
static bool kernel_is_new_enough(void)
{
	static bool said;
	unsigned major = 0, minor = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return false;
	if (major > 6 || (major == 6 && minor >= 18))
		return true;
	if (!said)
		printf("the kernel is not asked: it is %s, older than 6.18\n", name.release);
	said = true;
	return false;
}

bool subject__kernel_permitted(void)
{
	return kernel_is_new_enough() && map_fds() != NULL;
}

int subject__kernel_verify(const struct ebpf_insn *insns, uint32_t n, char *log, size_t size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = (uint32_t)size,
		.log_level = log ? 1 : 0);
	struct ebpf_insn *own = calloc(n, sizeof(*own));
	struct func_types types;
	int fd, err;

	if (!own)
		abort();
	memcpy(own, insns, n * sizeof(*own));
	for (uint32_t i = 0; i < n; i++) {
		bool kfunc = own[i].opcode == (BPF_JMP | BPF_CALL) && own[i].src == EBPF_CALL_KFUNC;
		bool map = own[i].src == EBPF_LDDW_MAP_IDX || own[i].src == EBPF_LDDW_MAP_IDX_VALUE;

		if (kfunc)
			own[i].imm = kernel_types__function((uint32_t)own[i].imm);
		if (own[i].opcode != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (map && own[i].imm >= 0 && own[i].imm < SUBJECT_N_MAPS) {
			own[i].src = own[i].src == EBPF_LDDW_MAP_IDX ? BPF_PSEUDO_MAP_FD
								     : BPF_PSEUDO_MAP_VALUE;
			own[i].imm = map_fds()[own[i].imm];
		}
		i++;
	}
	func_types__find(&types, insns, n);
	if (types.fd >= 0) {
		opts.prog_btf_fd = (uint32_t)types.fd;
		opts.func_info = types.info;
		opts.func_info_cnt = types.n;
		opts.func_info_rec_size = sizeof(types.info[0]);
	}
	fd = bpf_prog_load(
		BPF_PROG_TYPE_XDP, "subject", "GPL", (const struct bpf_insn *)own, n, &opts);
	err = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	func_types__release(&types);
	free(own);
	return err;
}
