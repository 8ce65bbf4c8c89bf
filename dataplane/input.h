/* SPDX-License-Identifier: BSD-3-Clause
 *
 * input.h -- what a port will receive, as far as its device arguments tell: a capture that
 * ends, only what xdpk sends to it itself, or packets from outside for ever.
 *
 * net_pcap reports neither the end of a capture nor damage in it, so a capture is read once
 * beforehand: a damaged one is an error before anything starts, and the number of its packets
 * tells when all have been received.
 */
#ifndef DATAPLANE_INPUT_H
#define DATAPLANE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

enum input_kind {
	INPUT_LIVE,     /* from outside, no end */
	INPUT_FINITE,   /* `packets` of them, then nothing */
	INPUT_LOOPBACK, /* what was sent to the port comes back */
};

struct input {
	enum input_kind kind;
	uint64_t packets;  /* INPUT_FINITE: in all its captures */
	uint64_t held;     /* packets that the device keeps in mbufs of its own (infinite_rx) */
	uint32_t captures; /* files, one queue each */
};

/* devargs: "net_pcap0,rx_pcap=FILE,...". -EINVAL, -ENOENT ... with *errmsg for a capture that
 * cannot be read to its end. Needs no EAL. */
int input__describe(struct input *in, const char *devargs, char **errmsg);

#endif
