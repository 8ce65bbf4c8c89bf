/* SPDX-License-Identifier: BSD-3-Clause
 *
 * contest.c -- see contest.h.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"

#include "../figures.h"
#include "contest.h"
#include "dataplane/burst.h"
#include "process.h"

#define CAPTURE   "net_pcap0,rx_pcap=@,infinite_rx=1"
#define SWAP      XDPK_BENCH_SAMPLES "/mac-swap.bpf.o"
#define DROP      XDPK_BENCH_BUILD "/drop.bpf.o"
#define RAW(name) XDPK_BENCH_BUILD "/text-" name ".bpf.o"

const struct contest contests[] = {
	{"swap-ring", "net_ring0", SWAP, "macswap", NULL, true},
	{"swap-pcap", CAPTURE, SWAP, "macswap", NULL, true},
	{"drop-pcap", CAPTURE, DROP, "rxonly", NULL, false},
	{"drop-null", "net_null0", DROP, "rxonly", NULL, false},
	{"bpf-swap-ring", "net_ring0", SWAP, "io", RAW("swap"), true},
	{"bpf-swap-pcap", CAPTURE, SWAP, "io", RAW("swap"), true},
	{"bpf-drop-pcap", CAPTURE, DROP, "rxonly", RAW("drop"), false},
	{"workers-pcap", "net_pcap0,rx_pcap=@,rx_pcap=@,infinite_rx=1", SWAP, NULL, NULL, true},
	{"workers-ring", "net_ring0", SWAP, NULL, NULL, true},
};
const size_t n_contests = sizeof(contests) / sizeof(*contests);

/* --- the applications ------------------------------------------------------------------ */

#define MAX_ARGS 48
#define ARG_SIZE 320
#define MBUFS    8192

struct command {
	unsigned n;
	char *argv[MAX_ARGS + 1];
	char text[MAX_ARGS][ARG_SIZE];
};

__attribute__((format(printf, 2, 3))) static void add(struct command *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->text[c->n], ARG_SIZE, format, args);
	va_end(args);
	c->argv[c->n] = c->text[c->n];
	c->n++;
}

/* Workers have the last CPUs, on which there is the least to do besides; the others have the first.
 */
struct places {
	int worker[2], others;
};

static int find_places(struct places *p)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) || CPU_COUNT(&set) < 2)
		return -ENODEV;
	p->others = p->worker[0] = p->worker[1] = -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		if (p->others < 0)
			p->others = cpu;
		p->worker[1] = p->worker[0];
		p->worker[0] = cpu;
	}
	return 0;
}

static void add_device(struct command *c, const char *device, const char *folder)
{
	char text[ARG_SIZE] = "";
	size_t n = 0;

	for (; *device && n < sizeof(text) - 1; device++)
		if (*device == '@')
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s/in.pcap", folder);
		else
			text[n++] = *device;
	add(c, "--vdev=%s", text);
}

static void add_eal(
	struct command *c, const struct contest *contest, const char *name, const char *folder)
{
	static const char *const options[] = {
		"--no-huge", "-m", "256", "--no-pci", "--no-shconf", "--log-level=*:error"};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		add(c, "%s", options[i]);
	add(c, "--file-prefix=%s", name);
	add_device(c, contest->device, folder);
}

static void command_xdpk(struct command *c, const struct contest *contest, const char *name,
	unsigned workers, const struct places *at, const char *folder)
{
	add(c, "%s", XDPK_BENCH_XDPK);
	add_eal(c, contest, name, folder);
	if (workers == 1)
		add(c, "--lcores=0@%d", at->worker[0]);
	else
		add(c, "--lcores=0@%d,1@%d", at->worker[0], at->worker[1]);
	add(c, "--");
	add(c, "--ebpf=%s", contest->object);
	add(c, "--engine=llvm");
	add(c, "--socket=%s/%s.sock", folder, name);
}

/* Its first lcore does not forward. Commands are read from a file, as it needs one for its BPF. */
static int command_testpmd(struct command *c, const struct contest *contest, const char *name,
	const struct places *at, const char *folder)
{
	char path[256];
	FILE *commands;

	snprintf(path, sizeof(path), "%s/%s.commands", folder, name);
	commands = fopen(path, "w");
	if (!commands)
		return -errno;
	fprintf(commands, "set fwd %s\n", contest->forward);
	if (contest->raw)
		fprintf(commands, "bpf-load rx 0 0 J %s\n", contest->raw);
	fputs("start\n", commands);
	fclose(commands);

	add(c, "dpdk-testpmd");
	add_eal(c, contest, name, folder);
	add(c, "--lcores=0@%d,1@%d", at->others, at->worker[0]);
	add(c, "--");
	add(c, "-i");
	add(c, "--cmdline-file=%s", path);
	add(c, "--burst=%d", BURST_SIZE);
	add(c, "--mbuf-size=%d", (PACKET_BUF_SIZE + 63) / 64 * 64);
	add(c, "--total-num-mbufs=%d", MBUFS);
	add(c, "--mbcache=512");
	add(c, "--no-flush-rx");
	add(c, "--port-topology=loop");
	return 0;
}

static int fill(struct process *p, unsigned queues, char **errmsg)
{
	char command[64];
	json_t *answer;
	int err;

	snprintf(command, sizeof(command), "/bench/fill,net_ring0,%u,%d,%d", queues, CONTEST_RING,
		CONTEST_PACKET);
	err = process__ask(p, command, &answer, errmsg);
	if (!err)
		json_decref(answer);
	return err;
}

