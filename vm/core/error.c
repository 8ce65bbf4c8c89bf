/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"

int error__set(char **errmsg, int err, const char *fmt, ...)
{
	if (errmsg) {
		char *text = NULL;
		va_list ap;

		va_start(ap, fmt);
		if (vasprintf(&text, fmt, ap) < 0)
			text = NULL;
		va_end(ap);
		free(*errmsg);
		*errmsg = text;
	}
	errno = -err;
	return err;
}
