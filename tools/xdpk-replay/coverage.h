/* SPDX-License-Identifier: BSD-3-Clause
 *
 * coverage.h -- which of the instructions that the verifier reached did the packets reach?
 */
#ifndef XDPK_REPLAY_COVERAGE_H
#define XDPK_REPLAY_COVERAGE_H

#include <jansson.h>

#include "engine.h"

/* {"reachable", "hit", "percent", "lines": [{"file", "line", "text", "hits"}]}; the hits of a
 * line are those of its most frequent instruction. Lines whose code is dead are left out. */
json_t *coverage__describe(const struct engine_counts *counts);

#endif
