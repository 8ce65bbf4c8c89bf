/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value_test.c -- keys and values as text: what is printed, and that it is read back to the same
 * bytes; what else is understood; what is said of what is not.
 */
#include <linux/bpf.h>

#include "fixture.h"

#include <layout.h>
#include <value.h>

#include "../random.h"

static struct ebpf_object *obj;

static int open_object(void **state)
{
	obj = open_sample("layouts");
	return 0;
}

static int close_object(void **state)
{
	ebpf_object__close(obj);
	return 0;
}

static size_t map_index(const char *name)
{
	size_t i = 0;

	while (i < ebpf_object__n_maps(obj) &&
		strcmp(ebpf_object__map_opts(obj, i)->name, name) != 0)
		i++;
	if (i == ebpf_object__n_maps(obj))
		fail_msg("no map %s", name);
	return i;
}

/* Of the map's values, or with "key" before the name, of its keys. */
static struct ebpf_layout *layout_of(const char *what)
{
	bool is_key = strncmp(what, "key ", 4) == 0;
	struct ebpf_layout *key, *value;
	char *err;

	if (ebpf_object__map_layouts(obj, map_index(what + (is_key ? 4 : 0)), &key, &value, &err))
		fail_msg("%s", err);
	ebpf_layout__free(is_key ? value : key);
	return is_key ? key : value;
}

/* The text means these bytes. */
static void reads(const char *what, const char *text, const void *bytes)
{
	struct ebpf_layout *l = layout_of(what);
	uint8_t *got = malloc(l->size);
	char *err;

	assert_non_null(got);
	memset(got, 0xa5, l->size);
	if (ebpf_value__parse(l, text, got, &err))
		fail_msg("%s: '%s': %s", what, text, err);
	assert_memory_equal(got, bytes, l->size);
	free(got);
	ebpf_layout__free(l);
}

/* The bytes are printed so, and read back. */
static void prints(const char *what, const void *bytes, const char *expected)
{
	struct ebpf_layout *l = layout_of(what);
	struct ebpf_json t = {0};

	ebpf_value__print(&t, l, bytes);
	assert_false(t.failed);
	assert_string_equal(t.text, expected);
	reads(what, t.text, bytes);
	ebpf_json__free(&t);
	ebpf_layout__free(l);
}

static void refused(const char *what, const char *text, int expected, const char *part)
{
	struct ebpf_layout *l = layout_of(what);
	uint8_t *got = malloc(l->size);
	char *err = NULL;

	assert_int_equal(ebpf_value__parse(l, text, got, &err), expected);
	assert_sentence(err, "", part);
	free(got);
	ebpf_layout__free(l);
}

#define FLOW "\x0a\x00\x00\x01\xc0\x00\x02\x02\x01\xbb\x06\x00"

static void a_struct_of_a_flow(void **state)
{
	prints("key flows", FLOW,
		"{\"src\":\"10.0.0.1\",\"dst\":\"192.0.2.2\",\"port\":443,\"proto\":6,\"pad\":0}");
	reads("key flows",
		"{\"proto\":6, \"port\":\"0x1bb\", \"dst\":\"192.0.2.2\", \"src\":167772161}",
		FLOW);
	reads("key flows", "\"hex 0a 00 00 01 c0 00 02 02 01 bb 06 00\"", FLOW);
	reads("key flows", "{}", "\0\0\0\0\0\0\0\0\0\0\0\0");
	refused("key flows", "{\"sport\":1}", -EINVAL,
		"no member sport, but src, dst, port, proto");
	refused("key flows", "{\"src\":\"10.0.0\"}", -EINVAL,
		"src: expected an IPv4 address, got '10.0.0'");
	refused("key flows", "{\"proto\":256}", -ERANGE,
		"proto: expected a number of 1 byte, got '256'");
	refused("key flows", "{\"proto\":1.5}", -EINVAL,
		"proto: expected a number of 1 byte, got '1.5'");
	refused("key flows", "{\"src\":\"a\\nb\"}", -EINVAL, "got 'a?b'"); /* it is one line */
	refused("key flows", "{\"a\\nb\":1}", -EINVAL, "no member a?b");
	refused("key flows", "{\"proto\":null}", -EINVAL, "got 'null'");
	refused("key flows", "{\"proto\":1", -EINVAL, "no JSON: expected '}' in column 11");
	refused("key flows", "{\"proto\":}", -EINVAL, "proto: no JSON: expected a value");
	refused("key flows", "{proto:1}", -EINVAL, "no JSON: expected \"NAME\": in column 2");
	refused("key flows", "{\"proto\":1}}", -EINVAL, "expected nothing more in column 12");
	refused("key flows", "[1,2]", -EINVAL, "expected a struct of 12 bytes, got an array");
	refused("key flows", "tcp", -EINVAL, "expected a struct of 12 bytes, got 'tcp'");
}

