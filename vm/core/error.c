/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "log.h"

int error__set(char **errmsg, int err, const char *fmt, ...)
{
	if (errmsg || log__wants(LOG_LEVEL_DEBUG)) {
		char *text = NULL;
		va_list ap;

		va_start(ap, fmt);
		if (vasprintf(&text, fmt, ap) < 0)
			text = NULL;
		va_end(ap);
		log__write(LOG_LEVEL_DEBUG, "%s", text ? text : fmt);
		if (errmsg)
			*errmsg = text;
		else
			free(text);
	}
	errno = -err;
	return err;
}

void error__prefix(char **errmsg, const char *fmt, ...)
{
	char *prefix = NULL, *text = NULL;
	va_list ap;

	if (!errmsg || !*errmsg)
		return;
	va_start(ap, fmt);
	if (vasprintf(&prefix, fmt, ap) < 0)
		prefix = NULL;
	va_end(ap);
	if (prefix && asprintf(&text, "%s: %s", prefix, *errmsg) >= 0) {
		free(*errmsg);
		*errmsg = text;
	}
	free(prefix);
}

void error__make_printable(char **errmsg)
{
	for (char *c = errmsg && *errmsg ? *errmsg : ""; *c; c++) {
		if (iscntrl((unsigned char)*c))
			*c = '?';
	}
}
