/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-load.c -- loads a program and its maps into the running kernel, in one of two ways.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "ebpf-image.h"
#include "kernel-load.h"

/* linux/bpf.h of 6.3 and later: BPF_F_XDP_DEV_BOUND_ONLY */
#define XDP_DEV_BOUND_ONLY (1u << 6)

#define LOG_SIZE  (1 << 20)
#define LOG_STATS 4 /* the kernel's BPF_LOG_STATS: its last lines alone */

static bool is_constant(const struct ebpf_map_opts *opts)
{
	return opts->flags & BPF_F_RDONLY_PROG;
}

/* Begins the statistics at the log's end. */
#define TIME_LINE "verification time "

static uint32_t verify_us(const char *log)
{
	const char *line = strstr(log, TIME_LINE);

	return line ? strtoul(line + strlen(TIME_LINE), NULL, 10) : 0;
}

/* The whole log is made only where somebody wants to read it: then libbpf fills it if the load
 * fails. */
static uint32_t log_level(const struct subject_opts *opts)
{
	return opts->log ? 0 : LOG_STATS;
}

const char *kernel_log__reason(char *log)
{
	char *stats = strstr(log, "\n" TIME_LINE), *line;

	if (!stats)
		stats = strstr(log, "\nprocessed ");
	if (stats)
		*stats = '\0';
	do {
		size_t len = strlen(log);

		if (len && log[len - 1] == '\n')
			log[len - 1] = '\0';
		line = strrchr(log, '\n');
		if (line && line[1] == ';')
			*line = '\0';
	} while (line && !*line);
	return line ? line + 1 : log;
}

static int refused(const struct subject_opts *opts, int err, char *log, char **errmsg)
{
	if (opts->log)
		fputs(log, stderr);
	if (!*log)
		return error__set(errmsg, err, "%s: program %s does not get into the kernel: %s",
			opts->object, opts->program, strerror(-err));
	return error__set(errmsg, err, "%s: the kernel refuses program %s: %s", opts->object,
		opts->program, kernel_log__reason(log));
}

/* ---- through libbpf ---- */

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

/* A section's map is called OBJECT.SECTION, shortened; libbpf knows it by its section too. */
static struct bpf_map *find_map(const struct kernel_program *k, const struct ebpf_map_opts *opts)
{
	const char *section = strchr(opts->name, '.');

	return bpf_object__find_map_by_name(k->obj, section ? section : opts->name);
}

/* What the object leaves open and the user has told. The kernel looks at the descriptor when the
 * map is made; libbpf closes it. */
static int set_inner(struct bpf_map *m, const struct ebpf_map_opts *o, char **errmsg)
{
	const struct ebpf_map_opts *in = o->inner;
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = in->flags);
	int fd = bpf_map_create(
		in->type, "inner", in->key_size, in->value_size, in->max_entries, &opts);

	if (fd < 0 || bpf_map__set_inner_map_fd(m, fd))
		return error__set(errmsg, -errno,
			"map %s: the kernel refuses what it is to hold: %s", o->name,
			strerror(errno));
	return 0;
}

