/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prog-metrics.c -- programs and their maps.
 */
#include <stdlib.h>

#include "loader/object.h"
#include "metrics/collect.h"

static const char *const verdict_labels[N_VERDICTS] = {
	"aborted", "drop", "pass", "tx", "redirect", "unknown"};

typedef void add_prog(struct metrics_walk *w, const struct prog *prog, uint16_t place);

static void each_prog(struct metrics_walk *w, add_prog *add)
{
	for (uint16_t i = 0; i < MAX_PROGS; i++)
		if (*w->dp->progs[i].name)
			add(w, &w->dp->progs[i], i);
}

static void add_info(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	metrics__add(w, 1, "prog", prog->name, "function", ebpf_program__name(prog->program), "id",
		metrics__number(ebpf_program__id(prog->program)).text, NULL);
}

static void add_state(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	struct tier_status status = tier__status(prog->tier);

	for (enum tier_state s = TIER_INTERPRETED; s <= TIER_FAILED; s++)
		metrics__add(w, status.state == s, "prog", prog->name, "xdpk_prog_state",
			tier_state__text(s), NULL);
	free(status.why);
}

static void add_compile(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	struct tier_status status = tier__status(prog->tier);

	metrics__add(w, status.ns, "prog", prog->name, NULL);
	free(status.why);
}

static void add_ports(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	metrics__add(w, prog->attached, "prog", prog->name, NULL);
}

static void add_replaced(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	metrics__add(w, prog->replaced, "prog", prog->name, NULL);
}

static void add_verdicts(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	struct prog_counters c = dataplane__prog_counters(w->dp, place);

	for (unsigned v = 0; v < N_VERDICTS; v++)
		metrics__add(
			w, c.verdict[v], "prog", prog->name, "verdict", verdict_labels[v], NULL);
}

static void add_called_next(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	metrics__add(
		w, dataplane__prog_counters(w->dp, place).called_next, "prog", prog->name, NULL);
}

static void add_interpreted(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	metrics__add(
		w, dataplane__prog_counters(w->dp, place).interpreted, "prog", prog->name, NULL);
}

static void add_map(struct metrics_walk *w, const struct prog *prog, size_t i, uint64_t value)
{
	const struct ebpf_map_opts *map = ebpf_object__map_opts(prog->object, i);
	const char *type = ebpf_map_type__name(map->type);

	metrics__add(
		w, value, "prog", prog->name, "map", map->name, "type", type ? type : "", NULL);
}

static void add_map_entries(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	for (size_t i = 0; prog->object && i < ebpf_object__n_maps(prog->object); i++)
		add_map(w, prog, i, ebpf_map__count(ebpf_object__map(prog->object, i)));
}

static void add_map_max_entries(struct metrics_walk *w, const struct prog *prog, uint16_t place)
{
	for (size_t i = 0; prog->object && i < ebpf_object__n_maps(prog->object); i++)
		add_map(w, prog, i, ebpf_object__map_opts(prog->object, i)->max_entries);
}

void metrics__prog_info(struct metrics_walk *w)
{
	each_prog(w, add_info);
}

void metrics__prog_state(struct metrics_walk *w)
{
	each_prog(w, add_state);
}

void metrics__prog_compile(struct metrics_walk *w)
{
	each_prog(w, add_compile);
}

void metrics__prog_ports(struct metrics_walk *w)
{
	each_prog(w, add_ports);
}

void metrics__prog_replaced(struct metrics_walk *w)
{
	each_prog(w, add_replaced);
}

void metrics__prog_verdicts(struct metrics_walk *w)
{
	each_prog(w, add_verdicts);
}

void metrics__prog_called_next(struct metrics_walk *w)
{
	each_prog(w, add_called_next);
}

void metrics__prog_interpreted(struct metrics_walk *w)
{
	each_prog(w, add_interpreted);
}

void metrics__map_entries(struct metrics_walk *w)
{
	each_prog(w, add_map_entries);
}

void metrics__map_max_entries(struct metrics_walk *w)
{
	each_prog(w, add_map_max_entries);
}
