/* SPDX-License-Identifier: BSD-3-Clause
 *
 * registry.c -- compiling backends, opened on demand and kept: a module's code may be on a
 * thread's stack at any time, so none is ever closed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "error.h"

#ifndef EBPF_BUILD_DIR /* where the build leaves its modules, in a folder for each */
#define EBPF_BUILD_DIR ""
#endif
#ifndef EBPF_BACKEND_DIR /* where they are installed */
#define EBPF_BACKEND_DIR ""
#endif

#define MAX_BACKENDS 8

static const struct ebpf_backend *backends[MAX_BACKENDS];
static unsigned n_backends;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool plain_name(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

#define N_PLACES   4
#define MAX_MODULE 4096

/* Where a module may be: the folder of the environment, this build's, the installed one, then the
 * system's, of which only the name is told. */
static bool module_path(unsigned i, const char *name, char path[MAX_MODULE])
{
	const struct {
		const char *dir, *sub;
	} places[N_PLACES] = {{getenv("EBPF_BACKEND_DIR"), ""}, {EBPF_BUILD_DIR, name},
		{EBPF_BACKEND_DIR, ""}, {"", ""}};
	const char *dir = places[i].dir, *sub = places[i].sub;

	if (!dir)
		return false;
	snprintf(path, MAX_MODULE, "%s%s%s%slibebpf-%s.so", dir, *dir ? "/" : "", sub,
		*sub ? "/" : "", name);
	return true;
}

bool backend__find_module(const char *name, struct stat *st)
{
	char path[MAX_MODULE];

	for (unsigned i = 0; i < N_PLACES && plain_name(name); i++)
		if (module_path(i, name, path) && strchr(path, '/') && !stat(path, st))
			return true;
	return false;
}

static void *open_module(const char *name, char **errmsg)
{
	char path[MAX_MODULE];

	for (unsigned i = 0; i < N_PLACES; i++) {
		void *handle;

		if (!module_path(i, name, path))
			continue;
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (handle)
			return handle;
		if (!access(path, F_OK)) /* what is wrong with it is the reason */
			break;
	}
	error__set(errmsg, -ENOENT, "backend %s: %s", name, dlerror());
	return NULL;
}

static const struct ebpf_backend *open_backend(const char *name, char **errmsg)
{
	const struct ebpf_backend *b;
	ebpf_backend_init_fn init;
	void *handle;

	if (n_backends == MAX_BACKENDS) {
		error__set(errmsg, -ENOSPC, "backend %s: %d backends are open already", name,
			MAX_BACKENDS);
		return NULL;
	}
	handle = open_module(name, errmsg);
	if (!handle)
		return NULL;
	init = (ebpf_backend_init_fn)dlsym(handle, "ebpf_backend_init");
	b = init ? init() : NULL;
	if (!b || b->abi != EBPF_BACKEND_ABI) {
		error__set(errmsg, -ENOEXEC, "backend %s: its module is of another version", name);
		dlclose(handle);
		return NULL;
	}
	backends[n_backends++] = b;
	return b;
}

const struct ebpf_backend *backend__get(const char *name, char **errmsg)
{
	const struct ebpf_backend *b = NULL;

	if (!plain_name(name)) {
		error__set(errmsg, -ENOENT, "backend '%s' does not exist", name);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < n_backends && !b; i++)
		if (strcmp(backends[i]->name, name) == 0)
			b = backends[i];
	if (!b)
		b = open_backend(name, errmsg);
	pthread_mutex_unlock(&lock);
	return b;
}
