/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control_test.c -- control lines: what they change, and what is said of wrong ones.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"

#include <control.h>

static struct ebpf_instance *inst;
static struct ebpf_object *obj;
static struct control_context context;

static int open_object(void **state)
{
	obj = open_with_maps("features.v1", &inst);
	context = (struct control_context){.tables = control__loader_tables,
		.instance = inst,
		.object = obj,
		.role = CONTROL_OPERATOR};
	return 0;
}

static int close_object(void **state)
{
	close_with_maps(obj, inst);
	return 0;
}

static void good(const char *line)
{
	char *err;

	if (control__run_line(&context, line, &err))
		fail_msg("'%s': %s", line, err);
	assert_null(err);
}

static void bad(const char *line, const char *part)
{
	char *err;

	assert_int_not_equal(control__run_line(&context, line, &err), 0);
	assert_sentence(err, "", part);
}

static void nothing_to_do(void **state)
{
	good("");
	good("   \t ");
	good("# map update");
	good("  # a comment");
}

static void update_and_delete(void **state)
{
	struct ebpf_map *map = ebpf_object__map_by_name(obj, "own");
	uint32_t key = 1, value[3];

	good("map update own key 1 0 0 0 value 1 0 0 0 0x02 0 0 0 0xff 0xff 0xff 0xff");
	assert_int_equal(ebpf_map__lookup(map, &key, value), 0);
	assert_int_equal(value[0], 1);
	assert_int_equal(value[1], 2);
	assert_int_equal(value[2], 0xffffffff);
	good("map update own key hex 01 00 00 00 value hex 0a 00 00 00 0B 00 00 00 0c 00 00 00 "
	     "exist # all in hex");
	assert_int_equal(ebpf_map__lookup(map, &key, value), 0);
	assert_int_equal(value[0], 10);
	assert_int_equal(value[1], 11);
	assert_int_equal(value[2], 12);
}

#define KEY "1 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0"

static void hash_elements(void **state)
{
	struct ebpf_map *map = ebpf_object__map_by_name(obj, "flows");
	uint8_t key[16] = {[0] = 1, [12] = 17};
	uint64_t value;

	good("map update flows key " KEY " value 9 0 0 0 0 0 0 0 noexist");
	bad("map update flows key " KEY " value 8 0 0 0 0 0 0 0 noexist", strerror(EEXIST));
	assert_int_equal(ebpf_map__lookup(map, key, &value), 0);
	assert_int_equal(value, 9);
	good("map delete flows key " KEY);
	assert_int_equal(ebpf_map__lookup(map, key, &value), -ENOENT);
	bad("map delete flows key " KEY, strerror(ENOENT));
	bad("map update flows key " KEY " value 8 0 0 0 0 0 0 0 exist", strerror(ENOENT));
}

static void per_cpu_values_are_set_everywhere(void **state)
{
	struct ebpf_map *map = ebpf_object__map_by_name(obj, "counts");
	size_t size = ebpf_map__value_bytes(map);
	uint64_t *values = calloc(1, size);
	uint32_t key = 2;

	assert_non_null(values);
	assert_int_equal(size, 3 * 16); /* two workers and the host */
	good("map update counts key 2 0 0 0 value 5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0");
	assert_int_equal(ebpf_map__lookup(map, &key, values), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(values[2 * i], 5);
		assert_int_equal(values[2 * i + 1], 6);
	}
	free(values);
}