static void addresses(void **state)
{
	uint8_t value[4 + 16 + 16 + 6 + 4 + 12 + 2] = {10, 1, 2, 3, 0x20, 1, 0xd,
		0xb8, [19] = 1, [20] = 0xfe, 0x80, [35] = 2, [36] = 2, 0, 0, 0xab, 0xcd,
		0xef, [42] = 1, 2, 3, 4, [46] = 6, [57] = 9};

	prints("addresses", value,
		"{\"v4\":\"10.1.2.3\",\"v6\":\"2001:db8::1\",\"words\":\"fe80::2\","
		"\"mac\":\"02:00:00:ab:cd:ef\",\"bytes\":[1,2,3,4],"
		"\"macs\":[\"06:00:00:00:00:00\",\"00:00:00:00:00:09\"]}");
	refused("addresses", "{\"mac\":\"02:00:00:ab:cd\"}", -EINVAL,
		"mac: expected a MAC address, got '02:00:00:ab:cd'");
	refused("addresses", "{\"macs\":[[],[],[]]}", -EINVAL,
		"macs: [2]: expected at most 2 elements");
	refused("addresses", "{\"macs\":[\"06:00:00:00:00:00\",\"x\"]}", -EINVAL,
		"macs: [1]: expected");
	reads("key hosts", "2001:db8::1", value + 4);
	reads("key per_cpu", "10.1.2.3", value);
	reads("key numbers", "10.1.2.3", value); /* as the bytes lie there */
}

static void numbers_at_their_ends(void **state)
{
	static const struct {
		uint64_t u64;
		int64_t s64;
		uint32_t u32;
		int32_t s32;
		uint16_t u16;
		int16_t s16;
		uint8_t u8;
		int8_t s8;
		uint8_t flag;
		uint16_t be16;
		uint64_t be64;
	} most = {UINT64_MAX, INT64_MAX, UINT32_MAX, INT32_MAX, UINT16_MAX, INT16_MAX, UINT8_MAX,
		INT8_MAX, 1, 0x3412, 0x0807060504030201},
	  least = {0, INT64_MIN, 0, INT32_MIN, 0, INT16_MIN, 0, INT8_MIN, 0, 0, 0x80};
	uint64_t three = 3;

	prints("numbers", &most,
		"{\"u64\":\"18446744073709551615\",\"s64\":9223372036854775807,\"u32\":4294967295,"
		"\"s32\":2147483647,\"u16\":65535,\"s16\":32767,\"u8\":255,\"s8\":127,"
		"\"flag\":true,\"be16\":4660,\"be64\":72623859790382856}");
	prints("numbers", &least,
		"{\"u64\":0,\"s64\":-9223372036854775808,\"u32\":0,\"s32\":-2147483648,\"u16\":0,"
		"\"s16\":-32768,\"u8\":0,\"s8\":-128,\"flag\":false,\"be16\":0,"
		"\"be64\":\"9223372036854775808\"}");
	prints("flows", &three, "3");
	reads("flows", "0x3", &three);
	reads("flows", "\"3\"", &three);
	reads("key numbers", "-1", "\xff\xff\xff\xff");
	refused("numbers", "{\"s8\":128}", -ERANGE, "s8: expected a number of 1 signed byte");
	refused("numbers", "{\"u8\":-129}", -ERANGE, "u8");
	refused("numbers", "{\"be16\":65536}", -ERANGE,
		"be16: expected a number of 2 big-endian bytes");
	refused("numbers", "{\"u64\":18446744073709551616}", -EINVAL,
		"u64: expected a number of 8 bytes, got '18446744073709551616'");
	refused("key numbers", "4294967296", -ERANGE,
		"expected a number of 4 bytes, got '4294967296'");
	refused("key numbers", "ten", -EINVAL, "expected a number of 4 bytes, got 'ten'");
	refused("key numbers", "", -EINVAL, "expected a number of 4 bytes, got ''");
	refused("key numbers", "true", -EINVAL, "got 'true'");
}

