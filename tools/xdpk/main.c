/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xdpk -- XDP programs over DPDK ports.
 *
 *	options ─► captures scanned ─► EAL ─► object, maps, control lines, program verified
 *	        ─► ports ─► workers until stopped or all is received ─► totals
 *
 * Whatever is wrong with the input is one line on stderr and exit status 2, before the first
 * packet is received.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "background.h"
#include "config.h"
#include "core/error.h"
#include "dataplane.h"
#include "eal.h"
#include "gpu/offload-watch.h"
#include "control/server.h"
#include "metrics/http.h"
#include "metrics/telemetry.h"
#include "loader/object.h"
#include "lines.h"
#include "notify.h"
#include "options.h"
#include "pool.h"
#include "privileges.h"
#include "port-watch.h"
#include "stats.h"
#include "trace.h"

enum { EXIT_UNACCOUNTED = 1, EXIT_BAD_INPUT = 2 };

struct app {
	struct options options;
	struct input inputs[MAX_PORTS];
	struct ebpf_instance *instance;
	struct ebpf_object *object;
	struct ebpf_program *program;
	struct trace *trace; /* NULL: straight to stderr */
	struct ports ports;
	struct dataplane *dataplane;
	struct config *config;
	struct control_server *server;
	struct metrics_http *metrics;
	bool eal_started;
};

static struct dataplane *running; /* for the signal handler */

static void stop_running(int signal)
{
	dataplane__stop(running);
}

static void trace_to_stderr(void *user, const char *text, size_t len)
{
	fwrite(text, 1, len, stderr);
}

static int scan_inputs(struct app *app, char **errmsg)
{
	int err = 0;

	for (unsigned i = 0; !err && i < app->options.n_ports; i++)
		err = input__describe(&app->inputs[i], app->options.ports[i], errmsg);
	return err;
}

/* xdpk-compile in this program's own folder. */
static void find_compiler(char path[PATH_MAX])
{
	static const char name[] = "xdpk-compile";
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof(name));

	path[n > 0 ? n : 0] = '\0';
	strcpy(strrchr(path, '/') ? strrchr(path, '/') + 1 : path, name);
}

static int create_instance(struct app *app, char **errmsg)
{
	const struct options *o = &app->options;
	char compiler_path[PATH_MAX];
	struct ebpf_compiler compiler = {.path = compiler_path};
	struct ebpf_instance_opts instance_opts = {
		.workers = rte_lcore_count() + 1, /* and a device */
		.trace = o->verbose ? trace_to_stderr : trace__write,
		.cache_dir = o->no_cache ? NULL : "",
		.compiler = &compiler};

	if (!o->verbose && !(app->trace = trace__create(rte_lcore_count(), errmsg)))
		return -ENOMEM;
	instance_opts.trace_user = app->trace;
	find_compiler(compiler_path);
	app->instance = ebpf_instance__create(&instance_opts, errmsg);
	return app->instance ? ports__add_links(&app->ports, app->instance, errmsg) : -ENOMEM;
}

static int load_program(struct app *app, char **errmsg)
{
	const struct options *o = &app->options;
	char *log = NULL;
	struct ebpf_load_opts load_opts = {.log = o->verbose ? &log : NULL};
	const struct ebpf_object_program *chosen;

	app->object = ebpf_object__open(o->object, errmsg);
	if (!app->object)
		return -EINVAL;
	chosen = ebpf_object__find_program(app->object, o->program, errmsg);
	if (!chosen)
		return -ENOENT;
	if (ebpf_object__set_up(app->object, app->instance, o->init, errmsg))
		return -EINVAL;
	app->program = ebpf_object__load_program(app->object, chosen->name, &load_opts, errmsg);
	if (log)
		fputs(log, stderr);
	free(log);
	return app->program ? 0 : -EACCES;
}

static uint16_t find_port(
	const struct ports *ports, const char *option, const char *name, char **errmsg)
{
	uint16_t port = ports__find(ports, name);

	if (port == NO_PORT)
		error__set(errmsg, -ENOENT, "--%s: there is no port %s", option, name);
	return port;
}

static int apply_ifindex(struct ports *ports, const struct assignment *a, char **errmsg)
{
	uint16_t port = find_port(ports, "ifindex", a->name, errmsg);
	char *end;
	unsigned long ifindex = strtoul(a->value, &end, 10);

	if (port == NO_PORT)
		return -ENOENT;
	if (*a->value < '1' || *a->value > '9' || *end || ifindex > INT32_MAX)
		return error__set(errmsg, -EINVAL, "--ifindex %s=%s: must be 1 to %d", a->name,
			a->value, INT32_MAX);
	ports->port[port].ifindex = (uint32_t)ifindex;
	return 0;
}

