/* SPDX-License-Identifier: BSD-3-Clause
 *
 * object-cache.c -- a file is header, maker, request, object.
 *
 * A new one is written under a name of its own and renamed, so no lock is needed: two processes
 * that compile the same store the same. A use sets the file's time; when a new file makes the
 * folder too large, the oldest go, those that a dead process left unfinished among them.
 *
 * Only what lies in the folder itself is opened, no link is followed, and files of others are not
 * believed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "log.h"
#include "object-cache.h"

#define MAGIC             0x6a626f6b70647801ull /* "\1xdpkobj" */
#define FORMAT            1
#define DEFAULT_MAX_BYTES (64u << 20)
#define NAME_DIGITS       16
#define MAX_NAME          (2 * NAME_DIGITS + 2) /* HASH, or HASH.RANDOM while it is written */

struct object_cache {
	int dir;
	uint64_t max_bytes;
};

struct file_header {
	uint64_t magic;
	uint32_t format, maker_size;
	uint64_t request_size, object_size;
	uint64_t checksum; /* of all that follows */
};

static bool is_own(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* Closes the parent. */
static int open_child(int parent, const char *name)
{
	struct stat st;
	int dir;

	if (parent < 0)
		return -1;
	if (!fstat(parent, &st) && is_own(&st)) /* no folder in one of others */
		mkdirat(parent, name, 0700);
	dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(parent);
	if (dir >= 0 && (fstat(dir, &st) || !is_own(&st))) {
		close(dir);
		return -1;
	}
	return dir;
}

static int open_path(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* XDG Base Directory Specification: relative paths are to be ignored, a folder that is not there is
 * to be made for its user alone. */
static int open_users_dir(void)
{
	const char *base = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");

	if (base && *base == '/') {
		mkdir(base, 0700);
		return open_child(open_path(base), "xdpk");
	}
	if (home && *home == '/')
		return open_child(open_child(open_path(home), ".cache"), "xdpk");
	return -1;
}

static int open_named_dir(const char *path)
{
	mkdir(path, 0700);
	return open_child(open_path("."), path); /* wherever the path leads */
}

struct object_cache *object_cache__open(const char *dir, uint64_t max_bytes)
{
	struct object_cache *cache = malloc(sizeof(*cache));

	if (!cache)
		return NULL;
	cache->max_bytes = max_bytes ? max_bytes : DEFAULT_MAX_BYTES;
	cache->dir = *dir ? open_named_dir(dir) : open_users_dir();
	if (cache->dir >= 0)
		return cache;
	free(cache);
	return NULL;
}

void object_cache__close(struct object_cache *cache)
{
	if (!cache)
		return;
	close(cache->dir);
	free(cache);
}

static void file_name(const struct object_key *key, char name[MAX_NAME])
{
	uint64_t hash = checksum__add(0, &key->maker, sizeof(key->maker));

	hash = checksum__add(hash, key->request, key->request_size);
	snprintf(name, MAX_NAME, "%016" PRIx64, hash);
}

static struct file_header header_of(
	const struct object_key *key, const uint8_t *object, uint64_t object_size)
{
	uint64_t sum = checksum__add(FORMAT, &key->maker, sizeof(key->maker));

	sum = checksum__add(sum, key->request, key->request_size);
	return (struct file_header){.magic = MAGIC,
		.format = FORMAT,
		.maker_size = sizeof(key->maker),
		.request_size = key->request_size,
		.object_size = object_size,
		.checksum = checksum__add(sum, object, object_size)};
}

/* --- finding ------------------------------------------------------------------------- */

static bool read_all(int file, void *to, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = read(file, (uint8_t *)to + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* NULL: it cannot be read. Files beyond the limit are not ours. */
static uint8_t *read_file(const struct object_cache *cache, int file, size_t *size)
{
	struct stat st;
	uint8_t *bytes;

	if (fstat(file, &st) || !S_ISREG(st.st_mode) || !is_own(&st) || st.st_size < 0 ||
		(uint64_t)st.st_size > cache->max_bytes)
		return NULL;
	*size = (size_t)st.st_size;
	bytes = malloc(*size + 1);
	if (bytes && read_all(file, bytes, *size))
		return bytes;
	free(bytes);
	return NULL;
}

enum finding { FOUND, FOUND_OTHER, FOUND_DAMAGED };

/* An undamaged file with the key in it. */
static enum finding examine(const uint8_t *bytes, size_t size, const struct object_key *key,
	const uint8_t **object, size_t *object_size)
{
	const uint8_t *maker = bytes + sizeof(struct file_header);
	struct file_header have, want;
	struct object_key stored;
	uint64_t left;

	if (size < sizeof(have) + sizeof(stored.maker))
		return FOUND_DAMAGED;
	memcpy(&have, bytes, sizeof(have));
	left = size - sizeof(have) - sizeof(stored.maker);
	if (have.request_size > left || have.object_size != left - have.request_size)
		return FOUND_DAMAGED;
	memcpy(&stored.maker, maker, sizeof(stored.maker));
	stored.request = maker + sizeof(stored.maker);
	stored.request_size = (size_t)have.request_size;
	*object = stored.request + stored.request_size;
	*object_size = (size_t)have.object_size;
	want = header_of(&stored, *object, have.object_size);
	if (memcmp(&have, &want, sizeof(have)))
		return FOUND_DAMAGED;
	if (memcmp(&stored.maker, &key->maker, sizeof(key->maker)) ||
		stored.request_size != key->request_size ||
		memcmp(stored.request, key->request, key->request_size))
		return FOUND_OTHER;
	return FOUND;
}

bool object_cache__find(
	struct object_cache *cache, const struct object_key *key, struct compiled_object *object)
{
	enum finding finding = FOUND_DAMAGED;
	const uint8_t *elf;
	char name[MAX_NAME];
	uint8_t *bytes;
	size_t size;
	int file;

	file_name(key, name);
	file = openat(cache->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0 && errno == ENOENT)
		return false;
	bytes = file < 0 ? NULL : read_file(cache, file, &size);
	if (bytes)
		finding = examine(bytes, size, key, &elf, &object->size);
	if (finding == FOUND) {
		futimens(file, NULL);
		memmove(bytes, elf, object->size);
		object->elf = bytes;
	} else {
		free(bytes);
	}
	if (finding == FOUND_DAMAGED)
		unlinkat(cache->dir, name, 0);
	if (file >= 0)
		close(file);
	return finding == FOUND;
}

/* --- storing ------------------------------------------------------------------------- */

struct entry {
	char name[MAX_NAME];
	struct timespec used;
	uint64_t size;
};

struct entries {
	struct entry *list;
	size_t n, room;
	uint64_t bytes;
};

static bool is_our_name(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");

	return digits == NAME_DIGITS && strlen(name) < MAX_NAME &&
	       (!name[digits] || name[digits] == '.');
}

static void add_entry(struct entries *e, const char *name, const struct stat *st)
{
	if (e->n == e->room) {
		size_t room = e->room * 2 + 64;
		struct entry *grown = reallocarray(e->list, room, sizeof(*grown));

		if (!grown)
			return;
		e->list = grown;
		e->room = room;
	}
	e->list[e->n] = (struct entry){.used = st->st_mtim, .size = (uint64_t)st->st_size};
	strcpy(e->list[e->n++].name, name);
	e->bytes += (uint64_t)st->st_size;
}

static struct entries list_entries(const struct object_cache *cache)
{
	int fd = openat(cache->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct entries e = {0};
	struct dirent *d;
	struct stat st;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (d = readdir(dir)) != NULL)
		if (is_our_name(d->d_name) &&
			!fstatat(cache->dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
			S_ISREG(st.st_mode))
			add_entry(&e, d->d_name, &st);
	if (dir)
		closedir(dir);
	return e;
}

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct entry *)a)->used,
			      *y = &((const struct entry *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

static void make_room(const struct object_cache *cache, uint64_t bytes)
{
	struct entries e = list_entries(cache);

	if (e.n)
		qsort(e.list, e.n, sizeof(*e.list), by_use);
	for (size_t i = 0; i < e.n && e.bytes > cache->max_bytes - bytes; i++) {
		unlinkat(cache->dir, e.list[i].name, 0);
		e.bytes -= e.list[i].size;
	}
	free(e.list);
}

static bool write_all(int file, const void *from, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = write(file, (const uint8_t *)from + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool write_file(int file, const struct object_key *key, const struct compiled_object *object)
{
	struct file_header h = header_of(key, object->elf, object->size);

	return write_all(file, &h, sizeof(h)) && write_all(file, &key->maker, sizeof(key->maker)) &&
	       write_all(file, key->request, key->request_size) &&
	       write_all(file, object->elf, object->size);
}

void object_cache__store(struct object_cache *cache, const struct object_key *key,
	const struct compiled_object *object)
{
	uint64_t bytes = sizeof(struct file_header) + sizeof(key->maker) + key->request_size +
			 object->size,
		 random;
	char name[MAX_NAME], new_name[2 * MAX_NAME];
	bool written;
	int file;

	if (bytes > cache->max_bytes ||
		getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		return;
	make_room(cache, bytes);
	file_name(key, name);
	snprintf(new_name, sizeof(new_name), "%s.%016" PRIx64, name, random);
	file = openat(
		cache->dir, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	written = file >= 0 && write_file(file, key, object);
	if (file >= 0 && close(file))
		written = false;
	if (written && !renameat(cache->dir, new_name, cache->dir, name))
		return;
	log__write(LOG_LEVEL_WARNING, "compiled code is not kept: %s", strerror(errno));
	unlinkat(cache->dir, new_name, 0);
}
