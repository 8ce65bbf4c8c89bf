/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mirror.c -- maps as a device has them: two versions of all of them together, so that a batch
 * reads one state.
 *
 * Batches go with the current version. A refresh writes to the other one, when no batch is left
 * that went with it, and makes it the current one. Only what differs is copied: each version
 * remembers what it was given.
 *
 * The host's changes are known by a map's version; those of other programs are not, so maps are
 * looked at beside, large ones less often: looking takes no more than a hundredth of the time. Not
 * so where the kernel's own program counts, and does not insert.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "core/error.h"
#include "internal.h"

#define BLOCK     4096 /* bytes that are copied if one of them differs */
#define LOOK_PART 100  /* looking takes no more of the time than 1 in so many */

static bool is_touched(const struct mirror *m, uint32_t map)
{
	return m->info->map[map].use && m->info->map[map].bytes;
}

static void forget_version(struct mirror *m, struct map_version *v)
{
	/* The device frees with itself what it may still read. */
	if (v->mod && !atomic_load(&v->is_stuck))
		m->dev->ops->unload(v->mod);
	for (uint32_t i = 0; v->memory && i < m->info->n_maps; i++)
		free(v->memory[i]);
	free(v->memory);
	free(v->seen);
}

/* Modules come with maps that are all zero. */
static int make_version(
	struct mirror *m, struct map_version *v, const struct ebpf_kernel *kernel, char **errmsg)
{
	uint32_t n = m->info->n_maps;

	v->memory = calloc((size_t)n + 1, sizeof(*v->memory));
	v->seen = calloc((size_t)n + 1, sizeof(*v->seen));
	if (!v->memory || !v->seen)
		return error__set(errmsg, -ENOMEM, "no memory for the versions of %u maps", n);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t bytes = m->info->map[i].bytes;

		if (is_touched(m, i) && !(v->memory[i] = calloc(1, bytes)))
			return error__set(errmsg, -ENOMEM,
				"no memory for a copy of map %u of %llu bytes", i,
				(unsigned long long)bytes);
		v->seen[i] = UINT64_MAX;
	}
	return m->dev->ops->load(m->dev, kernel, &v->mod, errmsg);
}

/* Where the next run of blocks begins that differ, and how long it is; 0: there is none. */
static uint64_t next_change(const uint8_t *had, const uint8_t *fresh, uint64_t bytes, uint64_t *at)
{
	uint64_t end;

	for (; *at < bytes; *at += BLOCK)
		if (memcmp(had + *at, fresh + *at, bytes - *at < BLOCK ? bytes - *at : BLOCK))
			break;
	for (end = *at; end < bytes; end += BLOCK)
		if (!memcmp(had + end, fresh + end, bytes - end < BLOCK ? bytes - end : BLOCK))
			break;
	if (*at >= bytes)
		return 0;
	return (end < bytes ? end : bytes) - *at;
}

static uint64_t state_of(const struct mirror *m, uint32_t i)
{
	return ebpf_map__version(m->info->map[i].map) + m->watch[i].found;
}

static void take_fresh(struct mirror *m, uint32_t i)
{
	const struct ebpf_kernel_map *map = &m->info->map[i];

	ebpf_map__snapshot(map->map, m->worker, m->fresh, map->bytes);
}

static int refresh_map(struct mirror *m, struct map_version *v, uint32_t i)
{
	uint64_t bytes = m->info->map[i].bytes, state = state_of(m, i), n;

	if (v->seen[i] == state)
		return 0;
	take_fresh(m, i);
	for (uint64_t at = 0; (n = next_change(v->memory[i], m->fresh, bytes, &at)); at += n) {
		int err = m->dev->ops->write_map(v->mod, i, at, m->fresh + at, n);

		if (err)
			return err;
		memcpy(v->memory[i] + at, m->fresh + at, n);
		atomic_fetch_add_explicit(&m->bytes, n, memory_order_relaxed);
	}
	v->seen[i] = state;
	return 0;
}

static int refresh_version(struct mirror *m, struct map_version *v)
{
	int err = 0;

	v->taken_ns = now_ns();
	for (uint32_t i = 0; !err && i < m->info->n_maps; i++)
		if (is_touched(m, i))
			err = refresh_map(m, v, i);
	return err;
}

