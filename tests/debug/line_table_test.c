/* SPDX-License-Identifier: BSD-3-Clause
 *
 * line_table_test.c SOURCE -- lines are found for code that the C compiler made of SOURCE, and a
 * damaged table does no harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "native/line-table.h"

extern const unsigned char native_sample[];
extern const unsigned long native_sample_size;

static const char *source;

static void open_sample(struct link *l, const uint8_t *bytes)
{
	char *err = NULL;

	*l = (struct link){.name = "sample", .base = 0x10000, .errmsg = &err};
	assert_int_equal(elf_object__open(&l->obj, bytes, native_sample_size, &err), 0);
	assert_int_equal(link__place(l), 0);
}

static uint64_t address_of(const struct link *l, const char *name)
{
	for (uint32_t i = 0; i < l->obj.n_symbols; i++) {
		Elf64_Sym sym = elf_object__symbol(&l->obj, i);

		if (strcmp(elf_object__symbol_name(&l->obj, i), name) == 0)
			return l->base + l->section_at[sym.st_shndx] + sym.st_value;
	}
	fail_msg("there is no %s", name);
	return 0;
}

static void read_source(uint32_t line, char *text, int size)
{
	FILE *f = fopen(source, "r");

	assert_non_null(f);
	for (uint32_t i = 0; i < line; i++)
		assert_non_null(fgets(text, size, f));
	fclose(f);
}

static void functions_are_found_at_their_lines(void **state)
{
	static const char *const functions[] = {"sample_sum", "sample_far", "sample_table"};
	struct line_table t;
	struct link l;

	open_sample(&l, native_sample);
	assert_true(line_table__read(&t, &l));
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		uint64_t address = address_of(&l, functions[i]);
		char text[256];
		uint32_t row = 0;

		while (row < t.n_rows && t.rows[row].address != address)
			row++;
		assert_in_range(row, 0, t.n_rows - 1);
		assert_string_equal(t.rows[row].file, "native-sample.c");
		/* Compilers begin a function at its brace. */
		read_source(t.rows[row].line - 1, text, sizeof(text));
		if (!strstr(text, functions[i]))
			fail_msg("%s is said to begin at line %u", functions[i], t.rows[row].line);
	}
	line_table__release(&t);
	link__release(&l);
}

static uint64_t draw(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static Elf64_Shdr section_called(const struct link *l, const char *name)
{
	Elf64_Shdr sh = {0};

	for (uint32_t i = 0; i < l->obj.n_sections && !sh.sh_size; i++) {
		Elf64_Shdr it = elf_object__section(&l->obj, i);

		if (strcmp(elf_object__section_name(&l->obj, &it), name) == 0)
			sh = it;
	}
	return sh;
}

/* Also of its relocations; names and lines are whatever then comes out. */
static void damage_does_no_harm(void **state)
{
	static const char *const sections[] = {".debug_line", ".rela.debug_line"};
	uint8_t *bytes = malloc(native_sample_size);
	uint64_t random = 0x9e3779b97f4a7c15;
	unsigned others = 0;

	assert_non_null(bytes);
	for (unsigned i = 0; i < 20000; i++) {
		struct line_table t;
		struct link l;
		Elf64_Shdr sh;

		memcpy(bytes, native_sample, native_sample_size);
		open_sample(&l, bytes);
		sh = section_called(&l, sections[i % 8 == 0]);
		assert_int_not_equal(sh.sh_size, 0);
		for (unsigned flips = 0; flips < 1 + i % 4; flips++)
			bytes[sh.sh_offset + draw(&random) % sh.sh_size] ^= (uint8_t)draw(&random);
		assert_true(line_table__read(&t, &l));
		for (uint32_t row = 0; row < t.n_rows; row++)
			others += strlen(t.rows[row].folder) + strlen(t.rows[row].file) == 0;
		line_table__release(&t);
		link__release(&l);
	}
	assert_int_not_equal(others, 0);
	free(bytes);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_found_at_their_lines),
		cmocka_unit_test(damage_does_no_harm),
	};

	if (argc != 2)
		return 2;
	source = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
