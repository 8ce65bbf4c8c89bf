/* SPDX-License-Identifier: BSD-3-Clause
 *
 * digest.h -- is a file the one that it was? For both ends of the control socket. (FNV-1a, 64 bits:
 * against chance, not against malice.)
 */
#ifndef LOADER_DIGEST_H
#define LOADER_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_BEGIN 0xcbf29ce484222325u

static inline uint64_t digest__add(uint64_t digest, const void *bytes, size_t size)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < size; i++)
		digest = (digest ^ b[i]) * 0x100000001b3u;
	return digest;
}

#endif
