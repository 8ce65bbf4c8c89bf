/* SPDX-License-Identifier: BSD-3-Clause
 *
 * log.h -- what the machine says of its own accord: nothing, unless the environment's
 * XDPK_LOG_LEVEL is one of
 *
 *	error    what failed and nobody was told of
 *	warning  what goes on, but otherwise than was asked for
 *	info     programs loaded, compiled and gone; backends opened
 *	debug    and images, what caches had, and every sentence about an error when it is made
 *
 * each with those above. Messages go to standard error, a line each. Packets' paths have none. Any
 * thread may log; the variable is read once.
 */
#ifndef VM_CORE_LOG_H
#define VM_CORE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_NONE,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

bool log__wants(enum log_level level);
/* errno is kept. */
__attribute__((format(printf, 2, 3))) void log__write(enum log_level level, const char *fmt, ...);

#endif
