/* SPDX-License-Identifier: BSD-3-Clause
 *
 * expect.h -- files that say what a program should do with each packet of a capture:
 *
 *	# packet verdict [bytes]
 *	1 drop
 *	2 pass =
 *	3 tx 020000000001...
 *
 * Packets are numbered from 1 as in the capture. Behind the verdict (a name or a number) stands
 * what the packet should be afterwards: `=` unchanged, its bytes in hex, or nothing if that is
 * not compared. Packets without a line are not compared.
 */
#ifndef XDPK_REPLAY_EXPECT_H
#define XDPK_REPLAY_EXPECT_H

#include <jansson.h>
#include <stdio.h>

#include "capture.h"
#include "engine.h"

enum expect_bytes { EXPECT_ANY, EXPECT_SAME, EXPECT_GIVEN };

struct expectation {
	bool present;
	enum expect_bytes kind;
	uint32_t verdict;
	uint32_t len;
	uint8_t *bytes; /* EXPECT_GIVEN */
};

struct expect {
	struct expectation *of; /* by packet number less 1 */
	size_t n;
};

/* n_packets: in the capture; a line about another packet is an error. */
int expect__load(struct expect *x, const char *path, size_t n_packets, char **errmsg);
void expect__free(struct expect *x);
/* Compares and puts what differs into the report. */
void expect__check(const struct expect *x, const struct capture_packet *in,
	const struct engine *engine, const struct engine_result *out, json_t *report);
/* The line that expects what happened. */
void expect__write_line(FILE *to, const struct capture_packet *in, const struct engine_result *out);

#endif
