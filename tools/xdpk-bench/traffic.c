/* SPDX-License-Identifier: BSD-3-Clause
 *
 * traffic.c -- see traffic.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "traffic.h"

#define CACHE_LINE 64
#define HEAD       64 /* bytes of a packet that most programs change */
#define ROOM       (EBPF_XDP_HEADROOM + 64)

static uint8_t *home(const struct traffic *t, uint32_t i)
{
	return t->frames + i * t->frame_size + EBPF_XDP_HEADROOM;
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

	*t = (struct traffic){.n = packets / BENCH_BURST * BENCH_BURST,
		.len = w->packet_len,
		.head = w->rewrite || w->packet_len < HEAD ? w->packet_len : HEAD};
	/* 2 KiB, as is usual, and what makes the number odd. */
	t->frame_size = (lines > 32 ? lines | 1 : 35) * CACHE_LINE;
	t->packets = calloc(t->n, sizeof(*t->packets));
	t->heads = malloc((size_t)t->n * t->head);
	t->frames = allocate(t->n * t->frame_size);
	if (!t->packets || !t->heads || !t->frames)
		return false;
	for (uint32_t i = 0; i < t->n; i++) {
		w->packet(w, i, home(t, i));
		memcpy(t->heads + (size_t)i * t->head, home(t, i), t->head);
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

void traffic__restore_packet(struct traffic *t, uint32_t i)
{
	t->packets[i] = (struct bench_packet){.data = home(t, i), .len = t->len};
	memcpy(home(t, i), t->heads + (size_t)i * t->head, t->head);
}

void traffic__restore(struct traffic *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		traffic__restore_packet(t, i);
	t->next = 0;
}

struct outcome outcome__of(const struct bench_packet *p)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < p->len; i++)
		sum = (sum ^ p->data[i]) * UINT64_C(0x100000001b3);
	return (struct outcome){p->verdict, p->len, sum};
}

bool outcome__same(const struct outcome *a, const struct outcome *b)
{
	return a->verdict == b->verdict && a->len == b->len && a->bytes == b->bytes;
}
