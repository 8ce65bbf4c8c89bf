/* SPDX-License-Identifier: BSD-3-Clause
 *
 * object-internal.h -- the object between the loader's files.
 *
 *	elf-file.c   sections, symbols, relocations      btf-types.c, btf-ext.c   types, lines
 *	     │                                                │
 *	object.c     open and close ─► btf-maps.c, legacy-maps.c, data-maps.c, externs.c: the maps
 *	                             └► functions.c, func-types.c                 the code
 *	entries.c    what arrays of maps and programs hold at first
 *	create-maps.c, load.c    maps into an instance, programs into the machine
 *	share-maps.c             the maps of a program before, for the one that replaces it
 * heirs.c                  the programs that are in them
 *	map-layouts.c            what keys and values mean
 *	link.c       a program and the subprograms it reaches ─► core-relocate.c, relocate.c,
 *	             one function each
 *	variables.c  values in .rodata, .data, .bss
 *
 * Errors inside are sentences without the object's name; ebpf_object__fail() puts it before them
 * where the public functions end.
 */
#ifndef LOADER_OBJECT_INTERNAL_H
#define LOADER_OBJECT_INTERNAL_H

#include <linux/bpf.h>
#include <pthread.h>

#include "btf-ext.h"
#include "btf-types.h"
#include "elf-file.h"
#include "object.h"

#define NO_VALUES UINT64_MAX

struct initial_entry { /* of an array of maps or programs */
	uint32_t key;
	uint32_t target; /* index of a map or of a function */
	bool is_users;   /* not the object's own */
};

struct object_map {
	struct ebpf_map_opts opts;     /* .name and .inner are owned */
	uint32_t key_type, value_type; /* in BTF; 0: not given */
	uint64_t values;               /* offset of the initialiser in .maps; NO_VALUES */
	struct initial_entry *entries;
	uint32_t n_entries;
	bool is_filled;           /* the entries are set, or about to be */
	uint32_t section;         /* where its definition or its contents are; 0: .kconfig */
	uint64_t offset, size;    /* of the definition in .maps; 0 for data */
	bool is_data;             /* global variables; contents are its first value */
	const uint8_t *contents;  /* value_size bytes; NULL: zeros */
	bool is_const;            /* .rodata: frozen when a program is made */
	bool pin_by_name;         /* LIBBPF_PIN_BY_NAME: one map for all objects that name it */
	bool is_shared;           /* with another object: ebpf_object__share_maps() */
	struct ebpf_map *waiting; /* entries of a shared map, of an heir; or NULL */
	struct ebpf_map *map;     /* NULL before ebpf_object__create_maps(), unless it is shared */
};