/* Of a port, or of all: what is `at` in struct port. */
static int apply_number(struct ports *ports, const char *option, const struct assignment *a,
	size_t at, char **errmsg)
{
	uint16_t port = a->name ? find_port(ports, option, a->name, errmsg) : NO_PORT;

	if (a->name && port == NO_PORT)
		return -ENOENT;
	for (uint16_t i = 0; i < ports->n; i++)
		if (port == NO_PORT || port == i)
			*(uint16_t *)((char *)&ports->port[i] + at) = (uint16_t)atoi(a->value);
	return 0;
}

static int apply_pass(struct ports *ports, const struct assignment *a, char **errmsg)
{
	uint16_t from = NO_PORT, to = NO_PORT;

	if (strcmp(a->value, "drop") &&
		(to = find_port(ports, "pass", a->value, errmsg)) == NO_PORT)
		return -ENOENT;
	if (a->name && (from = find_port(ports, "pass", a->name, errmsg)) == NO_PORT)
		return -ENOENT;
	for (uint16_t i = 0; i < ports->n; i++)
		if (from == NO_PORT || from == i)
			ports->port[i].pass = to;
	return 0;
}

static int apply_host(struct ports *ports, const struct assignment *a, char **errmsg)
{
	uint16_t port = find_port(ports, "host", a->name, errmsg);
	uint16_t host = port == NO_PORT ? NO_PORT : find_port(ports, "host", a->value, errmsg);

	return host == NO_PORT ? -ENOENT : ports__set_host(ports, port, host, errmsg);
}

static int find_ports(struct app *app, char **errmsg)
{
	const struct options *o = &app->options;
	int err = 0;

	for (unsigned i = 0; !err && i < o->n_ports; i++)
		err = ports__probe(&app->ports, o->ports[i], &app->inputs[i], errmsg);
	if (!err)
		err = ports__adopt(&app->ports, errmsg);
	if (!err && !app->ports.n && !o->config)
		err = error__set(errmsg, -ENODEV, "no ports: give --port, or EAL a device");
	for (unsigned i = 0; !err && i < o->ifindex.n; i++)
		err = apply_ifindex(&app->ports, &o->ifindex.item[i], errmsg);
	for (unsigned i = 0; !err && i < o->queues.n; i++)
		err = apply_number(&app->ports, "queues", &o->queues.item[i],
			offsetof(struct port, queues), errmsg);
	for (unsigned i = 0; !err && i < o->mtu.n; i++)
		err = apply_number(
			&app->ports, "mtu", &o->mtu.item[i], offsetof(struct port, mtu), errmsg);
	for (unsigned i = 0; !err && i < o->pass.n; i++)
		err = apply_pass(&app->ports, &o->pass.item[i], errmsg);
	for (unsigned i = 0; !err && i < o->host.n; i++)
		err = apply_host(&app->ports, &o->host.item[i], errmsg);
	return err;
}

static void mask_signals(int how, bool hangup)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (hangup)
		sigaddset(&set, SIGHUP);
	sigprocmask(how, &set, NULL);
}

/* What ends a process would leave behind what devices did to the host, net_af_xdp its program on
 * the interface: it waits until there is something to stop. SIGHUP is for config.h alone, if there
 * is a file. Before there are threads, so that all inherit it. */
static void hold_signals(void)
{
	mask_signals(SIG_BLOCK, true);
}

/* Without a file SIGHUP is the terminal's end, unless nobody is to care. */
static void catch_signals(bool has_file)
{
	struct sigaction action = {.sa_handler = stop_running, .sa_flags = SA_RESTART}, before;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!has_file && !sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	mask_signals(SIG_UNBLOCK, !has_file);
}

static void warn_of_idle_workers(const struct dataplane *dp)
{
	unsigned idle = 0;

	for (unsigned i = 0; i < dp->n_workers; i++)
		idle += !plan_worker__queues(&dp->plan->worker[i]);
	if (idle)
		fprintf(stderr, "xdpk: %u of %u workers have no receive queue and stay idle\n",
			idle, dp->n_workers);
}

/* The program on every port that is no host side. */
static int attach(struct app *app, char **errmsg)
{
	struct prog *prog = dataplane__add_prog(app->dataplane,
		&(struct prog_opts){.object = app->object,
			.program = app->program,
			.engine = app->options.engine,
			.gpu = &app->options.gpu},
		errmsg);
	int err = 0;

	if (!prog)
		return -ENOTSUP;
	app->object = NULL;
	app->program = NULL;
	for (uint16_t slot = 0; slot < app->ports.n && !err; slot++)
		if (app->ports.port[slot].host_of == NO_PORT)
			err = dataplane__attach(app->dataplane, prog->name, slot, NULL, errmsg);
	return err;
}

static void tell_what_was_not_compiled(struct dataplane *dp)
{
	for (unsigned i = 0; i < MAX_PROGS; i++) {
		struct tier_status status = {0};

		if (dp->progs[i].tier)
			status = tier__status(dp->progs[i].tier);
		if (status.why)
			fprintf(stderr, "xdpk: program %s: %s: %s\n", dp->progs[i].name,
				status.state == TIER_COMPILED ? "a program that it goes on in"
							      : "stayed in the interpreter",
				status.why);
		free(status.why);
	}
}

