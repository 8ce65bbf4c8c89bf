/* SPDX-License-Identifier: BSD-3-Clause
 *
 * coverage.c -- instruction counts, gathered by source line.
 */
#include <stdlib.h>
#include <string.h>

#include "coverage.h"
#include "ebpf-program.h"

struct line_count {
	const struct ebpf_line *line;
	uint64_t hits;
};

static int compare_lines(const void *a, const void *b)
{
	const struct ebpf_line *x = ((const struct line_count *)a)->line;
	const struct ebpf_line *y = ((const struct line_count *)b)->line;
	int order = strcmp(x->file, y->file);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* One count per instruction that is reachable and has a line. */
static size_t count_lines(const struct engine_counts *c, struct line_count *counts)
{
	const struct ebpf_program_spec *spec = c->spec;
	uint32_t next = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < spec->n_insns; i++) {
		while (next < spec->n_lines && spec->lines[next].insn <= i)
			next++;
		if (next && ebpf_program__reachable(c->prog, i))
			counts[n++] = (struct line_count){&spec->lines[next - 1], c->hits[i]};
	}
	qsort(counts, n, sizeof(*counts), compare_lines);
	return n;
}

static json_t *describe_lines(const struct line_count *counts, size_t n)
{
	json_t *lines = json_array();

	for (size_t i = 0, j; i < n; i = j) {
		const struct ebpf_line *l = counts[i].line;
		const char *source = l->text ? l->text : "";
		uint64_t hits = 0;

		for (j = i; j < n && compare_lines(&counts[i], &counts[j]) == 0; j++)
			hits = counts[j].hits > hits ? counts[j].hits : hits;
		json_array_append_new(lines,
			json_pack("{s:s, s:I, s:s, s:I}", "file", l->file, "line",
				(json_int_t)l->line, "text", source, "hits", (json_int_t)hits));
	}
	return lines;
}

json_t *coverage__describe(const struct engine_counts *c)
{
	struct line_count *counts = calloc(c->spec->n_insns + 1, sizeof(*counts));
	uint32_t reachable = 0, hit = 0;
	json_t *lines;

	if (!counts)
		return NULL;
	for (uint32_t i = 0; i < c->spec->n_insns; i++) {
		if (ebpf_program__reachable(c->prog, i)) {
			reachable++;
			hit += c->hits[i] > 0;
		}
	}
	lines = describe_lines(counts, count_lines(c, counts));
	free(counts);
	return json_pack("{s:I, s:I, s:f, s:o}", "reachable", (json_int_t)reachable, "hit",
		(json_int_t)hit, "percent", reachable ? 100.0 * hit / reachable : 0.0, "lines",
		lines);
}