static int start(struct process *p, const struct contest *contest, enum side side,
	const struct contest_opts *opts, char **errmsg)
{
	static const char *const names[][N_SIDES] = {
		{"xdpk", "testpmd"}, {"one worker", "two workers"}};
	bool scaling = !contest->forward;
	const char *name = names[scaling][side];
	unsigned workers = scaling && side == RIVAL ? 2 : 1;
	struct command c = {0};
	struct places at;
	int err = find_places(&at);

	if (err)
		return error__set(errmsg, err, "two CPUs are needed");
	if (side == XDPK || scaling)
		command_xdpk(&c, contest, name, workers, &at, opts->folder);
	else if ((err = command_testpmd(&c, contest, name, &at, opts->folder)))
		return error__set(errmsg, err, "no file in %s: %s", opts->folder, strerror(-err));
	err = process__start(p, opts->folder, name, c.argv, XDPK_BENCH_BUILD "/preload.so", errmsg);
	if (!err && !strncmp(contest->device, "net_ring", 8))
		err = fill(p, workers, errmsg);
	return err;
}

/* --- turns ----------------------------------------------------------------------------- */

#define WARM_UP_US 5000
#define PATIENCE   1000 /* looks, at traffic that shall come and windows that shall end */

struct turn {
	double ns;   /* of CPU time per packet */
	double rate; /* packets per ns by the clock */
};

/* Does it work at all? */
static int await_traffic(struct process *p, char **errmsg)
{
	struct sample first, now;
	int err = process__sample(p, &first, errmsg);

	for (int tries = 0; tries < PATIENCE && !err; tries++) {
		err = process__sample(p, &now, errmsg);
		if (!err && now.received > first.received + CONTEST_RING * BURST_SIZE)
			return 0;
		usleep(10000);
	}
	return err ? err : error__set(errmsg, -EIO, "%s receives nothing", p->name);
}

/* A window ends when the process has had its time, however long the machine takes to give it. */
static int take_window(
	struct process *p, double ns, struct sample *from, struct sample *to, char **errmsg)
{
	int err = process__sample(p, from, errmsg);
	double left = ns;

	for (int tries = 0; tries < PATIENCE && !err && left > 0; tries++) {
		usleep((useconds_t)(left / 1000) + 1);
		err = process__sample(p, to, errmsg);
		left = ns - (to->cpu_ns - from->cpu_ns);
	}
	return err;
}

static int take_turn(struct process *p, const struct contest *contest, double ns, struct turn *out,
	char **errmsg)
{
	struct sample from, to;
	double received, lost;
	int err;

	process__resume(p);
	usleep(WARM_UP_US);
	err = take_window(p, ns, &from, &to, errmsg);
	if (err)
		return err;
	process__pause(p);
	received = to.received - from.received;
	lost = contest->sends ? received - (to.sent - from.sent) : to.sent - from.sent;
	if (received <= 0 || lost > received / 100 || lost < -received / 100)
		return error__set(errmsg, -EIO, "%s received %.0f packets and sent %.0f", p->name,
			received, to.sent - from.sent);
	out->ns = (to.cpu_ns - from.cpu_ns) / received;
	out->rate = received / (to.wall_ns - from.wall_ns);
	return 0;
}

static int take_turns(struct process *p, const struct contest *contest,
	const struct contest_opts *opts, struct score *out, char **errmsg)
{
	struct score *each = calloc(opts->repetitions, sizeof(*each));
	int err = each ? 0 : -ENOMEM;

	for (unsigned i = 0; i <= opts->repetitions && !err; i++) {
		enum side first = i % 2 ? RIVAL : XDPK;
		struct turn turn[N_SIDES];

		err = take_turn(&p[first], contest, opts->window_ns, &turn[first], errmsg);
		if (!err)
			err = take_turn(
				&p[!first], contest, opts->window_ns, &turn[!first], errmsg);
		if (!err && i > 0) /* the first warms up */
			each[i - 1] = (struct score){
				.ns = {turn[XDPK].ns, turn[RIVAL].ns},
				.more = turn[XDPK].ns - turn[RIVAL].ns,
				.scaling = 2 * turn[XDPK].ns / turn[RIVAL].ns,
				.scaling_wall = turn[RIVAL].rate / turn[XDPK].rate,
			};
	}
	if (!err)
		score__merge(out, each, opts->repetitions);
	free(each);
	return err;
}

int contest__run(
	const struct contest *c, const struct contest_opts *opts, struct score *out, char **errmsg)
{
	struct process p[N_SIDES] = {
		{.input = -1, .telemetry = -1}, {.input = -1, .telemetry = -1}};
	int err = 0;

	for (enum side side = XDPK; side < N_SIDES && !err; side++) {
		err = start(&p[side], c, side, opts, errmsg);
		if (!err)
			err = await_traffic(&p[side], errmsg);
		if (!err)
			process__pause(&p[side]);
	}
	if (!err)
		err = take_turns(p, c, opts, out, errmsg);
	for (enum side side = XDPK; side < N_SIDES; side++)
		process__stop(&p[side]);
	return err;
}

_Static_assert(sizeof(struct score) == 5 * sizeof(double), "nothing but doubles");

void score__merge(struct score *out, const struct score *each, size_t n)
{
	double *values = calloc(n, sizeof(*values));

	for (size_t i = 0; values && i < sizeof(*out) / sizeof(double); i++) {
		for (size_t k = 0; k < n; k++)
			values[k] = ((const double *)&each[k])[i];
		((double *)out)[i] = median(values, n);
	}
	free(values);
}