static void names_text_bits(void **state)
{
	static struct { /* no rubbish between the bits */
		int32_t state;
		char name[8];
		uint32_t a, b;
		int16_t points[4];
		uint32_t low : 3, mid : 18, high : 11;
		int32_t negative : 5;
		uint64_t wide;
	} v = {7, "eth\"0", 1, 0x20003, {-1, 2, 3, 4}, 5, 0x2aaaa, 0x3ff, -3,
		0x8000000000000001ull};

	prints("nested", &v,
		"{\"state\":\"STATE_OPEN\",\"name\":\"eth\\\"0\",\"a\":1,\"b\":131075,\"c\":[3,2],"
		"\"points\":[{\"x\":-1,\"y\":2},{\"x\":3,\"y\":4}],"
		"\"low\":5,\"mid\":174762,\"high\":1023,\"negative\":-3,\"wide\":\"WIDE_GREAT\"}");
	v.state = 3; /* no name */
	v.name[1] = '\n';
	v.wide = 2;
	prints("nested", &v,
		"{\"state\":3,\"name\":[101,10,104,34,48,0,0,0],\"a\":1,\"b\":131075,\"c\":[3,2],"
		"\"points\":[{\"x\":-1,\"y\":2},{\"x\":3,\"y\":4}],"
		"\"low\":5,\"mid\":174762,\"high\":1023,\"negative\":-3,\"wide\":2}");
	prints("hosts", "0123456789abcdef", "\"0123456789abcdef\"");
	reads("hosts", "eth0", "eth0\0\0\0\0\0\0\0\0\0\0\0\0");
	refused("hosts", "0123456789abcdefg", -EINVAL, "expected text of 16 bytes");
	refused("nested", "{\"state\":\"STATE_AJAR\"}", -EINVAL, "got 'STATE_AJAR'");
	refused("nested", "{\"low\":8}", -ERANGE, "low: expected a number of 3 bits, got '8'");
	refused("nested", "{\"name\":\"123456789\"}", -EINVAL, "name: expected text of 8 bytes");
}

/* JSON's strings, whatever they are written with. */
static void strings(void **state)
{
	reads("hosts", "\"a\\u00e9\\\\\\/\\n\\\"\\ud83d\\ude00\"",
		"a\xc3\xa9\\/\n\"\xf0\x9f\x98\x80\0\0\0\0\0");
	reads("hosts", "\"\\u20AC\"", "\xe2\x82\xac\0\0\0\0\0\0\0\0\0\0\0\0\0");
	refused("hosts", "\"abc", -EINVAL, "no JSON: expected the end of a string");
	refused("hosts", "\"abc\\", -EINVAL, "no JSON");
	refused("hosts", "\"a\\x\"", -EINVAL, "no JSON");
	refused("hosts", "\"\\u12\"", -EINVAL, "no JSON");
	refused("hosts", "\"\\u0000\"", -EINVAL, "no JSON");
	refused("hosts", "\"\\ud83d\"", -EINVAL, "no JSON");
	refused("hosts", "\"\\ud83d\\u0041\"", -EINVAL, "no JSON");
	refused("hosts", "\"\\ude00\"", -EINVAL, "no JSON");
	refused("hosts", "\"a\nb\"", -EINVAL, "no JSON");
	refused("nested", "{\"name\":null}", -EINVAL,
		"name: expected text of 8 bytes, got no string");
}

static void prefixes(void **state)
{
	const uint8_t v4[8] = {24, 0, 0, 0, 10, 0, 1}, all[8] = {32, 0, 0, 0, 10, 0, 1, 9},
		      v6[20] = {48, 0, 0, 0, 0x20, 1, 0xd, 0xb8};

	prints("key routes", v4, "\"10.0.1.0/24\"");
	reads("key routes", "10.0.1.0/24", v4);
	reads("key routes", "10.0.1.9", all);
	reads("key routes", "{\"length\":24,\"address\":\"10.0.1.0\"}", v4);
	prints("key routes6", v6, "\"2001:db8::/48\"");
	prints("key ports", v4, "{\"length\":24,\"vlan\":2560,\"port\":256}");
	refused("key routes", "10.0.1.0/33", -EINVAL, "expected a prefix (ADDRESS/LENGTH), got");
	refused("key routes", "10.0.1.0/", -EINVAL, "expected a prefix");
	refused("key routes", "2001:db8::/48", -EINVAL, "expected a prefix");
}

/* Two keys that differ in padding are two keys. */
static void padding_is_not_lost(void **state)
{
	struct {
		uint32_t a, padding; /* which no member of the program's is */
		uint64_t b;
	} v = {.a = 1, .b = 2};

	prints("key padded", &v, "{\"a\":1,\"b\":2}");
	v.padding = 0x100;
	prints("key padded", &v, "\"hex 01 00 00 00 00 01 00 00 02 00 00 00 00 00 00 00\"");
}

