/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture.h -- packets on their way through the programs, written to a pcapng file: as they came,
 * as they go, or both, with their verdicts.
 *
 *	worker   captures__entry(), the programs, captures__exit()  ─► its ring ─┐
 *	worker   captures__entry(), the programs, captures__exit()  ─► its ring ─┴─► a thread ─►
 *file
 *
 * In the file an interface is a place where packets were seen: "PORT@entry", "PORT:PROGRAM@exit",
 * where PROGRAM is the one whose verdict counts; "PORT@cpumap-entry" and so on where a CPUMAP's
 * entry has a program, by the port that the packet came from, and "PORT@egress-entry" where a
 * DEVMAP's has, by the port that it leaves by. A packet has its queue, its verdict (at entry that
 * which it will get) and a number that is the same at entry and at exit. Whatever finds no room in
 * a ring is counted, and told with the next packet that does: workers never wait.
 *
 * Threads: the first two by the worker, the others by anybody who holds the capture.
 */
#ifndef DATAPLANE_CAPTURE_CAPTURE_H
#define DATAPLANE_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

struct burst;
struct capture;
struct chain;

enum capture_point { CAPTURE_ENTRY = 1, CAPTURE_EXIT = 2 };

#define CAPTURE_SNAPLEN 262144 /* as tcpdump's */
#define MAX_CAPTURES    4      /* at once */

struct capture_opts {
	unsigned points;     /* bits of enum capture_point */
	unsigned actions;    /* bits of verdicts, unknown ones are aborted; 0: all */
	uint32_t ifindex;    /* of the port that received them; 0: all */
	int queue;           /* negative: all */
	const char *program; /* whose verdict counts; NULL: any */
	/* pcap-filter(7); NULL: all. It sees the packet as it came, or, if it is captured at exit
	 * alone, as it goes: its first segment. */
	const char *filter;
	uint32_t snaplen; /* at most so many bytes of each; 0: CAPTURE_SNAPLEN */
	uint64_t count;   /* ends after so many packets; 0: does not end */
	uint32_t ring;    /* bytes of a worker's ring, a power of two; 0: 4 MiB */
};

/* Takes fd, whatever happens, and writes to it until the end. NULL with *errmsg: -EINVAL (the
 * filter), -ENOMEM. */
struct capture *capture__create(
	int fd, const struct capture_opts *opts, unsigned workers, char **errmsg);
/* Writes what is in the rings and ends the file. No worker sees the capture any more. */
void capture__end(struct capture *capture);
/* Ends and frees it. NULL is fine. */
void capture__destroy(struct capture *capture);

/* Where a burst is judged, and by whom. */
struct capture_hop {
	const char *port, *entry,
		*exit;             /* the names of the places: "net_ring0", "@entry", "@exit" */
	const struct chain *chain; /* NULL: by one program */
	const char *program;       /* which, if there is one */
};

/* Captures that look at the same packets, each for itself. Borrowed. */
struct captures {
	unsigned n;
	struct capture *item[MAX_CAPTURES];
};

/* The same burst, before and after it is judged; only the packets' bytes and verdicts change in
 * between. */
void captures__entry(const struct captures *captures, unsigned worker,
	const struct capture_hop *hop, const struct burst *burst);
void captures__exit(const struct captures *captures, unsigned worker, const struct capture_hop *hop,
	const struct burst *burst);

struct capture_state {
	bool ended;              /* count is reached, or nobody reads any more, or it failed */
	int error;               /* negative errno: why it failed; -EPIPE: nobody reads any more */
	uint64_t packets, bytes; /* written */
	uint64_t lost;           /* packets for which there was no room */
};

void capture__state(const struct capture *capture, struct capture_state *state);
const struct capture_opts *capture__opts(const struct capture *capture);

#endif
