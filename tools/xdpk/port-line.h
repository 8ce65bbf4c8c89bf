/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port-line.h -- what two `port add` lines say otherwise of one port.
 */
#ifndef XDPK_PORT_LINE_H
#define XDPK_PORT_LINE_H

#include <stdbool.h>

struct control_words;

struct port_difference {
	const char *name;     /* of the argument; empty: one of the device's without a name */
	const char *was, *is; /* what it is; NULL: it is not there */
	bool is_devices;      /* of DPDK's device, in DEVARGS; otherwise a word of the line */
};

/* Lines of the same port, `port add` included. Calls fn for each difference; stops when it returns
 * something else than 0, which it returns. -ENOMEM. */
int port_line__compare(const struct control_words *was, const struct control_words *is,
	int (*fn)(void *user, const struct port_difference *d), void *user);

#endif
