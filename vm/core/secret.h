/* SPDX-License-Identifier: BSD-3-Clause
 *
 * secret.h -- instructions in memory that do not look like any (ebpf_set_pointer_secret).
 *
 * A word is kept combined with the secret and with its own address: nobody who can only write can
 * tell what will be read there, and one that is copied elsewhere is another one there.
 */
#ifndef VM_CORE_SECRET_H
#define VM_CORE_SECRET_H

#include <stdint.h>

/* What the word at `place` is combined with, by exclusive or, both ways. */
static inline uint64_t secret__key(uint64_t secret, const void *place)
{
	return secret ^ (uintptr_t)place;
}

#endif
