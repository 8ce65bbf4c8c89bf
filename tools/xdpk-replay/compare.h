/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compare.h -- finds differences between two engines, or between an engine and what was
 * expected, and puts them into the report.
 */
#ifndef XDPK_REPLAY_COMPARE_H
#define XDPK_REPLAY_COMPARE_H

#include <jansson.h>

#include "engine.h"

/* What became of a packet, as far as both sides know it. */
struct packet_state {
	uint32_t verdict;
	uint32_t meta_len, len;
	const uint8_t *bytes;                 /* meta_len + len */
	const struct ebpf_redirect *redirect; /* NULL: not known */
};

/* `got` is by `who`, `want` by `whom`. */
void compare__packets(json_t *report, uint32_t number, const char *who,
	const struct packet_state *got, const char *whom, const struct packet_state *want);
void compare__results(json_t *report, uint32_t number, const char *who,
	const struct engine_result *got, const char *whom, const struct engine_result *want);
/* Two logs of the same packets; `before`: events that came earlier. */
void compare__events(json_t *report, uint64_t before, const char *who, const struct event_log *got,
	const char *whom, const struct event_log *want);
/* Maps that only one side has are not compared: an engine creates what its program uses. */
void compare__maps(json_t *report, const char *who, const struct map_set *got, const char *whom,
	const struct map_set *want);

#endif
