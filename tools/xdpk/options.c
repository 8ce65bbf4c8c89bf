/* SPDX-License-Identifier: BSD-3-Clause
 *
 * options.c -- one table of options, from which the command line is parsed and --help printed.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "hop.h"
#include "options.h"

struct option_row {
	const char *name, *letter;
	const char *arg;  /* NULL: takes none; "[...]": may be left out, and is NULL then */
	const char *help; /* lines after the first are indented alike */
	int (*set)(struct options *o, char *arg, char **errmsg);
};

static int set_object(struct options *o, char *arg, char **errmsg)
{
	o->object = arg;
	return 0;
}

static int set_program(struct options *o, char *arg, char **errmsg)
{
	o->program = arg;
	return 0;
}

static int set_offload(struct options *o, char *arg, char **errmsg)
{
	int err = gpu_opts__parse(&o->gpu, arg, errmsg);

	if (err)
		error__prefix(errmsg, "--offload");
	return err;
}

static int set_init(struct options *o, char *arg, char **errmsg)
{
	o->init = arg;
	return 0;
}

static int add_port(struct options *o, char *arg, char **errmsg)
{
	if (o->n_ports == MAX_PORTS)
		return error__set(errmsg, -E2BIG, "--port: more than %d ports", MAX_PORTS);
	o->ports[o->n_ports++] = arg;
	return 0;
}

static int set_config(struct options *o, char *arg, char **errmsg)
{
	o->config = arg;
	return 0;
}

static int set_socket(struct options *o, char *arg, char **errmsg)
{
	o->socket = arg;
	return 0;
}

static int set_no_socket(struct options *o, char *arg, char **errmsg)
{
	o->no_socket = true;
	return 0;
}

static int set_readers(struct options *o, char *arg, char **errmsg)
{
	o->readers = arg;
	return 0;
}

/* The number that text begins with, at most max; NULL if it does not, else what follows it. */
static const char *scan_number(const char *text, unsigned max, unsigned *number)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || value > max)
		return NULL;
	*number = (unsigned)value;
	return end;
}

static bool parse_number(const char *text, unsigned max, unsigned *number)
{
	const char *end = scan_number(text, max, number);

	return end && !*end;
}

/* N workers on the process's first CPUs, and again from the first if there are fewer. */
static int use_first_cpus(struct options *o, unsigned n, char **errmsg)
{
	cpu_set_t set;
	unsigned available = 0;

	if (!n || n > MAX_WORKERS)
		return error__set(errmsg, -EINVAL, "--cores %u: must be 1 to %d", n, MAX_WORKERS);
	if (sched_getaffinity(0, sizeof(set), &set))
		return error__set(errmsg, -errno, "--cores: CPUs of the process are not known");
	for (int cpu = 0; cpu < CPU_SETSIZE && available < n; cpu++)
		if (CPU_ISSET(cpu, &set))
			o->cpus[available++] = cpu;
	for (unsigned i = available; i < n; i++)
		o->cpus[i] = o->cpus[i - available];
	if (available < n)
		fprintf(stderr, "xdpk: %u workers share %u CPUs\n", n, available);
	o->n_workers = n;
	return 0;
}

/* FROM or FROM-TO */
static bool add_cpu_range(struct options *o, const char *range)
{
	unsigned from, to;
	const char *end = scan_number(range, CPU_SETSIZE - 1, &from);

	to = from;
	if (end && *end == '-')
		end = scan_number(end + 1, CPU_SETSIZE - 1, &to);
	if (!end || *end || to < from)
		return false;
	for (; from <= to && o->n_workers < MAX_WORKERS; from++)
		o->cpus[o->n_workers++] = (int)from;
	return from > to;
}

/* DPDK would print all its options. */
static int check_cpus(const struct options *o, char **errmsg)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return error__set(errmsg, -errno, "--cores: CPUs of the process are not known");
	for (unsigned i = 0; i < o->n_workers; i++)
		if (!CPU_ISSET(o->cpus[i], &set))
			return error__set(errmsg, -EINVAL,
				"--cores: there is no CPU %d, or not for this process", o->cpus[i]);
	return 0;
}

