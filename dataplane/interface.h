/* SPDX-License-Identifier: BSD-3-Clause
 *
 * interface.h -- what the kernel says of a network interface of its own, by its name.
 *
 * Threads: any.
 */
#ifndef DATAPLANE_INTERFACE_H
#define DATAPLANE_INTERFACE_H

#include <stddef.h>
#include <stdint.h>

/* 0 if there is no such interface. */
uint32_t interface__mtu(const char *name);
/* The name of its driver; empty if it has none. */
void interface__driver(const char *name, char *driver, size_t size);

#endif
