/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xdpk-replay -- runs an XDP program over the packets of a capture, on one engine or several,
 * and says what became of each packet and where the engines differ. Needs neither ports nor
 * privileges, but for the engine `kernel`.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "replay.h"
#include "verdict.h"

enum { EXIT_SAME = 0, EXIT_DIFFERENT = 1, EXIT_BAD_INPUT = 2 };
enum { HELP_TO_STDOUT = 1 };

static const char usage[] =
	"usage: xdpk-replay [options] PROG.o|IMAGE.o IN.pcap\n"
	"\n"
	"Runs an XDP program over the packets of a capture and compares engines: verdicts,\n"
	"bytes, events, maps. In an image (xdpk-vm compile) the engine llvm is compiled already.\n"
	"\n"
	"  -p, --prog NAME          the program (default: the object's first XDP program)\n"
	"  -e, --engine LIST        engines, separated by commas: each must run and is compared\n"
	"                           with the first; `all`: those that can run here\n"
	"                           (default: interp and llvm, as far as they can run)\n"
	"  -i, --init FILE          control lines to run first: `map update NAME key BYTES\n"
	"                           value BYTES`, `rodata set VARIABLE VALUE`\n"
	"      --ifindex N          what the program reads in ingress_ifindex (default 1); the\n"
	"                           engine kernel wants an interface that exists\n"
	"  -w [VERDICT=]FILE        write packets that leave, as the first engine left them, to\n"
	"                           a pcap file: those with verdict pass, tx or redirect, or all\n"
	"  -x, --expect FILE        compare with what is expected: lines `PACKET VERDICT [BYTES]`\n"
	"                           with BYTES in hex, or = if the packet must be unchanged\n"
	"      --write-expect FILE  write such a file from what the first engine did\n"
	"  -c, --coverage           hits per source line and the share of reachable instructions\n"
	"                           that ran (by the engine interp)\n"
	"  -d, --dump-maps          print the maps the program uses, afterwards, and the events\n"
	"                           that it wrote into ring buffers and perf event arrays\n"
	"  -r, --repeat N           passes over the capture: the first is compared, the others\n"
	"                           are timed (default 1)\n"
	"      --no-cache           compile also what was compiled before; otherwise compiled\n"
	"                           programs are kept in ~/.cache/xdpk\n"
	"  -v, --verbose            a line per packet; trace output on stderr\n"
	"  -l, --log                the verifier's log on stderr\n"
	"  -j, --json               the report as JSON\n"
	"  -h, --help               this text\n"
	"\n"
	"IN.pcap may be - for standard input, and FILE of -w - for standard output; the report "
	"goes\n"
	"to standard error then.\n"
	"\n"
	"Packets shorter than an Ethernet header or longer than 3520 bytes (73152 for programs in\n"
	"sections xdp.frags) are counted and left out. Of a per-CPU map the value of the worker "
	"or\n"
	"CPU that ran the program is compared.\n"
	"\n"
	"Exit status: 0 no differences, 1 differences, 2 bad input.\n";

enum { OPT_IFINDEX = 256, OPT_WRITE_EXPECT, OPT_NO_CACHE };

static const struct option longs[] = {
	{"prog", required_argument, NULL, 'p'},
	{"engine", required_argument, NULL, 'e'},
	{"init", required_argument, NULL, 'i'},
	{"ifindex", required_argument, NULL, OPT_IFINDEX},
	{"write", required_argument, NULL, 'w'},
	{"expect", required_argument, NULL, 'x'},
	{"write-expect", required_argument, NULL, OPT_WRITE_EXPECT},
	{"coverage", no_argument, NULL, 'c'},
	{"dump-maps", no_argument, NULL, 'd'},
	{"repeat", required_argument, NULL, 'r'},
	{"no-cache", no_argument, NULL, OPT_NO_CACHE},
	{"verbose", no_argument, NULL, 'v'},
	{"log", no_argument, NULL, 'l'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL},
};

static void print_usage(void)
{
	fputs(usage, stdout);
	printf("\nEngines:\n");
	for (const struct engine *e = engines; e->name; e++)
		printf("  %-8s %s\n", e->name, e->summary);
}

static int parse_number(
	const char *what, const char *text, uint32_t min, uint32_t *out, char **errmsg)
{
	char *end;
	unsigned long v = strtoul(text, &end, 0);

	if (*text < '0' || *text > '9' || *end || v < min || v > INT32_MAX)
		return error__set(errmsg, -EINVAL, "%s: '%s' is not a number from %u to %d", what,
			text, min, INT32_MAX);
	*out = v;
	return 0;
}

static int add_engine(struct replay_opts *o, const struct engine *e, char **errmsg)
{
	for (size_t i = 0; i < o->n_engines; i++) {
		if (o->engines[i] == e)
			return error__set(errmsg, -EINVAL, "--engine: %s is named twice", e->name);
	}
	o->engines[o->n_engines++] = e; /* as many as the table has, at the most */
	return 0;
}

