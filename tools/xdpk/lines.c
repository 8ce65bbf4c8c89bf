/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/address.h"
#include "control/commands.h"
#include "control/server.h"
#include "core/error.h"
#include "dataplane.h"
#include "lines.h"

/* Every port is a capture, or gets nothing but what is sent to it: the run will end before
 * anybody could say anything. */
static bool ends_by_itself(const struct ports *ports)
{
	bool capture = false;

	for (uint16_t i = 0; i < ports->n; i++) {
		if (ports->port[i].state && ports->port[i].input.kind == INPUT_LIVE)
			return false;
		capture |= ports->port[i].input.captures > 0;
	}
	return capture;
}

static int find_readers(const char *name, gid_t *readers, char **errmsg)
{
	const struct group *group = name ? getgrnam(name) : NULL;

	*readers = group ? group->gr_gid : (gid_t)-1;
	return name && !group ? error__set(errmsg, -ENOENT, "--readers: there is no group %s", name)
			      : 0;
}

int lines__serve(struct dataplane *dp, const struct options *o, struct control_server **server,
	char **errmsg)
{
	char path[CONTROL_PATH_SIZE];
	struct control_server_opts opts = {.path = o->socket,
		.tables = control__dataplane_tables,
		.instance = dp->instance,
		.dataplane = dp,
		.list_objects = control__list_objects,
		.changed = control__changed};
	int err = find_readers(o->readers, &opts.readers, errmsg);

	*server = NULL;
	if (err || o->no_socket || (!o->socket && ends_by_itself(dp->ports)))
		return err;
	if (!o->socket) {
		char *why = NULL;

		if (control_address__own(path, &why)) {
			fprintf(stderr, "xdpk: no control socket: %s\n", why ? why : "");
			free(why);
			return 0;
		}
		opts.path = path;
	}
	*server = control_server__start(&opts, errmsg);
	return *server ? 0 : -errno;
}
