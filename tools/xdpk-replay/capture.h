/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture.h -- packet captures: a whole pcap or pcapng file in memory, and files to write.
 *
 * A file is read to its end before anything runs, so that a damaged one is an error first.
 * What no driver would hand to an XDP program is counted and left out: packets shorter than an
 * Ethernet header, and packets longer than the program takes (`longest` bytes).
 *
 * Errors: negative errno with a sentence that names the file and the packet.
 */
#ifndef XDPK_REPLAY_CAPTURE_H
#define XDPK_REPLAY_CAPTURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

struct capture_packet {
	const uint8_t *data; /* owned by the capture */
	uint32_t len;        /* captured bytes */
	uint32_t number;     /* in the file, from 1 */
	struct timeval time; /* tv_usec holds nanoseconds */
};

struct capture {
	struct capture_packet *packets; /* those that can run */
	size_t n;
	size_t total;       /* in the file */
	size_t too_short;   /* left out */
	size_t too_long;    /* left out */
	size_t cut_by_snap; /* run, with fewer bytes than were on the wire */
	uint8_t *bytes;     /* all packets' data */
};

int capture__load(struct capture *c, const char *path, uint32_t longest, char **errmsg);
void capture__free(struct capture *c);

/* A pcap file with time stamps in nanoseconds. */
struct capture_writer;
struct capture_writer *capture_writer__open(const char *path, char **errmsg);
void capture_writer__add(
	struct capture_writer *w, const struct timeval *time, const uint8_t *data, uint32_t len);
/* Also frees it. Tells whether everything could be written. */
int capture_writer__close(struct capture_writer *w, char **errmsg);

#endif