static int serve_metrics(struct app *app, char **errmsg)
{
	const struct options *o = &app->options;

	telemetry__serve(app->dataplane);
	if (o->metrics_port < 0)
		return 0;
	app->metrics = metrics_http__start(app->dataplane, (uint16_t)o->metrics_port, errmsg);
	if (!app->metrics)
		return -EADDRINUSE;
	fprintf(stderr, "xdpk: metrics at http://127.0.0.1:%u/metrics\n",
		metrics_http__port(app->metrics));
	return 0;
}

/* Nobody asks about the dataplane any more. */
static void stop_serving(struct app *app)
{
	telemetry__serve(NULL);
	metrics_http__stop(app->metrics);
	app->metrics = NULL;
	control_server__stop(app->server);
	app->server = NULL;
}

/* 0, EXIT_UNACCOUNTED, or negative errno before a packet was received. */
static int run(struct app *app, char **errmsg)
{
	const struct options *o = &app->options;
	struct stats_ticker *ticker = NULL;
	struct port_watch *watch;
	struct offload_watch *offloads;
	int err = 0;

	app->dataplane = dataplane__create(&app->ports, app->instance, errmsg);
	if (!app->dataplane)
		return -ENOMEM;
	/* Who finds the socket there may end the run. */
	running = app->dataplane;
	catch_signals(o->config);
	app->dataplane->trace = app->trace;
	if (app->trace)
		trace__watch(app->trace, app->dataplane);
	if (app->program)
		err = attach(app, errmsg);
	if (!err && o->config) {
		app->config = config__start(app->dataplane, o->config, errmsg);
		err = app->config ? 0 : -EINVAL;
	}
	if (!err)
		err = lines__serve(app->dataplane, o, &app->server, errmsg);
	if (!err)
		err = serve_metrics(app, errmsg);
	if (!err)
		err = privileges__drop(errmsg);
	if (err)
		return err;
	warn_of_idle_workers(app->dataplane);
	if (o->stats_seconds)
		ticker = stats__start_ticker(app->dataplane, stdout, o->stats_seconds);
	watch = port_watch__start(app->dataplane, stderr);
	offloads = offload_watch__start(app->dataplane, stderr);
	config__listen(app->config);
	notify__say("READY=1");
	dataplane__run(app->dataplane);
	notify__say("STOPPING=1");
	tiers__stop(app->dataplane->tiers); /* a client may wait for one, and so may a reload */
	config__stop(app->config);
	app->config = NULL;
	port_watch__stop(watch);
	offload_watch__stop(offloads);
	stop_serving(app);
	stats__stop_ticker(ticker);
	tell_what_was_not_compiled(app->dataplane);
	return stats__print_totals(app->dataplane, stdout) ? 0 : EXIT_UNACCOUNTED;
}

static void close_app(struct app *app)
{
	config__stop(app->config);
	stop_serving(app);
	dataplane__destroy(app->dataplane);
	ports__stop(&app->ports);
	ebpf_program__unref(app->program);
	ebpf_object__close(app->object);
	ebpf_instance__destroy(app->instance);
	trace__destroy(app->trace);
	if (app->eal_started)
		rte_eal_cleanup();
}

static void leave_workers_alone(void)
{
	cpu_set_t workers;
	unsigned lcore;

	CPU_ZERO(&workers);
	RTE_LCORE_FOREACH(lcore)
	{
		cpu_set_t cpus = rte_lcore_cpuset(lcore);

		CPU_OR(&workers, &workers, &cpus);
	}
	background__avoid(&workers);
}

/* 0, EXIT_UNACCOUNTED, or negative errno with *errmsg. */
static int start_and_run(struct app *app, char **errmsg)
{
	int err = scan_inputs(app, errmsg);

	hold_signals();
	background__init();
	if (*app->options.gpu.device)
		pool__expect_lanes(app->options.gpu.batch * GPU_DEPTH);
	if (!err)
		err = eal__start(&app->options, app->inputs, errmsg);
	app->eal_started = !err;
	if (!err)
		leave_workers_alone();
	if (!err)
		err = find_ports(app, errmsg);
	if (!err)
		err = create_instance(app, errmsg);
	if (!err && app->options.object)
		err = load_program(app, errmsg);
	if (!err)
		err = ports__start(&app->ports, rte_lcore_count(), errmsg);
	return err ? err : run(app, errmsg);
}

int main(int argc, char **argv)
{
	static struct app app;
	char *errmsg = NULL;
	int status = -EINVAL;

	switch (options__parse(&app.options, argc, argv, &errmsg)) {
	case OPTIONS_DONE: return 0;
	case OPTIONS_RUN: status = start_and_run(&app, &errmsg); break;
	case OPTIONS_BAD: break;
	}
	if (status < 0) {
		fprintf(stderr, "xdpk: %s\n", errmsg ? errmsg : strerror(-status));
		status = EXIT_BAD_INPUT;
	}
	free(errmsg);
	close_app(&app);
	return status;
}
