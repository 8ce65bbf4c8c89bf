/* SPDX-License-Identifier: BSD-3-Clause
 *
 * trace.h -- what programs say by bpf_trace_printk: lines that workers leave in a ring each,
 * without waiting, and that somebody reads, as from the kernel's trace_pipe: each line is read
 * once.
 *
 * Threads: trace__write() on workers; one reader at a time is served, others wait for it.
 */
#ifndef DATAPLANE_TRACE_H
#define DATAPLANE_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* A longer line is cut off. */
#define TRACE_TEXT_MAX 464
#define TRACE_NAME_MAX 32

struct trace;

struct trace_line {
	uint64_t ns; /* CLOCK_MONOTONIC, as bpf_ktime_get_ns() */
	uint16_t worker, len;
	uint32_t lost; /* lines of this worker before it that found no room */
	char program[TRACE_NAME_MAX];
	char text[TRACE_TEXT_MAX]; /* `len` bytes, without a newline at the end */
};

struct dataplane;

/* Of EAL's memory. */
uint64_t trace__bytes(unsigned workers);
/* NULL with *errmsg. After EAL. */
struct trace *trace__create(unsigned workers, char **errmsg);
void trace__destroy(struct trace *trace); /* NULL is fine */

/* The instance's ebpf_trace_fn; user: the struct trace. What is no worker's is dropped. */
void trace__write(void *user, const char *text, size_t len);
/* The programs' names are those that the workers of this dataplane run. */
void trace__watch(struct trace *trace, const struct dataplane *dp);

/* Hands over what has been written since the last time, worker by worker; does not wait. Below 0
 * from `fn` ends it, and is given back. Otherwise the number of lines. */
int trace__read(
	struct trace *trace, int (*fn)(void *user, const struct trace_line *line), void *user);

#endif
