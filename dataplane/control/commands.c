/* SPDX-License-Identifier: BSD-3-Clause
 *
 * commands.c -- the table of the dataplane's commands, and what they have in common.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dataplane.h"
#include "commands.h"
#include "core/error.h"
#include "loader/object.h"

static const struct control_command dataplane_commands[] = {
#define COMMAND(function, ...) {{__VA_ARGS__}, function},
#include "commands.def"
#undef COMMAND
	{{0}},
};

const struct control_command *const control__dataplane_tables[] = {
	dataplane_commands, control_commands, NULL};

int control__list_objects(void *dataplane, struct control_object **list, size_t *n)
{
	struct control_object *objects = calloc(MAX_PROGS, sizeof(*objects));
	struct dataplane *dp = dataplane;
	int err = objects ? 0 : -ENOMEM;

	*list = objects;
	*n = 0;
	pthread_mutex_lock(&dp->lock);
	for (unsigned i = 0; i < MAX_PROGS && !err; i++) {
		const struct prog *p = &dp->progs[i];

		if (!*p->name || !p->object)
			continue;
		objects[*n].name = strdup(p->name);
		if (!objects[*n].name)
			err = -ENOMEM;
		else
			objects[(*n)++].object = ebpf_object__ref(p->object);
	}
	pthread_mutex_unlock(&dp->lock);
	return err;
}

static void publish_links(struct dataplane *dp)
{
	pthread_mutex_lock(&dp->lock);
	dataplane__publish(dp, NULL); /* without memory the next change of anything does it */
	pthread_mutex_unlock(&dp->lock);
}

void control__changed(void *dataplane, enum control_change what)
{
	switch (what) {
	case CONTROL_CHANGED_TARGETS: dataplane__compile_targets(dataplane); break;
	case CONTROL_CHANGED_LINKS: publish_links(dataplane); break;
	}
}

static int no_port(const struct ports *ports, const char *name, char **errmsg)
{
	char *known = NULL;
	size_t size;
	FILE *f = open_memstream(&known, &size);
	const char *comma = "";
	int err;

	for (uint16_t i = 0; f && i < ports->n; i++) {
		if (!ports->port[i].state)
			continue;
		fprintf(f, "%s%s", comma, ports->port[i].name);
		comma = ", ";
	}
	if (f)
		fclose(f);
	err = error__set(errmsg, -ENODEV, "there is no port %s; there %s%s", name,
		known && *known ? "are: " : "are none", known ? known : "");
	free(known);
	return err;
}

int control__find_port(struct dataplane *dp, const char *name, char **errmsg)
{
	uint16_t slot = ports__find(dp->ports, name);

	return slot == NO_PORT ? no_port(dp->ports, name, errmsg) : slot;
}

int control__want_port(struct dataplane *dp, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a port", errmsg);

	return name ? control__find_port(dp, name, errmsg) : -EINVAL;
}
