/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The library's side: maps, packets in frames laid out as the kernel lays them out for
 * BPF_PROG_TEST_RUN, and the comparison.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/isa.h"
#include "run.h"

static const uint32_t packet_lengths[RUN_PACKETS] = {14, 60, 64, 128, 301};

/* Noise, with what looks like Ethernet, IPv4 and UDP at its head. */
uint32_t run_packet__fill(uint32_t i, uint8_t *bytes)
{
	static const uint8_t head[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17};
	uint32_t len = packet_lengths[i], state = 0x9e3779b9 * (i + 1), at;

	for (at = 0; at < len; at++) {
		state = state * 1664525 + 1013904223;
		bytes[at] = state >> 24;
	}
	memcpy(bytes, head, len < sizeof(head) ? len : sizeof(head));
	return len;
}

bool run_map__initial(uint32_t map, uint32_t i, struct run_entry *entry)
{
	static const uint32_t n_initial[GENERATED_N_MAPS] = {1, 2, 2, 1, 1};
	uint32_t at;

	memset(entry, 0, sizeof(*entry));
	if (i >= n_initial[map])
		return false;
	entry->key[0] = i;
	for (at = 0; at < generated_maps[map].value_size; at++)
		entry->value[at] = 16 * map + i + at * at;
	return true;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct run_entry *)0)->key));
}

void run_map__sort(struct run_map *map)
{
	qsort(map->entries, map->n_entries, sizeof(map->entries[0]), by_key);
}

/* Room for a value of all CPUs: the one worker's and the host's. */
#define ALL_VALUES (2 * 64)

/* Every CPU's value is entry->value. */
static void write_entry(struct ebpf_map *map, const struct run_entry *entry)
{
	uint8_t values[ALL_VALUES];
	size_t each = ebpf_map__opts(map)->value_size;

	memcpy(values, entry->value, each);
	memcpy(values + (each + 7) / 8 * 8, entry->value, each);
	ebpf_map__update(map, entry->key, values, BPF_ANY);
}

static void reset_maps(struct run_machine *m)
{
	struct run_entry entry;
	uint8_t key[8];
	uint32_t map, i;

	for (map = 0; map < GENERATED_N_MAPS; map++) {
		while ((map == MAP_HASH || map == MAP_PERCPU_HASH) &&
			ebpf_map__next_key(m->maps[map], NULL, key) == 0)
			ebpf_map__delete(m->maps[map], key);
		for (i = 0; map != MAP_CONST && run_map__initial(map, i, &entry); i++)
			write_entry(m->maps[map], &entry);
	}
}

static void read_map(struct ebpf_map *map, struct run_map *out)
{
	uint8_t key[8] = {0}, values[ALL_VALUES] = {0};
	const struct ebpf_map_opts *o = ebpf_map__opts(map);
	int err = ebpf_map__next_key(map, NULL, key);

	for (; !err && out->n_entries < RUN_ENTRIES; err = ebpf_map__next_key(map, key, key)) {
		struct run_entry *entry = &out->entries[out->n_entries++];

		memcpy(entry->key, key, o->key_size);
		ebpf_map__lookup(map, key, values);
		memcpy(entry->value, values, o->value_size);
	}
	run_map__sort(out);
}

int run_machine__init(struct run_machine *m, char **errmsg)
{
	struct run_entry entry;
	uint32_t map;

	memset(m, 0, sizeof(*m));
	m->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, errmsg);
	if (!m->inst)
		return -1;
	for (map = 0; map < GENERATED_N_MAPS; map++) {
		m->maps[map] = ebpf_map__create(m->inst, &generated_maps[map], errmsg);
		if (!m->maps[map])
			return -1;
	}
	run_map__initial(MAP_CONST, 0, &entry);
	write_entry(m->maps[MAP_CONST], &entry);
	return ebpf_map__freeze(m->maps[MAP_CONST]);
}

void run_machine__release(struct run_machine *m)
{
	uint32_t map;

	for (map = 0; map < GENERATED_N_MAPS; map++)
		ebpf_map__unref(m->maps[map]);
	ebpf_instance__destroy(m->inst);
}

