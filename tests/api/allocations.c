/* SPDX-License-Identifier: BSD-3-Clause
 *
 * allocations.c -- malloc() and its kin: each asks whether it is to fail, and otherwise the
 * allocator that would be there without us: glibc's, or a sanitizer's in front of it.
 *
 * What was allocated under watch is in a table, by address, until it is freed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "allocations.h"

#define REAL(type, name, ...)                                                \
	extern type __libc_##name(__VA_ARGS__);                              \
	extern type __interceptor_##name(__VA_ARGS__) __attribute__((weak)); \
	static type real_##name(__VA_ARGS__)
#define USE(name, ...) \
	(__interceptor_##name ? __interceptor_##name(__VA_ARGS__) : __libc_##name(__VA_ARGS__))

REAL(void *, malloc, size_t size)
{
	return USE(malloc, size);
}

REAL(void *, calloc, size_t n, size_t size)
{
	return USE(calloc, n, size);
}

REAL(void *, realloc, void *p, size_t size)
{
	return USE(realloc, p, size);
}

REAL(void *, memalign, size_t align, size_t size)
{
	return USE(memalign, align, size);
}

REAL(void, free, void *p)
{
	USE(free, p);
}

/* --- whose allocation is it? ------------------------------------------------------------------ */

#define MAX_RANGES 16

static struct {
	uintptr_t begin, end;
} spared[MAX_RANGES];
static unsigned n_spared;

static int note_module(struct dl_phdr_info *info, size_t size, void *user)
{
	static const char *const names[] = {"libLLVM", "libstdc++", "libgcc_s", "ld-linux"};
	bool is_spared = false;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_spared = is_spared || strstr(info->dlpi_name, names[i]);
	for (int i = 0; is_spared && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || n_spared == MAX_RANGES)
			continue;
		spared[n_spared].begin = info->dlpi_addr + p->p_vaddr;
		spared[n_spared].end = spared[n_spared].begin + p->p_memsz;
		n_spared++;
	}
	return 0;
}

void allocations__know_modules(void)
{
	n_spared = 0;
	dl_iterate_phdr(note_module, NULL);
}

static bool is_spared(const void *caller)
{
	for (unsigned i = 0; i < n_spared; i++)
		if ((uintptr_t)caller >= spared[i].begin && (uintptr_t)caller < spared[i].end)
			return true;
	return false;
}

/* --- blocks that live ------------------------------------------------------------------------- */

#define N_BLOCKS (1u << 17) /* a power of two; far more than live at once */

static struct block {
	const void *address, *caller; /* address NULL: free; caller NULL: was there */
} blocks[N_BLOCKS];
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;

static struct block *place_of(const void *address)
{
	struct block *unused = NULL;
	uint32_t at = (uint32_t)(((uintptr_t)address >> 4) * 2654435761u);

	for (uint32_t i = 0; i < N_BLOCKS; i++, at++) {
		struct block *b = &blocks[at % N_BLOCKS];

		if (b->address == address && b->caller)
			return b;
		if (!b->caller && !unused)
			unused = b;
		if (!b->address)
			break;
	}
	return unused;
}

static void add_block(const void *address, const void *caller)
{
	struct block *b;

	pthread_mutex_lock(&blocks_lock);
	b = place_of(address);
	if (!b)
		abort();
	*b = (struct block){address, caller};
	pthread_mutex_unlock(&blocks_lock);
}

static void drop_block(const void *address)
{
	struct block *b;

	pthread_mutex_lock(&blocks_lock);
	b = place_of(address);
	if (b && b->address == address)
		b->caller = NULL;
	pthread_mutex_unlock(&blocks_lock);
}

unsigned allocations__leaks(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < N_BLOCKS; i++) {
		Dl_info info = {0};

		if (!blocks[i].caller)
			continue;
		dladdr(blocks[i].caller, &info);
		if (n++ < 5)
			fprintf(stderr, "not freed: allocated from %s+0x%lx\n",
				info.dli_fname ? info.dli_fname : "?",
				(unsigned long)((uintptr_t)blocks[i].caller -
						(uintptr_t)info.dli_fbase));
	}
	memset(blocks, 0, sizeof(blocks));
	return n;
}

