/* SPDX-License-Identifier: BSD-3-Clause
 *
 * object_cache_test.c -- the cache gives what was stored for exactly this request or nothing,
 * whatever happened to its files, and is never an error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/object-cache.h"

static char folder[] = "/tmp/object-cache-test.XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static void empty_folder(void)
{
	DIR *dir = opendir(folder);
	struct dirent *d;

	while (dir && (d = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
}

static int tear_down(void **state)
{
	empty_folder();
	return rmdir(folder);
}

static struct object_cache *open_empty(uint64_t max_bytes)
{
	struct object_cache *cache;

	empty_folder();
	cache = object_cache__open(folder, max_bytes);
	assert_non_null(cache);
	return cache;
}

/* Requests differ in their first byte, objects follow from requests. */
#define OBJECT_SIZE 1000

static struct object_key key_of(uint8_t request[16], unsigned n)
{
	memset(request, 0, 16);
	memcpy(request, &n, sizeof(n));
	return (struct object_key){.maker.backend = "test", .request = request, .request_size = 16};
}

static void store(struct object_cache *cache, unsigned n)
{
	uint8_t request[16], bytes[OBJECT_SIZE];
	struct object_key key = key_of(request, n);

	for (unsigned i = 0; i < OBJECT_SIZE; i++)
		bytes[i] = (uint8_t)(n * 31 + i);
	object_cache__store(
		cache, &key, &(struct compiled_object){.elf = bytes, .size = OBJECT_SIZE});
}

/* A wrong object fails the test. */
static bool find(struct object_cache *cache, unsigned n)
{
	uint8_t request[16];
	struct object_key key = key_of(request, n);
	struct compiled_object found;

	if (!object_cache__find(cache, &key, &found))
		return false;
	assert_int_equal(found.size, OBJECT_SIZE);
	for (unsigned i = 0; i < OBJECT_SIZE; i++)
		assert_int_equal(found.elf[i], (uint8_t)(n * 31 + i));
	free(found.elf);
	return true;
}

struct folder_sum {
	unsigned files;
	uint64_t bytes;
	char path[600]; /* of a file */
};

static struct folder_sum sum_folder(void)
{
	struct folder_sum s = {0};
	DIR *dir = opendir(folder);
	struct dirent *d;
	struct stat st;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' || fstatat(dirfd(dir), d->d_name, &st, 0))
			continue;
		s.files++;
		s.bytes += (uint64_t)st.st_size;
		snprintf(s.path, sizeof(s.path), "%s/%s", folder, d->d_name);
	}
	closedir(dir);
	return s;
}

static void what_was_stored_is_found(void **state)
{
	struct object_cache *cache = open_empty(0);
	struct stat st;

	assert_false(find(cache, 1));
	store(cache, 1);
	assert_true(find(cache, 1));
	assert_false(find(cache, 2));
	store(cache, 2);
	assert_true(find(cache, 1));
	assert_true(find(cache, 2));
	object_cache__close(cache);
	cache = object_cache__open(folder, 0); /* as another process would */
	assert_true(find(cache, 1));
	assert_int_equal(stat(sum_folder().path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	object_cache__close(cache);
}

static void another_maker_is_another_key(void **state)
{
	struct object_cache *cache = open_empty(0);
	uint8_t request[16];
	struct object_key key = key_of(request, 1);
	struct compiled_object found;

	store(cache, 1);
	key.maker.module[3]++;
	assert_false(object_cache__find(cache, &key, &found));
	key = key_of(request, 1);
	key.maker.cpu.words[5] ^= 1;
	assert_false(object_cache__find(cache, &key, &found));
	key = key_of(request, 1);
	key.request_size--;
	assert_false(object_cache__find(cache, &key, &found));
	assert_true(find(cache, 1));
	object_cache__close(cache);
}

static uint8_t *read_whole(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 16);

	assert_true(f && bytes);
	*size = fread(bytes, 1, 1 << 16, f);
	fclose(f);
	return bytes;
}

static void write_whole(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	fclose(f);
}

/* Of the same name, but with another key in it: neither given nor taken for damage. */
static void a_collision_of_names_is_noticed(void **state)
{
	struct object_cache *cache = open_empty(0);
	char path[600];
	uint8_t *bytes;
	size_t size;

	store(cache, 1);
	strcpy(path, sum_folder().path);
	bytes = read_whole(path, &size);
	unlink(path);
	store(cache, 2);
	write_whole(sum_folder().path, bytes, size);
	assert_false(find(cache, 2));
	assert_int_equal(sum_folder().files, 1);
	store(cache, 2);
	assert_true(find(cache, 2));
	free(bytes);
	object_cache__close(cache);
}

/* Every byte changed, every length: not found, deleted, and storing helps. The first bytes hold
 * magic, version and sizes. */
static void damage_is_found_and_deleted(void **state)
{
	struct object_cache *cache = open_empty(0);
	uint8_t *bytes;
	char path[600];
	size_t size;

	store(cache, 7);
	strcpy(path, sum_folder().path);
	bytes = read_whole(path, &size);
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 1 + i % 255;
		write_whole(path, bytes, size);
		assert_false(find(cache, 7));
		assert_int_equal(sum_folder().files, 0);
		bytes[i] ^= 1 + i % 255;
		write_whole(path, bytes, i);
		assert_false(find(cache, 7));
		assert_int_equal(sum_folder().files, 0);
	}
	write_whole(path, bytes, size);
	assert_true(find(cache, 7));
	bytes = realloc(bytes, size + 1);
	bytes[size] = 0;
	write_whole(path, bytes, size + 1);
	assert_false(find(cache, 7));
	store(cache, 7);
	assert_true(find(cache, 7));
	free(bytes);
	object_cache__close(cache);
}

