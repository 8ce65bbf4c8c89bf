/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hex.h -- bytes as hexadecimal text, two digits a byte.
 */
#ifndef XDPK_REPLAY_HEX_H
#define XDPK_REPLAY_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* malloc'ed; NULL without memory. */
char *hex__format(const uint8_t *bytes, size_t n);
/* Number of bytes, or -1 if text is not hex or holds more than max bytes. */
ssize_t hex__parse(const char *text, size_t len, uint8_t *bytes, size_t max);

#endif