/* --- to fail, or not -------------------------------------------------------------------------- */

static _Thread_local struct {
	bool on, failed;
	enum failing failing;
	unsigned long n, done;
} watch __attribute__((tls_model("initial-exec")));
/* What lives is looked up at every free() once there was a watch. */
static bool was_watched;

void allocations__watch(enum failing failing, unsigned long n)
{
	memset(blocks, 0, sizeof(blocks));
	was_watched = true;
	watch.failing = failing;
	watch.n = n;
	watch.done = 0;
	watch.failed = false;
	watch.on = true;
}

unsigned long allocations__unwatch(void)
{
	watch.on = false;
	return watch.done;
}

bool allocations__failed(void)
{
	return watch.failed;
}

static bool is_watched(const void *caller)
{
	return watch.on && !is_spared(caller);
}

static bool has_to_fail(void)
{
	unsigned long i = ++watch.done;

	if (watch.failing == FAIL_NEVER || i < watch.n ||
		(watch.failing == FAIL_ONE && i > watch.n))
		return false;
	watch.failed = true;
	errno = ENOMEM;
	return true;
}

/* --- the calls -------------------------------------------------------------------------------- */

#define CALLER __builtin_return_address(0)

static void *fresh(void *p, const void *caller)
{
	if (p)
		add_block(p, caller);
	return p;
}

void *malloc(size_t size)
{
	if (!is_watched(CALLER))
		return real_malloc(size);
	return has_to_fail() ? NULL : fresh(real_malloc(size), CALLER);
}

void *calloc(size_t n, size_t size)
{
	if (!is_watched(CALLER))
		return real_calloc(n, size);
	return has_to_fail() ? NULL : fresh(real_calloc(n, size), CALLER);
}

void *realloc(void *p, size_t size)
{
	bool watched = is_watched(CALLER);
	void *q;

	if (watched && has_to_fail())
		return NULL;
	if (was_watched && p)
		drop_block(p);
	q = real_realloc(p, size);
	return watched ? fresh(q, CALLER) : q;
}

void *memalign(size_t align, size_t size)
{
	if (!is_watched(CALLER))
		return real_memalign(align, size);
	return has_to_fail() ? NULL : fresh(real_memalign(align, size), CALLER);
}

void *aligned_alloc(size_t align, size_t size)
{
	if (!is_watched(CALLER))
		return real_memalign(align, size);
	return has_to_fail() ? NULL : fresh(real_memalign(align, size), CALLER);
}

int posix_memalign(void **p, size_t align, size_t size)
{
	if (is_watched(CALLER) && has_to_fail())
		return ENOMEM;
	*p = real_memalign(align, size);
	if (is_watched(CALLER))
		fresh(*p, CALLER);
	return *p ? 0 : ENOMEM;
}

void free(void *p)
{
	if (was_watched && p)
		drop_block(p);
	real_free(p);
}

/* A sanitizer's would not come by here. */
char *strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy;

	if (!is_watched(CALLER))
		copy = real_malloc(size);
	else
		copy = has_to_fail() ? NULL : fresh(real_malloc(size), CALLER);
	return copy ? memcpy(copy, s, size) : NULL;
}

char *strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy;

	if (!is_watched(CALLER))
		copy = real_malloc(len + 1);
	else
		copy = has_to_fail() ? NULL : fresh(real_malloc(len + 1), CALLER);
	if (copy) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

void *mmap(void *address, size_t size, int prot, int flags, int fd, off_t offset)
{
	void *p;

	if (is_watched(CALLER) && has_to_fail())
		return MAP_FAILED;
	p = (void *)syscall(SYS_mmap, address, size, prot, flags, fd, offset);
	if (is_watched(CALLER) && p != MAP_FAILED && !(flags & MAP_FIXED))
		add_block(p, CALLER);
	return p;
}

int munmap(void *address, size_t size)
{
	if (was_watched)
		drop_block(address);
	return (int)syscall(SYS_munmap, address, size);
}
