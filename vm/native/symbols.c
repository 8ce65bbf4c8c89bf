/* SPDX-License-Identifier: BSD-3-Clause
 *
 * symbols.c -- the process's functions that compiled code may call. What the code generator
 * itself calls, and what is too cold to be worth compiling into every image.
 */
#include <string.h>

#include "../core/jit-entry.h"
#include "native.h"

#define SYMBOL(f)                  \
	{                          \
#f, (uintptr_t)(f) \
	}

static const struct {
	const char *name;
	uintptr_t address;
} symbols[] = {
	SYMBOL(memcpy),
	SYMBOL(memmove),
	SYMBOL(memset),
	SYMBOL(memcmp),
	SYMBOL(ebpf_jit_enter),
	SYMBOL(ebpf_jit_leave),
};

bool native_symbols__find(const char *symbol, uint64_t *address)
{
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		if (strcmp(symbols[i].name, symbol) == 0) {
			*address = symbols[i].address;
			return true;
		}
	}
	return false;
}
