/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture-file.c -- libFuzzer target: any bytes as a packet capture. What is read are packets that
 * can run, within the bytes that were read; what cannot be read is refused in one sentence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ebpf-env.h>

#include "capture.h"

#define LEAST 14 /* an Ethernet header */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct capture *c)
{
	uint32_t last = 0, sum = 0;

	if (c->n + c->too_short + c->too_long != c->total)
		abort();
	for (size_t i = 0; i < c->n; i++) {
		const struct capture_packet *p = &c->packets[i];

		if (p->len < LEAST || p->len > EBPF_XDP_MAX_LINEAR || p->number <= last)
			abort();
		last = p->number;
		for (uint32_t at = 0; at < p->len; at++)
			sum += p->data[at];
	}
	if (sum == 1 && c->n > 1) /* the sum is used */
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture c = {0};
	char path[64], *err = NULL;
	int fd = memfd_create("capture", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!capture__load(&c, path, EBPF_XDP_MAX_LINEAR, &err)) {
		look_at(&c);
		capture__free(&c);
	} else if (!err || !*err || strchr(err, '\n')) {
		abort();
	}
	free(err);
	close(fd);
	return 0;
}
