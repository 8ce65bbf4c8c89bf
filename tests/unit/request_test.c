/* SPDX-License-Identifier: BSD-3-Clause
 *
 * request_test.c -- a compile request survives the way through its blob, and no damaged blob
 * is believed.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../vm/core/request.h"

static const struct ebpf_insn insns[] = {
	{.opcode = 0xb7, .dst = 0, .imm = 7},
	{.opcode = 0x95},
	{.opcode = 0xb7, .dst = 0, .imm = 9},
	{.opcode = 0x95},
};
static const struct ebpf_func funcs[] = {{.name = "first"},
	{.name = "second",
		.insn = 2,
		.global = true,
		.typed = true,
		.returns_scalar = true,
		.n_args = 2,
		.args = {{.kind = EBPF_ARG_CTX},
			{.kind = EBPF_ARG_MEM, .size = 70000, .nullable = true}}}};
static const struct ebpf_line lines[] = {
	{0, 3, 1, "a.c", "return 7;"}, {2, 8, 1, "a.c", "return 9;"}, {3, 9, 2, "b.c", ""}};
static const uint8_t contents[] = {1, 2, 3, 4, 5};
static const struct raw_helper helpers[] = {{4, "four"},
	{9, "nine",
		{.arg = {{.check = EBPF_CHECK_MEM_LEN, .may_be_null = true}, {0},
			 {.check = EBPF_CHECK_MEM, .size = 70000, .is_written = true}}}}};
static const struct ebpf_driver driver = {.name = "loop",
	.bitcode = "not really bitcode",
	.bitcode_size = 18,
	.cache_size = UINT64_C(1) << 40};

struct built {
	struct map_view maps[2];
	uint8_t *blob;
	size_t size;
};

static void build(struct built *b)
{
	struct program_view v = {.name = "prog",
		.type = EBPF_PROGRAM_XDP,
		.insns = insns,
		.n_insns = 4,
		.maps = b->maps,
		.n_maps = 2,
		.funcs = funcs,
		.n_funcs = 2,
		.lines = lines,
		.n_lines = 3,
		.helpers = helpers,
		.n_helpers = 2};

	b->maps[0] = (struct map_view){.name = "flows"};
	b->maps[1] = (struct map_view){.name = ".rodata", .frozen = contents};
	assert_int_equal(rt_geometry__init(&b->maps[0].geo, BPF_MAP_TYPE_HASH, 16, 8, 1000, 0), 0);
	assert_int_equal(
		rt_geometry__init(&b->maps[1].geo, BPF_MAP_TYPE_ARRAY, 4, 5, 1, BPF_F_RDONLY_PROG),
		0);
	assert_int_equal(compile_request__build(&v, 5, &driver, "native", &b->blob, &b->size), 0);
}

static void round_trip(void **state)
{
	struct compile_request r;
	struct built b;
	char *err = NULL;

	build(&b);
	assert_int_equal(compile_request__open(b.blob, b.size, &r, &err), 0);
	assert_string_equal(r.view.name, "prog");
	assert_int_equal(r.view.type, EBPF_PROGRAM_XDP);
	assert_int_equal(r.view.n_insns, 4);
	assert_memory_equal(r.view.insns, insns, sizeof(insns));
	assert_int_equal(r.view.n_maps, 2);
	assert_string_equal(r.view.maps[0].name, "flows");
	assert_memory_equal(&r.view.maps[0].geo, &b.maps[0].geo, sizeof(b.maps[0].geo));
	assert_null(r.view.maps[0].frozen);
	assert_memory_equal(r.view.maps[1].frozen, contents, sizeof(contents));
	assert_string_equal(r.view.funcs[1].name, "second");
	assert_true(r.view.funcs[1].global);
	assert_true(r.view.funcs[1].typed);
	assert_true(r.view.funcs[1].returns_scalar);
	assert_int_equal(r.view.funcs[1].n_args, 2);
	assert_int_equal(r.view.funcs[1].args[0].kind, EBPF_ARG_CTX);
	assert_int_equal(r.view.funcs[1].args[1].kind, EBPF_ARG_MEM);
	assert_int_equal(r.view.funcs[1].args[1].size, 70000);
	assert_true(r.view.funcs[1].args[1].nullable);
	assert_string_equal(r.view.lines[1].text, "return 9;");
	assert_string_equal(r.view.lines[2].file, "b.c");
	assert_int_equal(r.view.lines[2].column, 2);
	assert_string_equal(r.view.helpers[1].name, "nine");
	for (int a = 0; a < 5; a++) {
		assert_int_equal(r.view.helpers[1].type.arg[a].check, helpers[1].type.arg[a].check);
		assert_int_equal(r.view.helpers[1].type.arg[a].size, helpers[1].type.arg[a].size);
		assert_int_equal(r.view.helpers[1].type.arg[a].may_be_null,
			helpers[1].type.arg[a].may_be_null);
		assert_int_equal(r.view.helpers[1].type.arg[a].is_written,
			helpers[1].type.arg[a].is_written);
	}
	assert_int_equal(r.flags, 5);
	assert_string_equal(r.driver_name, "loop");
	assert_int_equal(r.driver_bitcode_size, 18);
	assert_memory_equal(r.driver_bitcode, driver.bitcode, 18);
	assert_int_equal(r.cache_size, driver.cache_size);
	assert_string_equal(r.cpu, "native");
	compile_request__close(&r);
	free(b.blob);
}

static void equal_programs_have_equal_requests(void **state)
{
	struct built a, b;

	build(&a);
	build(&b);
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.blob, b.blob, a.size);
	free(a.blob);
	free(b.blob);
}

static void every_truncation_is_refused(void **state)
{
	struct compile_request r;
	struct built b;

	build(&b);
	for (size_t n = 0; n < b.size; n++) {
		uint8_t *cut = malloc(n + 1); /* so that a sanitizer sees a read past the end */
		char *err = NULL;

		memcpy(cut, b.blob, n);
		assert_int_equal(compile_request__open(cut, n, &r, &err), -EINVAL);
		assert_non_null(err);
		free(err);
		free(cut);
	}
	free(b.blob);
}

/* Any one byte changed: either refused, or everything it gives still lies inside. */
static void no_damage_leads_outside(void **state)
{
	struct built b;
	unsigned refused = 0;

	build(&b);
	for (size_t n = 0; n < b.size * 3; n++) {
		uint8_t *copy = malloc(b.size);
		struct compile_request r;
		char *err = NULL;

		memcpy(copy, b.blob, b.size);
		copy[n % b.size] = n < b.size ? 0xff : n < 2 * b.size ? 0 : copy[n % b.size] ^ 0x41;
		if (compile_request__open(copy, b.size, &r, &err)) {
			assert_non_null(err);
			refused++;
		} else {
			size_t sum = 0;

			for (uint32_t i = 0; i < r.view.n_maps; i++)
				sum += strlen(r.view.maps[i].name);
			for (uint32_t i = 0; i < r.view.n_funcs; i++)
				sum += strlen(r.view.funcs[i].name) + r.view.funcs[i].insn;
			for (uint32_t i = 0; i < r.view.n_lines; i++)
				sum += strlen(r.view.lines[i].file) + strlen(r.view.lines[i].text);
			assert_true(sum < 100000);
			compile_request__close(&r);
		}
		free(err);
		free(copy);
	}
	assert_true(refused > b.size / 4);
	free(b.blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(equal_programs_have_equal_requests),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(no_damage_leads_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
