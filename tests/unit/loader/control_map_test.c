/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control_map_test.c -- the commands about maps: what they answer, and that an export is what an
 * import takes.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"

#include <control.h>

static struct ebpf_instance *inst;
static struct ebpf_object *obj;
static struct control_context context;

/* --- who listens: all rows in one text ------------------------------------------------------- */

static char answer[1 << 18];
static unsigned rounds; /* how often a stream may wait */

static int collect(void *user, const char *json, size_t len)
{
	size_t used = strlen(answer);

	assert_true(used + len + 2 < sizeof(answer));
	memcpy(answer + used, json, len);
	strcpy(answer + used + len, "\n");
	return 0;
}

static bool wait_once(void *user, unsigned ms)
{
	return rounds && rounds--;
}

static const struct control_reply reply = {collect, wait_once, NULL};

static int run(const char *line, char **err)
{
	answer[0] = '\0';
	return control__run_line(&context, line, err);
}

static void good(const char *line)
{
	char *err;

	if (run(line, &err))
		fail_msg("'%s': %s", line, err);
}

static void answers(const char *line, const char *expected)
{
	good(line);
	assert_string_equal(answer, expected);
}

static void bad(const char *line, const char *part)
{
	char *err;

	assert_int_not_equal(run(line, &err), 0);
	assert_sentence(err, "", part);
}

static int open_object(void **state)
{
	obj = open_with_maps("layouts", &inst);
	context = (struct control_context){.tables = control__loader_tables,
		.object = obj,
		.instance = inst,
		.role = CONTROL_OPERATOR,
		.reply = &reply,
		.files = &control_files__local};
	rounds = 0;
	return 0;
}

static int close_object(void **state)
{
	control__free_row(&context);
	close_with_maps(obj, inst);
	return 0;
}

/* --- one element ----------------------------------------------------------------------------- */

#define FLOW     "{\"src\":\"10.0.0.1\",\"dst\":\"192.0.2.2\",\"port\":443,\"proto\":6,\"pad\":0}"
#define FLOW_ROW "{\"key\":" FLOW ",\"value\":7}\n"

static void elements_by_their_types(void **state)
{
	good("map update flows key " FLOW " value 7 noexist");
	answers("map lookup flows key " FLOW, FLOW_ROW);
	answers("map lookup flows key { \"src\" : \"10.0.0.1\", \"dst\": \"192.0.2.2\","
		"\"port\":443, \"proto\":6 }",
		FLOW_ROW);
	answers("map lookup flows key 10 0 0 1 192 0 2 2 1 187 6 0", FLOW_ROW);
	answers("map lookup flows key hex 0a 00 00 01 c0 00 02 02 01 bb 06 00", FLOW_ROW);
	bad("map update flows key " FLOW " value 7 noexist", "map flows: File exists");
	bad("map update flows key " FLOW " value seven", "value: expected a number of 8 bytes");
	bad("map update flows key {\"src\":\"10.0.0.256\"} value 7",
		"key: src: expected an IPv4 address, got '10.0.0.256'");
	bad("map update flows key {\"src\":1 value 7", "not closed");
	good("map delete flows key " FLOW);
	bad("map lookup flows key " FLOW, "map flows: No such file or directory");
	bad("map delete flows key " FLOW, "map flows: No such file or directory");
}

static void prefixes_are_keys(void **state)
{
	good("map update routes key 10.1.0.0/16 value 1");
	good("map update routes key 10.1.2.3 value 2");
	answers("map lookup routes key 10.1.2.0/24",
		"{\"key\":\"10.1.2.0/24\",\"value\":1}\n"); /* the longest that it lies in */
	answers("map lookup routes key 10.1.2.3", "{\"key\":\"10.1.2.3/32\",\"value\":2}\n");
	good("map update routes6 key 2001:db8::/32 value 5");
	answers("map dump routes6", "{\"key\":\"2001:db8::/32\",\"value\":5}\n");
}

/* Two workers and the host. */
static void values_of_all_workers(void **state)
{
	uint32_t key = 2;
	struct {
		uint64_t packets, bytes;
	} values[3] = {{1, 100}, {2, 200}, {0, 3}};

	good("map update counters key 1 value {\"packets\":4,\"bytes\":5}");
	answers("map lookup counters key 1",
		"{\"key\":1,\"values\":[{\"packets\":4,\"bytes\":5},{\"packets\":4,\"bytes\":5},"
		"{\"packets\":4,\"bytes\":5}],\"sum\":{\"packets\":12,\"bytes\":15}}\n");
	ebpf_map__update(ebpf_object__map_by_name(obj, "counters"), &key, values, BPF_ANY);
	answers("map lookup counters key 2",
		"{\"key\":2,\"values\":[{\"packets\":1,\"bytes\":100},{\"packets\":2,\"bytes\":200}"
		","
		"{\"packets\":0,\"bytes\":3}],\"sum\":{\"packets\":3,\"bytes\":303}}\n");
	answers("map lookup overlapping key 0",
		"{\"key\":0,\"values\":[{\"packets\":0,\"half\":0},{\"packets\":0,\"half\":0},"
		"{\"packets\":0,\"half\":0}]}\n");
}