static int set_cores(struct options *o, char *arg, char **errmsg)
{
	unsigned n;

	if (parse_number(arg, UINT_MAX, &n))
		return use_first_cpus(o, n, errmsg);
	o->n_workers = 0;
	for (char *range; (range = strsep(&arg, ",")) != NULL;)
		if (!add_cpu_range(o, range))
			return error__set(errmsg, -EINVAL,
				"--cores: `%s` is neither a number of cores nor part of a list "
				"like 0,2-3",
				range);
	return check_cpus(o, errmsg);
}

static int add_assignment(struct assignments *list, const char *option, char *arg, char **errmsg)
{
	struct assignment *a = &list->item[list->n];
	char *equals = strchr(arg, '=');

	if (list->n == MAX_PORTS)
		return error__set(errmsg, -E2BIG, "%s: given too often", option);
	list->n++;
	if (equals)
		*equals = '\0';
	a->name = equals ? arg : NULL;
	a->value = equals ? equals + 1 : arg;
	return 0;
}

static int add_pass(struct options *o, char *arg, char **errmsg)
{
	return add_assignment(&o->pass, "--pass", arg, errmsg);
}

static int add_host(struct options *o, char *arg, char **errmsg)
{
	if (!strchr(arg, '='))
		return error__set(errmsg, -EINVAL, "--host %s: must be PORT=HOSTSIDE", arg);
	return add_assignment(&o->host, "--host", arg, errmsg);
}

static int add_ifindex(struct options *o, char *arg, char **errmsg)
{
	if (!strchr(arg, '='))
		return error__set(errmsg, -EINVAL, "--ifindex %s: must be PORT=N", arg);
	return add_assignment(&o->ifindex, "--ifindex", arg, errmsg);
}

static int add_queues(struct options *o, char *arg, char **errmsg)
{
	const char *number = strchr(arg, '=') ? strchr(arg, '=') + 1 : arg;
	unsigned n;

	if (!parse_number(number, MAX_QUEUES, &n) || !n)
		return error__set(errmsg, -EINVAL, "--queues %s: must be 1 to %d, or PORT=N", arg,
			MAX_QUEUES);
	return add_assignment(&o->queues, "--queues", arg, errmsg);
}

static int add_mtu(struct options *o, char *arg, char **errmsg)
{
	const char *number = strchr(arg, '=') ? strchr(arg, '=') + 1 : arg;
	unsigned n;

	if (!parse_number(number, UINT16_MAX, &n) || !n)
		return error__set(
			errmsg, -EINVAL, "--mtu %s: must be 1 to %d, or PORT=N", arg, UINT16_MAX);
	return add_assignment(&o->mtu, "--mtu", arg, errmsg);
}

static int set_engine(struct options *o, char *arg, char **errmsg)
{
	static const char *const names[] = {
		[TIER_AUTO] = "auto", [TIER_INTERP] = "interp", [TIER_LLVM] = "llvm"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(arg, names[i])) {
			o->engine = i;
			return 0;
		}
	}
	return error__set(
		errmsg, -EINVAL, "--engine %s: unknown; there are auto, interp and llvm", arg);
}

static int set_no_cache(struct options *o, char *arg, char **errmsg)
{
	o->no_cache = true;
	return 0;
}

static int set_stats(struct options *o, char *arg, char **errmsg)
{
	o->stats_seconds = 1;
	if (arg && (!parse_number(arg, 86400, &o->stats_seconds) || !o->stats_seconds))
		return error__set(errmsg, -EINVAL, "--stats %s: must be 1 to 86400 seconds", arg);
	return 0;
}

static int set_metrics_port(struct options *o, char *arg, char **errmsg)
{
	unsigned port;

	if (!parse_number(arg, UINT16_MAX, &port))
		return error__set(
			errmsg, -EINVAL, "--metrics-port %s: must be 0 to %d", arg, UINT16_MAX);
	o->metrics_port = (int)port;
	return 0;
}

static int set_verbose(struct options *o, char *arg, char **errmsg)
{
	o->verbose = true;
	return 0;
}

