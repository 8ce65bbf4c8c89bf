/* SPDX-License-Identifier: BSD-3-Clause
 *
 * object.h -- BPF object files: what programs and maps they hold, and how to get them into an
 * instance of the machine.
 *
 * The user's steps:
 *
 *	obj = ebpf_object__open(path, &err);                sections, symbols, BTF; nothing created
 *	ebpf_object__program(obj, i)->name ...              what is in it
 *	ebpf_object__set_max_entries(obj, "map", n, &err);  where the user wants another size
 *	ebpf_object__create_maps(obj, inst, &err);          maps exist, initial contents set
 *	or ebpf_object__set_up(obj, inst, "maps.init", &err);   and filled by the lines of a file
 *	prog = ebpf_object__load_program(obj, "name", &opts, &err);   relocated, verified
 *	ebpf_object__close(obj);                            maps and programs live on by reference
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

struct ebpf_layout;
struct ebpf_object;

struct ebpf_object_program {
	const char *name;    /* of the function */
	const char *section; /* "xdp", "xdp.frags", ... */
	uint32_t n_insns;    /* of the function alone, without the subprograms it calls */
	bool is_xdp;         /* the section's prefix is xdp */
	bool has_frags;      /* it is xdp.frags: takes packets in fragments */
};

struct ebpf_object_entry {
	uint32_t key;
	const char *name; /* of a map or of a program of the object */
};

/* NULL with *errmsg on failure. The path is only for messages with _mem(). An image (ebpf-image.h)
 * is opened as the object that it was made from; its programs use what was compiled. */
struct ebpf_object *ebpf_object__open(const char *path, char **errmsg);
/* From a descriptor, which stays open; `path` is for messages. */
struct ebpf_object *ebpf_object__open_fd(const char *path, int fd, char **errmsg);
struct ebpf_object *ebpf_object__open_mem(
	const char *path, const void *elf, size_t size, char **errmsg);
/* The same, of an image that is open, its signature checked; takes a reference. */
struct ebpf_object *ebpf_object__open_image(
	const char *path, struct ebpf_image *image, char **errmsg);
/* One reference more. */
struct ebpf_object *ebpf_object__ref(struct ebpf_object *obj);
/* Drops a reference, and with the last one the object. NULL is fine. */
void ebpf_object__close(struct ebpf_object *obj);

/* Of the file's bytes (digest.h). */
uint64_t ebpf_object__digest(const struct ebpf_object *obj);

size_t ebpf_object__n_programs(const struct ebpf_object *obj);
const struct ebpf_object_program *ebpf_object__program(const struct ebpf_object *obj, size_t i);
/* The program called `name`; name NULL: the first XDP program, one for ports if there is one. NULL
 * with *errmsg that lists what there is. */
const struct ebpf_object_program *ebpf_object__find_program(
	const struct ebpf_object *obj, const char *name, char **errmsg);

/* Where a program stands among others of a port, by libxdp's convention. */
struct ebpf_object_run_config {
	uint32_t priority; /* 50 if the object does not say */
	uint8_t call_on; /* bits of verdicts after which the next one is called; that of XDP_PASS */
};
/* -EINVAL: the object says something else. */
int ebpf_object__run_config(const struct ebpf_object *obj, const char *program,
	struct ebpf_object_run_config *c, char **errmsg);

size_t ebpf_object__n_maps(const struct ebpf_object *obj);
/* Valid before maps are created too. */
const struct ebpf_map_opts *ebpf_object__map_opts(const struct ebpf_object *obj, size_t i);
/* What a map of maps or programs holds at first: entry `entry` of map `i`. False after the
 * last. */
bool ebpf_object__map_entry(
	const struct ebpf_object *obj, size_t i, size_t entry, struct ebpf_object_entry *e);
/* NULL before ebpf_object__create_maps(); borrowed. */
struct ebpf_map *ebpf_object__map(const struct ebpf_object *obj, size_t i);
struct ebpf_map *ebpf_object__map_by_name(const struct ebpf_object *obj, const char *name);
/* What its keys and values mean (layout.h): the caller's, to be freed. A map without keys has
 * *key NULL. -ENOMEM. */
int ebpf_object__map_layouts(const struct ebpf_object *obj, size_t i, struct ebpf_layout **key,
	struct ebpf_layout **value, char **errmsg);

/* The same of a struct or typedef by its name, whose size is in the layout. NULL with *errmsg:
 * -ENOENT */
struct ebpf_layout *ebpf_object__type_layout(
	const struct ebpf_object *obj, const char *type, char **errmsg);

/* How many elements a map can hold, whatever the object says; before maps are created. */
int ebpf_object__set_max_entries(
	struct ebpf_object *obj, const char *map, uint32_t n, char **errmsg);

