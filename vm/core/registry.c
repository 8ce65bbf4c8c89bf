/* SPDX-License-Identifier: BSD-3-Clause
 *
 * registry.c -- compiling backends, opened on demand and kept: a module's code may be on a
 * thread's stack at any time, so none is ever closed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "error.h"
#include "log.h"

#define MAX_BACKENDS 8

static const struct ebpf_backend *backends[MAX_BACKENDS];
static unsigned n_backends;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool plain_name(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

#define MAX_MODULE PATH_MAX

/* The folder of the file that this code came in, a tool's or a library's; "" if it is not known. */
static const char *own_dir(char dir[PATH_MAX])
{
	struct link_map *map;
	Dl_info info;
	char *slash;

	dir[0] = '\0';
	if (dladdr1((void *)own_dir, &info, (void **)&map, RTLD_DL_LINKMAP) &&
		!realpath(*map->l_name ? map->l_name : "/proc/self/exe", dir))
		dir[0] = '\0';
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	return dir;
}

static bool is_within(const char *dir, const char *root)
{
	size_t len = strlen(root);

	return len && !strncmp(dir, root, len) && (dir[len] == '/' || !dir[len]);
}

#define N_PLACES 6

/* Where a module may be: in the folder that the environment names; in the build folder, for what
 * runs there; beside the library, or where that is from a tool, so that an installation can be
 * moved; where it was installed; then among the system's, of which only the name is told. */
static bool module_path(unsigned place, const char *name, char path[MAX_MODULE])
{
	char own[PATH_MAX], in_build[MAX_MODULE];
	const struct {
		const char *dir, *below;
	} places[N_PLACES] = {
		{secure_getenv("EBPF_BACKEND_DIR"), "/"},
		{is_within(own_dir(own), EBPF_BUILD_ROOT) ? EBPF_BUILD_ROOT : NULL, in_build},
		{own, "/xdpk/"},
		{own, "/" EBPF_BACKEND_DIR_FROM_BIN "/"},
		{EBPF_BACKEND_DIR, "/"},
		{"", ""},
	};
	int n = snprintf(in_build, sizeof(in_build), "/vm/%s/", name);

	if (!places[place].dir || n >= (int)sizeof(in_build))
		return false;
	n = snprintf(path, MAX_MODULE, "%s%slibebpf-%s.so", places[place].dir, places[place].below,
		name);
	return n < MAX_MODULE;
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
		if (handle) {
			log__write(LOG_LEVEL_INFO, "backend %s: %s", name, path);
			return handle;
		}
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
