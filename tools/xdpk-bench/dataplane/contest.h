/* SPDX-License-Identifier: BSD-3-Clause
 *
 * contest.h -- two applications that do the same to the same packets on devices of one kind.
 *
 * Both get EAL's options, buffers and packets alike, and one core to work on, the same for both.
 * They take turns on it, and which goes first alternates, too; a turn is a window in which packets
 * received and the process's CPU time are read twice.
 */
#ifndef XDPK_BENCH_CONTEST_H
#define XDPK_BENCH_CONTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum side { XDPK, RIVAL, N_SIDES };

struct contest {
	const char *name;
	const char *device;  /* EAL's --vdev; @ is the capture's path */
	const char *object;  /* of xdpk; each packet is sent, or dropped */
	const char *forward; /* testpmd's mode; NULL: the rival is xdpk with two workers */
	const char *raw; /* and what it loads into librte_bpf's JIT for received packets, or NULL */
	bool sends;
};

extern const struct contest contests[];
extern const size_t n_contests;

/* Medians of repetitions or launches. */
struct score {
	double ns[N_SIDES]; /* of CPU time, per packet */
	double more;        /* ns of xdpk less that of the rival */
	double scaling; /* two workers: what they do in the CPU time of each, to what one does */
	double scaling_wall; /* by the clock */
};

struct contest_opts {
	const char *folder; /* for captures, sockets and logs, removed by the caller */
	unsigned repetitions;
	double window_ns;
};

#define CONTEST_PACKET 64  /* bytes */
#define CONTEST_RING   512 /* packets that go round in a net_ring, per queue */

/* Starts both, measures, stops both. 0, or negative errno with *errmsg. */
int contest__run(
	const struct contest *c, const struct contest_opts *opts, struct score *out, char **errmsg);
/* Each figure becomes the median of n. */
void score__merge(struct score *out, const struct score *each, size_t n);

#endif
