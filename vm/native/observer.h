/* SPDX-License-Identifier: BSD-3-Clause
 *
 * observer.h -- who looks at images from outside, if the environment says so:
 *
 *	XDPK_GDB=1         gdb: stops at lines of programs, names and unwinds their frames
 *	XDPK_PERF=map      perf: names of functions, in /tmp/perf-PID.map
 *	XDPK_PERF=jitdump  perf inject --jit: names and lines, in jit-PID.dump of the working folder
 *
 * Otherwise an image is loaded as ever, and nothing of it is kept. The variables are read once; a
 * program that runs with privileges that its user has not does not read them. An observer that
 * fails says so in the log and costs nothing else.
 */
#ifndef VM_NATIVE_OBSERVER_H
#define VM_NATIVE_OBSERVER_H

#include "link.h"

/* What gdb was shown of an image. */
struct gdb_entry;

/* A function of an image. */
struct image_function {
	uint64_t address, size;
	uint32_t section;
	char name[256]; /* for readers: the program's, and what of it this is */
};

/* Does anybody want images to tell their lines? Then they are compiled with COMPILE_LINES. */
bool observer__wants_lines(void);
/* Is code to lie in memory without a file? perf looks only there for names that it is told. */
bool observer__wants_anonymous(void);

/* An image that was filled and mapped. What comes back, if anything, is for observer__unloaded(),
 * before the image goes. */
struct gdb_entry *observer__loaded(const struct link *l);
void observer__unloaded(struct gdb_entry *entry);

/* Code of a program that is in no image. */
void observer__made(const char *program, const char *backend, const void *code, size_t size);

/* Functions in order of the symbol table: false at the end. *i begins as 0. */
bool observer__next_function(const struct link *l, uint32_t *i, struct image_function *function);

/* gdb.c */
struct gdb_entry *gdb__show(const struct link *l);
void gdb__hide(struct gdb_entry *entry);
/* perf-map.c, jitdump.c */
void perf_map__add(const struct link *l);
void perf_map__add_function(const struct image_function *f);
void jitdump__add(const struct link *l);
void jitdump__add_function(const struct image_function *f);

#endif