/* What the maps in a map of maps are like, where the object leaves it open; before maps are
 * created. */
int ebpf_object__set_inner(
	struct ebpf_object *obj, const char *map, const struct ebpf_map_opts *inner, char **errmsg);
/* An entry of a PROG_ARRAY: a program of the object, which is loaded with the first program that
 * uses the array. */
int ebpf_object__set_map_program(
	struct ebpf_object *obj, const char *map, uint32_t key, const char *program, char **errmsg);
/* An entry of a DEVMAP, DEVMAP_HASH or CPUMAP (ebpf_map__set_target()), with a program of the
 * object, which is loaded with its first entry; NULL: without. */
int ebpf_object__set_map_target(struct ebpf_object *obj, const char *map, uint32_t key,
	uint32_t number, const char *program, uint64_t flags, char **errmsg);

/* For an object that takes another one's place: its maps will be the other's, wherever both have
 * one of that name; it begins with their contents. Before ebpf_object__create_maps(); the other's
 * maps exist. -EINVAL names the map that is another now, by type, size, flags or the types of keys
 * and values, and says how; then no map is shared. A size of 0 is the other's size.
 *
 * .rodata is never shared, variables only if asked for. Of an array of programs, those that the
 * user has put in are put in again, in the new version. */
struct ebpf_object_share_opts {
	bool variables; /* .data and .bss, too */
};

int ebpf_object__share_maps(struct ebpf_object *obj, struct ebpf_object *other,
	const struct ebpf_object_share_opts *opts, char **errmsg);

/* A program of the other object that is at an entry of a map that both have, and the one of that
 * name that follows it, loaded; or was NULL: one at an entry that ebpf_object__set_map_target() has
 * made in such a map. They are the objects'. */
struct ebpf_object_heir {
	struct ebpf_program *was, *is;
};

/* All of them, to be freed. -EINVAL: there is none of that name, or it is of another kind. */
int ebpf_object__find_heirs(struct ebpf_object *obj, struct ebpf_object *other,
	struct ebpf_object_heir **heirs, size_t *n, char **errmsg);
/* The object is in the other's place: its programs are at those entries from now on. Until then
 * entries of maps that both have do not change by ebpf_object__set_map_target(). -ENOMEM: not at
 * all of them. */
int ebpf_object__succeed(struct ebpf_object *obj, const struct ebpf_object_heir *heirs, size_t n);

/* Creates every map of the object in `inst`, with the contents of .data, .rodata and .bss: all
 * or none. A map with LIBBPF_PIN_BY_NAME is one and the same for all objects of the instance.
 * `inst` must outlive the object. */
int ebpf_object__create_maps(struct ebpf_object *obj, struct ebpf_instance *inst, char **errmsg);
/* Instead of it: creates the maps and runs the control lines of the file (README),
 * each when it is time, such as `map update rules key 10.0.0.1 value 1`. An error names file and
 * line. Without a path: NULL, no lines. */
int ebpf_object__set_up(
	struct ebpf_object *obj, struct ebpf_instance *inst, const char *path, char **errmsg);

/* A variable of .rodata (or .data, .bss): where its value is now and how long it is. NULL with
 * *errmsg if there is none, or if .rodata is frozen by a program already. A variable of .kconfig
 * that had no value has the caller's from then on. */
void *ebpf_object__variable(struct ebpf_object *obj, const char *name, size_t *size, char **errmsg);

/* What the `size` bytes of it mean (layout.h): the caller's, to be freed. NULL with *errmsg. */
struct ebpf_layout *ebpf_object__variable_layout(
	const struct ebpf_object *obj, const char *name, uint32_t size, char **errmsg);

/* What a program is made of: relocated bytecode (the function, then the subprograms it
 * reaches), the maps it uses, functions, lines. Freezes .rodata. Owned by the object until it
 * closes. ebpf_object__load_program() hands it to ebpf_program__load(); the kernel engine of
 * xdpk-replay hands it to bpf(). */
const struct ebpf_program_spec *ebpf_object__program_spec(
	struct ebpf_object *obj, const char *name, char **errmsg);

/* Loads the program, and those that the object puts into the arrays of programs that it uses.
 * They keep their places until the object is closed. */
struct ebpf_program *ebpf_object__load_program(struct ebpf_object *obj, const char *name,
	const struct ebpf_load_opts *opts, char **errmsg);
/* The program with that index, as it was loaded last, by name or for an array; NULL if it was
 * not. Borrowed. */
struct ebpf_program *ebpf_object__loaded_program(const struct ebpf_object *obj, size_t i);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
