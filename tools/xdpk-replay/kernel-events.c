/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-events.c -- through libbpf's ring_buffer and perf_buffer.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "kernel-events.h"
#include "map-kind.h"

#define PERF_PAGES 64 /* per CPU: as much as a worker's ring has (vm/runtime/map-perf.c) */

struct event_source {
	struct ring_buffer *ring; /* one of the two */
	struct perf_buffer *perf;
	const char *name;
	struct event_log *log; /* while it is read */
	int err;
};

static int note_record(void *user, void *data, size_t size)
{
	struct event_source *s = user;

	s->err = event_log__add(
		s->log, &(struct event){.map = s->name, .size = (uint32_t)size}, data);
	return s->err;
}

static void note_sample(void *user, int cpu, void *data, uint32_t size)
{
	struct event_source *s = user;

	if (!s->err)
		s->err = event_log__add(s->log,
			&(struct event){.map = s->name, .size = size, .padded = true}, data);
}

static void note_lost(void *user, int cpu, __u64 n)
{
	((struct event_source *)user)->log->lost += n;
}

static int open_source(struct event_source *s, const struct ebpf_map *map, int fd, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(map);

	*s = (struct event_source){.name = o->name};
	if (o->type == BPF_MAP_TYPE_RINGBUF)
		s->ring = ring_buffer__new(fd, note_record, s, NULL);
	else
		s->perf = perf_buffer__new(fd, PERF_PAGES, note_sample, note_lost, s, NULL);
	if (s->ring || s->perf)
		return 0;
	return error__set(
		errmsg, -errno, "map %s: cannot read its events: %s", o->name, strerror(errno));
}

int kernel_events__open(struct kernel_events *k, const struct kernel_program *program,
	const struct subject *s, char **errmsg)
{
	int err = 0;

	*k = (struct kernel_events){.sources = calloc(program->n_maps + 1, sizeof(*k->sources))};
	if (!k->sources)
		return error__set(errmsg, -ENOMEM, "no memory for events");
	for (uint32_t i = 0; i < program->n_maps && !err; i++)
		if (map_type__has_events(ebpf_map__opts(s->maps[i])->type))
			err = open_source(&k->sources[k->n_sources++], s->maps[i],
				program->map_fds[i], errmsg);
	return err;
}

int kernel_events__read(struct kernel_events *k, struct event_log *log, char **errmsg)
{
	for (uint32_t i = 0; i < k->n_sources; i++) {
		struct event_source *s = &k->sources[i];
		int err;

		s->log = log;
		err = s->ring ? ring_buffer__consume(s->ring) : perf_buffer__consume(s->perf);
		err = s->err ? s->err : err;
		if (err < 0)
			return error__set(errmsg, err, "map %s: cannot read its events: %s",
				s->name, strerror(-err));
	}
	return 0;
}

void kernel_events__close(struct kernel_events *k)
{
	for (uint32_t i = 0; i < k->n_sources; i++) {
		ring_buffer__free(k->sources[i].ring);
		perf_buffer__free(k->sources[i].perf);
	}
	free(k->sources);
	*k = (struct kernel_events){0};
}
