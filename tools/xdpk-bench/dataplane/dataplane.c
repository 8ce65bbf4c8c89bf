/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dataplane.c -- see dataplane.h.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <pcap/pcap.h>

#include "core/error.h"
#include "dataplane/burst.h"

#include "../command-line.h"
#include "../figures.h"
#include "contest.h"
#include "dataplane.h"

enum { EXIT_BEYOND = 1, EXIT_BAD = 2 };

#define CAPTURE_PACKETS 256

static const char usage[] =
	"usage: xdpk-bench dataplane [options] [CONTEST...]\n"
	"\n"
	"Runs xdpk and dpdk-testpmd by turns on one core, on devices that need no hardware, and\n"
	"prints what a packet takes in each; and xdpk with two workers beside itself with one.\n"
	"\n"
	"  --launches N       how often the processes are started anew (5)\n"
	"  --repetitions N    turns of each in a launch (9)\n"
	"  --quick            one launch, short turns\n"
	"  --limit NS         exit 1 if xdpk takes that much more than testpmd in any contest\n"
	"  --list             contests\n"
	"  -j, --json         JSON\n";

struct options {
	unsigned launches;
	struct contest_opts contest;
	double limit;
	bool json;
	bool chosen[32];
};

static void list(void)
{
	for (size_t i = 0; i < n_contests; i++) {
		const struct contest *c = &contests[i];

		if (c->forward)
			printf("%-14s %s, testpmd %s%s\n", c->name, c->device, c->forward,
				c->raw ? " and its BPF JIT" : "");
		else
			printf("%-14s %s, two workers on two queues\n", c->name, c->device);
	}
}

static const char *contest_name(size_t i)
{
	return contests[i].name;
}

/* --- what is measured ------------------------------------------------------------------ */

static int write_capture(const char *folder, char **errmsg)
{
	unsigned char packet[CONTEST_PACKET] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	struct pcap_pkthdr header = {.caplen = sizeof(packet), .len = sizeof(packet)};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, sizeof(packet));
	pcap_dumper_t *file;
	char path[256];

	snprintf(path, sizeof(path), "%s/in.pcap", folder);
	file = pcap ? pcap_dump_open(pcap, path) : NULL;
	for (int i = 0; file && i < CAPTURE_PACKETS; i++)
		pcap_dump((unsigned char *)file, &header, packet);
	if (file)
		pcap_dump_close(file);
	if (pcap)
		pcap_close(pcap);
	return file ? 0 : error__set(errmsg, -EIO, "%s cannot be written", path);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static int run_launch(const struct options *o, struct score *scores, char **errmsg)
{
	for (size_t i = 0; i < n_contests; i++) {
		int err = o->chosen[i] ? contest__run(&contests[i], &o->contest, &scores[i], errmsg)
				       : 0;

		if (err)
			return err;
	}
	return 0;
}

/* scores: n_contests of them. */
static int run_all(struct options *o, struct score *scores, char **errmsg)
{
	struct score *each = calloc(o->launches * n_contests, sizeof(*each));
	struct score *column = calloc(o->launches, sizeof(*column));
	char folder[] = "/tmp/xdpk-bench.XXXXXX";
	int err = each && column && mkdtemp(folder) ? 0 : -errno;

	o->contest.folder = folder;
	if (!err)
		err = write_capture(folder, errmsg);
	for (unsigned l = 0; l < o->launches && !err; l++) {
		if (o->launches > 1)
			fprintf(stderr, "launch %u of %u\n", l + 1, o->launches);
		err = run_launch(o, each + l * n_contests, errmsg);
	}
	for (size_t i = 0; i < n_contests && !err; i++) {
		for (unsigned l = 0; l < o->launches; l++)
			column[l] = each[l * n_contests + i];
		score__merge(&scores[i], column, o->launches);
	}
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(each);
	free(column);
	return err;
}

/* --- what is printed ------------------------------------------------------------------- */

