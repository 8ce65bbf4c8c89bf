/* SPDX-License-Identifier: BSD-3-Clause
 *
 * peers.c -- DPDK's EAL, as little of it as its tables need. Its memory is asked to be in huge
 * pages as the maps' is.
 */
#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/error.h"
#include "tables.h"

static int want_huge_pages(const struct rte_memseg_list *list, void *user)
{
	if (!list->external)
		madvise(list->base_va, list->len, MADV_HUGEPAGE);
	return 0;
}

int peers__start(char **errmsg)
{
	static bool started;
	char *args[] = {"xdpk-bench", "--no-huge", "-m", "2048", "--no-shconf", "--no-pci",
		"--no-telemetry", "--log-level", "critical", NULL};

	if (started)
		return 0;
	if (rte_eal_init(sizeof(args) / sizeof(args[0]) - 1, args) < 0)
		return error__set(
			errmsg, -ENOTSUP, "DPDK's EAL does not start: %s", rte_strerror(rte_errno));
	rte_memseg_list_walk(want_huge_pages, NULL);
	started = true;
	return 0;
}