/* As if a second passed. */
static void wait_a_second(void)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	struct stat st;

	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' || fstatat(dirfd(dir), d->d_name, &st, 0))
			continue;
		st.st_mtim.tv_sec--;
		utimensat(dirfd(dir), d->d_name, (struct timespec[]){st.st_atim, st.st_mtim}, 0);
	}
	closedir(dir);
}

static void the_least_recently_used_go(void **state)
{
	const uint64_t max = 10 * 1500;
	struct object_cache *cache = open_empty(max);
	unsigned files;

	for (unsigned n = 0; n < 50; n++) {
		store(cache, n);
		assert_true(find(cache, n));
		assert_true(find(cache, 0)); /* a use */
		assert_true(sum_folder().bytes <= max);
		wait_a_second();
	}
	files = sum_folder().files;
	assert_in_range(files, 8, 20);
	for (unsigned n = 1; n < 50; n++)
		assert_int_equal(find(cache, n), n > 50 - files);
	object_cache__close(cache);
	cache = object_cache__open(folder, 1000); /* smaller than any file */
	store(cache, 60);
	assert_false(find(cache, 60));
	object_cache__close(cache);
}

static void files_of_other_names_stay(void **state)
{
	struct object_cache *cache = open_empty(3000);
	char path[600], unfinished[600];
	uint8_t bytes[2500] = {0};

	snprintf(path, sizeof(path), "%s/notes", folder);
	write_whole(path, bytes, sizeof(bytes));
	snprintf(unfinished, sizeof(unfinished), "%s/0123456789abcdef.0123456789abcdef", folder);
	write_whole(unfinished, bytes, sizeof(bytes));
	wait_a_second();
	for (unsigned n = 0; n < 10; n++)
		store(cache, n);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(access(unfinished, F_OK), -1);
	object_cache__close(cache);
}

static void links_are_not_followed(void **state)
{
	struct object_cache *cache = open_empty(0);
	char path[600], victim[] = "/tmp/object-cache-victim.XXXXXX", link_to[600];
	uint8_t *bytes;
	size_t size, after;
	int file = mkstemp(victim);

	assert_true(file >= 0);
	close(file);
	store(cache, 3);
	strcpy(path, sum_folder().path);
	bytes = read_whole(path, &size);
	write_whole(victim, bytes, size); /* right, but elsewhere */
	free(bytes);
	unlink(path);
	assert_int_equal(symlink(victim, path), 0);
	assert_false(find(cache, 3));
	symlink(victim, path);
	truncate(victim, 5);
	store(cache, 3);
	assert_true(find(cache, 3));
	free(read_whole(victim, &after));
	assert_int_equal(after, 5);
	object_cache__close(cache);

	snprintf(link_to, sizeof(link_to), "%s-link", folder);
	assert_int_equal(symlink(folder, link_to), 0);
	assert_null(object_cache__open(link_to, 0));
	unlink(link_to);
	unlink(victim);
}