struct ebpf_program *run_machine__load(
	struct run_machine *m, const struct generated_program *p, char **errmsg)
{
	struct ebpf_program_spec spec = {.name = "generated",
		.type = EBPF_PROGRAM_XDP,
		.insns = p->insns,
		.n_insns = p->n_insns,
		.maps = m->maps,
		.n_maps = GENERATED_N_MAPS,
		.funcs = p->funcs,
		.n_funcs = p->n_funcs};

	return ebpf_program__load(m->inst, &spec, NULL, errmsg);
}

static void run_packet(struct ebpf_program *prog, const struct ebpf_code *code,
	struct ebpf_env *env, uint32_t i, struct run_outcome *out)
{
	static _Thread_local uint8_t frame[EBPF_XDP_FRAME_SIZE];
	struct run_packet *p = &out->packets[i];
	struct ebpf_xdp_ctx ctx = {
		.buf = frame,
		.buf_end = frame + sizeof(frame),
		.head_limit = frame + EBPF_XDP_FRAME_HEADER,
		.tail_limit = frame + EBPF_XDP_FRAME_SIZE - EBPF_XDP_TAIL_RESERVE,
		.data = frame + EBPF_XDP_HEADROOM,
		.data_meta = frame + EBPF_XDP_HEADROOM,
		.ingress_ifindex = 1, /* the loopback device, as in the kernel's test runs */
	};

	memset(frame, 0, sizeof(frame));
	ctx.data_end = ctx.data + run_packet__fill(i, ctx.data);
	env->prog = prog;
	env->redirect.kind = EBPF_REDIRECT_NONE;
	env->fault_reason = EBPF_FAULT_NONE;
	p->verdict = code->entry(env, &ctx);
	p->len = ctx.data_end - ctx.data_meta;
	p->meta_len = ctx.data - ctx.data_meta;
	memcpy(p->bytes, ctx.data_meta, p->len < RUN_PACKET_ROOM ? p->len : RUN_PACKET_ROOM);
	if (env->fault_reason && !out->fault_reason) {
		out->fault_reason = env->fault_reason;
		out->fault_insn = env->fault_insn;
	}
}

void run_machine__run(struct run_machine *m, struct ebpf_program *prog,
	const struct ebpf_code *code, struct run_outcome *out)
{
	struct ebpf_env env;
	uint32_t i;

	memset(out, 0, sizeof(*out));
	reset_maps(m);
	ebpf_env__init(&env, m->inst, 0);
	for (i = 0; i < RUN_PACKETS; i++)
		run_packet(prog, code, &env, i, out);
	for (i = 0; i < GENERATED_N_MAPS; i++)
		read_map(m->maps[i], &out->maps[i]);
}

const char *run_outcome__difference(const struct run_outcome *a, const struct run_outcome *b)
{
	static _Thread_local char text[160];
	uint32_t i, e;

	for (i = 0; i < RUN_PACKETS; i++) {
		const struct run_packet *p = &a->packets[i], *q = &b->packets[i];

		if (p->verdict != q->verdict) {
			snprintf(text, sizeof(text), "packet %u: verdict %u, then %u", i,
				p->verdict, q->verdict);
			return text;
		}
		if (memcmp(p, q, sizeof(*p)) != 0) {
			snprintf(text, sizeof(text), "packet %u: bytes (%u+%u, then %u+%u)", i,
				p->meta_len, p->len - p->meta_len, q->meta_len,
				q->len - q->meta_len);
			return text;
		}
	}
	for (i = 0; i < GENERATED_N_MAPS; i++) {
		const struct run_map *p = &a->maps[i], *q = &b->maps[i];

		if (p->n_entries != q->n_entries) {
			snprintf(text, sizeof(text), "map %s: %u entries, then %u",
				generated_maps[i].name, p->n_entries, q->n_entries);
			return text;
		}
		for (e = 0; e < p->n_entries; e++) {
			if (memcmp(&p->entries[e], &q->entries[e], sizeof(p->entries[e])) == 0)
				continue;
			snprintf(text, sizeof(text), "map %s: entry %u", generated_maps[i].name, e);
			return text;
		}
	}
	return NULL;
}

void run_print(const struct generated_program *p)
{
	char text[128];
	uint32_t i;

	for (i = 0; i < p->n_insns; i++) {
		isa__disassemble(&p->insns[i], p->n_insns - i, i, text, sizeof(text));
		fprintf(stderr, "%4u: %s\n", i, text);
		i += p->insns[i].opcode == (BPF_LD | BPF_IMM | BPF_DW);
	}
}
