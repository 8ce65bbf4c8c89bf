/* SPDX-License-Identifier: BSD-3-Clause
 *
 * target.h -- what differs between the machines the runtime is compiled for: native code,
 * host bitcode, GPU bitcode. Atomics, prefetch and inlining have one name here.
 *
 * Freestanding: the runtime includes this, <stdint.h>, <stddef.h>, <stdbool.h> and
 * ebpf-env.h, no more.
 */
#ifndef VM_RUNTIME_TARGET_H
#define VM_RUNTIME_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define rt_inline  static inline __attribute__((always_inline))
#define rt_cold    __attribute__((noinline, cold))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Racy accesses that the kernel also allows go through these, so that ThreadSanitizer knows
 * they are meant. Relaxed: they cost what a plain access costs. */
#define rt_read(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define rt_write(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

#if defined(__NVPTX__)
/* NVPTX cannot select acquire, release or fences: relaxed accesses and a membar. */
#define rt_fence()            __nvvm_membar_gl()
#define rt_read_acquire(p)    ({ __typeof__(*(p)) v_ = rt_read(p); rt_fence(); v_; })
#define rt_write_release(p, v) do { rt_fence(); rt_write(p, v); } while (0)
#define rt_prefetch(p)        ((void)(p))
#else
#define rt_read_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define rt_write_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define rt_prefetch(p)         __builtin_prefetch((p), 0, 3)
#endif

#endif
