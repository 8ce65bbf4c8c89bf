/* SPDX-License-Identifier: BSD-3-Clause
 *
 * traffic.c -- see traffic.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "traffic.h"

#define CACHE_LINE 64
#define HEAD       64 /* bytes of a packet that programs change */
#define ROOM       (EBPF_XDP_HEADROOM + 64)

static uint8_t *home(const struct traffic *t, uint32_t i)
{
	return t->frames + i * t->frame_size + EBPF_XDP_HEADROOM;
}

static uint32_t head_bytes(const struct traffic *t)
{
	return t->len < HEAD ? t->len : HEAD;
}

/* Huge pages, where they are to be had: a pool's buffers lie in such. */
static void *allocate(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

bool traffic__create(struct traffic *t, const struct workload *w, uint32_t packets)
{
	size_t lines = (ROOM + w->packet_len + CACHE_LINE - 1) / CACHE_LINE;

	*t = (struct traffic){.n = packets / BENCH_BURST * BENCH_BURST, .len = w->packet_len};
	/* 2 KiB, as is usual, and what makes the number odd. */
	t->frame_size = (lines > 32 ? lines | 1 : 35) * CACHE_LINE;
	t->packets = calloc(t->n, sizeof(*t->packets));
	t->heads = malloc((size_t)t->n * head_bytes(t));
	t->frames = allocate(t->n * t->frame_size);
	if (!t->packets || !t->heads || !t->frames)
		return false;
	for (uint32_t i = 0; i < t->n; i++) {
		w->packet(w, i, home(t, i));
		memcpy(t->heads + (size_t)i * head_bytes(t), home(t, i), head_bytes(t));
	}
	traffic__restore(t);
	return true;
}

void traffic__destroy(struct traffic *t)
{
	if (t->frames)
		munmap(t->frames, t->n * t->frame_size);
	free(t->heads);
	free(t->packets);
}

void traffic__restore(struct traffic *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		t->packets[i] = (struct bench_packet){.data = home(t, i), .len = t->len};
		memcpy(home(t, i), t->heads + (size_t)i * head_bytes(t), head_bytes(t));
	}
	t->next = 0;
}
