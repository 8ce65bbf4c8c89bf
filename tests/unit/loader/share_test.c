/* SPDX-License-Identifier: BSD-3-Clause
 *
 * share_test.c -- an object that takes another one's place works on its maps, if they are what it
 * expects.
 */
#include "fixture.h"

static struct ebpf_instance *inst;
static struct ebpf_object *before;

static int open_before(void **state)
{
	before = open_with_maps("version-1", &inst);
	return 0;
}

static int close_before(void **state)
{
	close_with_maps(before, inst);
	return 0;
}

static struct ebpf_object *share(const char *name, bool variables)
{
	struct ebpf_object *obj = open_sample(name);
	char *err;

	if (ebpf_object__share_maps(
		    obj, before, &(struct ebpf_object_share_opts){variables}, &err) ||
		ebpf_object__create_maps(obj, inst, &err))
		fail_msg("%s", err);
	return obj;
}

static bool is_same(const struct ebpf_object *obj, const char *map)
{
	return ebpf_object__map_by_name(obj, map) == ebpf_object__map_by_name(before, map);
}

static void maps_are_kept(void **state)
{
	static const char *const kept[] = {"flows", "one", "two", "outer", "records", "events"};
	struct ebpf_object *obj = share("version-2", false);

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (!is_same(obj, kept[i]))
			fail_msg("map %s is another", kept[i]);
	}
	assert_non_null(ebpf_object__map_by_name(obj, "added"));
	assert_false(is_same(obj, "jumps"));
	assert_int_equal(run_program(obj, inst, "entry"), 2);
	ebpf_object__close(obj);
	/* and the old one goes on with them */
	assert_int_equal(run_program(before, inst, "entry"), 1);
}

static uint64_t variable(struct ebpf_object *obj, const char *name)
{
	size_t size;
	char *err;
	void *value = ebpf_object__variable(obj, name, &size, &err);

	if (!value)
		fail_msg("%s", err);
	return size == 8 ? *(uint64_t *)value : *(uint32_t *)value;
}

static void variables_if_asked_for(void **state)
{
	struct ebpf_object *own = share("version-2", false), *kept;

	assert_int_equal(variable(own, "total"), 20);
	ebpf_object__close(own);
	kept = share("version-2", true);
	assert_int_equal(variable(kept, "total"), 10);
	assert_int_equal(variable(kept, "version"), 2); /* constants are a version's own */
	ebpf_object__close(kept);
}

/* What the user has put into an array of programs is there again, in its new version. */
static void programs_are_the_new_ones(void **state)
{
	struct ebpf_object *obj;
	char *err;

	assert_int_equal(ebpf_object__set_map_program(before, "jumps", 3, "handler", &err), 0);
	assert_int_equal(run_program(before, inst, "entry"), 3);
	obj = share("version-2", false);
	assert_int_equal(run_program(obj, inst, "entry"), 4);
	assert_int_equal(run_program(before, inst, "entry"), 3);
	ebpf_object__close(obj);

	obj = open_sample("version-2.without");
	assert_int_equal(ebpf_object__share_maps(obj, before, NULL, &err), -EINVAL);
	assert_sentence(err, sample_path("version-2.without"),
		"map jumps: there is no program handler any more, which has been put in at 3");
	ebpf_object__close(obj);
}

static void what_was_taken_out_stays_out(void **state)
{
	struct ebpf_object *obj;
	uint32_t third = 3;
	char *err;

	assert_int_equal(ebpf_object__set_map_program(before, "jumps", 3, "handler", &err), 0);
	assert_int_equal(run_program(before, inst, "entry"), 3);
	assert_int_equal(ebpf_map__delete(ebpf_object__map_by_name(before, "jumps"), &third), 0);
	obj = share("version-2.without", false);
	assert_int_equal(run_program(obj, inst, "entry"), 2);
	ebpf_object__close(obj);
}

static void what_is_left_open(void **state)
{
	struct ebpf_object *obj = share("version-2.open", false);

	assert_true(is_same(obj, "flows"));
	ebpf_object__close(obj);
	obj = open_sample("version-2.entries");
	assert_int_equal(ebpf_object__set_max_entries(obj, "flows", 16, NULL), 0);
	assert_int_equal(ebpf_object__share_maps(obj, before, NULL, NULL), 0);
	ebpf_object__close(obj); /* without having created its maps */
}

static void differences_are_named(void **state)
{
	static const struct {
		const char *object, *sentence;
		bool variables;
	} versions[] = {
		{"version-2.entries", "map flows: max_entries: is 32, was 16"},
		{"version-2.type", "map flows: is a lru_hash, was a hash"},
		{"version-2.member", "map flows: its values: octets is where bytes was"},
		{"version-2.variable", "its variables: sum is where total was", true},
	};
	char *err;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct ebpf_object *obj = open_sample(versions[i].object);
		struct ebpf_object_share_opts opts = {versions[i].variables};

		assert_int_equal(ebpf_object__share_maps(obj, before, &opts, &err), -EINVAL);
		assert_sentence(err, sample_path(versions[i].object), versions[i].sentence);
		/* nothing is shared: it can still have maps of its own */
		assert_null(ebpf_object__map_by_name(obj, "one"));
		assert_int_equal(ebpf_object__create_maps(obj, inst, &err), 0);
		assert_false(is_same(obj, "one"));
		ebpf_object__close(obj);
	}
}

static void wrong_times(void **state)
{
	struct ebpf_object *obj = share("version-2", false), *early = open_sample("version-2");
	char *err;

	assert_int_equal(ebpf_object__share_maps(obj, before, NULL, &err), -EEXIST);
	assert_sentence(err, sample_path("version-2"), "created already");
	assert_true(is_same(obj, "flows"));
	assert_int_equal(ebpf_object__share_maps(obj, early, NULL, NULL), -EEXIST);
	ebpf_object__close(obj);
	obj = open_sample("version-2");
	assert_int_equal(ebpf_object__share_maps(obj, early, NULL, &err), -EINVAL);
	assert_sentence(err, sample_path("version-2"), "no maps yet");
	ebpf_object__close(early);
	ebpf_object__close(obj);
}

int main(int argc, char **argv)
{
#define SHARE_TEST(test) cmocka_unit_test_setup_teardown(test, open_before, close_before)
	const struct CMUnitTest tests[] = {
		SHARE_TEST(maps_are_kept),
		SHARE_TEST(variables_if_asked_for),
		SHARE_TEST(programs_are_the_new_ones),
		SHARE_TEST(what_was_taken_out_stays_out),
		SHARE_TEST(what_is_left_open),
		SHARE_TEST(differences_are_named),
		SHARE_TEST(wrong_times),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
