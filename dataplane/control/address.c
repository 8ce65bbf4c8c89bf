/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../vm/core/error.h"
#include "address.h"

#define ROOT_PATH "/run/xdpk/control.sock"

static int use_path(char *path, const char *folder, const char *rest, char **errmsg)
{
	int len = snprintf(path, CONTROL_PATH_SIZE, "%s%s", folder, rest);

	if (len < CONTROL_PATH_SIZE)
		return 0;
	return error__set(errmsg, -ENAMETOOLONG, "%s%s: a socket's path has at most %d characters",
		folder, rest, CONTROL_PATH_SIZE - 1);
}

int control_address__own(char *path, char **errmsg)
{
	const char *given = getenv("XDPK_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");

	if (given && *given)
		return use_path(path, given, "", errmsg);
	if (geteuid() == 0)
		return use_path(path, ROOT_PATH, "", errmsg);
	if (runtime && *runtime == '/')
		return use_path(path, runtime, "/xdpk/control.sock", errmsg);
	return error__set(errmsg, -ENOENT,
		"there is no place for a control socket as XDG_RUNTIME_DIR is not set: "
		"give --socket PATH");
}

int control_address__find(char *path, char **errmsg)
{
	const char *given = getenv("XDPK_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
	int err;

	if (given && *given)
		return use_path(path, given, "", errmsg);
	if (runtime && *runtime == '/') {
		err = use_path(path, runtime, "/xdpk/control.sock", errmsg);
		if (err || access(path, F_OK) == 0)
			return err;
	}
	return use_path(path, ROOT_PATH, "", errmsg);
}
