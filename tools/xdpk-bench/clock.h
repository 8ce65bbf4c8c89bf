/* SPDX-License-Identifier: BSD-3-Clause
 *
 * clock.h -- the thread's own time in nanoseconds: others on the machine cost it their cache
 * lines, but no more.
 */
#ifndef XDPK_BENCH_CLOCK_H
#define XDPK_BENCH_CLOCK_H

#include <time.h>

static inline double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

#endif
