/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile_cache_test.c -- programs of an instance with a cache are compiled once, and run alike
 * wherever their code came from.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "assembled.h"
#include "core/program.h"

static char folder[] = "/tmp/compile-cache-test.XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

/* Shortens every file there by a byte, or deletes it. */
static unsigned damage_files(bool delete)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	unsigned n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		int file = d->d_name[0] == '.' ? -1 : openat(dirfd(dir), d->d_name, O_RDWR);

		if (file < 0)
			continue;
		if (delete)
			unlinkat(dirfd(dir), d->d_name, 0);
		else
			assert_int_equal(ftruncate(file, lseek(file, 0, SEEK_END) - 1), 0);
		close(file);
		n++;
	}
	closedir(dir);
	return n;
}

static int tear_down(void **state)
{
	damage_files(true);
	return rmdir(folder);
}

/* Compiles and runs the program in an instance of its own; is the code out of the cache? */
static bool run(const char *text, const char *cache_dir, bool with_driver, uint64_t verdict)
{
	struct ebpf_instance *inst =
		ebpf_instance__create(&(struct ebpf_instance_opts){.cache_dir = cache_dir}, NULL);
	struct ebpf_program *prog = assembled__load(inst, text, NULL);
	struct ebpf_driver d = assembled__driver();
	struct compile_stats stats = {0};
	struct compile_opts opts = {.backend = "llvm",
		.cpu = "native",
		.driver = with_driver ? &d : NULL,
		.stats = &stats};
	struct ebpf_xdp_ctx ctx = {0};
	struct ebpf_env env;
	char *err = NULL;
	const struct ebpf_code *code = program__compile(prog, &opts, NULL, &err);

	if (!code)
		fail_msg("%s", err);
	assert_string_equal(code->backend, "llvm");
	assert_int_equal(!code->driver, !with_driver);
	ebpf_env__init(&env, inst, 0);
	ebpf_program__install(prog, code);
	assert_int_equal(ebpf_program__run(prog, &env, &ctx), verdict);
	ebpf_program__unref(prog);
	ebpf_instance__destroy(inst);
	return stats.from_cache;
}

static const char one[] = "mov %r0, 1\nexit\n", two[] = "mov %r0, 2\nexit\n";

static void a_program_is_compiled_once(void **state)
{
	damage_files(true);
	assert_false(run(one, folder, false, 1));
	assert_true(run(one, folder, false, 1));
	assert_false(run(two, folder, false, 2));
	assert_true(run(one, folder, false, 1));
	assert_true(run(two, folder, false, 2));
	assert_int_equal(damage_files(true), 2);
}

static void a_driver_is_part_of_the_question(void **state)
{
	damage_files(true);
	assert_false(run(one, folder, false, 1));
	assert_false(run(one, folder, true, 1));
	assert_true(run(one, folder, true, 1));
}

static void a_damaged_object_is_compiled_again(void **state)
{
	damage_files(true);
	assert_false(run(one, folder, false, 1));
	assert_int_equal(damage_files(false), 1);
	assert_false(run(one, folder, false, 1));
	assert_true(run(one, folder, false, 1));
}

static void without_a_cache_nothing_is_stored(void **state)
{
	damage_files(true);
	assert_false(run(one, NULL, false, 1));
	assert_false(run(one, NULL, false, 1));
	assert_false(run(one, "/nowhere/at/all", false, 1));
	assert_int_equal(damage_files(true), 0);
}

/* In an instance whose compiler is not there. */
static bool is_found(const char *text, bool compile)
{
	struct ebpf_compiler nobody = {.path = "/nowhere/xdpk-compile"};
	struct ebpf_instance *inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.cache_dir = folder, .compiler = &nobody}, NULL);
	struct ebpf_program *prog = assembled__load(inst, text, NULL);
	const struct ebpf_code *code = compile ? ebpf_program__compile(prog, "llvm", NULL, NULL)
					       : ebpf_program__find_compiled(prog, "llvm", NULL);
	bool found = code != NULL;

	if (found) {
		assert_string_equal(code->backend, "llvm");
		assert_non_null(code->entry);
	}
	ebpf_program__unref(prog);
	ebpf_instance__destroy(inst);
	return found;
}

static void what_is_there_needs_no_compiler(void **state)
{
	damage_files(true);
	assert_false(is_found(one, false));
	assert_false(is_found(one, true));
	assert_int_equal(damage_files(true), 0); /* a failure is not kept */
	assert_false(run(one, folder, false, 1));
	assert_true(is_found(one, false));
	assert_true(is_found(one, true));
	assert_false(is_found(two, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_is_compiled_once),
		cmocka_unit_test(a_driver_is_part_of_the_question),
		cmocka_unit_test(a_damaged_object_is_compiled_again),
		cmocka_unit_test(without_a_cache_nothing_is_stored),
		cmocka_unit_test(what_is_there_needs_no_compiler),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