static void redirects_and_queues(void **state)
{
	good("map update devices key 3 value 4");
	answers("map lookup devices key 3", "{\"key\":3,\"value\":4}\n");
	good("map update targets key 70000 value 4");
	answers("map lookup targets key 70000",
		"{\"key\":70000,\"value\":{\"ifindex\":4,\"bpf_prog\":{\"fd\":0,\"id\":0}}}\n");
	good("map update targets key 70000 value 5 prog leave");
	good("map lookup targets key 70000");
	assert_non_null(strstr(answer, "\"ifindex\":5,\"bpf_prog\":{\"fd\":"));
	assert_null(strstr(answer, "\"id\":0"));
	bad("map update targets key 70000 value 5 prog leave noexist",
		"does not take program leave");
	good("map update queue value 1");
	good("map update queue value 2");
	answers("map lookup queue", "{\"value\":1}\n");
	bad("map lookup queue key 1", "map queue has no keys: its type is queue");
	bad("map delete queue", "map queue has no keys");
	bad("map dump queue", "map queue has no keys to go by");
	bad("map update devices key 3 value 4 prog absent", "no program absent");
	bad("map update devices key 3 value 4 prog pass", "map devices does not take program pass");
}

/* --- many ------------------------------------------------------------------------------------ */

static void maps_are_listed(void **state)
{
	const struct control_object both[] = {{"one", obj}, {"two", obj}};

	good("map update flows key " FLOW " value 7");
	good("map list");
	assert_non_null(strstr(answer,
		"\"name\":\"flows\",\"type\":\"hash\",\"key_size\":12,\"value_size\":8,"
		"\"entries\":1,\"max_entries\":1024,\"programs\":[]}\n"));
	good("map show flows");
	assert_non_null(strstr(answer,
		"\"flags\":0,\"key\":{\"src\":\"an IPv4 address\",\"dst\":\"an IPv4 address\","
		"\"port\":\"a number of 2 big-endian bytes\",\"proto\":\"a number of 1 byte\","
		"\"pad\":\"a number of 1 byte\"},\"value\":\"a number of 8 bytes\"}\n"));
	context.object = NULL;
	context.objects = both;
	context.n_objects = 2;
	good("map list"); /* once, though two programs have it */
	assert_non_null(strstr(answer, "\"name\":\"flows\""));
	assert_null(strstr(strstr(answer, "\"name\":\"flows\"") + 1, "\"name\":\"flows\""));
	assert_non_null(strstr(answer, "\"programs\":[\"one\",\"two\"]"));
}

static void variables_are_dumped(void **state)
{
	answers("map dump layouts.rodata", "{\"key\":0,\"value\":{\"limit\":100}}\n");
	good("rodata set limit 7");
	good("map update layouts.data key 0 value {\"total\":1,\"quiet\":2}");
	answers("map dump layouts.data", "{\"key\":0,\"value\":{\"quiet\":2,\"total\":1}}\n");
	answers("map lookup layouts.rodata key 0", "{\"key\":0,\"value\":{\"limit\":7}}\n");
}

/* --- files ----------------------------------------------------------------------------------- */

static const char *make_file(const char *text)
{
	static char path[64];
	int fd;

	strcpy(path, "/tmp/control_map_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* The file's text, as an answer. */
static void read_file(const char *path)
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	answer[fread(answer, 1, sizeof(answer) - 1, f)] = '\0';
	fclose(f);
}

/* Runs a line about a map and a file. */
static void good_with_file(const char *verb, const char *map, const char *path)
{
	char line[256];

	snprintf(line, sizeof(line), "map %s %s %s", verb, map, path);
	good(line);
}

static uint32_t count(const char *map)
{
	return ebpf_map__count(ebpf_object__map_by_name(obj, map));
}

/* What is exported and imported into a map that is new is what was there. */
static void round_trip(const char *map, unsigned n)
{
	const char *path = make_file("");
	char told[64], *before;

	good_with_file("dump", map, "");
	before = strdup(answer);
	good_with_file("export", map, path);
	snprintf(told, sizeof(told), "{\"exported\":%u}\n", n);
	assert_string_equal(answer, told);
	read_file(path);
	assert_string_equal(answer, before); /* the same lines */
	close_with_maps(obj, inst);
	obj = context.object = open_with_maps("layouts", &inst);
	context.instance = inst;
	good_with_file("import", map, path);
	snprintf(told, sizeof(told), "{\"imported\":%u}\n", n);
	assert_string_equal(answer, told);
	good_with_file("dump", map, "");
	assert_int_equal(strlen(answer), strlen(before)); /* the order may be another */
	unlink(path);
	free(before);
}

static void files_and_back(void **state)
{
	char line[256];

	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line),
			"map update flows key {\"src\":%d,\"proto\":17} value %d", i, 2 * i);
		good(line);
		snprintf(line, sizeof(line), "map update routes key 10.%d.0.0/16 value %d", i, i);
		good(line);
	}
	round_trip("flows", 200);
	assert_int_equal(count("flows"), 200);
	answers("map lookup flows key {\"src\":\"0.0.0.100\",\"proto\":17}",
		"{\"key\":{\"src\":\"0.0.0.100\",\"dst\":\"0.0.0.0\",\"port\":0,\"proto\":17,"
		"\"pad\":0},\"value\":200}\n");
}