static void print_table(const struct options *o, const struct score *scores)
{
	printf("packets of %d bytes, one core, bursts of %d, median of %u repetitions and %u "
	       "launch%s\n",
		CONTEST_PACKET, BURST_SIZE, o->contest.repetitions, o->launches,
		o->launches == 1 ? "" : "es");
	printf("\nns per packet\n\n%-14s  %7s  %7s  %7s\n", "", "xdpk", "testpmd", "more");
	for (size_t i = 0; i < n_contests; i++)
		if (o->chosen[i] && contests[i].forward)
			printf("%-14s  %7.2f  %7.2f  %+7.2f\n", contests[i].name,
				scores[i].ns[XDPK], scores[i].ns[RIVAL], scores[i].more);
	for (size_t i = 0; i < n_contests; i++)
		if (o->chosen[i] && !contests[i].forward)
			printf("\n%s: two workers do %.2f times what one does, %.2f by the clock\n",
				contests[i].name, scores[i].scaling, scores[i].scaling_wall);
}

static void print_json(const struct options *o, const struct score *scores)
{
	json_t *contest_list = json_array(), *root;

	for (size_t i = 0; i < n_contests; i++) {
		const struct score *s = &scores[i];

		if (!o->chosen[i])
			continue;
		json_array_append_new(contest_list,
			contests[i].forward
				? json_pack("{s:s, s:f, s:f, s:f}", "contest", contests[i].name,
					  "xdpk_ns", s->ns[XDPK], "testpmd_ns", s->ns[RIVAL],
					  "more_ns", s->more)
				: json_pack("{s:s, s:f, s:f}", "contest", contests[i].name,
					  "scaling", s->scaling, "scaling_by_clock",
					  s->scaling_wall));
	}
	root = json_pack("{s:i, s:i, s:i, s:o}", "packet", CONTEST_PACKET, "launches",
		(int)o->launches, "repetitions", (int)o->contest.repetitions, "contests",
		contest_list);
	json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(root);
}

static int check_limit(const struct options *o, const struct score *scores)
{
	int status = 0;

	for (size_t i = 0; i < n_contests; i++) {
		if (!o->chosen[i] || !contests[i].forward || scores[i].more <= o->limit)
			continue;
		fprintf(stderr,
			"xdpk-bench: %s: xdpk takes %.2f ns more than testpmd, limit %.2f\n",
			contests[i].name, scores[i].more, o->limit);
		status = EXIT_BEYOND;
	}
	return status;
}

/* --- options --------------------------------------------------------------------------- */

enum { QUICK = 256, LAUNCHES, REPETITIONS, LIMIT };

static const struct option long_options[] = {
	{"quick", no_argument, NULL, QUICK},
	{"launches", required_argument, NULL, LAUNCHES},
	{"repetitions", required_argument, NULL, REPETITIONS},
	{"limit", required_argument, NULL, LIMIT},
	{"list", no_argument, NULL, OPTION_LIST},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

static bool set_option(void *options, int opt, char *arg)
{
	struct options *o = options;

	switch (opt) {
	case QUICK:
		o->launches = 1;
		o->contest.window_ns = 20e6;
		return true;
	case LAUNCHES: return command_line__count(arg, 1, MAX_LAUNCHES, &o->launches);
	case REPETITIONS: return command_line__count(arg, 1, MAX_LAUNCHES, &o->contest.repetitions);
	case LIMIT: o->limit = strtod(arg, NULL); return true;
	case 'j': o->json = true; return true;
	default: return false;
	}
}

int dataplane__main(int argc, char **argv)
{
	struct options o = {
		.launches = 5, .limit = 1e9, .contest = {.repetitions = 9, .window_ns = 50e6}};
	const struct command_line line = {.usage = usage,
		.options = long_options,
		.list = list,
		.set = set_option,
		.user = &o,
		.thing = "contest",
		.name = contest_name,
		.n = n_contests,
		.chosen = o.chosen};
	struct score *scores;
	char *errmsg = NULL;
	int status;

	status = command_line__read(&line, argc, argv);
	if (status >= 0)
		return status;
	scores = calloc(n_contests, sizeof(*scores));
	if (!scores || run_all(&o, scores, &errmsg)) {
		fprintf(stderr, "xdpk-bench: %s\n", errmsg ? errmsg : strerror(errno));
		status = EXIT_BAD;
	} else {
		(o.json ? print_json : print_table)(&o, scores);
		status = check_limit(&o, scores);
	}
	free(errmsg);
	free(scores);
	return status;
}
