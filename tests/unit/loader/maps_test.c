/* SPDX-License-Identifier: BSD-3-Clause
 *
 * maps_test.c -- the maps that an object defines, what they hold at first, and who shares them.
 */
#include <linux/bpf.h>

#include "fixture.h"

static void maps_are_found(void **state)
{
	struct ebpf_object *obj = open_sample(*state);

	assert_map(obj, "flows", BPF_MAP_TYPE_HASH, 16, 8, 1024, BPF_F_NO_PREALLOC);
	assert_map(obj, "counts", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 8, 0);
	assert_map(obj, "own", BPF_MAP_TYPE_ARRAY, 4, 12, 2, 0);
	assert_map(obj, "features.data", BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	assert_map(obj, "features.bss", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	assert_map(obj, ".data.tuning", BPF_MAP_TYPE_ARRAY, 4, 2, 1, 0);
	assert_int_equal(map_opts(obj, "features.rodata")->flags, BPF_F_RDONLY_PROG);
	assert_null(ebpf_object__map(obj, 0));
	ebpf_object__close(obj);
}

static void data_has_its_first_contents(void **state)
{
	static const uint8_t address[6] = {1, 2, 3, 4, 5, 6};
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps(*state, &inst);
	size_t size;
	char *err;

	assert_int_equal(*(uint32_t *)ebpf_object__variable(obj, "verdict", &size, &err), XDP_PASS);
	assert_int_equal(size, 4);
	assert_int_equal(*(int8_t *)ebpf_object__variable(obj, "small", &size, &err), -1);
	assert_int_equal(size, 1);
	assert_memory_equal(ebpf_object__variable(obj, "address", &size, &err), address, 6);
	assert_int_equal(size, 6);
	assert_int_equal(*(uint32_t *)ebpf_object__variable(obj, "initialised", &size, &err), 7);
	assert_int_equal(*(uint64_t *)ebpf_object__variable(obj, "zeroed", &size, &err), 0);
	assert_int_equal(*(uint16_t *)ebpf_object__variable(obj, "tuning", &size, &err), 0x1234);
	assert_ptr_equal(ebpf_object__map_by_name(obj, ".rodata"),
		ebpf_object__map_by_name(obj, "features.rodata"));
	assert_non_null(ebpf_object__map_by_name(obj, "flows"));
	assert_null(ebpf_object__map_by_name(obj, "absent"));
	close_with_maps(obj, inst);
}

/* A symbol without size: the type knows it. */
static void sizes_come_from_types_too(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct image img = load_image("features.v1");
	struct ebpf_object *obj;
	size_t size = 0;
	char *err;

	image_symbol(&img, "verdict")->st_size = 0;
	obj = ebpf_object__open_mem("features.o", img.bytes, img.size, &err);
	assert_non_null(obj);
	assert_int_equal(ebpf_object__create_maps(obj, inst, &err), 0);
	assert_non_null(ebpf_object__variable(obj, "verdict", &size, &err));
	assert_int_equal(size, 4);
	close_with_maps(obj, inst);
	free(img.bytes);
}

static void constants_freeze_with_the_first_program(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps(*state, &inst);
	const char *path = sample_path(*state);
	uint32_t value, zero = 0;
	size_t size;
	char *err;

	*(uint32_t *)ebpf_object__variable(obj, "verdict", &size, &err) = XDP_TX;
	assert_non_null(ebpf_object__program_spec(obj, "constant", &err));
	assert_null(ebpf_object__variable(obj, "verdict", &size, &err));
	assert_int_equal(errno, EPERM);
	assert_sentence(err, path, "variable verdict is constant");
	assert_non_null(ebpf_object__variable(obj, "initialised", &size, &err));
	value = 1;
	assert_int_equal(
		ebpf_map__update(ebpf_object__map_by_name(obj, ".rodata"), &zero, &value, 0),
		-EPERM);
	close_with_maps(obj, inst);
}

static void maps_outlive_the_object(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps(*state, &inst);
	struct ebpf_map *map = ebpf_map__ref(ebpf_object__map_by_name(obj, "own"));
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
	struct ebpf_object *first = open_with_maps("features.v1", &inst), *second, *third;
	struct ebpf_map *shared = ebpf_object__map_by_name(first, "counts");
	char *err;

	second = open_sample("features.v4");
	assert_int_equal(ebpf_object__create_maps(second, inst, &err), 0);
	assert_ptr_equal(ebpf_object__map_by_name(second, "counts"), shared);
	assert_ptr_not_equal(ebpf_object__map_by_name(second, "flows"),
		ebpf_object__map_by_name(first, "flows"));
	ebpf_object__close(first);
	ebpf_object__close(second);

	third = open_sample("features.v1"); /* the instance has kept it */
	assert_int_equal(ebpf_object__create_maps(third, inst, &err), 0);
	assert_ptr_equal(ebpf_object__map_by_name(third, "counts"), shared);
	ebpf_object__close(third);

	third = open_sample("features.v1");
	assert_int_equal(ebpf_object__set_max_entries(third, "counts", 9, &err), 0);
	assert_int_equal(ebpf_object__create_maps(third, inst, &err), -EINVAL);
	assert_sentence(err, sample_path("features.v1"),
		"map counts is pinned by another object already, as percpu_array with key size 4");
	assert_null(ebpf_object__map_by_name(third, "counts"));
	close_with_maps(third, inst);
}

static void legacy_maps_are_found(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps(*state, &inst);
	const struct ebpf_program_spec *spec;
	char *err;

	assert_map(obj, "first", BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0);
	assert_map(obj, "second", BPF_MAP_TYPE_HASH, 2, 16, 32, BPF_F_NO_PREALLOC);
	spec = ebpf_object__program_spec(obj, NULL, &err);
	assert_non_null(spec);
	assert_linked(spec);
	assert_ptr_equal(spec->maps[0], ebpf_object__map_by_name(obj, "first"));
	assert_ptr_equal(spec->maps[1], ebpf_object__map_by_name(obj, "second"));
	close_with_maps(obj, inst);
}

static size_t map_index(const struct ebpf_object *obj, const char *name)
{
	for (size_t i = 0; i < ebpf_object__n_maps(obj); i++) {
		if (strcmp(ebpf_object__map_opts(obj, i)->name, name) == 0)
			return i;
	}
	fail_msg("no map %s", name);
	return 0;
}

static void assert_entry(
	const struct ebpf_object *obj, const char *map, size_t i, uint32_t key, const char *name)
{
	struct ebpf_object_entry e;

	assert_true(ebpf_object__map_entry(obj, map_index(obj, map), i, &e));
	assert_int_equal(e.key, key);
	assert_string_equal(e.name, name);
}

static void maps_of_maps_and_programs_are_read(void **state)
{
	struct ebpf_object *obj = open_sample("nested");
	const struct ebpf_map_opts *inner;
	struct ebpf_object_entry e;

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
	assert_false(ebpf_object__map_entry(obj, map_index(obj, "array"), 2, &e));

	assert_non_null(map_opts(obj, "hash")->inner);
	assert_false(ebpf_object__map_entry(obj, map_index(obj, "hash"), 0, &e));
	assert_null(map_opts(obj, "first")->inner);

	assert_map(obj, "jumps", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0);
	assert_null(map_opts(obj, "jumps")->inner);
	assert_entry(obj, "jumps", 0, 0, "enter");
	assert_entry(obj, "jumps", 1, 3, "leave");
	assert_false(ebpf_object__map_entry(obj, map_index(obj, "jumps"), 2, &e));
	ebpf_object__close(obj);
}

static void maps_of_maps_are_filled(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("nested", &inst);
	uint64_t key = 0;
	uint16_t value = 1;

	assert_int_equal(run_program(obj, inst, "enter"), XDP_PASS); /* by `jumps` to `leave` */
	assert_int_equal(
		ebpf_map__update(ebpf_object__map_by_name(obj, "first"), &key, &value, BPF_ANY), 0);
	assert_int_equal(run_program(obj, inst, "enter"), XDP_TX);
	close_with_maps(obj, inst);
}

static void assert_lock(const struct ebpf_object *obj, const char *map, uint32_t offset_and_1)
{
	if (map_opts(obj, map)->lock_off != offset_and_1)
		fail_msg("map %s: %u, not %u", map, map_opts(obj, map)->lock_off, offset_and_1);
}

/* Where Linux takes such values; elsewhere libbpf creates the map without types. */
static void locks_in_values_are_found(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("values", &inst);

	assert_lock(obj, "plain", 0);
	assert_lock(obj, "locked", 1 + 8);
	assert_lock(obj, "deep", 1 + 8 + 8 + 8);
	assert_lock(obj, "twice", 0);
	assert_lock(obj, "many", 0);
	assert_lock(obj, "hidden", 0);
	assert_lock(obj, "percpu", 0);
	assert_lock(obj, "constant", 0);
	assert_lock(obj, ".data.own", 1 + 4);
	close_with_maps(obj, inst);
}

static void other_numbers_are_read(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("values", &inst);

	assert_map(obj, "filter", BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 1000, BPF_F_NUMA_NODE);
	assert_int_equal(map_opts(obj, "filter")->map_extra, 3);
	assert_int_equal(map_opts(obj, "filter")->numa_node, 0);
	assert_map(obj, "records", BPF_MAP_TYPE_RINGBUF, 0, 0, 8192, 0);
	assert_map(obj, "events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, EBPF_MAX_WORKERS, 0);
	close_with_maps(obj, inst);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		FEATURES(maps_are_found),
		FEATURES(data_has_its_first_contents),
		FEATURES(constants_freeze_with_the_first_program),
		FEATURES(maps_outlive_the_object),
		{"legacy_maps_are_found (20)", legacy_maps_are_found, NULL, NULL, "legacy-5"},
		{"legacy_maps_are_found (28)", legacy_maps_are_found, NULL, NULL, "legacy-7"},
		{"legacy_maps_are_found (36)", legacy_maps_are_found, NULL, NULL, "legacy-9"},
		cmocka_unit_test(pinned_maps_are_shared),
		cmocka_unit_test(sizes_come_from_types_too),
		cmocka_unit_test(maps_of_maps_and_programs_are_read),
		cmocka_unit_test(maps_of_maps_are_filled),
		cmocka_unit_test(locks_in_values_are_found),
		cmocka_unit_test(other_numbers_are_read),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
