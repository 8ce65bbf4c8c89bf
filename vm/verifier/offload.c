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
#include "examination.h"

/* Helpers that are not here are refused. */
static const struct {
	uint32_t id;
	enum offload_call call;
} calls[] = {
	{BPF_FUNC_map_lookup_elem, OFFLOAD_RUNS},
	{BPF_FUNC_map_update_elem, OFFLOAD_AGAIN},
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

enum offload_call offload__call(uint32_t helper)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].id == helper)
			return calls[i].call;
	return OFFLOAD_REFUSED;
}

/* The compiler's file names are whole paths; of one the last part is said. */
int examination__refuse(const struct examination *e, const char *fmt, ...)
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

int examination__no_memory(const struct examination *e)
{
	return error__set(e->errmsg, -ENOMEM, "%s: no memory to examine it", e->prog.view->name);
}

/* An addition to a map's value, if it is one. Which of several maps a kernel sees by the address.
 */
static int examine_change(struct examination *e)
{
	uint64_t maps = examination__fact(e)->value_maps;

	for (uint32_t i = 0; i < e->prog.view->n_maps; i++) {
		if (!(maps & fact_map__bit(i)))
			continue;
		if (e->prog.view->maps[i].geo.type == BPF_MAP_TYPE_LPM_TRIE)
			return examination__refuse(e, "changes the value of an lpm_trie");
		e->needs->use[i] |= EBPF_MAP_COUNTED;
	}
	e->needs->n_notes++;
	return 0;
}

static int examine_store(struct examination *e)
{
	switch (examination__fact(e)->access) {
	case FACT_STACK: return 0;
	case FACT_PACKET:
	case FACT_PACKET_META: e->needs->writes_packet = true; return 0;
	case FACT_MAP_VALUE: return examine_change(e);
	default: return examination__refuse(e, "stores to memory that kernels have not");
	}
}

static int examine_atomic(struct examination *e, const struct isa_insn *in)
{
	switch (examination__fact(e)->access) {
	case FACT_STACK: return 0;
	case FACT_MAP_VALUE:
		return in->op == ISA_ATOMIC_ADD
			       ? examine_change(e)
			       : examination__refuse(
					 e, "changes a map's value by other than adding");
	default: return examination__refuse(e, "stores to memory that kernels have not");
	}
}

static int examine_lddw(struct examination *e, const struct isa_insn *in)
{
	const struct map_view *map;
	uint32_t i = (uint32_t)in->imm;

	if (in->src == EBPF_LDDW_IMM)
		return 0;
	if (in->src == EBPF_LDDW_CODE)
		return examination__refuse(e, "lets a helper call one of its functions");
	map = &e->prog.view->maps[i];
	if (map->geo.type >= 64 || !(KERNEL_TYPES >> map->geo.type & 1))
		return examination__refuse(e, "map %s is a %s, which kernels have not", map->name,
			ebpf_map_type__name(map->geo.type));
	e->needs->use[i] |= EBPF_MAP_READ;
	return 0;
}

static int examine_redirect(struct examination *e)
{
	const struct ebpf_fact *fact = examination__fact(e);

	if (!(fact->flags & FACT_CONST_MAP))
		return examination__refuse(e, "redirects by one of several maps");
	e->needs->use[fact->map] |= EBPF_MAP_TARGETS;
	e->needs->n_notes++;
	return 0;
}

/* What a call may do to the packet. Where it begins elsewhere, or ends, nobody knows how far from
 * its first byte it is touched. */
static void see_packet(struct examination *e, uint32_t helper)
{
	struct offload_needs *needs = e->needs;

	switch (helper) {
	case BPF_FUNC_redirect:
	case BPF_FUNC_redirect_map: needs->redirects = true; break;
	case BPF_FUNC_xdp_adjust_tail: needs->grows_packet = true; /* fall through */
	case BPF_FUNC_xdp_adjust_head: e->whole = true;            /* fall through */
	case BPF_FUNC_xdp_adjust_meta: needs->moves_packet = needs->writes_packet = true; break;
	case BPF_FUNC_xdp_load_bytes: e->whole = true; break;
	case BPF_FUNC_xdp_store_bytes: e->whole = needs->writes_packet = true; break;
	default: break;
	}
}

static int examine_call(struct examination *e, const struct isa_insn *in)
{
	uint32_t helper = (uint32_t)in->imm;

	if (in->src == EBPF_CALL_LOCAL) {
		e->needs->repeats = true;
		return 0;
	}
	see_packet(e, helper);
	switch (offload__call(helper)) {
	case OFFLOAD_REFUSED:
		return examination__refuse(
			e, "calls %s, which kernels have not", helper__name(helper));
	case OFFLOAD_NOTES: return examine_redirect(e);
	case OFFLOAD_AGAIN:
		if (examination__fact(e)->flags & FACT_CONST_MAP)
			e->needs->use[examination__fact(e)->map] |= EBPF_MAP_CHANGED;
		return 0;
	default: return 0;
	}
}

static int examine_insn(struct examination *e)
{
	const struct isa_insn *in = &e->prog.insns[e->insn];

	switch (in->op) {
	case ISA_LDDW: return examine_lddw(e, in);
	case ISA_STORE: return examine_store(e);
	case ISA_CALL: return examine_call(e, in);
	case ISA_MAY_GOTO:
		return examination__refuse(e, "has a loop of which nobody knows when it ends");
	default: break;
	}
	if (isa__is_atomic(in->op))
		return examine_atomic(e, in);
	if (isa__is_jump(in->op) && in->target < 0)
		e->needs->repeats = true;
	return 0;
}

static int examine_insns(struct examination *e)
{
	int err = 0;

	for (e->insn = 0; !err && e->insn < e->prog.view->n_insns; e->insn++)
		if (e->prog.insns[e->insn].words && examination__fact(e)->flags & FACT_REACHED)
			err = examine_insn(e);
	return err;
}

/* Frames are copied whole that hardly fit in more than one window. */
static void set_window(struct examination *e)
{
	uint32_t end = e->facts->packet_end;

	e->needs->window = e->whole || end > EBPF_XDP_MAX_LINEAR ? 0 : end ? end : 1;
}

int offload__examine(const struct program_view *view, const struct ebpf_facts *facts,
	struct offload_needs *needs, char **errmsg)
{
	struct examination e = {
		.prog.view = view, .facts = facts, .needs = needs, .errmsg = errmsg};
	int err;

	memset(needs, 0, sizeof(*needs));
	needs->use = calloc(view->n_maps + 1, sizeof(*needs->use));
	if (!needs->use)
		return examination__no_memory(&e);
	err = program__init(&e.prog, view, &e.arena, errmsg);
	if (!err)
		err = examine_insns(&e);
	if (!err)
		err = examination__check_changes(&e);
	arena__release(&e.arena);
	if (!err) {
		set_window(&e);
		return 0;
	}
	free(needs->use);
	needs->use = NULL;
	return err;
}
