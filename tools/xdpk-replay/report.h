/* SPDX-License-Identifier: BSD-3-Clause
 *
 * report.h -- what a replay found. The report is one JSON object; -j prints it as it is, and
 * the text for people is rendered from it, so that the two cannot disagree.
 *
 *	{"object", "program", "capture", "packets", "too_short", "too_long", "cut_by_snap",
 *	 "passes",
 *	 "engines": [{"name", "skipped": reason} or
 *	             {"name", "verdicts": {"drop": n, ...}, "events", "events_lost",
 *	              "ns_per_packet", "measures"}],
 *	 "differences": [{"packet": n  or  "map": name, "key": hex  or  "map": name, "event": n;
 *	                  "what", "engine", "got", "against", "want"}],
 *	 with -v          "packet_list": [{"packet", "length", "verdict", "out_length",
 *	                                   "metadata", "changed", "ifindex"}],
 *	 with --dump-maps "maps": [{"name", "type", "entries":
 *	                            [{"key": hex, "value": hex, "typed": {"key", "value"}}]}],
 *	                  "events": [{"map", "size", "data"}], in the order of writing, as far as
 *	                  they are of one map
 *	 with --coverage  "coverage": see coverage.h}
 */
#ifndef XDPK_REPLAY_REPORT_H
#define XDPK_REPLAY_REPORT_H

#include <jansson.h>

#include "engine.h"

struct ebpf_object;

/* Takes `where`: {"packet"}, {"map", "key"} or {"map", "event"}. got and want are copied. */
void report__difference(json_t *report, json_t *where, const char *what, const char *engine,
	const char *got, const char *against, const char *want);
size_t report__n_differences(const json_t *report);

void report__packet(
	json_t *report, const struct capture_packet *in, const struct engine_result *out);
/* obj: where the maps' names and types come from. */
void report__maps(json_t *report, const struct map_set *set, const struct ebpf_object *obj);
void report__events(json_t *report, const struct event_log *log);

void report__print_text(const json_t *report);
int report__print_json(const json_t *report);

#endif
