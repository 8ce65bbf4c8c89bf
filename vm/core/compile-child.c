/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile-child.c -- start the compiler, wait for it no longer than it may take, believe nothing
 * of what it leaves.
 *
 * It is spawned, never forked: a fork would stall the other threads for as long as their pages are
 * copied. It leads a process group, which is killed as a whole before its leader is reaped, so
 * nothing of it stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compile-child.h"
#include "error.h"

#define DEFAULT_SECONDS 60
#define DEFAULT_MEMORY  (2ull << 30)
#define MAX_REMARK      160 /* characters that are cited of what it said */

extern char **environ;

struct compile_child {
	char *path;
	uint32_t seconds;
	uint64_t memory;
	int stop; /* an eventfd, readable from compile_child__stop() on */
};

struct compile_child *compile_child__create(const struct ebpf_compiler *compiler)
{
	struct compile_child *child = calloc(1, sizeof(*child));

	if (!child)
		return NULL;
	child->path = strdup(compiler->path);
	child->seconds = compiler->seconds ? compiler->seconds : DEFAULT_SECONDS;
	child->memory = compiler->memory ? compiler->memory : DEFAULT_MEMORY;
	child->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (child->path && child->stop >= 0)
		return child;
	compile_child__destroy(child);
	return NULL;
}

void compile_child__destroy(struct compile_child *child)
{
	if (!child)
		return;
	if (child->stop >= 0)
		close(child->stop);
	free(child->path);
	free(child);
}

void compile_child__stop(struct compile_child *child)
{
	eventfd_write(child->stop, 1);
}

/* --- the files between the two ------------------------------------------------------- */

struct run {
	const struct compile_child *child;
	const struct compile_order *order;
	char **errmsg;
	int file[3]; /* as the child numbers them */
	pid_t pid;
	int pidfd; /* readable when it has ended */
};

/* Above 2, where a program without standard streams could have it: it is to be duplicated there. */
static int open_in_memory(const char *name)
{
	int low = memfd_create(name, MFD_CLOEXEC);
	int file = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 3);

	if (low >= 0)
		close(low);
	return file;
}

