/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The kernel takes a generated program as it is: LDDW by map index and an array of descriptors.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

#define MOST_CPUS 1024

static bool is_percpu(uint32_t map)
{
	return map == MAP_PERCPU || map == MAP_PERCPU_HASH;
}

/* The kernel has a value for each CPU that there may be, in 8 bytes' steps. */
static int write_entry(int fd, uint32_t map, const struct run_entry *entry)
{
	static uint8_t values[MOST_CPUS * 64];
	size_t each = generated_maps[map].value_size, i;

	for (i = 0; i < (is_percpu(map) ? MOST_CPUS : 1); i++)
		memcpy(values + i * ((each + 7) / 8 * 8), entry->value, each);
	return bpf_map_update_elem(fd, entry->key, values, BPF_ANY) ? -errno : 0;
}

static int create_map(struct run_kernel *k, uint32_t map)
{
	const struct ebpf_map_opts *o = &generated_maps[map];
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = o->flags);
	struct run_entry entry;
	int fd =
		bpf_map_create(o->type, o->name, o->key_size, o->value_size, o->max_entries, &opts);

	if (fd < 0)
		return -errno;
	k->maps[map] = fd;
	if (map != MAP_CONST)
		return 0;
	run_map__initial(map, 0, &entry);
	return write_entry(fd, map, &entry) ? -errno : bpf_map_freeze(fd) ? -errno : 0;
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

int run_kernel__init(struct run_kernel *k, const char **reason)
{
	cpu_set_t first;
	uint32_t map;
	int err = probe();

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (err)
		*reason = "bpf() is not permitted, or older than the instruction set's version 4";
	else if (libbpf_num_possible_cpus() > MOST_CPUS)
		err = -ENOTSUP, *reason = "too many CPUs";
	else if (sched_setaffinity(0, sizeof(first), &first))
		err = -errno, *reason = "CPU 0 is not for this process";
	for (map = 0; !err && map < GENERATED_N_MAPS; map++) {
		err = create_map(k, map);
		*reason = "a map cannot be created";
	}
	return err;
}

int run_kernel__load(
	struct run_kernel *k, const struct generated_program *p, char *log, size_t log_size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .fd_array = k->maps);
	const struct bpf_insn *insns = (const struct bpf_insn *)p->insns;
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "generated", "GPL", insns, p->n_insns, &opts);
	size_t len;
	char *text;

	if (fd >= 0)
		return fd;
	text = calloc(1, 1 << 24);
	if (!text)
		return -ENOMEM;
	opts.log_buf = text;
	opts.log_size = 1 << 24;
	opts.log_level = 1;
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "generated", "GPL", insns, p->n_insns, &opts);
	len = strlen(text);
	strncpy(log, text + (len >= log_size ? len - log_size + 1 : 0), log_size - 1);
	log[log_size - 1] = '\0';
	free(text);
	return fd >= 0 ? fd : -EACCES;
}

static void reset_maps(struct run_kernel *k)
{
	struct run_entry entry;
	uint8_t key[8];
	uint32_t map, i;

	for (map = 0; map < GENERATED_N_MAPS; map++) {
		while ((map == MAP_HASH || map == MAP_PERCPU_HASH) &&
			bpf_map_get_next_key(k->maps[map], NULL, key) == 0)
			bpf_map_delete_elem(k->maps[map], key);
		for (i = 0; map != MAP_CONST && run_map__initial(map, i, &entry); i++)
			write_entry(k->maps[map], map, &entry);
	}
}

static void read_map(int fd, uint32_t map, struct run_map *out)
{
	static uint8_t values[MOST_CPUS * 64];
	uint8_t key[8] = {0};
	int err = bpf_map_get_next_key(fd, NULL, key);

	for (; !err && out->n_entries < RUN_ENTRIES; err = bpf_map_get_next_key(fd, key, key)) {
		struct run_entry *entry = &out->entries[out->n_entries++];

		memcpy(entry->key, key, generated_maps[map].key_size);
		bpf_map_lookup_elem(fd, key, values);
		memcpy(entry->value, values, generated_maps[map].value_size);
	}
	run_map__sort(out);
}

static int run_packet(int prog, uint32_t i, struct run_packet *p)
{
	uint8_t in[RUN_PACKET_ROOM], out[RUN_PACKET_ROOM * 2] = {0};
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
	memcpy(p->bytes, out, p->len < RUN_PACKET_ROOM ? p->len : RUN_PACKET_ROOM);
	return 0;
}

int run_kernel__run(struct run_kernel *k, int prog, struct run_outcome *out)
{
	int err = 0;
	uint32_t i;

	memset(out, 0, sizeof(*out));
	reset_maps(k);
	for (i = 0; !err && i < RUN_PACKETS; i++)
		err = run_packet(prog, i, &out->packets[i]);
	for (i = 0; !err && i < GENERATED_N_MAPS; i++)
		read_map(k->maps[i], i, &out->maps[i]);
	close(prog);
	return err;
}
