/* SPDX-License-Identifier: BSD-3-Clause
 *
 * eal.c -- EAL's arguments.
 */
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "core/error.h"
#include "eal.h"
#include "pool.h"
#include "ports.h"
#include "trace.h"

/* What EAL and devices take beside packet buffers. */
#define EAL_BASE_MB 48

/* Room for ports that come later, by lines. */
#define LATER_PORTS  16
#define LATER_MAX_MB 1024

static uint64_t later_mb(const struct options *o, unsigned queues)
{
	const struct input live = {.kind = INPUT_LIVE};
	uint64_t port = port__mbufs(&live, queues, o->n_workers) + pool__worker_mbufs(o->n_workers);
	uint64_t mb = pool__bytes(LATER_PORTS * port) >> 20;

	if (!o->config && o->no_socket)
		return 0;
	return RTE_MIN(mb, (uint64_t)LATER_MAX_MB);
}

/* Without hugepages memory is reserved at once, though touched when it is used first. */
static unsigned memory_mb(const struct options *o, const struct input *inputs)
{
	uint64_t mbufs = pool__worker_mbufs(o->n_workers);
	unsigned queues = o->n_workers; /* of any port, at most */

	for (unsigned i = 0; i < o->queues.n; i++)
		queues = RTE_MAX(queues, (unsigned)atoi(o->queues.item[i].value));
	for (unsigned i = 0; i < o->n_ports; i++)
		mbufs += port__mbufs(&inputs[i], queues, o->n_workers);
	return EAL_BASE_MB + (unsigned)later_mb(o, queues) +
	       (unsigned)((pool__bytes(mbufs) + trace__bytes(o->n_workers)) >> 20);
}

/* lcore i on the i-th CPU; several may share one. */
static void format_lcores(const struct options *o, char *text, size_t size)
{
	size_t len = 0;

	for (unsigned i = 0; i < o->n_workers && len < size; i++)
		len += (size_t)snprintf(
			text + len, size - len, "%s%u@%d", i ? "," : "", i, o->cpus[i]);
}

/* Is this folder the user's own, or can it be made in the one above? */
static bool is_own_or_free(const char *path, const char *above)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT && access(above, W_OK | X_OK) == 0;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && access(path, W_OK | X_OK) == 0;
}

/* DPDK's telemetry has a socket in DIR/dpdk/PREFIX, and DPDK does not start where it cannot have
 * it. DIR is where dpdk-telemetry.py looks, too. */
static bool can_have_telemetry(void)
{
	const char *dir = getenv("RUNTIME_DIRECTORY");
	char dpdk[PATH_MAX], prefix[PATH_MAX];

	if (!dir)
		dir = geteuid() ? getenv("XDG_RUNTIME_DIR") : "/var/run";
	if (!dir)
		dir = "/tmp";
	if ((size_t)snprintf(dpdk, sizeof(dpdk), "%s/dpdk", dir) >= sizeof(dpdk) ||
		(size_t)snprintf(prefix, sizeof(prefix), "%s/rte", dpdk) >= sizeof(prefix))
		return false;
	if (!is_own_or_free(dpdk, dir))
		return false;
	return access(dpdk, F_OK) || is_own_or_free(prefix, dpdk);
}

/* The driver of net_af_xdp brings libxdp, which tells at length of every way that it tries. */
static void silence_libxdp(void)
{
	void *libxdp = dlopen("libxdp.so.1", RTLD_LAZY | RTLD_NOLOAD);
	libbpf_print_fn_t (*set_print)(libbpf_print_fn_t) = NULL;

	libbpf_set_print(NULL);
	if (!libxdp)
		return;
	*(void **)&set_print = dlsym(libxdp, "libxdp_set_print");
	if (set_print)
		set_print(NULL);
	dlclose(libxdp);
}

int eal__start(const struct options *o, const struct input *inputs, char **errmsg)
{
	char lcores[MAX_WORKERS * 10], memory[16];
	/* EAL's messages are many; ours name what matters. */
	char *argv[] = {"xdpk", "--no-huge", "--no-shconf", "--no-pci",
		can_have_telemetry() ? "--telemetry" : "--no-telemetry", "-m", memory, "--lcores",
		lcores, o->verbose ? "--log-level=*:info" : "--log-level=*:3", NULL};
	int argc = sizeof(argv) / sizeof(*argv) - 1;

	if (o->eal_argc) {
		if (rte_eal_init(o->eal_argc, o->eal_argv) < 0)
			return error__set(errmsg, -rte_errno, "EAL options refused: %s%s",
				rte_strerror(rte_errno),
				rte_errno == EACCES ? " (without hugepages: --no-huge -m 64)" : "");
		return 0;
	}
	snprintf(memory, sizeof(memory), "%u", memory_mb(o, inputs));
	format_lcores(o, lcores, sizeof(lcores));
	if (rte_eal_init(argc, argv) < 0)
		return error__set(errmsg, -rte_errno,
			"DPDK does not start on CPUs %s with %s MB: %s", lcores, memory,
			rte_strerror(rte_errno));
	if (!o->verbose)
		silence_libxdp();
	return 0;
}