static void what_is_not_known(void **state)
{
	prints("key untyped", "\x0a\0\0\x01", "\"hex 0a 00 00 01\"");
	prints("untyped", "\x02\0\0\0\0\x01", "\"hex 02 00 00 00 00 01\"");
	reads("key untyped", "5", "\x05\0\0\0");
	reads("key untyped", "10.0.0.1", "\x0a\0\0\x01");
	reads("untyped", "02:00:00:00:00:01", "\x02\0\0\0\0\x01");
	prints("key devices", "\x03\0\0\0", "3");
	prints("devices", "\x04\0\0\0", "4");
	prints("odd", "\0\0\x80\x3f\x07\0\0\0", "{\"f\":\"hex 00 00 80 3f\",\"a\":7}");
	refused("key untyped", "\"hex 0a 00 00\"", -EINVAL,
		"expected 4 bytes (hex ...), got 'hex 0a 00 00'");
	refused("untyped", "7", -EINVAL, "expected 6 bytes (hex ...), got '7'");
	refused("untyped", "[1]", -EINVAL, "got an array");
}

static const char *const layouts[] = {"key flows", "flows", "addresses", "numbers", "nested",
	"key padded", "counters", "overlapping", "key routes", "key routes6", "key ports", "odd",
	"key hosts", "hosts", "key untyped", "untyped", "layouts.data"};

/* Whatever bytes there are, what is printed of them is read back to the same. */
static void random_bytes_and_back(void **state)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		struct ebpf_layout *l = layout_of(layouts[i]);
		struct ebpf_json t = {0};
		uint8_t bytes[128], got[128];
		char *err;

		assert_in_range(l->size, 1, sizeof(bytes));
		for (int round = 0; round < 2000; round++) {
			fill_random(bytes, sizeof(bytes));
			if (l->kind == EBPF_LAYOUT_PREFIX) /* others are in no map */
				memcpy(bytes, &(uint32_t){below(l->size * 8 - 31)}, 4);
			ebpf_json__clear(&t);
			ebpf_value__print(&t, l, bytes);
			if (ebpf_value__parse(l, t.text, got, &err))
				fail_msg("%s: %s: %s", layouts[i], t.text, err);
			if (memcmp(bytes, got, l->size) != 0)
				fail_msg("%s: %s is read back as something else", layouts[i],
					t.text);
		}
		ebpf_json__free(&t);
		ebpf_layout__free(l);
	}
}

/* Whatever the text, it is read or refused by one line. */
static void damaged_text(void **state)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		struct ebpf_layout *l = layout_of(layouts[i]);
		struct ebpf_json t = {0};
		uint8_t bytes[128] = {0};
		unsigned refused = 0;

		ebpf_value__print(&t, l, bytes);
		for (int round = 0; round < 2000; round++) {
			char *text = strdup(t.text), *err = NULL;

			for (uint32_t n = below(3); n < 3; n++)
				text[below((uint32_t)t.len)] = "{}[]\",:\\u0a9-. \n\x80"[below(18)];
			if (ebpf_value__parse(l, text, bytes, &err)) {
				refused++;
				assert_sentence(err, "", NULL);
			}
			free(text);
		}
		assert_in_range(refused, 1, 1999);
		ebpf_json__free(&t);
		ebpf_layout__free(l);
	}
}

/* Each where its symbol is. */
static void variables(void **state)
{
	const struct {
		uint64_t total;
		uint16_t quiet;
	} v = {1, 2};

	prints("layouts.data", &v, "{\"quiet\":2,\"total\":1}");
	prints("layouts.rodata", "\x64\0\0\0", "{\"limit\":100}");
}

static void sums(void **state)
{
	struct ebpf_layout *l = layout_of("counters");
	uint64_t sum[2] = {1, UINT64_MAX}, more[2] = {2, 3};
	static const char *const without[] = {"overlapping", "nested", "addresses", "untyped"};

	assert_true(ebpf_value__has_sum(l));
	ebpf_value__add(l, sum, more);
	assert_int_equal(sum[0], 3);
	assert_int_equal(sum[1], 2);
	ebpf_layout__free(l);
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		l = layout_of(without[i]);
		assert_false(ebpf_value__has_sum(l));
		ebpf_layout__free(l);
	}
}

static void a_map_without_keys(void **state)
{
	assert_null(layout_of("key queue"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_struct_of_a_flow),
		cmocka_unit_test(addresses),
		cmocka_unit_test(numbers_at_their_ends),
		cmocka_unit_test(names_text_bits),
		cmocka_unit_test(strings),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(padding_is_not_lost),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(random_bytes_and_back),
		cmocka_unit_test(damaged_text),
		cmocka_unit_test(variables),
		cmocka_unit_test(sums),
		cmocka_unit_test(a_map_without_keys),
	};

	if (argc > 1)
		sample_folder = argv[1];
	return cmocka_run_group_tests(tests, open_object, close_object);
}