static void variables_are_set(void **state)
{
	static const uint8_t address[6] = {0xde, 0xad, 0xbe, 0xef, 0, 1};
	size_t size;
	char *err;

	good("rodata set verdict 3");
	assert_int_equal(*(uint32_t *)ebpf_object__variable(obj, "verdict", &size, &err), 3);
	good("rodata set verdict 0xffffffff");
	assert_int_equal(
		*(uint32_t *)ebpf_object__variable(obj, "verdict", &size, &err), 0xffffffff);
	good("rodata set verdict hex 01 02 03 04");
	assert_int_equal(
		*(uint32_t *)ebpf_object__variable(obj, "verdict", &size, &err), 0x04030201);
	good("rodata set small -128");
	assert_int_equal(*(int8_t *)ebpf_object__variable(obj, "small", &size, &err), -128);
	good("rodata set zeroed 18446744073709551615");
	assert_true(*(uint64_t *)ebpf_object__variable(obj, "zeroed", &size, &err) == UINT64_MAX);
	good("rodata set zeroed -9223372036854775808");
	assert_true(*(int64_t *)ebpf_object__variable(obj, "zeroed", &size, &err) == INT64_MIN);
	good("rodata set address hex de ad be ef 00 01");
	assert_memory_equal(ebpf_object__variable(obj, "address", &size, &err), address, 6);
}

static void wrong_lines(void **state)
{
	bad("map", "unknown command 'map'");
	bad("mapupdate own", "expected one of: map, rodata, link, addr, route, rule, neigh");
	bad("map upd own",
		"unknown command 'map upd', expected one of: map list, map show, map dump");
	bad("map update", "expected a map's name");
	bad("map update absent key 0 value 0", "no map absent");
	bad("map update own", "expected 'key', got the end of the line");
	bad("map update own 1 0 0 0", "expected 'key', got '1'");
	bad("map update flows key 1 2 3 4 value 0", "expected 16 key bytes, got 4");
	bad("map update own key 0 0 0 0 0 value 0", "expected 4 key bytes, got 5");
	bad("map update own key 0 0 0 0", "expected 'value', got the end of the line");
	bad("map update own key 0 0 0 0 value", "expected 12 value bytes, got 0");
	bad("map update own key 0 0 0 256 value 0", "got '256'");
	bad("map update own key 0 0 0 -1 value 0", "got '-1'");
	bad("map update own key 0 0 0 +1 value 0", "got '+1'");
	bad("map update own key 0 0 0 1x value 0", "got '1x'");
	bad("map update own key 0 0 0 0x value 0", "got '0x'");
	bad("map update own key 0 0 0 0x-1 value 0", "got '0x-1'");
	bad("map update own key hex 0 0 0 0 value 0", "expected two hex digits of the key");
	bad("map update own key hex 00 00 00 0x0 value 0", "got '0x0'");
	bad("map update own key 0 0 0 0 value 0 0 0 0 0 0 0 0 0 0 0 0 any any", "unexpected 'any'");
	bad("map update own key 0 0 0 0 value 0 0 0 0 0 0 0 0 0 0 0 0 never", "got 'never'");
	bad("map update own key 2 0 0 0 value 0 0 0 0 0 0 0 0 0 0 0 0", "map own: ");
	bad("map delete own key 0 0 0 0 0", "expected 4 key bytes, got 5");
	bad("map delete own key 0 0 0 0", "map own: ");
	bad("rodata set", "expected a variable's name");
	bad("rodata set absent 1", "no variable absent");
	bad("rodata set verdict", "expected a value");
	bad("rodata set verdict 4294967296", "a number of 4 bytes, got '4294967296'");
	bad("rodata set verdict 99999999999999999999", "got '99999999999999999999'");
	bad("rodata set small -129", "a number of 1 signed byte, got '-129'");
	bad("rodata set small 256", "a number of 1 signed byte, got '256'");
	bad("rodata set verdict 1 2", "expected 4 value bytes, got 2");
	bad("rodata set verdict hex 01 02", "expected 4 value bytes, got 2");
	bad("rodata set address 1", "expected a MAC address, got '1'");
}

