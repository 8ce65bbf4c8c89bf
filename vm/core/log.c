/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static const char *const names[] = {
	[LOG_LEVEL_NONE] = "none",
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static enum log_level wanted;

static void read_level(void)
{
	const char *name = secure_getenv("XDPK_LOG_LEVEL");

	if (!name || !*name)
		return;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			wanted = i;
			return;
		}
	}
	fprintf(stderr, "xdpk: XDPK_LOG_LEVEL=%s: none of none, error, warning, info, debug\n",
		name);
}

bool log__wants(enum log_level level)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_level);
	return level <= wanted;
}

/* One write for a line: those of other threads come before or after. */
void log__write(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char text[1024];
	va_list ap;

	if (!log__wants(level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	fprintf(stderr, "xdpk: %s: %s\n", names[level], text);
	errno = saved;
}
