/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel_test.c -- Linux as the judge of what the loader makes of an object:
 *
 *	same_as_libbpf    libbpf loads the same object; its instructions after relocation are
 *	                  ours, file descriptors of maps apart
 *	kernel_accepts    our instructions and maps, handed to bpf(), pass the kernel's verifier
 *
 * for the XDP programs of Debian's xdp-tools, of configs/ and of the loader's own tests. Skipped
 * where bpf() is not permitted.
 */
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "fixture.h"

static const char *config_folder;

static bool bpf_permitted(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, NULL);

	if (fd < 0) {
		print_message("skipped: bpf() is not permitted here (%s)\n", strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

/* Calls `check` for every XDP object there is; how many. */
static size_t for_each_object(void (*check)(const char *path))
{
	static const char *const patterns[] = {
		"/usr/lib/*/bpf/xdpfilt_*.o", "%s/*.bpf.o", "%s/features.v4.o", "%s/core.o"};
	const char *folders[] = {"", config_folder, sample_folder, sample_folder};
	glob_t found = {0};
	size_t n;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		char pattern[4096];

		snprintf(pattern, sizeof(pattern), patterns[i], folders[i]);
		if (glob(pattern, i ? GLOB_APPEND : 0, NULL, &found) == GLOB_NOMATCH)
			print_message("no %s here\n", pattern);
	}
	n = found.gl_pathc;
	for (size_t i = 0; i < n; i++)
		check(found.gl_pathv[i]);
	globfree(&found);
	return n;
}

/* Without types the kernel takes no callbacks. */
static bool has_callback(const struct ebpf_program_spec *spec)
{
	for (uint32_t i = 0; i < spec->n_insns; i++) {
		if (spec->insns[i].opcode == 0x18 && spec->insns[i].src == 4)
			return true;
	}
	return false;
}

static int create_map(const struct ebpf_map_opts *o, struct ebpf_map *map)
{
	const struct bpf_map_create_opts opts = {.sz = sizeof(opts), .map_flags = o->flags};
	int fd = bpf_map_create(o->type, NULL, o->key_size, o->value_size, o->max_entries, &opts);

	if (fd >= 0 && (o->flags & BPF_F_RDONLY_PROG)) {
		bpf_map_update_elem(fd, &(uint32_t){0}, ebpf_map__initial_value(map), 0);
		assert_int_equal(bpf_map_freeze(fd), 0);
	}
	return fd;
}

static void load_in_kernel(const char *path, const struct ebpf_program_spec *spec)
{
	static char log[1 << 16];
	struct bpf_prog_load_opts opts = {.sz = sizeof(opts),
		.log_buf = log,
		.log_size = sizeof(log)}; /* filled when it fails */
	struct bpf_insn *insns = malloc(spec->n_insns * sizeof(*insns));
	int *fds = malloc((spec->n_maps + 1) * sizeof(*fds)), fd;

	assert_non_null(insns);
	assert_non_null(fds);
	for (uint32_t i = 0; i < spec->n_maps; i++) {
		fds[i] = create_map(ebpf_map__opts(spec->maps[i]), spec->maps[i]);
		if (fds[i] < 0)
			fail_msg("%s: map %s: %s", path, ebpf_map__opts(spec->maps[i])->name,
				strerror(errno));
	}
	memcpy(insns, spec->insns, spec->n_insns * sizeof(*insns));
	for (uint32_t i = 0; i < spec->n_insns; i++) {
		if (insns[i].code != 0x18)
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_IDX)
			insns[i].src_reg = BPF_PSEUDO_MAP_FD;
		else if (insns[i].src_reg == BPF_PSEUDO_MAP_IDX_VALUE)
			insns[i].src_reg = BPF_PSEUDO_MAP_VALUE;
		if (insns[i].src_reg)
			insns[i].imm = fds[insns[i].imm];
		i++;
	}
	log[0] = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, NULL, "GPL", insns, spec->n_insns, &opts);
	if (fd < 0)
		fail_msg("%s: program %s: %s\n%s", path, spec->name, strerror(errno), log);
	close(fd);
	for (uint32_t i = 0; i < spec->n_maps; i++)
		close(fds[i]);
	free(fds);
	free(insns);
}

