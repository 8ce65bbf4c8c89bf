/* SPDX-License-Identifier: BSD-3-Clause
 *
 * object.h -- BPF object files: what programs and maps they hold, and how to get them into an
 * instance of the machine.
 *
 * The user's steps:
 *
 *	obj = object__open(path, &err);                sections, symbols, BTF; nothing created
 *	object__program(obj, i)->name ...              what is in it
 *	object__set_max_entries(obj, "map", n, &err);  where the user wants another size
 *	object__create_maps(obj, inst, &err);          maps exist, initial contents set
 *	   ... control__run_line(): map update, rodata set ...
 *	prog = object__load_program(obj, "name", &opts, &err);   relocated, verified
 *	object__close(obj);                            maps and programs live on by reference
 *
 * Bad input is expected: every size, offset, index and string of the file is checked before
 * it is used, and a refusal is one sentence naming object, section and offset.
 *
 * Threads: what changes an object belongs to one thread at a time; when its maps exist, others may
 * read what is in it, load its programs, put them into its arrays, and share its maps. References
 * may be taken and dropped anywhere.
 */
#ifndef LOADER_OBJECT_H
#define LOADER_OBJECT_H

#include "ebpf-image.h"
#include "ebpf-program.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct layout;
struct object;

struct object_program {
	const char *name;    /* of the function */
	const char *section; /* "xdp", "xdp.frags", ... */
	uint32_t n_insns;    /* of the function alone, without the subprograms it calls */
	bool is_xdp;         /* the section's prefix is xdp */
	bool has_frags;      /* it is xdp.frags: takes packets in fragments */
};

struct object_entry {
	uint32_t key;
	const char *name; /* of a map or of a program of the object */
};

/* NULL with *errmsg on failure. The path is only for messages with _mem(). An image (ebpf-image.h)
 * is opened as the object that it was made from; its programs use what was compiled. */
struct object *object__open(const char *path, char **errmsg);
/* From a descriptor, which stays open; `path` is for messages. */
struct object *object__open_fd(const char *path, int fd, char **errmsg);
struct object *object__open_mem(const char *path, const void *elf, size_t size, char **errmsg);
/* The same, of an image that is open, its signature checked; takes a reference. */
struct object *object__open_image(const char *path, struct ebpf_image *image, char **errmsg);
/* One reference more. */
struct object *object__ref(struct object *obj);
/* Drops a reference, and with the last one the object. NULL is fine. */
void object__close(struct object *obj);

/* Of the file's bytes (digest.h). */
uint64_t object__digest(const struct object *obj);

size_t object__n_programs(const struct object *obj);
const struct object_program *object__program(const struct object *obj, size_t i);
/* The program called `name`; name NULL: the first XDP program. NULL with *errmsg that lists
 * what there is. */
const struct object_program *object__find_program(
	const struct object *obj, const char *name, char **errmsg);

/* Where a program stands among others of a port, by libxdp's convention. */
struct object_run_config {
	uint32_t priority; /* 50 if the object does not say */
	uint8_t call_on; /* bits of verdicts after which the next one is called; that of XDP_PASS */
};
/* -EINVAL: the object says something else. */
int object__run_config(
	const struct object *obj, const char *program, struct object_run_config *c, char **errmsg);

size_t object__n_maps(const struct object *obj);
/* Valid before maps are created too. */
const struct ebpf_map_opts *object__map_opts(const struct object *obj, size_t i);
/* What a map of maps or programs holds at first: entry `entry` of map `i`. False after the
 * last. */
bool object__map_entry(const struct object *obj, size_t i, size_t entry, struct object_entry *e);
/* NULL before object__create_maps(); borrowed. */
struct ebpf_map *object__map(const struct object *obj, size_t i);
struct ebpf_map *object__map_by_name(const struct object *obj, const char *name);
/* What its keys and values mean (layout.h): the caller's, to be freed. A map without keys has
 * *key NULL. -ENOMEM. */
int object__map_layouts(const struct object *obj, size_t i, struct layout **key,
	struct layout **value, char **errmsg);

/* The same of a struct or typedef by its name, whose size is in the layout. NULL with *errmsg:
 * -ENOENT */
struct layout *object__type_layout(const struct object *obj, const char *type, char **errmsg);

/* How many elements a map can hold, whatever the object says; before maps are created. */
int object__set_max_entries(struct object *obj, const char *map, uint32_t n, char **errmsg);

/* What the maps in a map of maps are like, where the object leaves it open; before maps are
 * created. */
int object__set_inner(
	struct object *obj, const char *map, const struct ebpf_map_opts *inner, char **errmsg);
/* An entry of a PROG_ARRAY: a program of the object, which is loaded with the first program that
 * uses the array. */
int object__set_map_program(
	struct object *obj, const char *map, uint32_t key, const char *program, char **errmsg);

/* For an object that takes another one's place: its maps will be the other's, wherever both have
 * one of that name; it begins with their contents. Before object__create_maps(); the other's maps
 * exist. -EINVAL names the map that is another now, by type, size, flags or the types of keys and
 * values, and says how; then no map is shared. A size of 0 is the other's size.
 *
 * .rodata is never shared, variables only if asked for. Of an array of programs, those that the
 * user has put in are put in again, in the new version. */
struct object_share_opts {
	bool variables; /* .data and .bss, too */
};

int object__share_maps(struct object *obj, struct object *other,
	const struct object_share_opts *opts, char **errmsg);

/* Creates every map of the object in `inst`, with the contents of .data, .rodata and .bss: all
 * or none. A map with LIBBPF_PIN_BY_NAME is one and the same for all objects of the instance.
 * `inst` must outlive the object. */
int object__create_maps(struct object *obj, struct ebpf_instance *inst, char **errmsg);

/* A variable of .rodata (or .data, .bss): where its value is now and how long it is. NULL with
 * *errmsg if there is none, or if .rodata is frozen by a program already. A variable of .kconfig
 * that had no value has the caller's from then on. */
void *object__variable(struct object *obj, const char *name, size_t *size, char **errmsg);

/* What the `size` bytes of it mean (layout.h): the caller's, to be freed. NULL with *errmsg. */
struct layout *object__variable_layout(
	const struct object *obj, const char *name, uint32_t size, char **errmsg);

/* What a program is made of: relocated bytecode (the function, then the subprograms it
 * reaches), the maps it uses, functions, lines. Freezes .rodata. Owned by the object until it
 * closes. object__load_program() hands it to ebpf_program__load(); the kernel engine of xdpk-replay
 * hands it to bpf(). */
const struct ebpf_program_spec *object__program_spec(
	struct object *obj, const char *name, char **errmsg);

/* Loads the program, and those that the object puts into the arrays of programs that it uses.
 * They keep their places until the object is closed. */
struct ebpf_program *object__load_program(
	struct object *obj, const char *name, const struct ebpf_load_opts *opts, char **errmsg);
/* The program with that index, as it was loaded last, by name or for an array; NULL if it was
 * not. Borrowed. */
struct ebpf_program *object__loaded_program(const struct object *obj, size_t i);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
