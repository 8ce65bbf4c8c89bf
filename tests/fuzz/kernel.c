/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The kernel takes a program as it is: LDDW by map index and an array of descriptors.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contents.h"
#include "kernel.h"
#include "../verifier/kernel-types.h"

#define LOG_SIZE   (1 << 20)
#define MOST_INSNS 65536

static int fd_of(void *map)
{
	return (int)(intptr_t)map;
}

static void *handle(int fd)
{
	return (void *)(intptr_t)fd;
}

static int update(void *map, const void *key, const void *value)
{
	return bpf_map_update_elem(fd_of(map), key, value, BPF_ANY);
}

static int lookup(void *map, const void *key, void *value)
{
	return bpf_map_lookup_elem(fd_of(map), key, value);
}

static int lookup_and_delete(void *map, const void *key, void *value)
{
	return bpf_map_lookup_and_delete_elem(fd_of(map), key, value);
}

static int delete (void *map, const void *key)
{
	return bpf_map_delete_elem(fd_of(map), key);
}

static int next_key(void *map, const void *key, void *next)
{
	return bpf_map_get_next_key(fd_of(map), key, next);
}

static struct map_access map_access = {update, lookup, lookup_and_delete, delete, next_key, 0};

static void reset(struct run_kernel *k, uint32_t map)
{
	const struct ebpf_map_opts *o = &k->set.opts[map];
	const uint8_t *initial = k->set.initial ? k->set.initial[map] : NULL;

	contents__reset(&map_access, handle(k->maps[map]), o, map, initial);
	if (k->inner[map] >= 0)
		contents__reset(&map_access, handle(k->inner[map]), o->inner, map, NULL);
}

static int create(const struct ebpf_map_opts *o, int inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = o->flags);
	int fd;

	if (o->lock_off) {
		opts.btf_fd = (uint32_t)kernel_types__locked_value();
		opts.btf_key_type_id = LOCKED_KEY_TYPE;
		opts.btf_value_type_id = LOCKED_VALUE_TYPE;
	}
	if (inner >= 0)
		opts.inner_map_fd = (uint32_t)inner;
	fd = bpf_map_create(o->type, o->name, o->key_size, o->value_size, o->max_entries, &opts);
	return fd < 0 ? -errno : fd;
}

/* What run.c's fill_handles() does. */
static int fill_handles(struct run_kernel *k, uint32_t map)
{
	const struct ebpf_map_opts *o = &k->set.opts[map];
	struct ebpf_insn insns[8];
	uint8_t key[64] = {0};
	char log[128];
	uint32_t i;

	if (o->inner)
		return bpf_map_update_elem(k->maps[map], key, &k->inner[map], BPF_ANY);
	for (i = 0; o->type == BPF_MAP_TYPE_PROG_ARRAY && i < 2 && i < o->max_entries; i++) {
		uint32_t n = run_called__insns(i, map, insns);
		int fd = run_kernel__load(k, insns, n, log, sizeof(log)), err;

		if (fd < 0)
			return fd;
		err = bpf_map_update_elem(k->maps[map], &i, &fd, BPF_ANY);
		close(fd);
		if (err)
			return -errno;
	}
	return 0;
}

/* A byte swap of ISA v4. */
static int probe(void)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.code = BPF_ALU64 | BPF_END, .imm = 64},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", insns, 3, NULL);

	return fd < 0 ? -errno : close(fd);
}

int run_kernel__permitted(const char **reason)
{
	cpu_set_t first;
	int err = probe();

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	map_access.n_values = (uint32_t)libbpf_num_possible_cpus();
	if (err)
		*reason = "bpf() is not permitted, or older than the instruction set's version 4";
	else if (map_access.n_values > MOST_CPUS)
		err = -ENOTSUP, *reason = "too many CPUs";
	else if (sched_setaffinity(0, sizeof(first), &first))
		err = -errno, *reason = "CPU 0 is not for this process";
	return err;
}

