/* SPDX-License-Identifier: BSD-3-Clause
 *
 * loader_test.c -- good objects: what is found in them and what becomes of it.
 */
#include <linux/bpf.h>

#include "fixture.h"

#include <btf-ext.h>

static const struct ebpf_map_opts *map_opts(const struct object *obj, const char *name)
{
	for (size_t i = 0; i < object__n_maps(obj); i++) {
		if (strcmp(object__map_opts(obj, i)->name, name) == 0)
			return object__map_opts(obj, i);
	}
	fail_msg("no map %s", name);
	return NULL;
}

static void assert_map(const struct object *obj, const char *name, uint32_t type, uint32_t key,
	uint32_t value, uint32_t entries, uint32_t flags)
{
	const struct ebpf_map_opts *o = map_opts(obj, name);

	assert_int_equal(o->type, type);
	assert_int_equal(o->key_size, key);
	assert_int_equal(o->value_size, value);
	assert_int_equal(o->max_entries, entries);
	assert_int_equal(o->flags, flags);
}

static void maps_are_found(void **state)
{
	struct object *obj = open_sample(*state);

	assert_map(obj, "flows", BPF_MAP_TYPE_HASH, 16, 8, 1024, BPF_F_NO_PREALLOC);
	assert_map(obj, "counts", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 8, 0);
	assert_map(obj, "own", BPF_MAP_TYPE_ARRAY, 4, 12, 2, 0);
	assert_map(obj, "features.data", BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	assert_map(obj, "features.bss", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	assert_map(obj, ".data.tuning", BPF_MAP_TYPE_ARRAY, 4, 2, 1, 0);
	assert_int_equal(map_opts(obj, "features.rodata")->flags, BPF_F_RDONLY_PROG);
	assert_null(object__map(obj, 0));
	object__close(obj);
}

static void programs_are_found(void **state)
{
	static const char *const names[][2] = {{"constant", "xdp"}, {"calls", "xdp"},
		{"variables", "xdp"}, {"lookups", "xdp.frags"}, {"loops", "xdp"},
		{"classify", "tc"}};
	struct object *obj = open_sample(*state);
	char *err;

	assert_int_equal(object__n_programs(obj), sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct object_program *p = object__find_program(obj, names[i][0], &err);

		assert_non_null(p);
		assert_string_equal(p->section, names[i][1]);
		assert_true(p->n_insns >= 2);
		assert_true(p->is_xdp == (strncmp(names[i][1], "xdp", 3) == 0));
	}
	assert_string_equal(object__find_program(obj, NULL, &err)->name, "constant");
	assert_null(object__program(obj, object__n_programs(obj)));
	object__close(obj);
}

static void data_has_its_first_contents(void **state)
{
	static const uint8_t address[6] = {1, 2, 3, 4, 5, 6};
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps(*state, &inst);
	size_t size;
	char *err;

	assert_int_equal(*(uint32_t *)object__variable(obj, "verdict", &size, &err), XDP_PASS);
	assert_int_equal(size, 4);
	assert_int_equal(*(int8_t *)object__variable(obj, "small", &size, &err), -1);
	assert_int_equal(size, 1);
	assert_memory_equal(object__variable(obj, "address", &size, &err), address, 6);
	assert_int_equal(size, 6);
	assert_int_equal(*(uint32_t *)object__variable(obj, "initialised", &size, &err), 7);
	assert_int_equal(*(uint64_t *)object__variable(obj, "zeroed", &size, &err), 0);
	assert_int_equal(*(uint16_t *)object__variable(obj, "tuning", &size, &err), 0x1234);
	assert_ptr_equal(
		object__map_by_name(obj, ".rodata"), object__map_by_name(obj, "features.rodata"));
	assert_non_null(object__map_by_name(obj, "flows"));
	assert_null(object__map_by_name(obj, "absent"));
	close_with_maps(obj, inst);
}

/* A symbol without size: the type knows it. */
static void sizes_come_from_types_too(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct image img = load_image("features.v1");
	struct object *obj;
	size_t size = 0;
	char *err;

	image_symbol(&img, "verdict")->st_size = 0;
	obj = object__open_mem("features.o", img.bytes, img.size, &err);
	assert_non_null(obj);
	assert_int_equal(object__create_maps(obj, inst, &err), 0);
	assert_non_null(object__variable(obj, "verdict", &size, &err));
	assert_int_equal(size, 4);
	close_with_maps(obj, inst);
	free(img.bytes);
}

static void constants_freeze_with_the_first_program(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps(*state, &inst);
	const char *path = sample_path(*state);
	uint32_t value, zero = 0;
	size_t size;
	char *err;

	*(uint32_t *)object__variable(obj, "verdict", &size, &err) = XDP_TX;
	assert_non_null(object__program_spec(obj, "constant", &err));
	assert_null(object__variable(obj, "verdict", &size, &err));
	assert_int_equal(errno, EPERM);
	assert_sentence(err, path, "variable verdict is constant");
	assert_non_null(object__variable(obj, "initialised", &size, &err));
	value = 1;
	assert_int_equal(
		ebpf_map__update(object__map_by_name(obj, ".rodata"), &zero, &value, 0), -EPERM);
	close_with_maps(obj, inst);
}

static bool has_function(const struct ebpf_program_spec *spec, const char *name, bool global)
{
	for (uint32_t i = 0; i < spec->n_funcs; i++) {
		if (strcmp(spec->funcs[i].name, name) == 0)
			return spec->funcs[i].global == global;
	}
	return false;
}

static void subprograms_follow_their_callers(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps(*state, &inst);
	const struct ebpf_program_spec *spec;
	char *err;

	spec = object__program_spec(obj, "calls", &err);
	assert_non_null(spec);
	assert_linked(spec);
	assert_int_equal(spec->n_funcs, 4);
	assert_true(has_function(spec, "calls", true));
	assert_true(has_function(spec, "nested", false));
	assert_true(has_function(spec, "local_sub", false));
	assert_true(has_function(spec, "global_sub", true));
	assert_int_equal(spec->n_maps, 3); /* .rodata, .bss, .data */
	assert_ptr_equal(object__program_spec(obj, "calls", &err), spec);

	spec = object__program_spec(obj, "loops", &err);
	assert_non_null(spec);
	assert_linked(spec);
	assert_int_equal(spec->n_funcs, 2);
	assert_true(has_function(spec, "callback", false));

	spec = object__program_spec(obj, "lookups", &err);
	assert_non_null(spec);
	assert_linked(spec);
	assert_int_equal(spec->n_funcs, 1);
	assert_ptr_equal(spec->maps[0], object__map_by_name(obj, "flows"));
	assert_ptr_equal(spec->maps[1], object__map_by_name(obj, "counts"));
	assert_ptr_equal(spec->maps[2], object__map_by_name(obj, "own"));
	close_with_maps(obj, inst);
}

static void lines_name_their_source(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps(*state, &inst);
	const struct ebpf_program_spec *spec;
	bool found = false;
	char *err;

	spec = object__program_spec(obj, "calls", &err);
	assert_non_null(spec);
	assert_int_equal(spec->lines[0].insn, 0);
	for (uint32_t i = 0; i < spec->n_lines; i++) {
		const struct ebpf_line *l = &spec->lines[i];

		assert_non_null(strstr(l->file, "features.bpf.c"));
		assert_true(l->line > 0);
		found |= strstr(l->text, "return x + initialised;") != NULL;
	}
	assert_true(found);
	close_with_maps(obj, inst);
}

static uint64_t run(struct object *obj, struct ebpf_instance *inst, const char *name)
{
	uint8_t buf[EBPF_XDP_FRAME_SIZE] = {0}, *data = buf + EBPF_XDP_HEADROOM;
	struct ebpf_xdp_ctx ctx = {
		.data = data,
		.data_end = data + 64,
		.data_meta = data,
		.buf = buf,
		.buf_end = buf + sizeof(buf),
		.head_limit = buf + EBPF_XDP_FRAME_HEADER,
		.tail_limit = buf + sizeof(buf) - EBPF_XDP_TAIL_RESERVE,
	};
	struct ebpf_program *prog;
	struct ebpf_env env;
	uint64_t verdict;
	char *err;

	prog = object__load_program(obj, name, NULL, &err);
	if (!prog)
		fail_msg("%s", err);
	ebpf_env__init(&env, inst, 0);
	verdict = ebpf_program__run(prog, &env, &ctx);
	ebpf_program__unref(prog);
	return verdict;
}

static void programs_run(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps(*state, &inst);
	struct flow {
		uint32_t src, dst;
		uint16_t ports[2];
		uint8_t proto, pad[3];
	} flow = {.src = 1, .proto = 17};
	uint64_t hits = XDP_DROP;
	size_t size;
	char *err;

	*(uint32_t *)object__variable(obj, "verdict", &size, &err) = 1;
	assert_int_equal(run(obj, inst, "constant"), 1);
	assert_int_equal(run(obj, inst, "calls"), 1); /* queue + 1 + 7 - 7, + queue */
	assert_int_equal(*(uint64_t *)object__variable(obj, "zeroed", &size, &err), 1);
	assert_int_equal(run(obj, inst, "variables"), 7 + 1 + 0x1234);
	assert_int_equal(run(obj, inst, "lookups"), 0);
	assert_int_equal(
		ebpf_map__update(object__map_by_name(obj, "flows"), &flow, &hits, BPF_ANY), 0);
	assert_int_equal(run(obj, inst, "lookups"), XDP_DROP);
	close_with_maps(obj, inst);
}

static void maps_outlive_the_object(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps(*state, &inst);
	struct ebpf_map *map = ebpf_map__ref(object__map_by_name(obj, "own"));
	uint32_t key = 1, value[3] = {1, 2, 3}, got[3];

	close_with_maps(obj, inst);
	assert_int_equal(ebpf_map__update(map, &key, value, BPF_ANY), 0);
	assert_int_equal(ebpf_map__lookup(map, &key, got), 0);
	assert_memory_equal(got, value, sizeof(got));
	ebpf_map__unref(map);
}

static void pinned_maps_are_shared(void **state)
{
	struct ebpf_instance *inst;
	struct object *first = open_with_maps("features.v1", &inst), *second, *third;
	struct ebpf_map *shared = object__map_by_name(first, "counts");
	char *err;

	second = open_sample("features.v4");
	assert_int_equal(object__create_maps(second, inst, &err), 0);
	assert_ptr_equal(object__map_by_name(second, "counts"), shared);
	assert_ptr_not_equal(
		object__map_by_name(second, "flows"), object__map_by_name(first, "flows"));
	object__close(first);
	object__close(second);

	third = open_sample("features.v1"); /* the instance has kept it */
	assert_int_equal(object__create_maps(third, inst, &err), 0);
	assert_ptr_equal(object__map_by_name(third, "counts"), shared);
	object__close(third);

	third = open_sample("features.v1");
	assert_int_equal(object__set_max_entries(third, "counts", 9, &err), 0);
	assert_int_equal(object__create_maps(third, inst, &err), -EINVAL);
	assert_sentence(err, sample_path("features.v1"),
		"map counts is pinned by another object already, as percpu_array with key size 4");
	assert_null(object__map_by_name(third, "counts"));
	close_with_maps(third, inst);
}

static void legacy_maps_are_found(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps(*state, &inst);
	const struct ebpf_program_spec *spec;
	char *err;

	assert_map(obj, "first", BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0);
	assert_map(obj, "second", BPF_MAP_TYPE_HASH, 2, 16, 32, BPF_F_NO_PREALLOC);
	spec = object__program_spec(obj, NULL, &err);
	assert_non_null(spec);
	assert_linked(spec);
	assert_ptr_equal(spec->maps[0], object__map_by_name(obj, "first"));
	assert_ptr_equal(spec->maps[1], object__map_by_name(obj, "second"));
	close_with_maps(obj, inst);
}

static void untyped_symbols_are_functions(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps("untyped", &inst);
	const struct ebpf_program_spec *spec;
	char *err;

	assert_int_equal(object__n_programs(obj), 2);
	spec = object__program_spec(obj, "old_pass", &err);
	assert_non_null(spec);
	assert_int_equal(spec->n_insns, 3);
	spec = object__program_spec(obj, "old_drop", &err);
	assert_non_null(spec);
	assert_int_equal(spec->n_insns, 2);
	close_with_maps(obj, inst);
}

static void weak_undefined_is_zero(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps("refused", &inst);
	const struct ebpf_program_spec *spec;
	uint32_t n = 0;
	char *err;

	spec = object__program_spec(obj, "weak", &err);
	assert_non_null(spec);
	for (uint32_t i = 0; i < spec->n_insns; i++) {
		if (spec->insns[i].opcode != 0x18)
			continue;
		assert_int_equal(spec->insns[i].src, 0);
		assert_int_equal(spec->insns[i].imm, 0);
		assert_int_equal(spec->insns[i + 1].imm, 0);
		n++;
	}
	assert_int_equal(n, 1);
	close_with_maps(obj, inst);
}

/* Another value than the compiler's at every place of a CO-RE relocation. */
static void spoil_core_values(struct image *img)
{
	struct btf_ext_info ext;
	struct elf_file elf;
	char *err;

	assert_int_equal(elf_file__open(&elf, img->bytes, img->size, &err), 0);
	assert_int_equal(btf_ext_info__open(&elf, &ext, &err), 0);
	assert_true(ext.cores.n > 40);
	for (uint32_t i = 0; i < ext.cores.n; i++) {
		const struct ext_record *r = &ext.cores.records[i];
		size_t at = elf.sections[r->section].data - elf.image + r->insn * 8;
		struct ebpf_insn insn;

		memcpy(&insn, img->bytes + at, sizeof(insn));
		if (insn.opcode == 0x18 || insn.opcode % 8 == 4 || insn.opcode % 8 == 7)
			insn.imm += 1000;
		else
			insn.off += 1000;
		memcpy(img->bytes + at, &insn, sizeof(insn));
	}
	btf_ext_info__close(&ext);
	elf_file__close(&elf);
}

static void core_values_come_from_types(void **state)
{
	static const char *const names[] = {
		"packet", "bitfields", "fields", "types", "enumerators"};
	struct image img = load_image("core");
	struct ebpf_instance *inst;
	struct object *good = open_with_maps("core", &inst), *spoiled;
	char *err;

	spoil_core_values(&img);
	spoiled = object__open_mem("core.o", img.bytes, img.size, &err);
	assert_non_null(spoiled);
	assert_int_equal(object__create_maps(spoiled, inst, &err), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct ebpf_program_spec *a = object__program_spec(good, names[i], &err),
					       *b = object__program_spec(spoiled, names[i], &err);

		assert_true(a && b && a->n_insns == b->n_insns);
		assert_memory_equal(a->insns, b->insns, a->n_insns * sizeof(*a->insns));
	}
	object__close(spoiled);
	close_with_maps(good, inst);
	free(img.bytes);
}

static void what_exists_is_what_is_implemented(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps("asks", &inst);

	assert_int_equal(run(obj, inst, "helpers"), 1 << 0 | 1 << 2 | 1 << 4);
	assert_int_equal(run(obj, inst, "map_types"), 1 << 0 | 1 << 2);
	assert_int_equal(run(obj, inst, "true_number"), BPF_FUNC_csum_diff);
	close_with_maps(obj, inst);
}

static void configuration_has_values(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps("externs", &inst);
	size_t size;
	char *err;

	assert_map(obj, "externs.kconfig", BPF_MAP_TYPE_ARRAY, 4, 58, 1, BPF_F_RDONLY_PROG);
	assert_int_equal(*(bool *)object__variable(obj, "CONFIG_BPF", &size, &err), true);
	assert_int_equal(size, 1);
	*(uint32_t *)object__variable(obj, "CONFIG_SET_BY_USER", &size, &err) = 5;
	assert_int_equal(run(obj, inst, "version"), 6 << 16 | 12 << 8);
	assert_int_equal(run(obj, inst, "numbers"), EBPF_HZ + 1 + 'y' + 1 + 0 + 0);
	assert_int_equal(run(obj, inst, "set_by_user"), 5);
	assert_null(object__variable(obj, "CONFIG_BPF", &size, &err));
	assert_sentence(err, sample_path("externs"), "variable CONFIG_BPF is constant");
	close_with_maps(obj, inst);
}

static void missing_kernel_functions_are_not_called(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps("externs", &inst);
	char *err;

	assert_int_equal(run(obj, inst, "asks_first"), XDP_PASS);
	assert_int_equal(run(obj, inst, "asks_for_kfuncs"), 1);
	assert_null(object__load_program(obj, "calls_the_kernel", NULL, &err));
	assert_sentence(err, sample_path("externs"), "bpf_ct_release");
	assert_null(object__load_program(obj, "does_not_ask", NULL, &err));
	assert_sentence(err, sample_path("externs"), "unknown#2002000000");
	close_with_maps(obj, inst);
}

static size_t map_index(const struct object *obj, const char *name)
{
	for (size_t i = 0; i < object__n_maps(obj); i++) {
		if (strcmp(object__map_opts(obj, i)->name, name) == 0)
			return i;
	}
	fail_msg("no map %s", name);
	return 0;
}

static void assert_entry(
	const struct object *obj, const char *map, size_t i, uint32_t key, const char *name)
{
	struct object_entry e;

	assert_true(object__map_entry(obj, map_index(obj, map), i, &e));
	assert_int_equal(e.key, key);
	assert_string_equal(e.name, name);
}

static void maps_of_maps_and_programs_are_read(void **state)
{
	struct object *obj = open_sample("nested");
	const struct ebpf_map_opts *inner;
	struct object_entry e;

	assert_map(obj, "array", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 8, 0);
	inner = map_opts(obj, "array")->inner;
	assert_non_null(inner);
	assert_int_equal(inner->type, BPF_MAP_TYPE_HASH);
	assert_int_equal(inner->key_size, 8);
	assert_int_equal(inner->value_size, 2);
	assert_int_equal(inner->max_entries, 3);
	assert_int_equal(inner->flags, BPF_F_NO_PREALLOC);
	assert_entry(obj, "array", 0, 1, "second");
	assert_entry(obj, "array", 1, 6, "first");
	assert_false(object__map_entry(obj, map_index(obj, "array"), 2, &e));

	assert_non_null(map_opts(obj, "hash")->inner);
	assert_false(object__map_entry(obj, map_index(obj, "hash"), 0, &e));
	assert_null(map_opts(obj, "first")->inner);

	assert_map(obj, "jumps", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0);
	assert_null(map_opts(obj, "jumps")->inner);
	assert_entry(obj, "jumps", 0, 0, "enter");
	assert_entry(obj, "jumps", 1, 3, "leave");
	assert_false(object__map_entry(obj, map_index(obj, "jumps"), 2, &e));
	object__close(obj);
}

static void maps_of_maps_are_filled(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps("nested", &inst);
	uint64_t key = 0;
	uint16_t value = 1;

	assert_int_equal(run(obj, inst, "enter"), XDP_PASS); /* by `jumps` to `leave` */
	assert_int_equal(
		ebpf_map__update(object__map_by_name(obj, "first"), &key, &value, BPF_ANY), 0);
	assert_int_equal(run(obj, inst, "enter"), XDP_TX);
	close_with_maps(obj, inst);
}

static const struct ebpf_func *find_function(const struct ebpf_program_spec *spec, const char *name)
{
	for (uint32_t i = 0; i < spec->n_funcs; i++) {
		if (strcmp(spec->funcs[i].name, name) == 0)
			return &spec->funcs[i];
	}
	fail_msg("no function %s", name);
	return NULL;
}

static void assert_arg(
	const struct ebpf_func *f, uint32_t i, uint32_t kind, uint32_t size, bool nullable)
{
	assert_true(f->global && f->typed);
	assert_true(i < f->n_args);
	assert_int_equal(f->args[i].kind, kind);
	assert_int_equal(f->args[i].size, size);
	assert_int_equal(f->args[i].nullable, nullable);
}

static void types_tell_the_arguments_of_functions(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps("globals", &inst);
	const struct ebpf_program_spec *spec;
	const struct ebpf_func *f;
	char *err;

	spec = object__program_spec(obj, "calls", &err);
	assert_non_null(spec);
	f = find_function(spec, "numbers");
	assert_int_equal(f->n_args, 3);
	assert_true(f->returns_scalar);
	for (uint32_t i = 0; i < 3; i++)
		assert_arg(f, i, EBPF_ARG_SCALAR, 0, false);
	f = find_function(spec, "memory");
	assert_int_equal(f->n_args, 5);
	assert_arg(f, 0, EBPF_ARG_CTX, 0, false);
	assert_arg(f, 1, EBPF_ARG_MEM, 12, true);
	assert_arg(f, 2, EBPF_ARG_MEM, 12, false);
	assert_arg(f, 3, EBPF_ARG_MEM, 8, true);
	assert_arg(f, 4, EBPF_ARG_OTHER, 0, false);
	f = find_function(spec, "tagged");
	assert_int_equal(f->n_args, 3);
	assert_arg(f, 0, EBPF_ARG_CTX, 0, false);
	assert_arg(f, 1, EBPF_ARG_OTHER, 0, false);
	assert_arg(f, 2, EBPF_ARG_DYNPTR, 0, false);
	f = find_function(spec, "nothing");
	assert_false(f->returns_scalar);
	assert_int_equal(f->n_args, 0);
	close_with_maps(obj, inst);
}

static bool is_loaded(const struct object *obj, const char *name)
{
	for (size_t i = 0; i < object__n_programs(obj); i++) {
		if (strcmp(object__program(obj, i)->name, name) == 0)
			return object__loaded_program(obj, i) != NULL;
	}
	fail_msg("no program %s", name);
	return false;
}

static void arrays_of_programs_are_filled(void **state)
{
	struct ebpf_instance *inst;
	struct object *obj = open_with_maps("tails", &inst);
	size_t size;
	char *err;

	assert_int_equal(run(obj, inst, "start"), XDP_TX);
	assert_int_equal(*(uint32_t *)object__variable(obj, "steps", &size, &err), 222);
	assert_true(is_loaded(obj, "start") && is_loaded(obj, "middle") && is_loaded(obj, "end"));
	assert_false(is_loaded(obj, "other") || is_loaded(obj, "bad"));

	assert_null(object__load_program(obj, "other", NULL, &err));
	assert_sentence(err, sample_path("tails"), "tails.o: program bad: insn ");
	assert_null(object__load_program(obj, "other", NULL, &err));
	assert_sentence(err, sample_path("tails"), "tails.o: program bad: insn ");
	close_with_maps(obj, inst);
}

#define FEATURES(test)                                         \
	{#test " (v1)", test, NULL, NULL, "features.v1"},      \
	{                                                      \
#test " (v4)", test, NULL, NULL, "features.v4" \
	}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		FEATURES(maps_are_found),
		FEATURES(programs_are_found),
		FEATURES(data_has_its_first_contents),
		FEATURES(constants_freeze_with_the_first_program),
		FEATURES(subprograms_follow_their_callers),
		FEATURES(lines_name_their_source),
		FEATURES(programs_run),
		FEATURES(maps_outlive_the_object),
		{"legacy_maps_are_found (20)", legacy_maps_are_found, NULL, NULL, "legacy-5"},
		{"legacy_maps_are_found (28)", legacy_maps_are_found, NULL, NULL, "legacy-7"},
		{"legacy_maps_are_found (36)", legacy_maps_are_found, NULL, NULL, "legacy-9"},
		cmocka_unit_test(pinned_maps_are_shared),
		cmocka_unit_test(sizes_come_from_types_too),
		cmocka_unit_test(untyped_symbols_are_functions),
		cmocka_unit_test(weak_undefined_is_zero),
		cmocka_unit_test(maps_of_maps_and_programs_are_read),
		cmocka_unit_test(maps_of_maps_are_filled),
		cmocka_unit_test(types_tell_the_arguments_of_functions),
		cmocka_unit_test(arrays_of_programs_are_filled),
		cmocka_unit_test(configuration_has_values),
		cmocka_unit_test(missing_kernel_functions_are_not_called),
		cmocka_unit_test(core_values_come_from_types),
		cmocka_unit_test(what_exists_is_what_is_implemented),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
