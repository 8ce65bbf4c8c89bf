/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload.c -- what a program would do in a kernel, instruction by instruction, by its facts.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "ebpf-offload.h"
#include "internal.h"
#include "offload.h"

/* Helpers that are not here are refused. */
static const struct {
	uint32_t id;
	enum offload_call call;
} calls[] = {
	{BPF_FUNC_map_lookup_elem, OFFLOAD_RUNS},
	{BPF_FUNC_map_update_elem, OFFLOAD_AGAIN},
	{BPF_FUNC_map_delete_elem, OFFLOAD_AGAIN},
	{BPF_FUNC_ktime_get_ns, OFFLOAD_RUNS},
	{BPF_FUNC_ktime_get_coarse_ns, OFFLOAD_RUNS},
	{BPF_FUNC_jiffies64, OFFLOAD_RUNS},
	{BPF_FUNC_get_prandom_u32, OFFLOAD_RUNS},
	{BPF_FUNC_get_smp_processor_id, OFFLOAD_RUNS},
	{BPF_FUNC_get_numa_node_id, OFFLOAD_RUNS},
	{BPF_FUNC_csum_diff, OFFLOAD_RUNS},
	{BPF_FUNC_redirect, OFFLOAD_RUNS},
	{BPF_FUNC_redirect_map, OFFLOAD_NOTES},
	{BPF_FUNC_xdp_adjust_head, OFFLOAD_RUNS},
	{BPF_FUNC_xdp_adjust_meta, OFFLOAD_RUNS},
	{BPF_FUNC_xdp_adjust_tail, OFFLOAD_RUNS},
	{BPF_FUNC_xdp_get_buff_len, OFFLOAD_RUNS},
	{BPF_FUNC_xdp_load_bytes, OFFLOAD_RUNS},
	{BPF_FUNC_xdp_store_bytes, OFFLOAD_RUNS},
	{BPF_FUNC_strncmp, OFFLOAD_RUNS},
	{KFUNC_xdp_metadata_rx_timestamp, OFFLOAD_RUNS},
	{KFUNC_xdp_metadata_rx_hash, OFFLOAD_RUNS},
	{KFUNC_xdp_metadata_rx_vlan_tag, OFFLOAD_RUNS},
	{KFUNC_rcu_read_lock, OFFLOAD_RUNS},
	{KFUNC_rcu_read_unlock, OFFLOAD_RUNS},
};

/* Maps of other types are refused. */
#define TYPE(name) (UINT64_C(1) << BPF_MAP_TYPE_##name)
#define KERNEL_TYPES                                                                          \
	(TYPE(ARRAY) | TYPE(PERCPU_ARRAY) | TYPE(HASH) | TYPE(PERCPU_HASH) | TYPE(LRU_HASH) | \
		TYPE(LRU_PERCPU_HASH) | TYPE(LPM_TRIE) | TYPE(DEVMAP) | TYPE(DEVMAP_HASH) |   \
		TYPE(CPUMAP) | TYPE(XSKMAP))

struct examination {
	struct program prog;
	const struct ebpf_fact *facts;
	struct offload_needs *needs;
	char **errmsg;
	uint32_t insn;
};

enum offload_call offload__call(uint32_t helper)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].id == helper)
			return calls[i].call;
	return OFFLOAD_REFUSED;
}

/* The compiler's file names are whole paths; of one the last part is said. */
__attribute__((format(printf, 2, 3))) static int refuse(
	const struct examination *e, const char *fmt, ...)
{
	const struct ebpf_line *line = program_view__line(e->prog.view, e->insn);
	const char *file = line && line->file ? line->file : "", *slash = strrchr(file, '/');
	char why[256], place[96] = "";
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	if (line)
		snprintf(place, sizeof(place), " (%.64s:%u)", slash ? slash + 1 : file, line->line);
	return error__set(e->errmsg, -ENOTSUP, "%s cannot be a kernel: insn %u%s: %s",
		e->prog.view->name, e->insn, place, why);
}