static char *write_file(const char *text, size_t size)
{
	static char path[64];
	int fd;

	strcpy(path, "/tmp/control_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	close(fd);
	return path;
}

static int run_file(const char *path, char **err)
{
	struct control_file file;
	int status = control_file__read(&file, path, err);

	if (status)
		return status;
	status = control_file__run(&file, &context, CONTROL_ANY_TIME | CONTROL_BEFORE_LOAD, err);
	control_file__close(&file);
	return status;
}

static void files_name_the_line(void **state)
{
	static const char text[] = "# two good lines\n\nrodata set verdict 1\n"
				   "map update own key 0 0 0 value 1\n";
	static const char nul[] = "rodata set verdict 2\0 4\n";
	char *err, *path = write_file(text, sizeof(text) - 1), where[80];
	size_t size;

	assert_int_not_equal(run_file(path, &err), 0);
	snprintf(where, sizeof(where), "%s:4: ", path);
	assert_sentence(err, where, "expected 4 key bytes, got 3");
	assert_int_equal(*(uint32_t *)ebpf_object__variable(obj, "verdict", &size, &err), 1);
	unlink(path);

	path = write_file(nul, sizeof(nul) - 1);
	assert_int_not_equal(run_file(path, &err), 0);
	snprintf(where, sizeof(where), "%s:1: ", path);
	assert_sentence(err, where, "NUL");
	unlink(path);

	path = write_file("rodata set verdict 2", 20); /* no newline at the end */
	assert_int_equal(run_file(path, &err), 0);
	assert_null(err);
	assert_int_equal(*(uint32_t *)ebpf_object__variable(obj, "verdict", &size, &err), 2);
	unlink(path);

	assert_int_equal(run_file("/nowhere/x", &err), -ENOENT);
	assert_sentence(err, "/nowhere/x: ", NULL);
}

/* Sets up an object with a file of these lines. */
static int set_up(const char *lines, struct ebpf_object *o, struct ebpf_instance *in, char **err)
{
	char *path = write_file(lines, strlen(lines));
	int status = ebpf_object__set_up(o, in, path, err);

	unlink(path);
	return status;
}

static void sizes_come_before_contents(void **state)
{
	struct ebpf_object *sizes = open_sample("sizes");
	struct ebpf_instance *in = make_instance();
	uint32_t key = 4, value;
	char *err;

	if (set_up("map update open key 4 0 0 0 value 7 0 0 0\nmap resize open max_entries 0x10\n"
		   "map resize small max_entries 5 # was 2\n",
		    sizes, in, &err))
		fail_msg("%s", err);
	assert_int_equal(ebpf_map__opts(ebpf_object__map_by_name(sizes, "open"))->max_entries, 16);
	assert_int_equal(ebpf_map__opts(ebpf_object__map_by_name(sizes, "small"))->max_entries, 5);
	assert_int_equal(
		ebpf_map__lookup(ebpf_object__map_by_name(sizes, "open"), &key, &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(ebpf_object__set_max_entries(sizes, "small", 6, &err), -EBUSY);
	assert_sentence(err, sample_path("sizes"), "map small exists already");
	close_with_maps(sizes, in);
}

static void sizes_are_needed(void **state)
{
	static const char *const cases[][2] = {
		{"", "map open has no size (max_entries is 0); give it one: map resize open"},
		{"map resize", "expected a map's name"},
		{"map resize open 5", "expected 'max_entries', got '5'"},
		{"map resize open max_entries", "expected a number of entries, got the end"},
		{"map resize open max_entries 0x100000000", "got '0x100000000'"},
		{"map resize open max_entries 5 6", "unexpected '6'"},
		{"map resize open max_entries 0", "map open cannot have 0 entries"},
		{"map resize sizes.bss max_entries 2", "map sizes.bss cannot have 2 entries"},
		{"map resize absent max_entries 2", "no map absent"},
		{"map reside open max_entries 2", "unknown command 'map reside'"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ebpf_object *sizes = open_sample("sizes");
		struct ebpf_instance *in = make_instance();
		char *err;

		assert_int_not_equal(set_up(cases[i][0], sizes, in, &err), 0);
		assert_sentence(err, "", cases[i][1]);
		close_with_maps(sizes, in);
	}
}

static void maps_and_programs_by_name(void **state)
{
	struct ebpf_object *nested = open_sample("nested");
	struct ebpf_instance *in = make_instance();
	uint32_t at = 2, id;
	char *err;

	if (set_up("map update array key 2 0 0 0 value name first\n"
		   "map update jumps key 3 0 0 0 value name enter\n",
		    nested, in, &err))
		fail_msg("%s", err);
	assert_int_equal(ebpf_map__lookup(ebpf_object__map_by_name(nested, "array"), &at, &id), 0);
	assert_int_equal(id, ebpf_map__id(ebpf_object__map_by_name(nested, "first")));
	assert_int_equal(run_program(nested, in, "enter"), XDP_DROP); /* 33 times itself */
	assert_int_equal(ebpf_object__set_map_program(nested, "jumps", 3, "leave", &err), 0);
	assert_int_equal(run_program(nested, in, "enter"), XDP_PASS);
	close_with_maps(nested, in);
}

static void wrong_names(void **state)
{
	static const char *const cases[][2] = {
		{"map inner", "expected a map's name"},
		{"map inner hash type", "expected a type of map, got the end"},
		{"map inner hash type frob", "expected a type of map, got 'frob'"},
		{"map inner hash type array key 4 value x", "expected bytes of a value"},
		{"map inner hash type array key 4 value 8", "expected 'entries'"},
		{"map inner hash type array key 4 value 8 entries 1 flags 0 x", "unexpected 'x'"},
		{"map inner first type array key 4 value 8 entries 1", "does not hold maps"},
		{"map inner absent type array key 4 value 8 entries 1", "no map absent"},
		{"map inner hash type array_of_maps key 4 value 4 entries 1", "map hash: "},
		{"map update array key 0 0 0 0 value name", "expected a name, got the end"},
		{"map update array key 0 0 0 0 value name absent", "no map absent"},
		{"map update array key 9 0 0 0 value name first", "does not take map first"},
		{"map update first key 0 0 0 0 0 0 0 0 value name second",
			"does not take map second"},
		{"map update jumps key 0 0 0 0 value name absent", "no program absent"},
		{"map update jumps key 4 0 0 0 value name leave", "none at 4"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ebpf_object *nested = open_sample("nested");
		struct ebpf_instance *in = make_instance();
		char *err;

		assert_int_not_equal(set_up(cases[i][0], nested, in, &err), 0);
		assert_sentence(err, "", cases[i][1]);
		close_with_maps(nested, in);
	}
}

static void maps_without_entries_for_the_host(void **state)
{
	static const char *const lines[][2] = {
		{"map update filter key 0 value 0",
			"map filter has no keys: its type is bloom_filter"},
		{"map update records value 0", "map records has no keys: its type is ringbuf"},
		{"map delete records key 0", "map records has no keys: its type is ringbuf"},
		{"map update events key 0 0 0 0 value 0 0 0 0",
			"map events: entries of a perf_event_array are not for the host"},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct ebpf_object *values = open_sample("values");
		struct ebpf_instance *in = make_instance();
		char *err;

		assert_int_not_equal(set_up(lines[i][0], values, in, &err), 0);
		assert_sentence(err, "", lines[i][1]);
		close_with_maps(values, in);
	}
}

#define OBJECT_TEST(test) cmocka_unit_test_setup_teardown(test, open_object, close_object)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		OBJECT_TEST(nothing_to_do),
		OBJECT_TEST(update_and_delete),
		OBJECT_TEST(hash_elements),
		OBJECT_TEST(per_cpu_values_are_set_everywhere),
		OBJECT_TEST(variables_are_set),
		OBJECT_TEST(wrong_lines),
		OBJECT_TEST(files_name_the_line),
		cmocka_unit_test(sizes_come_before_contents),
		cmocka_unit_test(sizes_are_needed),
		cmocka_unit_test(maps_and_programs_by_name),
		cmocka_unit_test(wrong_names),
		cmocka_unit_test(maps_without_entries_for_the_host),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
