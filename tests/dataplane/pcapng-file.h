/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pcapng-file.h -- reads back what a capture has written, and is strict about it: whatever the
 * format does not allow, or the capture should not have written, fails the test.
 */
#ifndef TESTS_PCAPNG_FILE_H
#define TESTS_PCAPNG_FILE_H

#include <stdint.h>

#define MAX_INTERFACES 16
#define MAX_PACKETS    4096

struct pcapng_file_packet {
	const char *interface;
	uint64_t time, id, verdict, lost;
	uint32_t queue, len, wire_len;
	const uint8_t *bytes;
};

struct pcapng_file {
	uint8_t *contents;
	uint32_t n_interfaces, n_packets;
	char *interface[MAX_INTERFACES];
	char *filter[MAX_INTERFACES];
	uint32_t snaplen[MAX_INTERFACES];
	uint64_t delivered[MAX_INTERFACES], dropped[MAX_INTERFACES]; /* as its statistics say */
	uint32_t n_statistics;
	struct pcapng_file_packet packet[MAX_PACKETS];
};

void pcapng_file__read(struct pcapng_file *f, int fd);
void pcapng_file__free(struct pcapng_file *f);

#endif