int run_kernel__init(struct run_kernel *k, const struct map_set *set, const char **reason)
{
	uint32_t map;

	k->set = *set;
	for (map = 0; map < MOST_MAPS; map++)
		k->maps[map] = k->inner[map] = -1;
	*reason = "a map cannot be created";
	for (map = 0; map < set->n; map++) {
		const struct ebpf_map_opts *o = &set->opts[map];

		if (o->inner && (k->inner[map] = create(o->inner, -1)) < 0)
			return k->inner[map];
		k->maps[map] = create(o, k->inner[map]);
		if (k->maps[map] < 0)
			return k->maps[map];
	}
	*reason = "a map cannot be filled";
	for (map = 0; map < set->n; map++) {
		if (fill_handles(k, map))
			return -EINVAL;
		reset(k, map);
		if (set->opts[map].flags & BPF_F_RDONLY_PROG && bpf_map_freeze(k->maps[map]))
			return -errno;
	}
	return 0;
}

void run_kernel__release(struct run_kernel *k)
{
	uint32_t map;

	for (map = 0; map < k->set.n; map++) {
		if (k->maps[map] >= 0)
			close(k->maps[map]);
		if (k->inner[map] >= 0)
			close(k->inner[map]);
	}
}

/* The same instructions, with the kernel's numbers of its functions. */
static const struct bpf_insn *with_kernel_functions(const struct ebpf_insn *insns, uint32_t n)
{
	static struct ebpf_insn theirs[MOST_INSNS];

	for (uint32_t i = 0; i < n && i < MOST_INSNS; i++) {
		theirs[i] = insns[i];
		if (insns[i].opcode == (BPF_JMP | BPF_CALL) &&
			insns[i].src == BPF_PSEUDO_KFUNC_CALL)
			theirs[i].imm = kernel_types__function((uint32_t)insns[i].imm);
	}
	return (const struct bpf_insn *)theirs;
}

int run_kernel__load(
	struct run_kernel *k, const struct ebpf_insn *insns, uint32_t n, char *log, size_t log_size)
{
	static char text[LOG_SIZE];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .fd_array = k->maps);
	const struct bpf_insn *theirs = with_kernel_functions(insns, n);
	struct func_types types;
	size_t len;
	int fd;

	func_types__find(&types, insns, n);
	if (types.fd >= 0) {
		opts.prog_btf_fd = (uint32_t)types.fd;
		opts.func_info = types.info;
		opts.func_info_cnt = types.n;
		opts.func_info_rec_size = sizeof(types.info[0]);
	}
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "generated", "GPL", theirs, n, &opts);
	if (fd < 0) {
		/* The log is a ring: its end is what is left when it is too long. */
		*text = '\0';
		opts.log_buf = text;
		opts.log_size = LOG_SIZE;
		opts.log_level = 1;
		fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "generated", "GPL", theirs, n, &opts);
		len = strlen(text);
		strncpy(log, text + (len >= log_size ? len - log_size + 1 : 0), log_size - 1);
		log[log_size - 1] = '\0';
	}
	func_types__release(&types);
	return fd >= 0 ? fd : -EACCES;
}

static int run_packet(int prog, uint32_t i, struct run_packet *p)
{
	static uint8_t out[EBPF_XDP_FRAME_SIZE];
	uint8_t in[RUN_PACKET_ROOM];
	uint32_t len = run_packet__fill(i, in);
	struct xdp_md before = {.data_end = len}, after = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = len, .data_out = out,
		.data_size_out = sizeof(out), .ctx_in = &before, .ctx_size_in = sizeof(before),
		.ctx_out = &after, .ctx_size_out = sizeof(after), .repeat = 1);

	if (bpf_prog_test_run_opts(prog, &opts))
		return -errno;
	/* What comes out begins with the meta data; `after` counts from there. */
	p->verdict = opts.retval;
	p->len = opts.data_size_out;
	p->meta_len = after.data;
	p->bytes = contents__hash(out, p->len);
	return 0;
}

int run_kernel__run(struct run_kernel *k, int prog, uint64_t uses, struct run_outcome *out)
{
	int err = 0;
	uint32_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < k->set.n; i++)
		if (uses >> i & 1)
			reset(k, i);
	for (i = 0; !err && i < RUN_PACKETS; i++)
		err = run_packet(prog, i, &out->packets[i]);
	for (i = 0; !err && i < k->set.n; i++) {
		if (!(uses >> i & 1))
			continue;
		out->maps[i] = contents__sum(&map_access, handle(k->maps[i]), &k->set.opts[i]);
		if (k->inner[i] >= 0)
			out->maps[i] = contents__sum(
				&map_access, handle(k->inner[i]), k->set.opts[i].inner);
	}
	close(prog);
	return err;
}
