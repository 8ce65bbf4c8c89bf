/* SPDX-License-Identifier: BSD-3-Clause
 *
 * privileges.c -- capabilities belong to threads, and DPDK has started some by now. Each is sent
 * a signal, in whose handler it drops its own, and waited for.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "privileges.h"

#define DROP_SIGNAL SIGRTMAX
#define PATIENCE_MS 1000

/* What adding a port takes later, by trying. net_af_xdp would take CAP_SYS_ADMIN, by which anything
 * could be done: its ports are for the command line or --config, and go without. */
static const uint8_t kept[] = {
	CAP_NET_RAW,   /* net_af_packet */
	CAP_NET_ADMIN, /* and net_tap: interfaces come and go, change mode, address and MTU */
};

static struct __user_cap_data_struct wanted[_LINUX_CAPABILITY_U32S_3];
static unsigned n_dropped; /* handlers that have run */

static int get(pid_t thread, struct __user_cap_data_struct *caps)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, thread};

	return (int)syscall(SYS_capget, &head, caps);
}

static void drop_own(int signal)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	int saved = errno;

	syscall(SYS_capset, &head, wanted);
	syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	__atomic_fetch_add(&n_dropped, 1, __ATOMIC_RELEASE);
	errno = saved;
}

static bool has_more(pid_t thread)
{
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	if (get(thread, caps))
		return false;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if ((caps[i].effective | caps[i].permitted) & ~wanted[i].permitted)
			return true;
	return false;
}

/* A device's thread (dataplane/gpu/devices.c). */
static bool is_bare(pid_t thread)
{
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	uint32_t any = 0;

	if (get(thread, caps))
		return false;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		any |= caps[i].permitted;
	return !any;
}

/* A thread that is gone has nothing to drop. */
static bool is_there(pid_t thread)
{
	return !syscall(SYS_tgkill, getpid(), thread, 0);
}

static int drop_in(pid_t thread, char **errmsg)
{
	unsigned before = __atomic_load_n(&n_dropped, __ATOMIC_ACQUIRE);

	if (is_bare(thread) || syscall(SYS_tgkill, getpid(), thread, DROP_SIGNAL))
		return 0;
	for (unsigned ms = 0; __atomic_load_n(&n_dropped, __ATOMIC_ACQUIRE) == before; ms++) {
		if (!is_there(thread))
			return 0;
		if (ms == PATIENCE_MS)
			return error__set(errmsg, -ETIMEDOUT,
				"thread %d does not drop its capabilities", thread);
		usleep(1000);
	}
	return has_more(thread)
		       ? error__set(errmsg, -EPERM, "thread %d keeps its capabilities", thread)
		       : 0;
}

static int drop_in_all(char **errmsg)
{
	DIR *threads = opendir("/proc/self/task");
	struct dirent *entry;
	int err = 0;

	if (!threads)
		return error__set(errmsg, -errno, "/proc/self/task: %s", strerror(errno));
	while (!err && (entry = readdir(threads)) != NULL)
		if (*entry->d_name != '.')
			err = drop_in((pid_t)strtol(entry->d_name, NULL, 10), errmsg);
	closedir(threads);
	return err;
}

int privileges__drop(char **errmsg)
{
	struct sigaction drop = {.sa_handler = drop_own, .sa_flags = SA_RESTART}, before;
	int err;

	if (get(0, wanted))
		return error__set(errmsg, -errno, "capabilities: %s", strerror(errno));
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t keep = 0;

		for (size_t k = 0; k < sizeof(kept); k++)
			if (CAP_TO_INDEX(kept[k]) == i)
				keep |= CAP_TO_MASK(kept[k]);
		wanted[i].permitted &= keep;
		wanted[i].effective = wanted[i].permitted;
		wanted[i].inheritable = 0;
	}
	if (sigaction(DROP_SIGNAL, &drop, &before))
		return error__set(errmsg, -errno, "capabilities: %s", strerror(errno));
	/* A thread may have started another before it was its turn. */
	err = drop_in_all(errmsg);
	if (!err)
		err = drop_in_all(errmsg);
	sigaction(DROP_SIGNAL, &before, NULL);
	return err;
}
