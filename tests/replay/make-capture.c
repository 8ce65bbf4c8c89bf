/* SPDX-License-Identifier: BSD-3-Clause
 *
 * make-capture -- writes a pcap file with a mix of packets of every kind, the same at every run.
 *
 * Kinds take turns packet by packet. After them come, for three kinds, all truncations of one
 * packet from 14 bytes up.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "packets.h"

#define MAX_KINDS   64
#define SHORTEST    14 /* an Ethernet header */
#define LONGEST     73152
#define SNAP_LENGTH 262144

struct options {
	const char *out, *rules;
	unsigned count, flows;
	unsigned longest; /* 0: packets are as long as their headers say */
	const struct packet_kind *kinds[MAX_KINDS];
	unsigned n_kinds;
	bool mixed; /* all kinds, and truncations */
};

static const char usage[] =
	"usage: make-capture OUT.pcap [--count N] [--kind KIND]... [--flows N]\n"
	"                    [--longest N] [--rules FILE]\n"
	"\n"
	"  --count N     packets of each kind (default 64)\n"
	"  --kind KIND   only this kind, and no truncations; may be repeated\n"
	"  --flows N     flows the packets belong to, at most 60000 (default 16)\n"
	"  --longest N   packets are padded to lengths up to N, at most 73152\n"
	"  --rules FILE  also write control lines for the sample firewall: a rule for\n"
	"                the TCP and UDP packets of every flow, with verdicts drop,\n"
	"                pass and tx in turn\n"
	"\n"
	"kinds:\n";

static void print_usage(FILE *to)
{
	fputs(usage, to);
	for (const struct packet_kind *k = packet_kinds; k->name; k++)
		fprintf(to, "  %-13s %s\n", k->name, k->summary);
}

static const struct packet_kind *find_kind(const char *name)
{
	const struct packet_kind *k = packet_kinds;

	while (k->name && strcmp(k->name, name))
		k++;
	return k->name ? k : NULL;
}

static bool parse_number(const char *text, unsigned max, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*out = v;
	return *text >= '0' && *text <= '9' && !*end && v >= 1 && v <= max;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"count", required_argument, NULL, 'c'},
		{"kind", required_argument, NULL, 'k'}, {"flows", required_argument, NULL, 'f'},
		{"longest", required_argument, NULL, 'l'}, {"rules", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'}, {NULL}};
	int c;

	*o = (struct options){.count = 64, .flows = 16};
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			if (!parse_number(optarg, 100000000, &o->count))
				return false;
			break;
		case 'f':
			if (!parse_number(optarg, 60000, &o->flows))
				return false;
			break;
		case 'k':
			if (o->n_kinds == MAX_KINDS || !find_kind(optarg))
				return false;
			o->kinds[o->n_kinds++] = find_kind(optarg);
			break;
		case 'l':
			if (!parse_number(optarg, LONGEST, &o->longest))
				return false;
			break;
		case 'r': o->rules = optarg; break;
		case 'h': print_usage(stdout); exit(0);
		default: return false;
		}
	}
	if (argc - optind != 1)
		return false;
	o->out = argv[optind];
	o->mixed = !o->n_kinds;
	for (const struct packet_kind *k = packet_kinds; o->mixed && k->name; k++)
		o->kinds[o->n_kinds++] = k;
	return true;
}

static void dump(pcap_dumper_t *out, const struct packet *p, unsigned len, unsigned *n)
{
	struct pcap_pkthdr h = {.caplen = len, .len = len};

	h.ts.tv_sec = *n / 1000000;
	h.ts.tv_usec = *n % 1000000;
	++*n;
	pcap_dump((uint8_t *)out, &h, p->data);
}

/* The same packet with something behind it; lengths are spread evenly. */
static void dump_padded(pcap_dumper_t *out, const struct packet *p, unsigned longest, unsigned *n)
{
	unsigned len = longest > p->len ? p->len + *n * 7919 % (longest - p->len + 1) : p->len;
	struct pcap_pkthdr h = {.ts.tv_usec = *n % 1000000, .caplen = len, .len = len};
	static uint8_t data[LONGEST];

	memcpy(data, p->data, p->len);
	for (unsigned i = p->len; i < len; i++)
		data[i] = (uint8_t)(i * 31 + i / 256 + *n);
	++*n;
	pcap_dump((uint8_t *)out, &h, data);
}

static int write_capture(const struct options *o)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAP_LENGTH);
	pcap_dumper_t *out = pcap ? pcap_dump_open(pcap, o->out) : NULL;
	unsigned n = 0;
	struct packet p;
	int err;

	if (!out) {
		fprintf(stderr, "make-capture: %s\n", pcap ? pcap_geterr(pcap) : "no memory");
		return 1;
	}
	for (unsigned i = 0; i < o->count; i++) {
		for (unsigned k = 0; k < o->n_kinds; k++) {
			p = (struct packet){0};
			o->kinds[k]->build(&p, i, o->flows);
			if (o->longest)
				dump_padded(out, &p, o->longest, &n);
			else
				dump(out, &p, p.len, &n);
		}
	}
	for (unsigned k = 0; o->mixed && k < o->n_kinds; k++) {
		p = (struct packet){0};
		o->kinds[k]->build(&p, 0, o->flows);
		for (unsigned len = SHORTEST; o->kinds[k]->cut && len < p.len; len++)
			dump(out, &p, len, &n);
	}
	err = pcap_dump_flush(out);
	pcap_dump_close(out);
	pcap_close(pcap);
	if (err)
		fprintf(stderr, "make-capture: %s: %s\n", o->out, strerror(errno));
	return err ? 1 : 0;
}

static int write_rules(const struct options *o)
{
	static const unsigned protos[] = {6, 17};
	FILE *f = fopen(o->rules, "w");

	if (!f) {
		fprintf(stderr, "make-capture: %s: %s\n", o->rules, strerror(errno));
		return 1;
	}
	for (unsigned i = 0; i < 2 * o->flows; i++) {
		unsigned flow = i / 2, sport = 1024 + flow, dport = packet_flow__port(flow);

		fprintf(f,
			"map update rules key 10 0 %u %u  192 0 2 %u  %u %u  %u %u  %u 0 0 0"
			"  value %u 0 0 0\n",
			flow >> 8, flow & 255, 1 + flow % 8, sport >> 8, sport & 255, dport >> 8,
			dport & 255, protos[i % 2], 1 + flow % 3);
	}
	if (fclose(f)) {
		fprintf(stderr, "make-capture: %s: %s\n", o->rules, strerror(errno));
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o;

	if (!parse_options(argc, argv, &o)) {
		print_usage(stderr);
		return 2;
	}
	if (write_capture(&o))
		return 1;
	return o.rules ? write_rules(&o) : 0;
}
