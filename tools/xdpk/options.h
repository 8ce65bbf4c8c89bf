/* SPDX-License-Identifier: BSD-3-Clause
 *
 * options.h -- xdpk's command line: `xdpk [EAL options --] [options]`.
 */
#ifndef XDPK_OPTIONS_H
#define XDPK_OPTIONS_H

#include <sched.h>
#include <stdbool.h>

#include "gpu/prog-offload.h"
#include "tier.h"

#define MAX_PORTS   32
#define MAX_WORKERS 128

/* `NAME=VALUE`, cut in two; name NULL where there was no `=`. */
struct assignment {
	char *name, *value;
};

struct assignments {
	struct assignment item[MAX_PORTS];
	unsigned n;
};

/* Strings are the command line's own, or pieces of it. */
struct options {
	const char *object;  /* --ebpf */
	const char *program; /* --prog; NULL: the first XDP program */
	const char *init;
	const char *config;  /* a file of control lines */
	const char *socket;  /* a path; NULL: the usual one */
	const char *readers; /* a group that may look; NULL: none */
	const char *ports[MAX_PORTS];
	unsigned n_ports;
	int cpus[MAX_WORKERS]; /* --cores: one worker on each */
	unsigned n_workers;
	struct assignments pass, host, ifindex, queues, mtu;
	enum tier_engine engine;
	struct gpu_opts gpu; /* --offload */
	unsigned stats_seconds;
	int metrics_port; /* negative: none */
	bool verbose, no_cache, no_socket;

	/* What stands before `--`, argv[0] included; 0 if there is no `--`. */
	int eal_argc;
	char **eal_argv;
};

enum options_next { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_BAD };

/* Fills *o. OPTIONS_DONE: --help or --version has been answered. OPTIONS_BAD: *errmsg. */
enum options_next options__parse(struct options *o, int argc, char **argv, char **errmsg);

#endif
