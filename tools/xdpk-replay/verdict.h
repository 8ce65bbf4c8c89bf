/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verdict.h -- the names of XDP verdicts.
 */
#ifndef XDPK_REPLAY_VERDICT_H
#define XDPK_REPLAY_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Verdicts 0..4 are XDP_ABORTED..XDP_REDIRECT; whatever else a program returns is one class. */
#define VERDICT_OTHER 5
#define N_VERDICTS    6

uint32_t verdict__class(uint32_t verdict);
const char *verdict__class_name(uint32_t verdict_class);
/* "drop", or the number of a verdict without a name; buf is used for that. */
const char *verdict__name(uint32_t verdict, char buf[16]);
bool verdict__parse(const char *text, size_t len, uint32_t *verdict);
/* Does the packet go on (pass, tx, redirect)? */
bool verdict__leaves(uint32_t verdict);

#endif
