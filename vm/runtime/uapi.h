/* SPDX-License-Identifier: BSD-3-Clause
 *
 * uapi.h -- the kernel's numbers that the runtime needs: map types, map flags, verdicts,
 * errno. The runtime is freestanding and also compiled for machines without the kernel's
 * headers; the native build asserts that each number is the one in <linux/bpf.h> and <errno.h>
 * (helper-table.c).
 */
#ifndef VM_RUNTIME_UAPI_H
#define VM_RUNTIME_UAPI_H

enum rt_map_type {
	RT_MAP_HASH = 1,
	RT_MAP_ARRAY = 2,
	RT_MAP_PROG_ARRAY = 3,
	RT_MAP_PERF_EVENT_ARRAY = 4,
	RT_MAP_PERCPU_HASH = 5,
	RT_MAP_PERCPU_ARRAY = 6,
	RT_MAP_ARRAY_OF_MAPS = 12,
	RT_MAP_HASH_OF_MAPS = 13,
	RT_MAP_DEVMAP = 14,
	RT_MAP_CPUMAP = 16,
	RT_MAP_XSKMAP = 17,
	RT_MAP_QUEUE = 22,
	RT_MAP_STACK = 23,
	RT_MAP_RINGBUF = 27,
	RT_MAP_BLOOM_FILTER = 30,
	RT_MAP_DEVMAP_HASH = 25,
	RT_MAP_LRU_HASH = 9,
	RT_MAP_LRU_PERCPU_HASH = 10,
	RT_MAP_LPM_TRIE = 11,
};

/* At creation */
enum rt_map_flag {
	RT_F_NO_PREALLOC = 1 << 0,
	RT_F_NO_COMMON_LRU = 1 << 1,
	RT_F_NUMA_NODE = 1 << 2,
	RT_F_RDONLY = 1 << 3,
	RT_F_WRONLY = 1 << 4,
	RT_F_ZERO_SEED = 1 << 6,
	RT_F_RDONLY_PROG = 1 << 7,
	RT_F_WRONLY_PROG = 1 << 8,
	RT_F_MMAPABLE = 1 << 10,
	RT_F_PRESERVE_ELEMS = 1 << 11,
	RT_F_INNER_MAP = 1 << 12,
};

/* Of an update */
enum rt_update_flag {
	RT_ANY = 0,
	RT_NOEXIST = 1,
	RT_EXIST = 2,
	RT_F_LOCK = 4,
};

/* Of bpf_redirect_map() */
enum rt_redirect_flag {
	RT_F_BROADCAST = 1 << 3,
	RT_F_EXCLUDE_INGRESS = 1 << 4,
};

/* Of bpf_ringbuf_*() */
enum rt_ring_flag {
	RT_RB_NO_WAKEUP = 1 << 0,
	RT_RB_FORCE_WAKEUP = 1 << 1,
};

/* What bpf_ringbuf_query() can be asked. */
enum rt_ring_question {
	RT_RB_AVAIL_DATA = 0,
	RT_RB_RING_SIZE = 1,
	RT_RB_CONS_POS = 2,
	RT_RB_PROD_POS = 3,
};

/* Flags of bpf_perf_event_output(): whose ring, and above that how much of the packet. */
#define RT_F_INDEX_MASK  UINT64_C(0xffffffff)
#define RT_F_CURRENT_CPU RT_F_INDEX_MASK
#define RT_F_CTXLEN_MASK (UINT64_C(0xfffff) << 32)

enum rt_verdict {
	RT_XDP_ABORTED = 0,
	RT_XDP_REDIRECT = 4,
};

#define RT_MAX_LOOPS (8 * 1024 * 1024) /* BPF_MAX_LOOPS */

enum rt_clock {
	RT_CLOCK_MONOTONIC_COARSE = 6,
	RT_CLOCK_BOOTTIME = 7,
	RT_CLOCK_TAI = 11,
};

enum rt_errno {
	RT_ENOENT = 2,
	RT_E2BIG = 7,
	RT_EBADF = 9,
	RT_EAGAIN = 11,
	RT_ENOMEM = 12,
	RT_EACCES = 13,
	RT_EFAULT = 14,
	RT_EEXIST = 17,
	RT_ENODEV = 19,
	RT_EINVAL = 22,
	RT_ERANGE = 34,
	RT_ENODATA = 61,
	RT_ENONET = 64,
	RT_EPROTO = 71,
	RT_EOVERFLOW = 75,
	RT_EAFNOSUPPORT = 97,
	RT_ENOSPC = 28,
	RT_ENOTSUP = 95,
	RT_ENOTSUPP = 524, /* the kernel's own; <errno.h> has no name for it */
};

#endif
