/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replacing.h -- a program is replaced again and again under full traffic (traffic.h), by
 * successors that have to be compiled or are in the cache, and now and then by one that cannot take
 * its place.
 *
 *	XDPK_REPLACEMENTS=1000   so many for each run, and a tenth of failures; 24 otherwise
 *
 * The executable's arguments: the folder with the versions, and the compiler.
 */
#ifndef TESTS_DATAPLANE_REPLACING_H
#define TESTS_DATAPLANE_REPLACING_H

#include "traffic.h"

#define WARM_UP 4 /* replacements before anything is measured; as many for each version */

struct level {
	size_t heap;
	unsigned mappings, descriptors;
};

/* Between bursts, a worker's own time, in spans of as many milliseconds each. */
struct gaps {
	unsigned spans, bad; /* bad: with one that was too long */
	uint64_t longest;    /* ns */
};

struct replacing {
	struct ringed b;
	struct traffic traffic;
	bool heirs;
	struct ebpf_object *object;  /* of the version that runs */
	unsigned n;                  /* replacements to do */
	unsigned failures;           /* that were made on purpose */
	uint64_t longest_ns, sum_ns; /* that replacing took */
	struct level before, after;
	uint64_t round;              /* the longest gap, with what else the processors did */
	struct gaps during, between; /* replacements */
};

int replacing__main(int argc, char **argv, const struct CMUnitTest *tests, size_t n);
/* heirs: with programs at entries of maps, one of which is the second to judge a packet. */
void replacing__open(struct replacing *t, bool cached, bool heirs);
/* All of it; fails the test if something was wrong. */
void replacing__run(struct replacing *t);
void replacing__print_times(const struct replacing *t);
/* The one that runs now. */
struct prog *replacing__program(const struct replacing *t);

#endif
