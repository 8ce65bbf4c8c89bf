/* SPDX-License-Identifier: BSD-3-Clause
 *
 * format.h -- text as bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf make it.
 */
#ifndef VM_RUNTIME_FORMAT_H
#define VM_RUNTIME_FORMAT_H

#include "target.h"
#include "ebpf-env.h"

#define RT_FORMAT_ARGS_MAX 12   /* MAX_BPRINTF_VARARGS */
#define RT_FORMAT_TEXT_MAX 1024 /* the kernel's buffer for traces, terminator included */

struct rt_text {
	char *bytes;
	uint64_t size; /* what fits, without a terminator */
	uint64_t len;  /* what there is; may be more than fits */
};

/* Appends to the text. 0, or without any output -RT_EINVAL (a format that is not allowed, or
 * wants more arguments than there are), -RT_ENOSPC (strings longer than the kernel holds). */
int64_t rt_format(struct ebpf_env *env, struct rt_text *t, const char *format, const uint64_t *args,
	uint32_t n_args);

/* Is the format allowed, with so many arguments? */
bool rt_format__valid(const char *format, uint32_t n_args);

#endif