/* libbpf 1.1 sets the size of an inner perf event array as little as the object. */
static bool is_open(struct bpf_map *m, const struct ebpf_map_opts *inner)
{
	return !bpf_map__inner_map(m) || inner->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

/* libbpf fills it, with what the kernel was built with. */
static bool is_configuration(const struct ebpf_map_opts *opts)
{
	const char *section = strchr(opts->name, '.');

	return section && strcmp(section, ".kconfig") == 0;
}

static int select_map(const struct kernel_program *k, struct ebpf_map *ours, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(ours);
	struct bpf_map *m = find_map(k, o);

	if (!m)
		return error__set(errmsg, -ENOENT, "map %s: libbpf does not find it", o->name);
	if (bpf_map__autocreate(m)) /* selected before */
		return 0;
	bpf_map__set_autocreate(m, true);
	bpf_map__set_max_entries(m, o->max_entries);
	if (o->inner && is_open(m, o->inner))
		return set_inner(m, o, errmsg);
	if (is_constant(o) && !is_configuration(o) &&
		bpf_map__set_initial_value(m, ebpf_map__initial_value(ours), o->value_size))
		return error__set(
			errmsg, -errno, "map %s: libbpf does not take its contents", o->name);
	return 0;
}

static int select_program(
	const struct kernel_program *k, struct ebpf_object *obj, const char *name, char **errmsg)
{
	struct bpf_program *p = bpf_object__find_program_by_name(k->obj, name);
	const struct ebpf_program_spec *spec = ebpf_object__program_spec(obj, name, errmsg);
	int err = 0;

	if (!spec)
		return -errno;
	if (!p)
		return error__set(errmsg, -ENOENT, "libbpf finds no program %s", name);
	bpf_program__set_autoload(p, true);
	bpf_program__set_type(p, BPF_PROG_TYPE_XDP);
	if (k->bound_to) {
		bpf_program__set_ifindex(p, k->bound_to);
		bpf_program__set_flags(p, bpf_program__flags(p) | XDP_DEV_BOUND_ONLY);
	}
	for (uint32_t i = 0; i < spec->n_maps && !err; i++)
		err = select_map(k, spec->maps[i], errmsg);
	return err;
}

/* A map of programs or maps that has first values, and they: libbpf 1.1 wants them all. */
static int select_values(
	const struct kernel_program *k, struct ebpf_object *obj, size_t map, char **errmsg)
{
	bool programs = ebpf_object__map_opts(obj, map)->type == BPF_MAP_TYPE_PROG_ARRAY;
	struct ebpf_object_entry e;
	int err = 0;

	for (size_t i = 0; !err && ebpf_object__map_entry(obj, map, i, &e); i++) {
		err = select_map(k, ebpf_object__map(obj, map), errmsg);
		if (!err)
			err = programs ? select_program(k, obj, e.name, errmsg)
				       : select_map(
						 k, ebpf_object__map_by_name(obj, e.name), errmsg);
	}
	return err;
}

/* Only the program, what it may go on in, and the maps they use are to be created, and nothing
 * is to be pinned. */
static int select_parts(const struct kernel_program *k, const struct subject *s,
	const struct subject_opts *opts, char **errmsg)
{
	struct bpf_program *p;
	struct bpf_map *m;
	int err;

	bpf_object__for_each_program(p, k->obj)
		bpf_program__set_autoload(p, false);
	bpf_object__for_each_map(m, k->obj) {
		bpf_map__set_autocreate(m, false);
		bpf_map__set_pin_path(m, NULL);
	}
	err = select_program(k, s->obj, opts->program, errmsg);
	for (uint32_t i = 0; i < s->n_maps && !err; i++)
		err = select_map(k, s->maps[i], errmsg);
	for (size_t i = 0; i < ebpf_object__n_maps(s->obj) && !err; i++)
		err = select_values(k, s->obj, i, errmsg);
	return err;
}

/* Those that the object itself puts there are there already; it does no harm. */
static int put_programs(const struct kernel_program *k, const struct subject *s, char **errmsg)
{
	struct ebpf_object_entry e;

	for (size_t i = 0; i < ebpf_object__n_maps(s->obj); i++) {
		const struct ebpf_map_opts *o = ebpf_object__map_opts(s->obj, i);
		int fd = bpf_map__fd(find_map(k, o)), prog_fd;

		if (o->type != BPF_MAP_TYPE_PROG_ARRAY)
			continue;
		for (size_t n = 0; ebpf_object__map_entry(s->obj, i, n, &e); n++) {
			prog_fd = bpf_program__fd(bpf_object__find_program_by_name(k->obj, e.name));
			if (bpf_map_update_elem(fd, &e.key, &prog_fd, BPF_ANY))
				return error__set(errmsg, -errno,
					"map %s: the kernel's does not take program %s: %s",
					o->name, e.name, strerror(errno));
		}
	}
	return 0;
}

static int fd_of(void *user, struct ebpf_map *map)
{
	const struct kernel_program *k = user;
	struct bpf_map *m = find_map(k, ebpf_map__opts(map));

	return m ? bpf_map__fd(m) : -1;
}

static int fill_map(struct kernel_program *k, struct ebpf_map *map, int fd, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(map);

	if (o->inner)
		return kernel_map__copy_inner(map, fd, fd_of, k, errmsg);
	return is_constant(o) ? 0 : kernel_map__copy(map, fd, errmsg);
}

static int load_with_libbpf(struct kernel_program *k, const struct subject *s,
	const struct subject_opts *opts, char *log, char **errmsg)
{
	struct bpf_program *prog;
	int err = select_parts(k, s, opts, errmsg);

	if (err)
		return err;
	prog = bpf_object__find_program_by_name(k->obj, opts->program);
	bpf_program__set_log_buf(prog, log, LOG_SIZE);
	bpf_program__set_log_level(prog, log_level(opts));
	err = bpf_object__load(k->obj);
	if (err)
		return refused(opts, err, log, errmsg);
	k->prog_fd = bpf_program__fd(prog);
	k->verify_us = verify_us(log);
	for (uint32_t i = 0; !err && i < k->n_maps; i++) {
		k->map_fds[i] = fd_of(k, s->maps[i]);
		err = fill_map(k, s->maps[i], k->map_fds[i], errmsg);
	}
	return err ? err : put_programs(k, s, errmsg);
}

static void forget(struct kernel_program *k, char *log, char **errmsg)
{
	if (errmsg) {
		free(*errmsg);
		*errmsg = NULL;
	}
	*log = '\0';
	bpf_object__close(k->obj);
	k->obj = NULL;
}

/* Of an image the object that it was made from. */
static struct bpf_object *open_object(const struct subject *s, const char *path)
{
	const struct ebpf_image_source *from =
		s->spec->image ? ebpf_image__source(s->spec->image) : NULL;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = from ? from->name : NULL);

	return from ? bpf_object__open_mem(from->bytes, from->size, &opts) : bpf_object__open(path);
}

