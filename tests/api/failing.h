/* SPDX-License-Identifier: BSD-3-Clause
 *
 * failing.h -- a use of the API from beginning to end, and what is true of it however little memory
 * there is: each call says that it failed and why, nothing is lost, no descriptor stays open.
 */
#ifndef TESTS_API_FAILING_H
#define TESTS_API_FAILING_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Goes on after failures as far as one can, and releases all it got. What a call gave is handed to
 * the functions below. */
typedef void (*use_fn)(void *user);

/* Once with all memory, which has to succeed; then with each allocation failing in turn, alone and
 * together with all after it. Fails the test if something was not as it should be. */
void failing__try(const char *name, use_fn use, void *user);

/* What *errmsg is before a call, which sets it in any case. */
#define NOT_SET ((char *)1)
/* Was it well? A call with a sentence: *why is freed, and NOT_SET again. */
bool failing__is_well(int err, char **why);
/* Calls that give a pointer, and errno if they give none; why NULL: and no sentence. */
bool failing__is_there(const void *p, char **why);
/* Calls without a sentence. */
bool failing__is_done(int err);
/* Something that is so whenever nothing failed. */
bool failing__is_so(bool so, const char *what);
#define SO(condition) failing__is_so(condition, #condition)

struct ebpf_instance;
struct ebpf_program;

/* uses-program.c: a program that drops packets, and counts them in the first value of an array. */
void with_counting_program(void (*use)(struct ebpf_instance *inst, struct ebpf_program *prog));

/* uses-vm.c, uses-maps.c, uses-program.c, uses-offload.c, uses-object.c, uses-image.c */
void use_vm(void *backend);
void use_maps(void *unused);
void use_net(void *unused);
void use_programs(void *cache_dir); /* NULL: none */
void use_kernels(void *unused);
void use_offload(void *device);
void use_object(void *path);
void use_image(void *path);  /* of an object: makes one of it */
void use_lines(void *files); /* two paths: an object, and lines that set it up */

#endif
