/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port-watch.c -- compare with what was so a second ago. Lines are written without the lock, since
 * whoever reads them may be slow.
 */
#include <stdlib.h>
#include <string.h>

#include "background.h"
#include "dataplane.h"
#include "offloads.h"
#include "port-watch.h"

struct port_watch {
	struct dataplane *dp;
	FILE *out;
	struct rte_eth_link link[RTE_MAX_ETHPORTS]; /* as it was told; by slot */
	struct periodic *periodic;
};

/* A link is taken to be up until it is seen down. */
static bool link_has_changed(const struct port *port, struct rte_eth_link *before)
{
	struct rte_eth_link now;
	bool changed;

	if (rte_eth_link_get_nowait(port->id, &now))
		return false;
	changed = now.link_status != before->link_status;
	*before = now;
	return changed;
}

/* A line about the port in this slot, or nothing. */
static void describe_news(struct port_watch *watch, uint16_t slot, char *text, size_t size)
{
	const struct port *port = &watch->dp->ports->port[slot];
	struct rte_eth_link *link = &watch->link[slot];

	*text = '\0';
	if (port->state != PORT_STARTED)
		link->link_status = RTE_ETH_LINK_UP;
	else if (link_has_changed(port, link))
		snprintf(text, size, "the link is %s", link->link_status ? "up" : "down");
	else
		offloads__tell(port->offloads, text, size);
}

static void look(void *arg)
{
	struct port_watch *watch = arg;

	for (uint16_t slot = 0; slot < RTE_MAX_ETHPORTS; slot++) {
		char text[256], name[RTE_ETH_NAME_MAX_LEN];

		pthread_mutex_lock(&watch->dp->lock);
		describe_news(watch, slot, text, sizeof(text));
		memcpy(name, watch->dp->ports->port[slot].name, sizeof(name));
		pthread_mutex_unlock(&watch->dp->lock);
		if (*text) {
			fprintf(watch->out, "xdpk: port %s: %s\n", name, text);
			fflush(watch->out);
		}
	}
}

struct port_watch *port_watch__start(struct dataplane *dp, FILE *out)
{
	struct port_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->dp = dp;
	watch->out = out;
	for (uint16_t slot = 0; slot < RTE_MAX_ETHPORTS; slot++)
		watch->link[slot].link_status = RTE_ETH_LINK_UP;
	watch->periodic = background__repeat("xdpk-ports", 1000, look, watch);
	if (!watch->periodic) {
		free(watch);
		return NULL;
	}
	return watch;
}

void port_watch__stop(struct port_watch *watch)
{
	if (!watch)
		return;
	background__stop(watch->periodic);
	free(watch);
}
