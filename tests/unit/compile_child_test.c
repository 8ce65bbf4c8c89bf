/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile_child_test.c -- a compiler in a process of its own gives the same as one in this process,
 * and whatever becomes of it costs a compilation, and tells why in a line.
 *
 * Bad compilers are shell scripts; $REAL in them is the right one, the test's argument.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "assembled.h"
#include "core/program.h"

extern const unsigned char llvm_not_driver[];
extern const unsigned long llvm_not_driver_size;

static char folder[] = "/tmp/compile-child-test.XXXXXX", script[64], note[64];
static const char *real;
static const char text[] = "mov %r0, 2\nexit\n";

static int set_up(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(script, sizeof(script), "%s/compiler", folder);
	snprintf(note, sizeof(note), "%s/note", folder);
	setenv("REAL", real, 1);
	setenv("NOTE", note, 1);
	return 0;
}

static int tear_down(void **state)
{
	unlink(script);
	unlink(note);
	return rmdir(folder);
}

static void write_script(const char *lines)
{
	FILE *f = fopen(script, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", lines);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(script, 0755), 0);
}

static char *read_note(void)
{
	static char content[4096];
	FILE *f = fopen(note, "r");

	assert_non_null(f);
	content[fread(content, 1, sizeof(content) - 1, f)] = '\0';
	fclose(f);
	return content;
}

static struct ebpf_instance *instance_with(const char *path, uint32_t seconds, uint64_t memory)
{
	struct ebpf_compiler compiler = {.path = path, .seconds = seconds, .memory = memory};
	struct ebpf_instance_opts opts = {.compiler = path ? &compiler : NULL};
	struct ebpf_instance *inst = ebpf_instance__create(&opts, NULL);

	assert_non_null(inst);
	return inst;
}

/* 0: it was compiled, and runs right; else errno and *err. */
static int compile_in(struct ebpf_instance *inst, const struct ebpf_driver *driver, char **err)
{
	struct ebpf_program *prog = assembled__load(inst, text, NULL);
	const struct ebpf_code *code = ebpf_program__compile(prog, "llvm", driver, err);
	int failed = code ? 0 : errno;
	struct ebpf_xdp_ctx ctx = {0};
	struct ebpf_env env;

	if (code) {
		ebpf_env__init(&env, inst, 0);
		ebpf_program__install(prog, code);
		assert_int_equal(ebpf_program__run(prog, &env, &ctx), 2);
	}
	ebpf_program__unref(prog);
	return failed;
}

static int compile_by(const char *path, uint32_t seconds, char **err)
{
	struct ebpf_instance *inst = instance_with(path, seconds, 0);
	int failed = compile_in(inst, NULL, err);

	ebpf_instance__destroy(inst);
	return failed;
}

/* The compiler fails so, and the one line has these words in it. */
static void assert_fails(const char *lines, int error, const char *words)
{
	char *err = NULL;

	write_script(lines);
	assert_int_equal(compile_by(script, 1, &err), error);
	assert_non_null(err);
	if (strncmp(err, "test: ", 6) || !strstr(err, words) || strchr(err, '\n'))
		fail_msg("%s: not a line with \"%s\" in it: %s", lines, words, err);
	free(err);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct compiled_object make_object(const char *path)
{
	struct ebpf_instance *inst = instance_with(path, 0, 0);
	struct ebpf_driver driver = assembled__driver();
	struct compile_opts opts = {.backend = "llvm", .cpu = "native", .driver = &driver};
	struct ebpf_program *prog = assembled__load(inst, text, NULL);
	struct compiled_object object;
	char *err = NULL;

	if (program__make_object(prog, &opts, &object, &err))
		fail_msg("%s", err);
	ebpf_program__unref(prog);
	ebpf_instance__destroy(inst);
	return object;
}

static void it_gives_what_this_process_would(void **state)
{
	struct compiled_object here = make_object(NULL), there = make_object(real);
	char *err = NULL;

	assert_int_equal(here.size, there.size);
	assert_memory_equal(here.elf, there.elf, here.size);
	free(here.elf);
	free(there.elf);
	if (compile_by(real, 0, &err))
		fail_msg("%s", err);
}

static void it_dumps_what_this_process_would(void **state)
{
	static const enum ebpf_dump whats[] = {EBPF_DUMP_IR, EBPF_DUMP_IR_OPT, EBPF_DUMP_ASM};
	const char *const paths[] = {NULL, real};
	char *dump[2], *err = NULL;

	for (size_t i = 0; i < sizeof(whats) / sizeof(*whats); i++) {
		for (int c = 0; c < 2; c++) {
			struct ebpf_instance *inst = instance_with(paths[c], 0, 0);
			struct ebpf_program *prog = assembled__load(inst, text, NULL);

			dump[c] = ebpf_program__dump(prog, whats[i], NULL, &err);
			if (!dump[c])
				fail_msg("%s", err);
			ebpf_program__unref(prog);
			ebpf_instance__destroy(inst);
		}
		assert_string_equal(dump[0], dump[1]);
		assert_true(strlen(dump[0]) > 20);
		free(dump[0]);
		free(dump[1]);
	}
}

static void its_errors_are_those_of_this_process(void **state)
{
	struct ebpf_driver driver = {
		.name = "unfit", .bitcode = llvm_not_driver, .bitcode_size = llvm_not_driver_size};
	struct ebpf_instance *here = instance_with(NULL, 0, 0), *there = instance_with(real, 0, 0);
	char *err[2] = {NULL};
	int failed = compile_in(here, &driver, &err[0]);

	assert_int_not_equal(failed, 0);
	assert_int_equal(compile_in(there, &driver, &err[1]), failed);
	assert_string_equal(err[0], err[1]);
	free(err[0]);
	free(err[1]);
	ebpf_instance__destroy(here);
	ebpf_instance__destroy(there);
}

/* Whoever asked frees what there is, once. */
static void an_error_leaves_no_object(void **state)
{
	struct ebpf_driver driver = {
		.name = "unfit", .bitcode = llvm_not_driver, .bitcode_size = llvm_not_driver_size};
	const struct compile_opts opts = {.backend = "llvm", .cpu = "native", .driver = &driver};
	struct ebpf_instance *inst = instance_with(real, 0, 0);
	struct ebpf_program *prog = assembled__load(inst, text, NULL);
	struct compiled_object object = {0};
	char *err = NULL;

	assert_int_not_equal(program__make_object(prog, &opts, &object, &err), 0);
	assert_non_null(err);
	assert_null(object.elf);
	free(err);
	ebpf_program__unref(prog);
	ebpf_instance__destroy(inst);
}

/* Some of it makes LLVM crash or think forever. */
static void damaged_drivers_are_errors(void **state)
{
	struct ebpf_driver driver = assembled__driver();
	size_t size = driver.bitcode_size;
	uint8_t *damaged = malloc(size);
	struct ebpf_instance *inst = instance_with(real, 3, 0);
	unsigned failures = 0;

	for (unsigned i = 0; i < 24; i++) {
		char *err = NULL;

		memcpy(damaged, driver.bitcode, size);
		damaged[(size / 24) * i + i] ^= (uint8_t)(1 + i);
		struct ebpf_driver d = {
			.name = "damaged", .bitcode = damaged, .bitcode_size = size};
		if (compile_in(inst, &d, &err)) {
			failures++;
			print_message("%s\n", err);
			assert_non_null(err);
		}
		free(err);
	}
	assert_true(failures > 4);
	print_message("%u of 24 refused\n", failures);
	free(damaged);
	ebpf_instance__destroy(inst);
}

static void one_that_dies_is_told_of(void **state)
{
	assert_fails("kill -9 $$", ECHILD, "died of signal 9, Killed");
	assert_fails("kill -SEGV $$", ECHILD, "died of signal 11, Segmentation fault");
	assert_fails("exit 3", ECHILD, "ended with status 3");
	assert_fails(
		"printf 'LLVM ERROR: Cannot\\033 select: i7\\nStack dump\\n' >&2; kill -ABRT $$",
		ECHILD, "died of signal 6, Aborted (LLVM ERROR: Cannot? select: i7)");
	assert_fails("\"$REAL\" \"$@\"; exit 1", ECHILD, "ended with status 1");
}

static void one_that_hangs_is_stopped(void **state)
{
	int64_t since = now_ms();
	int left = 100;
	pid_t pid;

	assert_fails("sleep 1000 & echo $! >$NOTE; trap '' TERM INT; while :; do sleep 1000; done",
		ETIMEDOUT, "was stopped after 1 seconds");
	assert_in_range(now_ms() - since, 1000, 10000);
	pid = atoi(read_note());
	assert_true(pid > 1);
	while (!kill(pid, 0) && --left) /* until init has reaped it */
		usleep(20000);
	assert_true(left > 0);
	assert_fails("exec >&- 2>&-; while :; do :; done", ETIMEDOUT, "was stopped");
}

static void garbage_is_no_answer(void **state)
{
	static const char *const scripts[] = {":", "echo garbage", "head -c 5000 /dev/urandom",
		"\"$REAL\" \"$@\" | head -c 900", "\"$REAL\" \"$@\" | cat; echo more",
		"cat", /* the request */
		"\"$REAL\" \"$@\" | tail -c +2", "printf '\\001xdpkans'; head -c 16 /dev/zero",
		"printf '\\001xdpkans\\001\\0\\0\\0\\0\\0\\0\\0\\001\\0\\0\\0\\0\\0\\0\\0e'",
		"printf "
		"'\\001xdpkans\\0\\0\\0\\0\\0\\0\\0\\0\\377\\377\\377\\377\\377\\377\\377\\377e'"};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		assert_fails(scripts[i], EBADMSG, "gave is no answer");
	assert_fails("exec head -c 100M /dev/zero", ECHILD, "died of signal 25");
}

/* An answer in form, but what is in it is no object. */
static void an_object_is_not_believed(void **state)
{
	char *err = NULL;

	write_script(
		"printf '\\001xdpkans\\0\\0\\0\\0\\0\\0\\0\\0\\004\\0\\0\\0\\0\\0\\0\\0\\177ELF'");
	assert_int_not_equal(compile_by(script, 1, &err), 0);
	assert_non_null(err);
	assert_null(strchr(err, '\n'));
	free(err);
	write_script("\"$REAL\" \"$@\" | sed 's/ebpf_entry/ebpf_enter/'");
	assert_int_not_equal(compile_by(script, 1, &err), 0);
	assert_non_null(strstr(err, "without an entry"));
	free(err);
}

static void one_that_is_not_there_is_told_of(void **state)
{
	char *err = NULL;

	assert_int_equal(compile_by("/nowhere/xdpk-compile", 1, &err), ENOENT);
	assert_string_equal(err, "test: the compiler /nowhere/xdpk-compile cannot be started: No "
				 "such file or directory");
	free(err);
	assert_int_equal(compile_by(folder, 1, &err), EACCES);
	free(err);
	write_script(":");
	chmod(script, 0600);
	assert_int_equal(compile_by(script, 1, &err), EACCES);
	free(err);
	assert_int_equal(truncate(script, 0), 0);
	chmod(script, 0700);
	assert_int_equal(compile_by(script, 1, &err), ENOEXEC);
	free(err);
}

static void memory_is_limited(void **state)
{
	struct ebpf_instance *inst = instance_with(real, 0, 64 << 20);
	char *err = NULL;

#ifdef __SANITIZE_ADDRESS__
	ebpf_instance__destroy(inst);
	print_message("skipped: the address sanitizer itself takes terabytes\n");
	skip();
#endif
	assert_int_not_equal(compile_in(inst, NULL, &err), 0);
	assert_non_null(err);
	print_message("%s\n", err);
	free(err);
	ebpf_instance__destroy(inst);
	write_script("until [ `ulimit -v` = 3145728 ]; do :; done; ulimit -c >$NOTE\n"
		     "exec \"$REAL\" \"$@\"");
	inst = instance_with(script, 0, 3ull << 30);
	assert_int_equal(compile_in(inst, NULL, &err), 0);
	assert_string_equal(read_note(), "0\n");
	ebpf_instance__destroy(inst);
}

/* Descriptors that a library left open, blocked signals and ignored ones stay here. What `find`
 * has open itself are the note and folders. */
static void nothing_is_handed_down(void **state)
{
	const char *const files[] = {"/memfd:request (deleted)\n", "/memfd:answer (deleted)\n",
		"/memfd:messages (deleted)\n", note};
	char *err = NULL, *signals;
	struct sigaction old;
	sigset_t blocked, before;
	int leaked = dup(0);
	unsigned n = 0;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &old);
	write_script("(cd /proc; find self/fd -type l ! -lname '/proc*' -fprintf $NOTE '%l\\n')\n"
		     "sed -n 's/^SigBlk://p;s/^SigIgn://p' /proc/self/status >>$NOTE\n"
		     "exec \"$REAL\" \"$@\"");
	if (compile_by(script, 0, &err))
		fail_msg("%s", err);
	sigaction(SIGPIPE, &old, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(leaked);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strstr(read_note(), files[i]))
			fail_msg("no %s in %s", files[i], read_note());
	signals = strchr(read_note(), '\t');
	assert_non_null(signals);
	for (const char *c = read_note(); c < signals; c++)
		n += *c == '\n';
	assert_int_equal(n, sizeof(files) / sizeof(*files));
	assert_int_equal(strtoull(signals, &signals, 16), 0);
	assert_int_equal(strtoull(signals, &signals, 16) & (1u << (SIGPIPE - 1)), 0);
}

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void nothing_stays_behind(void **state)
{
	unsigned before = count_descriptors();
	char *err = NULL;

	assert_int_equal(compile_by(real, 0, &err), 0);
	assert_fails("kill -9 $$", ECHILD, "died");
	assert_fails("sleep 9", ETIMEDOUT, "stopped");
	assert_fails("cat", EBADMSG, "no answer");
	assert_int_equal(compile_by("/nowhere", 0, &err), ENOENT);
	free(err);
	assert_int_equal(count_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void closed_standard_streams_do_not_matter(void **state)
{
	int status;
	pid_t child = fork();

	if (!child) {
		char *err = NULL;

		close(0);
		close(1);
		close(2);
		_exit(compile_by(real, 0, &err) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void ignored_children_do_not_matter(void **state)
{
	struct sigaction old;
	char *err = NULL;

	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_IGN}, &old);
	if (compile_by(real, 0, &err))
		fail_msg("%s", err);
	assert_fails("kill -9 $$", EBADMSG, "no answer");
	sigaction(SIGCHLD, &old, NULL);
}

static void *compile_and_tell(void *arg)
{
	char *err = NULL;
	intptr_t failed = compile_in(arg, NULL, &err);

	free(err);
	return (void *)failed;
}

static void many_compile_at_once(void **state)
{
	struct ebpf_instance *inst = instance_with(real, 0, 0);
	pthread_t thread[6];
	void *failed;

	for (int i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, compile_and_tell, inst);
	for (int i = 0; i < 6; i++) {
		pthread_join(thread[i], &failed);
		assert_null(failed);
	}
	ebpf_instance__destroy(inst);
}

static void what_is_under_way_can_be_stopped(void **state)
{
	struct ebpf_instance *inst;
	pthread_t thread[3];
	int64_t since;
	void *failed;
	char *err = NULL;

	write_script("exec sleep 1000");
	inst = instance_with(script, 0, 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, compile_and_tell, inst);
	usleep(200000);
	since = now_ms();
	ebpf_instance__stop_compiling(inst);
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], &failed);
		assert_int_equal((intptr_t)failed, ECANCELED);
	}
	assert_int_equal(compile_in(inst, NULL, &err), ECANCELED);
	assert_string_equal(err, "test: compiling was stopped");
	assert_in_range(now_ms() - since, 0, 5000);
	free(err);
	ebpf_instance__destroy(inst);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gives_what_this_process_would),
		cmocka_unit_test(it_dumps_what_this_process_would),
		cmocka_unit_test(its_errors_are_those_of_this_process),
		cmocka_unit_test(an_error_leaves_no_object),
		cmocka_unit_test(damaged_drivers_are_errors),
		cmocka_unit_test(one_that_dies_is_told_of),
		cmocka_unit_test(one_that_hangs_is_stopped),
		cmocka_unit_test(garbage_is_no_answer),
		cmocka_unit_test(an_object_is_not_believed),
		cmocka_unit_test(one_that_is_not_there_is_told_of),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(nothing_is_handed_down),
		cmocka_unit_test(nothing_stays_behind),
		cmocka_unit_test(closed_standard_streams_do_not_matter),
		cmocka_unit_test(ignored_children_do_not_matter),
		cmocka_unit_test(many_compile_at_once),
		cmocka_unit_test(what_is_under_way_can_be_stopped),
	};

	if (argc != 2)
		return 2;
	real = argv[1];
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