static void foreign_folders_do_not_serve(void **state)
{
	char path[600];

	empty_folder();
	assert_null(object_cache__open("/nowhere/at/all", 0));
	assert_null(object_cache__open("/dev/null", 0));
	assert_int_equal(chmod(folder, 0770), 0);
	assert_null(object_cache__open(folder, 0));
	assert_int_equal(chmod(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/file", folder);
	write_whole(path, (const uint8_t *)"x", 1);
	assert_null(object_cache__open(path, 0));
	if (geteuid() == 0) {
		assert_int_equal(chown(folder, 1, (gid_t)-1), 0);
		assert_null(object_cache__open(folder, 0));
		assert_int_equal(chown(folder, 0, (gid_t)-1), 0);
	}
}

/* As another user: root may write anywhere. */
static void what_cannot_be_stored_is_not(void **state)
{
	struct object_cache *cache = open_empty(0);
	int status;
	pid_t child;

	store(cache, 1);
	object_cache__close(cache);
	chmod(folder, 0500);
	if (geteuid() == 0)
		chown(folder, 1, (gid_t)-1);
	child = fork();
	if (!child) {
		if (geteuid() == 0 && setuid(1))
			_exit(2);
		cache = object_cache__open(folder, 0);
		if (!cache)
			_exit(3);
		store(cache, 2);
		_exit(find(cache, 2) ? 1 : 0);
	}
	waitpid(child, &status, 0);
	chmod(folder, 0700);
	if (geteuid() == 0)
		chown(folder, 0, (gid_t)-1);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Files of another owner in one's own folder. */
static void what_others_wrote_is_not_believed(void **state)
{
	struct object_cache *cache = open_empty(0);

	if (geteuid()) {
		object_cache__close(cache);
		print_message("skipped: only root gives files away\n");
		skip();
	}
	store(cache, 1);
	chown(sum_folder().path, 1, (gid_t)-1);
	assert_false(find(cache, 1));
	store(cache, 1);
	chmod(sum_folder().path, 0660);
	assert_false(find(cache, 1));
	object_cache__close(cache);
}

/* What any of them finds is right: find() says so by failing, and a process then ends badly. */
static void processes_share_a_folder(void **state)
{
	struct object_cache *cache = open_empty(20 * 1500);
	unsigned found = 0;

	object_cache__close(cache);
	for (unsigned p = 0; p < 8; p++) {
		if (fork())
			continue;
		cache = object_cache__open(folder, 20 * 1500);
		for (unsigned i = 0; i < 2000; i++) {
			unsigned n = (i * 7 + p * 13) % 25;

			if (!find(cache, n))
				store(cache, n);
		}
		_exit(0);
	}
	for (unsigned p = 0; p < 8; p++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	cache = object_cache__open(folder, 20 * 1500);
	for (unsigned n = 0; n < 25; n++)
		found += find(cache, n);
	assert_true(found >= 10);
	object_cache__close(cache);
}

static void the_users_folder_is_made(void **state)
{
	char path[600];
	struct object_cache *cache;
	struct stat st;

	empty_folder();
	setenv("XDG_CACHE_HOME", folder, 1);
	cache = object_cache__open("", 0);
	assert_non_null(cache);
	snprintf(path, sizeof(path), "%s/xdpk", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	object_cache__close(cache);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/new", folder);
	setenv("XDG_CACHE_HOME", path, 1);
	cache = object_cache__open("", 0);
	assert_non_null(cache);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	object_cache__close(cache);
	strcat(path, "/xdpk");
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/new", folder);
	rmdir(path);
	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", folder, 1);
	cache = object_cache__open("", 0);
	assert_non_null(cache);
	snprintf(path, sizeof(path), "%s/.cache/xdpk", folder);
	assert_int_equal(stat(path, &st), 0);
	object_cache__close(cache);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/.cache", folder);
	rmdir(path);
	unsetenv("HOME");
	assert_null(object_cache__open("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_stored_is_found),
		cmocka_unit_test(another_maker_is_another_key),
		cmocka_unit_test(a_collision_of_names_is_noticed),
		cmocka_unit_test(damage_is_found_and_deleted),
		cmocka_unit_test(the_least_recently_used_go),
		cmocka_unit_test(files_of_other_names_stay),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(foreign_folders_do_not_serve),
		cmocka_unit_test(what_cannot_be_stored_is_not),
		cmocka_unit_test(what_others_wrote_is_not_believed),
		cmocka_unit_test(processes_share_a_folder),
		cmocka_unit_test(the_users_folder_is_made),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