/* By position: the child reads from the file's beginning. */
static int write_at_start(int file, const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = pwrite(file, bytes + at, size - at, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static bool read_at(int file, void *to, size_t size, size_t from)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = pread(file, (uint8_t *)to + at, size - at, (off_t)(from + at));

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void close_files(struct run *run)
{
	for (int i = 0; i < 3; i++)
		if (run->file[i] >= 0)
			close(run->file[i]);
}

static int open_files(struct run *run)
{
	static const char *const names[3] = {"request", "answer", "messages"};
	int err = 0;

	for (int i = 0; i < 3; i++) {
		run->file[i] = open_in_memory(names[i]);
		if (run->file[i] < 0)
			err = -errno;
	}
	if (!err)
		err = write_at_start(run->file[0], run->order->request, run->order->request_size);
	if (!err)
		return 0;
	close_files(run);
	return error__set(run->errmsg, err, "%s: no room for its compile request: %s",
		run->order->program, strerror(-err));
}

/* --- starting ------------------------------------------------------------------------ */

static int prepare_spawn(
	const struct run *run, posix_spawn_file_actions_t *files, posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int err = 0;

	sigemptyset(&none);
	sigfillset(&all);
	for (int i = 0; i < 3 && !err; i++)
		err = posix_spawn_file_actions_adddup2(files, run->file[i], i);
	if (!err) /* whatever a library has opened without close-on-exec */
		err = posix_spawn_file_actions_addclosefrom_np(files, 3);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setflags(
		attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	return err;
}

static int spawn(struct run *run)
{
	const char *path = run->child->path;
	char *const argv[] = {
		(char *)path, (char *)run->order->backend, (char *)run->order->output, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int err = posix_spawn_file_actions_init(&files);

	if (err)
		return -err;
	err = posix_spawnattr_init(&attr);
	if (!err) {
		err = prepare_spawn(run, &files, &attr);
		if (!err)
			err = posix_spawn(&run->pid, path, &files, &attr, argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

/* No more than it has already. */
static int limit(pid_t pid, __rlimit_resource_t resource, uint64_t most)
{
	struct rlimit l;

	if (prlimit(pid, resource, NULL, &l))
		return -errno;
	if (l.rlim_max > most)
		l.rlim_max = most;
	l.rlim_cur = l.rlim_max;
	return prlimit(pid, resource, &l, NULL) ? -errno : 0;
}

/* It has hardly begun: they are for what it does with the request. */
static int set_limits(const struct run *run)
{
	int err = limit(run->pid, RLIMIT_CORE, 0);

	if (!err)
		err = limit(run->pid, RLIMIT_FSIZE, COMPILE_ANSWER_MAX);
#ifndef __SANITIZE_ADDRESS__ /* which takes terabytes of addresses */
	if (!err)
		err = limit(run->pid, RLIMIT_AS, run->child->memory);
#endif
	return err;
}

/* --- its end ------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 0 when it has ended; -ETIMEDOUT, -ECANCELED. */
static int wait_for_end(const struct run *run)
{
	struct pollfd fds[2] = {
		{.fd = run->pidfd, .events = POLLIN}, {.fd = run->child->stop, .events = POLLIN}};
	int64_t deadline = now_ms() + (int64_t)run->child->seconds * 1000;

	for (;;) {
		int64_t left = deadline - now_ms();

		if (left > 0 && poll(fds, 2, left > 60000 ? 60000 : (int)left) < 0 &&
			errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -ECANCELED;
		if (fds[0].revents)
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
	}
}

/* The first line that it said, without what a terminal would obey: " (...)", or nothing. */
static void cite(const struct run *run, char remark[MAX_REMARK + 4])
{
	char text[MAX_REMARK + 1], *line;
	ssize_t n = pread(run->file[2], text, MAX_REMARK, 0);

	text[n > 0 ? n : 0] = '\0';
	line = text + strspn(text, "\n");
	line[strcspn(line, "\n")] = '\0';
	*remark = '\0';
	for (char *c = line; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	if (*line)
		strcat(strcat(strcpy(remark, " ("), line), ")");
}

static int explain_death(const struct run *run, const siginfo_t *how)
{
	char remark[MAX_REMARK + 4];

	cite(run, remark);
	if (how->si_code == CLD_EXITED)
		return error__set(run->errmsg, -ECHILD,
			"%s: the compiler %s ended with status %d%s", run->order->program,
			run->child->path, how->si_status, remark);
	return error__set(run->errmsg, -ECHILD, "%s: the compiler %s died of signal %d, %s%s",
		run->order->program, run->child->path, how->si_status, strsignal(how->si_status),
		remark);
}

static int explain_stop(const struct run *run, int err)
{
	if (err == -ETIMEDOUT)
		return error__set(run->errmsg, err,
			"%s: the compiler %s was stopped after %" PRIu32 " seconds",
			run->order->program, run->child->path, run->child->seconds);
	if (err == -ECANCELED)
		return error__set(
			run->errmsg, err, "%s: compiling was stopped", run->order->program);
	return error__set(run->errmsg, err, "%s: the compiler %s cannot be watched: %s",
		run->order->program, run->child->path, strerror(-err));
}

/* Waits for its end, brings it about if it must. 0: it ended by itself and well. */
static int see_end(struct run *run)
{
	siginfo_t how;
	int err, reaped;

	run->pidfd = pidfd_open(run->pid, 0);
	err = run->pidfd < 0 ? -errno : set_limits(run);
	if (!err)
		err = wait_for_end(run);
	if (err == -ESRCH) /* it has ended, and is gone where SIGCHLD is ignored */
		err = 0;
	kill(-run->pid, SIGKILL);
	do
		reaped = !waitid(P_PID, (id_t)run->pid, &how, WEXITED);
	while (!reaped && errno == EINTR);
	if (run->pidfd >= 0)
		close(run->pidfd);
	if (err)
		return explain_stop(run, err);
	if (!reaped) /* gone like that: nobody learns how it ended, but its answer tells */
		return 0;
	return how.si_code == CLD_EXITED && !how.si_status ? 0 : explain_death(run, &how);
}

static int run_to_end(struct run *run)
{
	int err = spawn(run);

	if (!err)
		return see_end(run);
	return error__set(run->errmsg, err, "%s: the compiler %s cannot be started: %s",
		run->order->program, run->child->path, strerror(-err));
}

/* --- its answer ---------------------------------------------------------------------- */

static int read_answer(const struct run *run, uint8_t **bytes, size_t *size)
{
	struct compile_answer a;
	struct stat st;
	uint8_t *text;

	if (fstat(run->file[1], &st) || st.st_size < (off_t)sizeof(a) ||
		st.st_size > COMPILE_ANSWER_MAX || !read_at(run->file[1], &a, sizeof(a), 0) ||
		a.magic != COMPILE_ANSWER_MAGIC || a.err > 0 || a.err < -4095 || !a.size ||
		a.size != (uint64_t)st.st_size - sizeof(a))
		return error__set(run->errmsg, -EBADMSG,
			"%s: what the compiler %s gave is no answer", run->order->program,
			run->child->path);
	text = malloc((size_t)a.size + 1);
	if (!text || !read_at(run->file[1], text, (size_t)a.size, sizeof(a))) {
		free(text);
		return error__set(
			run->errmsg, -ENOMEM, "%s: no memory for its code", run->order->program);
	}
	text[a.size] = '\0';
	if (!a.err) {
		*bytes = text;
		*size = (size_t)a.size;
		return 0;
	}
	error__set(run->errmsg, (int)a.err, "%s", (char *)text);
	free(text);
	return (int)a.err;
}

int compile_child__run(struct compile_child *child, const struct compile_order *order,
	uint8_t **bytes, size_t *size, char **errmsg)
{
	struct run run = {.child = child, .order = order, .errmsg = errmsg};
	int err = open_files(&run);

	if (err)
		return err;
	err = run_to_end(&run);
	if (!err)
		err = read_answer(&run, bytes, size);
	close_files(&run);
	return err;
}