static const struct option_row rows[] = {
	{"ebpf", NULL, "FILE", "the BPF object or image, for all ports", set_object},
	{"prog", NULL, "NAME", "the function to run (default: the first XDP program)", set_program},
	{"port", NULL, "DEVARGS",
		"a DPDK device, like net_tap0,iface=x0 or\n"
		"net_pcap0,rx_pcap=IN,tx_pcap=OUT; may be repeated",
		add_port},
	{"cores", NULL, "N|LIST", "workers: so many, or one on each CPU of 0,2-3 (default 1)",
		set_cores},
	{"init", NULL, "FILE", "control lines to run first: map update ..., rodata set ...",
		set_init},
	{"queues", NULL, "[PORT=]N",
		"receive queues, of one port or of all, which share flows among them\n"
		"(default: one per worker, as far as a port has them)",
		add_queues},
	{"mtu", NULL, "[PORT=]N",
		"the MTU of one port or of all: what is longer is not redirected there\n"
		"(default: the device's, which is 1500 for virtual ones; later: xdpkctl\n"
		"link set PORT mtu N)",
		add_mtu},
	{"pass", NULL, "[PORT=]TO",
		"where XDP_PASS goes, from one port or from all: a port, or drop\n"
		"(default), which counts it and frees it",
		add_pass},
	{"host", NULL, "PORT=HOSTSIDE",
		"a port, a TAP say, that stands for this port towards the host: XDP_PASS\n"
		"goes there, and what comes from there leaves by the port",
		add_host},
	{"ifindex", NULL, "PORT=N", "a port's ifindex (default: its number + 1)", add_ifindex},
	{"engine", NULL, "NAME",
		"auto (default: interpreted until compiled), interp, or llvm\n"
		"(compiled first)",
		set_engine},
	{"offload", NULL, "DEVICE",
		"run the program on a device: cuda, cuda:1, cuda:H100, or host:2, which is two\n"
		"threads of the CPU; in quotes also `split auto|cpu|gpu`, `batch N` packets,\n"
		"`deadline US` for a packet, `patience MS` for a batch, `stale MS` for maps:\n"
		"--offload 'cuda split gpu batch 4096'",
		set_offload},
	{"no-cache", NULL, NULL,
		"compile also what was compiled before; otherwise compiled programs\n"
		"are kept in ~/.cache/xdpk",
		set_no_cache},
	{"config", NULL, "FILE",
		"control lines for all of xdpk, as xdpkctl takes them: port add,\n"
		"prog load, net attach, map update ...; SIGHUP has it read again, and\n"
		"what is different done",
		set_config},
	{"socket", NULL, "PATH",
		"where xdpkctl can connect (default: /run/xdpk/control.sock for root,\n"
		"$XDG_RUNTIME_DIR/xdpk/control.sock for others; none if all ports\n"
		"are captures that end)",
		set_socket},
	{"no-socket", NULL, NULL, "nobody can connect", set_no_socket},
	{"readers", NULL, "GROUP", "who may connect, too, and look at everything", set_readers},
	{"stats", NULL, "[SECONDS]", "print rates so often (default 1)", set_stats},
	{"metrics-port", NULL, "N", "serve OpenMetrics at http://127.0.0.1:N/metrics (0: any N)",
		set_metrics_port},
	{"verbose", "v", NULL, "DPDK's own messages, the verifier's log, what the program traces",
		set_verbose},
	{"help", "h", NULL, "print this", NULL},
	{"version", "V", NULL, "print the version", NULL},
};

#define N_ROWS (sizeof(rows) / sizeof(*rows))

static void print_help(void)
{
	printf("usage: xdpk [EAL options --] [--ebpf FILE] --port DEVARGS... [options]\n"
	       "\n"
	       "Runs an XDP program over the packets of DPDK ports. Captures end by themselves;\n"
	       "SIGINT or SIGTERM ends the rest: what is under way leaves, then totals are "
	       "printed.\n"
	       "Without EAL options neither root nor hugepages are needed. Ports are named as in\n"
	       "DEVARGS, or numbered from 0 in their order.\n"
	       "\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		char name[64];
		const char *line = rows[i].help, *end;

		snprintf(name, sizeof(name), "%s%s%s--%s%s%s", rows[i].letter ? "-" : "    ",
			rows[i].letter ? rows[i].letter : "", rows[i].letter ? ", " : "",
			rows[i].name, rows[i].arg ? " " : "", rows[i].arg ? rows[i].arg : "");
		printf("  %-24s", name);
		for (; (end = strchr(line, '\n')) != NULL; line = end + 1)
			printf(" %.*s\n%26s", (int)(end - line), line, "");
		printf(" %s\n", line);
	}
	printf("\nexit status: 0 done, 1 packets unaccounted for, 2 bad input\n");
}