static void check_acceptance(const char *path)
{
	struct ebpf_instance *inst = make_instance();
	char *err;
	struct ebpf_object *obj = ebpf_object__open(path, &err);

	if (!obj || ebpf_object__create_maps(obj, inst, &err))
		fail_msg("%s", err);
	for (size_t i = 0; i < ebpf_object__n_programs(obj); i++) {
		const struct ebpf_object_program *p = ebpf_object__program(obj, i);
		const struct ebpf_program_spec *spec;

		if (!p->is_xdp)
			continue;
		spec = ebpf_object__program_spec(obj, p->name, &err);
		if (!spec)
			fail_msg("%s", err);
		assert_linked(spec);
		if (!has_callback(spec))
			load_in_kernel(path, spec);
	}
	close_with_maps(obj, inst);
}

static void kernel_accepts(void **state)
{
	if (!bpf_permitted())
		skip();
	print_message("%zu objects\n", for_each_object(check_acceptance));
}

static const char *map_of_fd(struct bpf_object *obj, int fd)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		if (bpf_map__fd(map) == fd)
			return bpf_map__name(map);
	}
	return "none";
}

static bool same_name(const struct ebpf_program_spec *spec, struct bpf_object *kernel,
	const struct ebpf_insn *ours, const struct bpf_insn *theirs)
{
	const char *name = ebpf_map__opts(spec->maps[ours->imm])->name;

	return ours->src == theirs->src_reg + 4 &&
	       strcmp(name, map_of_fd(kernel, theirs->imm)) == 0;
}

static void compare_program(
	const char *path, struct bpf_object *kernel, const struct ebpf_program_spec *spec)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(kernel, spec->name);
	const struct bpf_insn *insns = bpf_program__insns(prog);

	assert_non_null(prog);
	assert_non_null(insns);
	assert_int_equal(bpf_program__insn_cnt(prog), spec->n_insns);
	for (uint32_t i = 0; i < spec->n_insns; i++) {
		const struct ebpf_insn *ours = &spec->insns[i];
		bool is_map = ours->opcode == 0x18 && ours->src >= 5;

		if (is_map ? !same_name(spec, kernel, ours, &insns[i])
			   : memcmp(ours, &insns[i], sizeof(*ours)) != 0)
			fail_msg("%s: program %s: instruction %u differs", path, spec->name, i);
	}
}

/* The object's own types in a file, to be unlinked: for libbpf's CO-RE they are the kernel's. */
static void write_types(const char *object, char path[])
{
	struct btf *btf = btf__parse_elf(object, NULL);
	int fd = mkstemp(path);
	const void *raw;
	uint32_t size;

	assert_non_null(btf);
	raw = btf__raw_data(btf, &size);
	assert_true(fd >= 0 && raw && write(fd, raw, size) == size);
	btf__free(btf);
	close(fd);
}

/* libbpf puts subprograms in another order, so only programs without them compare. */
static void compare_with_libbpf(const char *path)
{
	char types[] = "/tmp/kernel_test.XXXXXX";
	const struct bpf_object_open_opts opts = {.sz = sizeof(opts), .btf_custom_path = types};
	struct ebpf_instance *inst = make_instance();
	struct bpf_object *kernel;
	struct bpf_program *prog;
	struct bpf_map *map;
	char *err;
	struct ebpf_object *obj = ebpf_object__open(path, &err);

	write_types(path, types);
	kernel = bpf_object__open_file(path, &opts);
	assert_non_null(kernel);
	if (!obj || ebpf_object__create_maps(obj, inst, &err))
		fail_msg("%s", err);
	bpf_object__for_each_map(map, kernel)
		assert_int_equal(bpf_map__set_pin_path(map, NULL), 0);
	bpf_object__for_each_program(prog, kernel)
		bpf_program__set_autoload(
			prog, strncmp(bpf_program__section_name(prog), "xdp", 3) == 0);
	if (bpf_object__load(kernel))
		fail_msg("%s: libbpf does not load it: %s", path, strerror(errno));
	unlink(types);
	for (size_t i = 0; i < ebpf_object__n_programs(obj); i++) {
		const struct ebpf_object_program *p = ebpf_object__program(obj, i);
		const struct ebpf_program_spec *spec;

		spec = p->is_xdp ? ebpf_object__program_spec(obj, p->name, &err) : NULL;
		if (spec && spec->n_funcs == 1)
			compare_program(path, kernel, spec);
	}
	bpf_object__close(kernel);
	close_with_maps(obj, inst);
}

static void same_as_libbpf(void **state)
{
	if (!bpf_permitted())
		skip();
	print_message("%zu objects\n", for_each_object(compare_with_libbpf));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_accepts),
		cmocka_unit_test(same_as_libbpf),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	config_folder = argc > 2 ? argv[2] : ".";
	libbpf_set_print(NULL); /* it warns of sections that it leaves out */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