static inline bool object_map__holds_maps(const struct object_map *m)
{
	return m->opts.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       m->opts.type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

struct object_function {
	struct ebpf_object_program program; /* what the user sees; the first member */
	uint32_t section;
	uint32_t insn; /* first instruction word in the section */
	uint32_t type; /* BTF_KIND_FUNC; 0 if not known */
	bool is_global;
	bool is_program;             /* may be an entry */
	struct ebpf_program *loaded; /* what it has become, the last time; or NULL */
};

struct object_extern { /* in .kconfig */
	const char *name;
	const struct btf_type *type;
	uint32_t size, align, offset;
	bool is_known; /* it has a value */
};

struct linked_program;

struct ebpf_object {
	uint32_t references;
	uint64_t digest;
	pthread_mutex_t lock; /* what programs are loaded, what is in arrays of programs */
	char *path;
	struct ebpf_image *image; /* the object is from; or NULL */
	struct elf_file elf;
	struct btf *btf; /* NULL if there is none */
	struct btf_ext_info ext;
	struct object_map *maps;
	size_t n_maps;
	struct object_extern *externs;
	uint32_t n_externs;
	uint8_t *kconfig;                  /* their first values */
	struct object_function *functions; /* sorted by section and insn */
	uint32_t n_functions;
	uint32_t n_programs;
	struct ebpf_instance *instance; /* since ebpf_object__create_maps(); borrowed */
	bool frozen;                    /* .rodata is constant */
	bool is_heir; /* it has another's maps, which is in its place: ebpf_object__succeed() */
	struct linked_program *programs; /* linked so far */
};

/* The function that a program of the object is; NULL if it is NULL. */
static inline struct object_function *ebpf_object__function_of(
	const struct ebpf_object *obj, const struct ebpf_object_program *program)
{
	const struct object_function *f = (const struct object_function *)program;

	return f ? obj->functions + (f - obj->functions) : NULL;
}

/* "path: " before *errmsg, and control characters (names come from the file) out of it. */
void ebpf_object__fail(const struct ebpf_object *obj, char **errmsg);

/* Appends a map; `map->opts.name` is copied, `map->opts.inner` is taken if that works. */
int ebpf_object__add_map(struct ebpf_object *obj, const struct object_map *map, char **errmsg);
int ebpf_object__add_btf_maps(struct ebpf_object *obj, char **errmsg);
int ebpf_object__add_legacy_maps(struct ebpf_object *obj, char **errmsg);
int ebpf_object__add_data_maps(struct ebpf_object *obj, char **errmsg);
/* The map of a section with variables: `size` bytes, at first `contents` (NULL: zeros), which the
 * object keeps. Section 0: .kconfig, which has none. */
int ebpf_object__add_data_map(struct ebpf_object *obj, const char *section_name, uint32_t section,
	const uint8_t *contents, uint64_t size, char **errmsg);
int ebpf_object__add_externs(struct ebpf_object *obj, char **errmsg);
/* NULL: no such variable in .kconfig. */
struct object_extern *ebpf_object__find_extern(const struct ebpf_object *obj, const char *name);
/* What the initialisers of maps in .maps refer to; after the functions are found. */
int ebpf_object__read_entries(struct ebpf_object *obj, char **errmsg);
/* NULL: no map of that name. */
struct object_map *ebpf_object__find_map(struct ebpf_object *obj, const char *name);
/* As libbpf makes sizes: a ring buffer's is rounded up, a perf array has an entry per worker. */
void map_opts__settle_size(struct ebpf_map_opts *o);
/* A program for an array of programs, in place of the one at `key`. */
int ebpf_object__put_program(struct ebpf_object *obj, struct object_map *m, uint32_t key,
	const struct ebpf_object_program *program, char **errmsg);
/* Loads the program, unless it was loaded. */
int ebpf_object__load_once(struct ebpf_object *obj, struct object_function *f, char **errmsg);
/* Loads the programs of an array and puts them into it. */
int ebpf_object__fill_programs(struct ebpf_object *obj, struct object_map *m, char **errmsg);
/* The index of the map defined at `offset` of `section`, or of the data of `section`
 * whatever the offset; -1 if none. */
int ebpf_object__map_at(const struct ebpf_object *obj, uint32_t section, int64_t offset);

int ebpf_object__find_functions(struct ebpf_object *obj, char **errmsg);
/* The index of the function that begins at `insn`, or -1. */
int ebpf_object__function_at(const struct ebpf_object *obj, uint32_t section, int64_t insn);

/* Fills what the function's type says; leaves *f alone if there is none. */
void ebpf_object__describe_function(
	const struct ebpf_object *obj, const struct object_function *from, struct ebpf_func *f);

/* Does nothing stand in the function's tags that this machine cannot do? */
int ebpf_object__check_tags(
	const struct ebpf_object *obj, const struct object_function *f, char **errmsg);

/* A program with all it needs; made once. */
const struct ebpf_program_spec *ebpf_object__link(
	struct ebpf_object *obj, const struct object_function *f, char **errmsg);

/* link.c: where a program is to run. */
enum ebpf_program_type object_function__type(const struct object_function *f);

/* link.c and relocate.c: a program in the making. */
struct linker {
	struct ebpf_object *obj;
	struct ebpf_insn *insns;
	uint32_t n_insns;
	struct placed_function {
		uint32_t function; /* index */
		uint32_t insn;     /* where it begins in insns */
	} * placed;
	uint32_t n_placed;
	uint32_t *place_of; /* per function: instruction + 1, 0 if not placed */
	uint32_t *slot_of;  /* per map of the object: index in `maps` + 1, 0 if not used */
	struct ebpf_map **maps;
	uint32_t n_maps;
};

/* Places a function (once); its first instruction. */
uint32_t linker__place(struct linker *l, uint32_t function);
/* The program's index of a map of the object. */
uint32_t linker__use_map(struct linker *l, uint32_t map);
/* Writes the values of CO-RE relocations; before linker__relocate(), whose checks then see
 * them. */
int linker__relocate_core(struct linker *l, const struct placed_function *at, char **errmsg);
/* Resolves everything the function's instructions refer to; places what it calls. */
int linker__relocate(struct linker *l, const struct placed_function *at, char **errmsg);

void ebpf_object__free_linked(struct ebpf_object *obj);

#endif
