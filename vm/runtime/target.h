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

#define rt_inline static inline __attribute__((always_inline))
#define rt_cold   __attribute__((noinline, cold))
/* On the way of a lookup: in bitcode inlined into the program wherever it is called. */
#if defined(__clang__)
#define rt_hot __attribute__((always_inline))
#else
#define rt_hot __attribute__((hot))
#endif
#define RT_CACHE_LINE 64
#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)

#if defined(__SANITIZE_THREAD__)
#define RT_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RT_THREAD_SANITIZER
#endif
#endif

#if defined(__NVPTX__)
/* A kernel reads snapshots that nobody writes: its readers need no order, and find twice what they
 * have found once. It writes to none and takes no lock; what does is compiled all the same. */
#define rt_read(p)             (*(p))
#define rt_write(p, v)         ((void)(*(p) = (v)))
#define rt_read_acquire(p)     rt_read(p)
#define rt_write_release(p, v) rt_write((p), (v))
#define rt_fence_acquire()     ((void)0)
#define rt_fence_release()     ((void)0)
#define rt_exchange(p, v)      __atomic_exchange_n((p), (v), __ATOMIC_RELAXED)
#define rt_prefetch(p)         ((void)(p))
#define rt_prefetch_write(p)   ((void)(p))
#define rt_pause()             ((void)0)
#else
/* Racy accesses that the kernel also allows go through these, so that ThreadSanitizer knows
 * they are meant. Relaxed: they cost what a plain access costs. */
#define rt_read(p)             __atomic_load_n((p), __ATOMIC_RELAXED)
#define rt_write(p, v)         __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define rt_read_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define rt_write_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define rt_fence_acquire()     __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define rt_fence_release()     __atomic_thread_fence(__ATOMIC_RELEASE)
#define rt_exchange(p, v)      __atomic_exchange_n((p), (v), __ATOMIC_ACQUIRE)
#define rt_prefetch(p)         __builtin_prefetch((p), 0, 3)
#define rt_prefetch_write(p)   __builtin_prefetch((p), 1, 3)
#if defined(__x86_64__) || defined(__i386__)
#define rt_pause() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define rt_pause() __asm__ volatile("yield")
#else
#define rt_pause() ((void)0)
#endif
#endif

/* Held for a few stores, by writers only. */
rt_inline void rt_lock(uint32_t *lock)
{
	while (rt_exchange(lock, 1))
		while (rt_read(lock))
			rt_pause();
}

rt_inline void rt_unlock(uint32_t *lock)
{
	rt_write_release(lock, 0);
}

#endif