/* Again, for the first interface that has what the program asks for. */
static int load_bound(struct kernel_program *k, const struct subject *s,
	const struct subject_opts *opts, char *log, char **errmsg)
{
	struct if_nameindex *interfaces = if_nameindex();
	int err = -EOPNOTSUPP;

	for (struct if_nameindex *i = interfaces; i && i->if_index && err == -EOPNOTSUPP; i++) {
		forget(k, log, errmsg);
		k->bound_to = i->if_index;
		k->obj = open_object(s, opts->object);
		err = k->obj ? load_with_libbpf(k, s, opts, log, errmsg)
			     : error__set(errmsg, -errno, "%s: libbpf does not open it again",
				       opts->object);
	}
	if (interfaces)
		if_freenameindex(interfaces);
	return err;
}

/* ---- from our loader's output ---- */

static int create_map(struct ebpf_map *map, int *fd, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(map);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = o->flags);
	int err;

	*fd = bpf_map_create(o->type, o->name, o->key_size, o->value_size, o->max_entries, &opts);
	if (*fd < 0)
		return error__set(errmsg, -errno, "map %s: the kernel refuses it: %s", o->name,
			strerror(errno));
	err = kernel_map__copy(map, *fd, errmsg);
	/* As libbpf does for .rodata: the kernel's verifier then knows the values. */
	if (!err && is_constant(o) && bpf_map_freeze(*fd))
		err = error__set(errmsg, -errno, "map %s: cannot freeze the kernel's: %s", o->name,
			strerror(errno));
	return err;
}

/* Maps of maps, and of programs if they have any, take more than their sizes. */
static int refuse_values(const struct subject *s, char **errmsg)
{
	struct ebpf_object_entry e;

	for (size_t i = 0; i < ebpf_object__n_maps(s->obj); i++) {
		const struct ebpf_map_opts *o = ebpf_object__map_opts(s->obj, i);

		if (o->inner || ebpf_object__map_entry(s->obj, i, 0, &e))
			return error__set(errmsg, -ENOTSUP,
				"map %s: only libbpf can fill it in the kernel, and it does not "
				"open this object",
				o->name);
	}
	return 0;
}

/* LDDW refers to maps by index in our loader's output, and bpf() takes an array of map
 * descriptors for that: nothing need be rewritten. */
static int load_spec(struct kernel_program *k, const struct subject *s,
	const struct subject_opts *opts, char *log, char **errmsg)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load, .fd_array = k->map_fds, .log_buf = log,
		.log_size = LOG_SIZE, .log_level = log_level(opts),
		.prog_flags = s->spec->has_frags ? BPF_F_XDP_HAS_FRAGS : 0);
	int err = refuse_values(s, errmsg);

	for (uint32_t i = 0; !err && i < k->n_maps; i++)
		err = create_map(s->maps[i], &k->map_fds[i], errmsg);
	if (err)
		return err;
	/* The licence decides which helpers are offered; here it is not the question. */
	k->prog_fd = bpf_prog_load(BPF_PROG_TYPE_XDP, opts->program, "GPL",
		(const struct bpf_insn *)s->spec->insns, s->spec->n_insns, &load);
	if (k->prog_fd < 0)
		return refused(opts, -errno, log, errmsg);
	k->verify_us = verify_us(log);
	return 0;
}

int kernel_program__load(struct kernel_program *k, const struct subject *s,
	const struct subject_opts *opts, char **errmsg)
{
	uint32_t n = s->n_maps;
	char *log = calloc(1, LOG_SIZE);
	int err = -ENOMEM;

	*k = (struct kernel_program){
		.prog_fd = -1, .map_fds = malloc((n + 1) * sizeof(int)), .n_maps = n};
	if (log && k->map_fds) {
		for (uint32_t i = 0; i < n; i++)
			k->map_fds[i] = -1;
		libbpf_set_print(silent);
		k->obj = open_object(s, opts->object);
		err = k->obj ? load_with_libbpf(k, s, opts, log, errmsg)
			     : load_spec(k, s, opts, log, errmsg);
		if (err && k->obj && strstr(log, "require device-bound program"))
			err = load_bound(k, s, opts, log, errmsg);
	} else {
		error__set(errmsg, err, "no memory for the kernel's log");
	}
	free(log);
	if (err)
		kernel_program__unload(k);
	return err;
}

void kernel_program__unload(struct kernel_program *k)
{
	if (!k->obj) {
		for (uint32_t i = 0; k->map_fds && i < k->n_maps; i++) {
			if (k->map_fds[i] >= 0)
				close(k->map_fds[i]);
		}
		if (k->prog_fd >= 0)
			close(k->prog_fd);
	}
	bpf_object__close(k->obj);
	free(k->map_fds);
	*k = (struct kernel_program){.prog_fd = -1};
}
