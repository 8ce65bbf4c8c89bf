/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-memory.c -- see map-memory.h.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "map-memory.h"

#define HUGE_PAGE (UINT64_C(2) << 20)
#define MAX_NODES 1024
#define WORD_BITS (8 * sizeof(unsigned long))

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Where the system does not let us choose, or has only one node, memory comes from anywhere. */
static int bind_to(void *mem, uint64_t bytes, uint32_t node)
{
	unsigned long nodes[MAX_NODES / WORD_BITS] = {0};

	if (node >= MAX_NODES) {
		errno = EINVAL;
		return -1;
	}
	nodes[node / WORD_BITS] = 1ul << node % WORD_BITS;
	if (!syscall(SYS_mbind, mem, bytes, MPOL_BIND, nodes, MAX_NODES + 1ul, 0ul))
		return 0;
	return node == 0 || errno == EPERM || errno == ENOSYS ? 0 : -1;
}

static int populate(void *mem, uint64_t bytes)
{
	if (bytes >= HUGE_PAGE)
		madvise(mem, bytes, MADV_HUGEPAGE);
	if (!madvise(mem, bytes, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL) {
		errno = ENOMEM;
		return -1;
	}
	memset(mem, 0, bytes); /* before Linux 5.14 */
	return 0;
}

/* Whole huge pages, if it is one at least: what lies beside them would be on small ones. */
static uint64_t whole(uint64_t bytes)
{
	return bytes < HUGE_PAGE ? bytes : (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

/* Not every Linux begins a large mapping at the beginning of a huge page. */
static void *map_aligned(uint64_t bytes)
{
	uint64_t more = bytes < HUGE_PAGE ? 0 : HUGE_PAGE, head;
	uint8_t *mem = mmap(
		NULL, bytes + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || !more)
		return mem;
	head = -(uintptr_t)mem % HUGE_PAGE;
	if (head)
		munmap(mem, head);
	if (more - head)
		munmap(mem + head + bytes, more - head);
	return mem + head;
}

void *map_memory__get(uint64_t bytes, uint32_t node)
{
	void *mem;
	int err;

	bytes = whole(bytes);
	mem = map_aligned(bytes);
	if (mem == MAP_FAILED)
		return NULL;
	if (!(node != ANY_NODE && bind_to(mem, bytes, node)) && !populate(mem, bytes))
		return mem;
	err = errno;
	munmap(mem, bytes);
	errno = err;
	return NULL;
}

void map_memory__put(void *mem, uint64_t bytes)
{
	if (mem)
		munmap(mem, whole(bytes));
}