static int parse_engines(struct replay_opts *o, const char *list, char **errmsg)
{
	o->n_engines = 0;
	o->engines_named = strcmp(list, "all") != 0;
	for (const struct engine *e = engines; !o->engines_named && e->name; e++)
		add_engine(o, e, NULL);
	while (o->engines_named) {
		size_t len = strcspn(list, ",");
		const struct engine *e = engine__find(list, len);
		int err;

		if (!e)
			return error__set(errmsg, -EINVAL,
				"--engine: no engine '%.*s' (see --help for those there are)",
				(int)len, list);
		err = add_engine(o, e, errmsg);
		if (err || !list[len])
			return err;
		list += len + 1;
	}
	return 0;
}

static int parse_output(struct replay_opts *o, const char *arg, char **errmsg)
{
	const char *path = strchr(arg, '=');
	struct replay_output *out = &o->outputs[o->n_outputs];
	uint32_t verdict;

	if (o->n_outputs == REPLAY_MAX_OUTPUTS)
		return error__set(errmsg, -EINVAL, "-w: %d files at the most", REPLAY_MAX_OUTPUTS);
	out->path = arg;
	out->verdicts = 1u << XDP_PASS | 1u << XDP_TX | 1u << XDP_REDIRECT;
	if (path && verdict__parse(arg, path - arg, &verdict)) {
		if (!verdict__leaves(verdict))
			return error__set(errmsg, -EINVAL,
				"-w: packets leave with pass, tx or redirect, not %.*s",
				(int)(path - arg), arg);
		out->path = path + 1;
		out->verdicts = 1u << verdict;
	}
	o->n_outputs++;
	return 0;
}

/* 0, HELP_TO_STDOUT, or negative errno. */
static int parse_option(struct replay_opts *o, int c, char **argv, char **errmsg)
{
	switch (c) {
	case 'p': o->engine.subject.program = optarg; break;
	case 'e': return parse_engines(o, optarg, errmsg);
	case 'i': o->engine.subject.init = optarg; break;
	case OPT_IFINDEX:
		return parse_number("--ifindex", optarg, 1, &o->engine.subject.ifindex, errmsg);
	case 'w': return parse_output(o, optarg, errmsg);
	case 'x': o->expect = optarg; break;
	case OPT_WRITE_EXPECT: o->write_expect = optarg; break;
	case 'c': o->engine.count = true; break;
	case 'd': o->dump_maps = true; break;
	case 'r': return parse_number("--repeat", optarg, 1, &o->passes, errmsg);
	case OPT_NO_CACHE: o->engine.subject.cache = false; break;
	case 'v': o->verbose = o->engine.subject.trace = true; break;
	case 'l': o->engine.subject.log = true; break;
	case 'j': o->json = true; break;
	case 'h': return HELP_TO_STDOUT;
	case ':':
		return error__set(
			errmsg, -EINVAL, "%s wants an argument (see --help)", argv[optind - 1]);
	default:
		if (optopt && optopt < OPT_IFINDEX)
			return error__set(errmsg, -EINVAL, "no option -%c (see --help)", optopt);
		return error__set(errmsg, -EINVAL, "no option %s (see --help)", argv[optind - 1]);
	}
	return 0;
}

static int parse_options(struct replay_opts *o, int argc, char **argv, char **errmsg)
{
	int c, err;

	opterr = 0;
	*o = (struct replay_opts){.passes = 1, .engine.subject = {.ifindex = 1, .cache = true}};
	for (const struct engine *e = engines; e->name; e++) {
		if (e->by_default)
			add_engine(o, e, NULL);
	}
	while ((c = getopt_long(argc, argv, ":p:e:i:w:x:cdr:vljh", longs, NULL)) != -1) {
		err = parse_option(o, c, argv, errmsg);
		if (err)
			return err;
	}
	if (argc - optind != 2)
		return error__set(errmsg, -EINVAL,
			"wants an object and a capture: xdpk-replay [options] PROG.o IN.pcap");
	o->engine.subject.object = argv[optind];
	o->capture = argv[optind + 1];
	return 0;
}

int main(int argc, char **argv)
{
	struct replay_opts opts;
	char *errmsg = NULL;
	int rc = parse_options(&opts, argc, argv, &errmsg);

	libbpf_set_print(NULL); /* what it finds is told in one sentence */
	if (rc == HELP_TO_STDOUT) {
		print_usage();
		return EXIT_SAME;
	}
	if (!rc)
		rc = replay__run(&opts, &errmsg);
	if (rc >= 0 && (fflush(stdout) || ferror(stdout)))
		rc = error__set(&errmsg, -EIO, "the report cannot be written");
	if (rc < 0) {
		fprintf(stderr, "xdpk-replay: %s\n", errmsg ? errmsg : strerror(-rc));
		free(errmsg);
		return EXIT_BAD_INPUT;
	}
	return rc ? EXIT_DIFFERENT : EXIT_SAME;
}