static bool arg_is_optional(const struct option_row *row)
{
	return row->arg[0] == '[' && row->arg[strlen(row->arg) - 1] == ']';
}

/* --name, --name=value, -x. *value is what follows an `=`, or NULL. */
static const struct option_row *find_row(const char *word, char **value)
{
	size_t len = strcspn(word, "=");

	*value = word[len] ? (char *)word + len + 1 : NULL;
	for (size_t i = 0; i < N_ROWS; i++) {
		if (!strncmp(word, "--", 2) && strlen(rows[i].name) == len - 2 &&
			!strncmp(word + 2, rows[i].name, len - 2))
			return &rows[i];
		if (rows[i].letter && word[0] == '-' && !strcmp(word + 1, rows[i].letter))
			return &rows[i];
	}
	return NULL;
}

static int parse_words(struct options *o, char **words, bool *answered, char **errmsg)
{
	for (; *words; words++) {
		char *value;
		const struct option_row *row = find_row(*words, &value);
		int err;

		if (!row)
			return error__set(
				errmsg, -EINVAL, "unknown option %s (see --help)", *words);
		if (!row->arg && value)
			return error__set(errmsg, -EINVAL, "--%s takes no value", row->name);
		if (row->arg && !value && words[1] && (words[1][0] != '-' || !arg_is_optional(row)))
			value = *++words;
		if (row->arg && !value && !arg_is_optional(row))
			return error__set(
				errmsg, -EINVAL, "--%s: %s is missing", row->name, row->arg);
		if (!row->set) {
			*answered = true;
			if (!strcmp(row->name, "help"))
				print_help();
			else
				printf("xdpk %s\n", XDPK_VERSION);
			return 0;
		}
		err = row->set(o, value, errmsg);
		if (err)
			return err;
	}
	return 0;
}

static int check(struct options *o, char **errmsg)
{
	if (!o->n_ports && !o->eal_argc && !o->config)
		return error__set(errmsg, -EINVAL, "--port DEVARGS is missing (see --help)");
	if (!o->object && (o->program || o->init || *o->gpu.device))
		return error__set(errmsg, -EINVAL, "--%s without --ebpf FILE (see --help)",
			o->init      ? "init"
			: o->program ? "prog"
				     : "offload");
	if (!o->object && !o->config && o->no_socket)
		return error__set(errmsg, -EINVAL,
			"--ebpf FILE is missing: with --no-socket no program can come later");
	if (o->socket && o->no_socket)
		return error__set(errmsg, -EINVAL, "--socket and --no-socket exclude each other");
	if (o->eal_argc && o->n_workers)
		return error__set(errmsg, -EINVAL, "--cores: EAL options are given, so it is -l");
	for (unsigned i = 0; i < o->n_ports && !o->eal_argc; i++)
		if (strcspn(o->ports[i], ":") < strcspn(o->ports[i], ","))
			return error__set(errmsg, -EINVAL,
				"--port %s: a hardware device needs EAL options: xdpk -a %s -- ...",
				o->ports[i], o->ports[i]);
	return o->n_workers || o->eal_argc ? 0 : use_first_cpus(o, 1, errmsg);
}

enum options_next options__parse(struct options *o, int argc, char **argv, char **errmsg)
{
	char **words = argv + 1;
	bool answered = false;

	*o = (struct options){.metrics_port = -1};
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			o->eal_argc = i;
			o->eal_argv = argv;
			argv[i] = NULL;
			words = argv + i + 1;
			break;
		}
	}
	if (parse_words(o, words, &answered, errmsg))
		return OPTIONS_BAD;
	if (answered)
		return OPTIONS_DONE;
	return check(o, errmsg) ? OPTIONS_BAD : OPTIONS_RUN;
}
