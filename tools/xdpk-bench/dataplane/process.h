/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process.h -- a DPDK application that is measured from outside, xdpk or another: what its first
 * port received and sent, as EAL's telemetry tells for any application, and the CPU time that the
 * process took meanwhile.
 *
 * All of them share one core and are stopped (SIGSTOP) but for the one whose turn it is.
 */
#ifndef XDPK_BENCH_PROCESS_H
#define XDPK_BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <jansson.h>

struct process {
	const char *name; /* EAL's file prefix, and of files in the folder */
	const char *folder;
	pid_t pid;
	clockid_t clock;
	int input; /* what it reads; never anything */
	int telemetry;
};

/* What there was of it at a moment; all but differences are meaningless. */
struct sample {
	double received, sent; /* packets */
	double cpu_ns, wall_ns;
};

/* Starts argv[0] with a module preloaded; what it writes goes to FOLDER/NAME.log. name and folder
 * stay the caller's, as long as p is in use. 0, or negative errno with *errmsg. */
int process__start(struct process *p, const char *folder, const char *name, char *const *argv,
	const char *module, char **errmsg);
/* May be called again, and for one that could not be started. */
void process__stop(struct process *p);

/* Waits until telemetry answers `command`. -EIO with *errmsg, the last lines of its log in it, if
 * the process ends or has not answered after ten seconds. */
int process__ask(struct process *p, const char *command, json_t **answer, char **errmsg);

void process__pause(const struct process *p);
void process__resume(const struct process *p);
/* Errors like process__ask()'s. */
int process__sample(struct process *p, struct sample *out, char **errmsg);

#endif