static void per_cpu_values_and_back(void **state)
{
	uint32_t key = 2;
	uint64_t values[3][2] = {{1, 100}, {2, 200}, {0, UINT64_MAX}};

	ebpf_map__update(ebpf_object__map_by_name(obj, "counters"), &key, values, BPF_ANY);
	round_trip("counters", 1024);
	memset(values, 0, sizeof(values));
	ebpf_map__lookup(ebpf_object__map_by_name(obj, "counters"), &key, values);
	assert_int_equal(values[1][1], 200);
	assert_true(values[2][1] == UINT64_MAX);
	assert_int_equal(values[0][1], 100);
}

static void wrong_files(void **state)
{
	static const char *const files[][2] = {
		{"{\"key\":{\"src\":1},\"value\":1}\n\n{\"key\":{\"src\":2}}\n",
			":3: there is no \"value\""},
		{"{\"value\":1}\n", ":1: there is no \"key\""},
		{"{\"key\":{},\"value\":1", ":1: no JSON: "},
		{"[1]\n", ":1: no JSON: expected {\"key\":...,\"value\":...} in column 1"},
		{"{\"key\":{},\"values\":[1]}\n", ":1: values: an element of map flows has none"},
		{"{\"key\":{\"srk\":1},\"value\":1}\n", ":1: key: there is no member srk"},
		{"{\"key\":{},\"value\":-1.5}\n", ":1: value: expected a number"},
	};
	char line[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *path = make_file(files[i][0]);

		snprintf(line, sizeof(line), "map import flows %s", path);
		bad(line, files[i][1]);
		unlink(path);
	}
	assert_int_equal(count("flows"), 1); /* what stood before the wrong line is there */
	bad("map import flows /nowhere/x", "/nowhere/x: No such file");
	bad("map export flows /nowhere/x", "/nowhere/x: No such file");
	bad("map export flows", "expected a file's name");
	bad("map import flows /dev/null never", "unexpected 'never'");
	bad("map export flows /dev/full", "/dev/full: No space left on device");
	context.files = NULL;
	bad("map export flows /dev/null", "no files can be named here");
}

/* --- events ---------------------------------------------------------------------------------- */

static void events_are_streamed(void **state)
{
	struct ebpf_object *events = open_sample("version-2");
	struct ebpf_instance *in = make_instance();

	assert_int_equal(ebpf_object__create_maps(events, in, NULL), 0);
	assert_int_equal(run_program(events, in, "entry"), 2);
	context.object = events;
	context.instance = in;
	answers("map events records",
		"{\"worker\":0,\"lost\":0,\"size\":4,\"data\":\"hex 00 00 00 00\"}\n");
	answers("map events records", "");
	assert_int_equal(run_program(events, in, "entry"), 2);
	assert_int_equal(run_program(events, in, "entry"), 2);
	answers("map events records as flow",
		"{\"worker\":0,\"lost\":0,\"size\":4,\"data\":{\"address\":\"0.0.0.0\"}}\n"
		"{\"worker\":0,\"lost\":0,\"size\":4,\"data\":{\"address\":\"0.0.0.0\"}}\n");
	rounds = 3;
	answers("map events events as counters", /* longer than the events are */
		"{\"worker\":0,\"lost\":0,\"size\":4,\"data\":\"hex 00 00 00 00\"}\n"
		"{\"worker\":0,\"lost\":0,\"size\":4,\"data\":\"hex 00 00 00 00\"}\n"
		"{\"worker\":0,\"lost\":0,\"size\":4,\"data\":\"hex 00 00 00 00\"}\n");
	assert_int_equal(rounds, 0);
	bad("map events flows", "map flows is a hash: programs write no events to it");
	bad("map events records as nothing", "there is no struct nothing among the object's types");
	close_with_maps(events, in);
}

static void readers_may_only_look(void **state)
{
	context.role = CONTROL_READER;
	good("map dump flows");
	bad("map update flows key {} value 1", "you may only look");
	bad("map import flows /dev/null", "you may only look");
}

int main(int argc, char **argv)
{
#define MAP_TEST(test) cmocka_unit_test_setup_teardown(test, open_object, close_object)
	const struct CMUnitTest tests[] = {
		MAP_TEST(elements_by_their_types),
		MAP_TEST(prefixes_are_keys),
		MAP_TEST(values_of_all_workers),
		MAP_TEST(redirects_and_queues),
		MAP_TEST(maps_are_listed),
		MAP_TEST(variables_are_dumped),
		MAP_TEST(files_and_back),
		MAP_TEST(per_cpu_values_and_back),
		MAP_TEST(wrong_files),
		MAP_TEST(events_are_streamed),
		MAP_TEST(readers_may_only_look),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
