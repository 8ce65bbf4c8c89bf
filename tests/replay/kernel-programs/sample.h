/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sample.h -- what Linux's sample programs take from its internal headers, which no package has
 * in a form that compiles alone.
 */
#ifndef TESTS_REPLAY_SAMPLE_H
#define TESTS_REPLAY_SAMPLE_H

#include <linux/tcp.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <sys/socket.h>

#define htons(x)        __builtin_bswap16(x)
#define ntohs(x)        __builtin_bswap16(x)
#define cpu_to_be32(x)  __builtin_bswap32(x)
#define max(a, b)       ((a) > (b) ? (a) : (b))
#define memcpy(d, s, n) __builtin_memcpy(d, s, n)
#define memset(d, c, n) __builtin_memset(d, c, n)

#endif