static int examine_store(struct examination *e)
{
	switch (e->facts[e->insn].access) {
	case FACT_STACK: return 0;
	case FACT_PACKET:
	case FACT_PACKET_META: e->needs->writes_packet = true; return 0;
	case FACT_MAP_VALUE: return refuse(e, "stores to a map's value");
	default: return refuse(e, "stores to memory of a kind that kernels have not");
	}
}

static int examine_lddw(struct examination *e, const struct isa_insn *in)
{
	const struct map_view *map;
	uint32_t i = (uint32_t)in->imm;

	if (in->src != EBPF_LDDW_MAP_IDX && in->src != EBPF_LDDW_MAP_IDX_VALUE)
		return in->src == EBPF_LDDW_IMM ? 0 : refuse(e, "calls one of its functions back");
	map = &e->prog.view->maps[i];
	if (map->geo.type >= 64 || !(KERNEL_TYPES >> map->geo.type & 1))
		return refuse(e, "map %s is a %s, which kernels have not", map->name,
			ebpf_map_type__name(map->geo.type));
	e->needs->use[i] |= EBPF_MAP_READ;
	return 0;
}

static int examine_call(struct examination *e, const struct isa_insn *in)
{
	const struct ebpf_fact *fact = &e->facts[e->insn];

	if (in->src == EBPF_CALL_LOCAL)
		return 0;
	switch (offload__call((uint32_t)in->imm)) {
	case OFFLOAD_REFUSED:
		return refuse(
			e, "calls %s, which kernels have not", helper__name((uint32_t)in->imm));
	case OFFLOAD_NOTES:
		if (!(fact->flags & FACT_CONST_MAP))
			return refuse(e, "redirects by one of several maps");
		e->needs->use[fact->map] |= EBPF_MAP_TARGETS;
		e->needs->n_notes++;
		break;
	default: break;
	}
	switch (in->imm) {
	case BPF_FUNC_redirect:
	case BPF_FUNC_redirect_map: e->needs->redirects = true; break;
	case BPF_FUNC_xdp_adjust_head:
	case BPF_FUNC_xdp_adjust_meta:
	case BPF_FUNC_xdp_adjust_tail: e->needs->moves_packet = true; /* fall through */
	case BPF_FUNC_xdp_store_bytes: e->needs->writes_packet = true; break;
	default: break;
	}
	return 0;
}

static int examine_insn(struct examination *e)
{
	const struct isa_insn *in = &e->prog.insns[e->insn];

	switch (in->op) {
	case ISA_LDDW: return examine_lddw(e, in);
	case ISA_STORE: return examine_store(e);
	case ISA_CALL: return examine_call(e, in);
	case ISA_MAY_GOTO: return refuse(e, "has a loop of which nobody knows when it ends");
	default: break;
	}
	if (isa__is_atomic(in->op))
		return refuse(e, "changes a map's value");
	if (isa__is_jump(in->op) && in->target < 0)
		e->needs->loops = true;
	return 0;
}

int offload__examine(const struct program_view *view, const struct ebpf_facts *facts,
	struct offload_needs *needs, char **errmsg)
{
	struct examination e = {.facts = facts->insn, .needs = needs, .errmsg = errmsg};
	struct arena arena = {0};
	int err;

	memset(needs, 0, sizeof(*needs));
	needs->use = calloc(view->n_maps + 1, sizeof(*needs->use));
	if (!needs->use)
		return error__set(errmsg, -ENOMEM, "%s: no memory to examine it", view->name);
	err = program__init(&e.prog, view, &arena, errmsg);
	for (e.insn = 0; !err && e.insn < view->n_insns; e.insn++)
		if (e.prog.insns[e.insn].words && facts->insn[e.insn].flags & FACT_REACHED)
			err = examine_insn(&e);
	arena__release(&arena);
	if (err)
		free(needs->use);
	return err;
}
