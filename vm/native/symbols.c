/* SPDX-License-Identifier: BSD-3-Clause
 *
 * symbols.c -- the process's functions that compiled code may call. What the code generator
 * itself calls, and what of the runtime is too cold to be compiled into every image
 * (vm/llvm/meson.build takes the same functions out of the runtime's bitcode).
 */
#include <string.h>
#include <strings.h>

#include "../core/jit-entry.h"
#include "../core/regions.h"
#include "../runtime/helpers.h"
#include "../runtime/map-hash.h"
#include "../runtime/map-lpm.h"
#include "../runtime/map-target.h"
#include "../runtime/packet.h"
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
	SYMBOL(bcmp),
	SYMBOL(ebpf_jit_enter),
	SYMBOL(ebpf_jit_leave),
	SYMBOL(ebpf_regions__allow),
	SYMBOL(ebpf_tail_call__follow),
	SYMBOL(rt_hash__find),
	SYMBOL(rt_hash__update),
	SYMBOL(rt_hash__delete),
	SYMBOL(rt_hash__walk),
	SYMBOL(rt_target__read),
	SYMBOL(rt_lpm__update),
	SYMBOL(rt_lpm__delete),
	SYMBOL(rt_map__owns),
	SYMBOL(rt_parts__read),
	SYMBOL(rt_parts__write),
	SYMBOL(rt_frags__at),
	SYMBOL(rt_frags__grow),
	SYMBOL(rt_frags__shrink),
	SYMBOL(helper_trace_printk),
	SYMBOL(helper_trace_vprintk),
	SYMBOL(helper_snprintf),
	SYMBOL(helper_fib_lookup),
	SYMBOL(helper_check_mtu),
	SYMBOL(helper_tcp_raw_gen_syncookie_ipv4),
	SYMBOL(helper_tcp_raw_gen_syncookie_ipv6),
	SYMBOL(helper_tcp_raw_check_syncookie_ipv4),
	SYMBOL(helper_tcp_raw_check_syncookie_ipv6),
	SYMBOL(helper_strtol),
	SYMBOL(helper_strtoul),
	SYMBOL(helper_probe_read_kernel_str),
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