int mirror__open(struct mirror *m, struct ebpf_gpu_device *dev, const struct ebpf_kernel *kernel,
	uint32_t worker, char **errmsg)
{
	uint64_t most = 0;
	int err = 0;

	m->dev = dev;
	m->info = ebpf_kernel__info(kernel);
	m->worker = worker;
	for (uint32_t i = 0; i < m->info->n_maps; i++)
		if (is_touched(m, i) && m->info->map[i].bytes > most)
			most = m->info->map[i].bytes;
	m->fresh = malloc(most ? most : 1);
	m->watch = calloc((size_t)m->info->n_maps + 1, sizeof(*m->watch));
	if (!m->fresh || !m->watch)
		return error__set(errmsg, -ENOMEM, "no memory to look at a map of %llu bytes",
			(unsigned long long)most);
	for (uint32_t v = 0; !err && v < 2; v++) {
		err = make_version(m, &m->version[v], kernel, errmsg);
		if (!err && (err = refresh_version(m, &m->version[v])))
			error__set(errmsg, err, "%s: maps cannot be copied: %s", dev->name,
				dev->why[0] ? dev->why : strerror(-err));
	}
	atomic_store(&m->current, &m->version[0]);
	atomic_store(&m->bytes, 0);
	return err;
}

void mirror__close(struct mirror *m)
{
	if (!m->info)
		return;
	forget_version(m, &m->version[0]);
	forget_version(m, &m->version[1]);
	free(m->fresh);
	free(m->watch);
}

static bool map_is_behind(struct mirror *m, struct map_version *v, uint32_t i)
{
	const struct ebpf_kernel_map *map = &m->info->map[i];
	struct map_watch *watch = &m->watch[i];
	uint64_t start = now_ns(), state = state_of(m, i), at = 0;
	bool is_told = v->seen[i] != state, differs;
	/* Its own counting is no change that it reads. */
	bool only_counts = (map->use & (EBPF_MAP_COUNTED | EBPF_MAP_CHANGED)) == EBPF_MAP_COUNTED;

	if (!is_told && (only_counts || start < watch->next_ns))
		return false;
	take_fresh(m, i);
	differs = next_change(v->memory[i], m->fresh, map->bytes, &at);
	watch->next_ns = now_ns() + LOOK_PART * (now_ns() - start);
	if (differs && !is_told)
		watch->found++;
	if (!differs)
		v->seen[i] = state; /* written again, and the same */
	return differs;
}

static bool is_behind(struct mirror *m, struct map_version *v)
{
	bool is = false;

	for (uint32_t i = 0; i < m->info->n_maps; i++)
		if (is_touched(m, i))
			is |= map_is_behind(m, v, i);
	return is;
}

int mirror__refresh(struct mirror *m)
{
	struct map_version *current = atomic_load(&m->current);
	struct map_version *idle = &m->version[current == &m->version[0]];
	uint64_t now = now_ns(), stale;
	int err;

	if (!is_behind(m, current)) {
		current->taken_ns = now;
		return 0;
	}
	if (atomic_load(&idle->users))
		return -EAGAIN;
	err = refresh_version(m, idle);
	if (err)
		return err;
	atomic_store(&m->current, idle);
	atomic_fetch_add_explicit(&m->refreshes, 1, memory_order_relaxed);
	/* The change came after the last look that did not see it. */
	stale = now_ns() - current->taken_ns;
	if (stale > atomic_load_explicit(&m->stale_ns, memory_order_relaxed))
		atomic_store_explicit(&m->stale_ns, stale, memory_order_relaxed);
	return 0;
}

/* Who counts himself in too late, when the version is idle already, goes to the other one. All
 * in one order, or a refresh and a batch might not see each other. */
struct map_version *mirror__acquire(struct mirror *m)
{
	for (;;) {
		struct map_version *v = atomic_load(&m->current);

		atomic_fetch_add(&v->users, 1);
		if (atomic_load(&m->current) == v)
			return v;
		atomic_fetch_sub(&v->users, 1);
	}
}

void mirror__release(struct map_version *v)
{
	atomic_fetch_sub(&v->users, 1);
}
