/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replay.h -- one replay: a capture through a program on some engines, compared.
 */
#ifndef XDPK_REPLAY_REPLAY_H
#define XDPK_REPLAY_REPLAY_H

#include "engine.h"

#define REPLAY_MAX_ENGINES 8
#define REPLAY_MAX_OUTPUTS 4

struct replay_output {
	const char *path;
	uint32_t verdicts; /* a bit per verdict */
};

struct replay_opts {
	struct engine_opts engine; /* .program NULL: the first XDP program */
	const char *capture;
	const struct engine *engines[REPLAY_MAX_ENGINES];
	size_t n_engines;
	bool engines_named; /* each must run; otherwise those that can */
	struct replay_output outputs[REPLAY_MAX_OUTPUTS];
	size_t n_outputs;
	const char *expect, *write_expect;
	uint32_t passes; /* the first compares, the others measure */
	bool verbose, json, dump_maps;
};

/* Prints the report. 0: no differences, 1: there are some; negative errno with *errmsg: bad
 * input or a machine that cannot do it, and nothing was printed on stdout. */
int replay__run(const struct replay_opts *opts, char **errmsg);

#endif
