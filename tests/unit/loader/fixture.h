/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fixture.h -- what the loader's tests share: sample objects by name, an instance, and what
 * an error has to look like.
 */
#ifndef TESTS_UNIT_LOADER_FIXTURE_H
#define TESTS_UNIT_LOADER_FIXTURE_H

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <object.h>

/* The folder of the compiled samples; main() sets it. */
extern const char *sample_folder;

/* "FOLDER/NAME.o"; valid until the next call. */
const char *sample_path(const char *name);
/* Opens a sample; fails the test with the error if that does not work. */
struct ebpf_object *open_sample(const char *name);

struct ebpf_instance *make_instance(void);
/* The object with its maps in a new instance; both go with close_with_maps(). */
struct ebpf_object *open_with_maps(const char *name, struct ebpf_instance **inst);
void close_with_maps(struct ebpf_object *obj, struct ebpf_instance *inst);

const struct ebpf_map_opts *map_opts(const struct ebpf_object *obj, const char *name);
void assert_map(const struct ebpf_object *obj, const char *name, uint32_t type, uint32_t key,
	uint32_t value, uint32_t entries, uint32_t flags);
/* Loads the program and runs it once, over 64 zero bytes. */
uint64_t run_program(struct ebpf_object *obj, struct ebpf_instance *inst, const char *name);

/* A test of the sample `features`, compiled for the first and the last instruction set. */
#define FEATURES(test)                                         \
	{#test " (v1)", test, NULL, NULL, "features.v1"},      \
	{                                                      \
#test " (v4)", test, NULL, NULL, "features.v4" \
	}

/* A sample in memory, to be damaged; bytes are malloc'ed. */
struct image {
	uint8_t *bytes;
	size_t size;
};

struct image load_image(const char *name);
Elf64_Shdr *image_section(const struct image *img, const char *name);
Elf64_Sym *image_symbol(const struct image *img, const char *name);

/* One line that begins with `path` and holds `part` (NULL: anything); frees it. */
void assert_sentence(char *errmsg, const char *path, const char *part);

/* Every reference inside a program must hit something. */
void assert_linked(const struct ebpf_program_spec *spec);

#endif
