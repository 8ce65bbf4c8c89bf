/* SPDX-License-Identifier: BSD-3-Clause
 *
 * perf-map.c -- /tmp/perf-PID.map, where perf looks for the names of code without a file: a line
 * for each function, of which the last one for an address counts. Nothing is ever taken out.
 *
 * The folder is everybody's: the file is made new, never opened through a link, and is for its
 * owner alone. One that a process of the same number left goes away, if it may be.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../core/log.h"
#include "observer.h"

static int map_fd = -1;

static void open_map(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path);
	map_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600);
	if (map_fd < 0)
		log__write(
			LOG_LEVEL_ERROR, "%s: %s: perf will know no names", path, strerror(errno));
}

void perf_map__add_function(const struct image_function *f)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_map);
	if (map_fd >= 0)
		dprintf(map_fd, "%" PRIx64 " %" PRIx64 " %s\n", f->address, f->size, f->name);
}

void perf_map__add(const struct link *l)
{
	struct image_function f;
	uint32_t i = 0;

	while (observer__next_function(l, &i, &f))
		perf_map__add_function(&f);
}
