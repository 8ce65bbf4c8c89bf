/* SPDX-License-Identifier: BSD-3-Clause
 *
 * native_test.c -- the native loader: a loaded object works wherever its symbols lie, no page
 * of it is writable and executable, and damaged objects are refused without harm.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "native/native.h"

extern const unsigned char native_sample[];
extern const unsigned long native_sample_size;

static uint64_t *far_value; /* in memory of its own, far from any image */

static uint64_t far_function(uint64_t x)
{
	return x + 1000;
}

static bool resolve(void *user, const char *symbol, uint64_t *address)
{
	const char *missing = user;

	if (missing && strcmp(symbol, missing) == 0)
		return false;
	if (strcmp(symbol, "far_value") == 0)
		*address = (uintptr_t)far_value;
	else if (strcmp(symbol, "far_function") == 0 || strcmp(symbol, "far_by_stub") == 0)
		*address = (uintptr_t)far_function;
	else
		return native_symbols__find(symbol, address);
	return true;
}

static struct native_image *load_sample(void)
{
	char *err = NULL;
	struct native_image *img = native_image__load(
		"sample", native_sample, native_sample_size, resolve, NULL, &err);

	if (!img)
		print_error("%s\n", err);
	assert_non_null(img);
	return img;
}

static uint64_t call(struct native_image *img, const char *name, uint64_t a, uint64_t b)
{
	uint64_t (*f)(uint64_t, uint64_t) = native_image__symbol(img, name);

	assert_non_null(f);
	return f(a, b);
}

static int make_far_memory(void **state)
{
	far_value = mmap((void *)(1ull << 45), 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return far_value == MAP_FAILED;
}

static void sample_works_with_far_symbols(void **state)
{
	struct native_image *img = load_sample();
	uint64_t code = (uintptr_t)native_image__symbol(img, "sample_far");
	int64_t distance = (int64_t)(code - (uintptr_t)far_value);

	assert_true(distance > INT32_MAX || distance < INT32_MIN);
	*far_value = 5;
	assert_int_equal(call(img, "sample_sum", 40, 2), 42);
	assert_int_equal(call(img, "sample_far", 1, 0), 2006);
	assert_int_equal(call(img, "sample_table", 0, 9), 23);
	assert_int_equal(call(img, "sample_table", 1, 9), 86);
	assert_int_equal(call(img, "sample_table", 2, 9), 1009);
	assert_null(native_image__symbol(img, "twice"));
	assert_null(native_image__symbol(img, "far_function"));
	native_image__unload(img);
}

static void images_have_data_of_their_own(void **state)
{
	struct native_image *a = load_sample(), *b = load_sample();

	assert_int_equal(call(a, "sample_count", 0, 0), 42);
	assert_int_equal(call(a, "sample_count", 0, 0), 45);
	assert_int_equal(call(b, "sample_count", 0, 0), 42);
	native_image__unload(a);
	native_image__unload(b);
}

/* The permissions of the mapping that holds p; checks all mappings on the way. */
static void permissions_of(const void *p, char perms[5])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t start, end;
	char line[512], flags[5];

	assert_non_null(maps);
	perms[0] = '\0';
	while (fgets(line, sizeof(line), maps)) {
		assert_int_equal(
			sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, flags), 3);
		assert_false(flags[1] == 'w' && flags[2] == 'x');
		if (strstr(line, "ebpf-image"))
			assert_true(
				flags[3] == 'p'); /* the mapping it was written through is gone */
		if ((uintptr_t)p >= start && (uintptr_t)p < end)
			memcpy(perms, flags, 5);
	}
	fclose(maps);
}

static void no_page_is_writable_and_executable(void **state)
{
	struct native_image *img = load_sample();
	char perms[5];

	permissions_of(native_image__symbol(img, "sample_sum"), perms);
	assert_string_equal(perms, "r-xp");
	permissions_of((void *)(uintptr_t)call(img, "sample_const", 0, 0), perms);
	assert_string_equal(perms, "r--p");
	permissions_of((void *)(uintptr_t)call(img, "sample_data", 0, 0), perms);
	assert_string_equal(perms, "rw-p");
	native_image__unload(img);
}

static void missing_symbol_is_named(void **state)
{
	char *err = NULL;

	assert_null(native_image__load(
		"sample", native_sample, native_sample_size, resolve, (void *)"far_value", &err));
	assert_non_null(err);
	assert_non_null(strstr(err, "far_value"));
	free(err);
}

/* Loads what may be damaged: either way is fine, as long as nothing else happens. */
static bool survives(const uint8_t *bytes, size_t size)
{
	char *err = NULL;
	struct native_image *img = native_image__load("sample", bytes, size, resolve, NULL, &err);

	assert_true((img == NULL) == (err != NULL));
	native_image__unload(img);
	free(err);
	return img != NULL;
}

static void truncated_objects_are_refused(void **state)
{
	for (size_t size = 0; size < native_sample_size; size++) {
		uint8_t *cut = malloc(size + 1); /* exact, so that ASan sees what lies beyond */

		assert_non_null(cut);
		memcpy(cut, native_sample, size);
		assert_false(survives(cut, size));
		free(cut);
	}
}

static void mutated_objects_do_no_harm(void **state)
{
	uint8_t *bytes = malloc(native_sample_size);
	uint64_t random = 0x9e3779b97f4a7c15;
	unsigned refused = 0;

	assert_non_null(bytes);
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(bytes, native_sample, native_sample_size);
		for (unsigned flips = 0; flips < 1 + i % 4; flips++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			bytes[random % native_sample_size] ^= (uint8_t)(random >> 40);
		}
		refused += !survives(bytes, native_sample_size);
	}
	assert_in_range(refused, 1000, 19999);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sample_works_with_far_symbols),
		cmocka_unit_test(images_have_data_of_their_own),
		cmocka_unit_test(no_page_is_writable_and_executable),
		cmocka_unit_test(missing_symbol_is_named),
		cmocka_unit_test(truncated_objects_are_refused),
		cmocka_unit_test(mutated_objects_do_no_harm),
	};

	return cmocka_run_group_tests(tests, make_far_memory, NULL);
}
