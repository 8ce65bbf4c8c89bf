/* SPDX-License-Identifier: BSD-3-Clause
 *
 * jitdump.c -- jit-PID.dump in the working folder, as perf's tools/perf/Documentation/
 * jitdump-specification.txt describes it: functions with their code and the lines it comes from,
 * and when they came. `perf inject --jit` finds the file by the mapping that is made of it here.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../core/log.h"
#include "line-table.h"
#include "observer.h"

#define MAGIC   0x4a695444u /* "JiTD" */
#define VERSION 1

enum { RECORD_LOAD = 0, RECORD_LINES = 2 };

struct file_header {
	uint32_t magic, version, size, machine, pad, pid;
	uint64_t time, flags;
};

struct record {
	uint32_t id, size; /* bytes of all of it */
	uint64_t time;
};

struct load_record {
	struct record head;
	uint32_t pid, tid;
	uint64_t vma, address, size, index;
	/* the name, the code */
};

struct lines_record {
	struct record head;
	uint64_t address, n;
	/* for each: its address, its line, a discriminator, the file's name */
};

struct line_entry {
	uint64_t address;
	uint32_t line, discriminator;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *dump;
static uint64_t n_functions;

/* perf record -k mono has the same clock. */
static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void open_dump(void)
{
	struct file_header h = {.magic = MAGIC,
		.version = VERSION,
		.size = sizeof(h),
		.machine = EM_X86_64,
		.pid = (uint32_t)getpid(),
		.time = now()};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "jit-%d.dump", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* Stays for as long as the process does: perf sees it being mapped. */
	if (fd >= 0 &&
		mmap(NULL, LINK_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED)
		dump = fdopen(fd, "w");
	if (dump) {
		fwrite(&h, sizeof(h), 1, dump);
		return;
	}
	log__write(LOG_LEVEL_ERROR, "%s: %s: perf will know no names", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* "folder/file", its NUL counted. */
static size_t path_size(const struct line_row *row)
{
	return strlen(row->folder) + (*row->folder != '\0') + strlen(row->file) + 1;
}

static void write_path(const struct line_row *row)
{
	fprintf(dump, "%s%s%s", row->folder, *row->folder ? "/" : "", row->file);
	fputc('\0', dump);
}

static bool is_of(const struct line_row *row, const struct image_function *f)
{
	return row->line && row->address >= f->address && row->address - f->address < f->size;
}

static void write_lines(const struct line_table *t, const struct image_function *f)
{
	struct lines_record record = {
		.head = {.id = RECORD_LINES, .time = now()}, .address = f->address};
	size_t size = sizeof(record);

	for (uint32_t i = 0; i < t->n_rows; i++) {
		if (!is_of(&t->rows[i], f))
			continue;
		record.n++;
		size += sizeof(struct line_entry) + path_size(&t->rows[i]);
	}
	if (!record.n || size > UINT32_MAX)
		return;
	record.head.size = (uint32_t)size;
	fwrite(&record, sizeof(record), 1, dump);
	for (uint32_t i = 0; i < t->n_rows; i++) {
		struct line_entry entry = {t->rows[i].address, t->rows[i].line, 0};

		if (!is_of(&t->rows[i], f))
			continue;
		fwrite(&entry, sizeof(entry), 1, dump);
		write_path(&t->rows[i]);
	}
}

static void write_function(const struct image_function *f)
{
	size_t name = strlen(f->name) + 1;
	struct load_record record = {
		.head = {.id = RECORD_LOAD,
			.size = (uint32_t)(sizeof(record) + name + f->size),
			.time = now()},
		.pid = (uint32_t)getpid(),
		.tid = (uint32_t)syscall(SYS_gettid),
		.vma = f->address,
		.address = f->address,
		.size = f->size,
		.index = n_functions++,
	};

	fwrite(&record, sizeof(record), 1, dump);
	fwrite(f->name, name, 1, dump);
	fwrite((const void *)(uintptr_t)f->address, f->size, 1, dump);
}

static bool is_open(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_dump);
	return dump;
}

static void flush(const char *name)
{
	if (fflush(dump))
		log__write(LOG_LEVEL_WARNING, "%s: perf was not told its names: %s", name,
			strerror(errno));
}

void jitdump__add_function(const struct image_function *f)
{
	if (!is_open())
		return;
	pthread_mutex_lock(&lock);
	write_function(f);
	flush(f->name);
	pthread_mutex_unlock(&lock);
}

/* A function's lines come before it. */
void jitdump__add(const struct link *l)
{
	struct line_table lines;
	struct image_function f;
	uint32_t i = 0;

	if (!is_open())
		return;
	if (!line_table__read(&lines, l))
		log__write(LOG_LEVEL_WARNING, "%s: no memory to tell perf its lines", l->name);
	pthread_mutex_lock(&lock);
	while (observer__next_function(l, &i, &f)) {
		write_lines(&lines, &f);
		write_function(&f);
	}
	flush(l->name);
	pthread_mutex_unlock(&lock);
	line_table__release(&lines);
}
