/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process.c -- see process.h.
 *
 * EAL's sockets are in FOLDER/dpdk/NAME, as RUNTIME_DIRECTORY says.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "process.h"

#define ANSWER_MAX 16384 /* telemetry's own limit */
#define PATIENCE   1000  /* times 10 ms for it to come up */

static void become(
	char *const *argv, const char *module, const char *folder, const char *log, int input)
{
	int output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("RUNTIME_DIRECTORY", folder, 1);
	setenv("LD_PRELOAD", module, 1);
	if (output < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
		dup2(output, STDERR_FILENO) < 0)
		_exit(127);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int process__start(struct process *p, const char *folder, const char *name, char *const *argv,
	const char *module, char **errmsg)
{
	char log[256];
	int ends[2];

	*p = (struct process){.name = name, .folder = folder, .input = -1, .telemetry = -1};
	snprintf(log, sizeof(log), "%s/%s.log", folder, name);
	if (pipe2(ends, O_CLOEXEC))
		return error__set(errmsg, -errno, "no pipe: %s", strerror(errno));
	p->pid = fork();
	if (p->pid == 0)
		become(argv, module, folder, log, ends[0]);
	close(ends[0]);
	p->input = ends[1];
	if (p->pid > 0 && !clock_getcpuclockid(p->pid, &p->clock))
		return 0;
	process__stop(p);
	return error__set(errmsg, -EAGAIN, "%s cannot be started", argv[0]);
}

void process__stop(struct process *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	if (p->input >= 0)
		close(p->input);
	if (p->telemetry >= 0)
		close(p->telemetry);
	*p = (struct process){.input = -1, .telemetry = -1};
}

void process__pause(const struct process *p)
{
	kill(p->pid, SIGSTOP);
}

void process__resume(const struct process *p)
{
	kill(p->pid, SIGCONT);
}

/* --- telemetry ------------------------------------------------------------------------- */

/* It greets whoever connects. */
static int connect_telemetry(struct process *p)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 5};
	char greeting[ANSWER_MAX];

	p->telemetry = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/dpdk/%s/dpdk_telemetry.v2",
		p->folder, p->name);
	setsockopt(p->telemetry, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(p->telemetry, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		recv(p->telemetry, greeting, sizeof(greeting), 0) > 0)
		return 0;
	close(p->telemetry);
	p->telemetry = -1;
	return -EAGAIN;
}

/* The value of an answer is null where a command fails. */
static json_t *request(struct process *p, const char *command)
{
	char text[ANSWER_MAX];
	json_t *root, *value;
	ssize_t n;

	if (p->telemetry < 0 && connect_telemetry(p))
		return NULL;
	if (send(p->telemetry, command, strlen(command), MSG_NOSIGNAL) < 0)
		return NULL;
	n = recv(p->telemetry, text, sizeof(text), 0);
	root = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
	value = json_object_iter_value(json_object_iter(root));
	if (json_is_null(value))
		value = NULL;
	json_incref(value);
	json_decref(root);
	return value;
}

/* The end of what the process has written, for a message. */
static void read_log(const struct process *p, char *text, size_t size)
{
	char path[256];
	FILE *log;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s.log", p->folder, p->name);
	log = fopen(path, "r");
	if (log) {
		if (fseek(log, -(long)(size - 1), SEEK_END))
			rewind(log);
		n = fread(text, 1, size - 1, log);
		fclose(log);
	}
	text[n] = 0;
}

int process__ask(struct process *p, const char *command, json_t **answer, char **errmsg)
{
	char log[1024];
	int status;

	for (int tries = 0; tries < PATIENCE; tries++) {
		*answer = request(p, command);
		if (*answer)
			return 0;
		if (waitpid(p->pid, &status, WNOHANG)) {
			p->pid = 0;
			break;
		}
		usleep(10000);
	}
	read_log(p, log, sizeof(log));
	return error__set(errmsg, -EIO, "%s %s; its last words:\n%s", p->name,
		p->pid ? "does not answer" : "has ended", log);
}

/* --- samples --------------------------------------------------------------------------- */

static double ns_of(clockid_t clock)
{
	struct timespec ts = {0};

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

int process__sample(struct process *p, struct sample *out, char **errmsg)
{
	json_t *stats;
	int err = process__ask(p, "/ethdev/stats,0", &stats, errmsg);

	if (err)
		return err;
	*out = (struct sample){
		.received = json_number_value(json_object_get(stats, "ipackets")),
		.sent = json_number_value(json_object_get(stats, "opackets")),
		.cpu_ns = ns_of(p->clock),
		.wall_ns = ns_of(CLOCK_MONOTONIC),
	};
	json_decref(stats);
	return 0;
}
