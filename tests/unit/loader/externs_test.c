/* SPDX-License-Identifier: BSD-3-Clause
 *
 * externs_test.c -- what an object asks of the machine: its types, configuration and functions.
 */
#include <linux/bpf.h>

#include "fixture.h"

#include <btf-ext.h>

static void weak_undefined_is_zero(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("refused", &inst);
	const struct ebpf_program_spec *spec;
	uint32_t n = 0;
	char *err;

	spec = ebpf_object__program_spec(obj, "weak", &err);
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
	struct ebpf_object *good = open_with_maps("core", &inst), *spoiled;
	char *err;

	spoil_core_values(&img);
	spoiled = ebpf_object__open_mem("core.o", img.bytes, img.size, &err);
	assert_non_null(spoiled);
	assert_int_equal(ebpf_object__create_maps(spoiled, inst, &err), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct ebpf_program_spec *a = ebpf_object__program_spec(good, names[i], &err),
					       *b = ebpf_object__program_spec(
						       spoiled, names[i], &err);

		assert_true(a && b && a->n_insns == b->n_insns);
		assert_memory_equal(a->insns, b->insns, a->n_insns * sizeof(*a->insns));
	}
	ebpf_object__close(spoiled);
	close_with_maps(good, inst);
	free(img.bytes);
}

static void what_exists_is_what_is_implemented(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("asks", &inst);

	assert_int_equal(run_program(obj, inst, "helpers"), 1 << 0 | 1 << 2 | 1 << 4);
	assert_int_equal(run_program(obj, inst, "map_types"), 1 << 0 | 1 << 2);
	assert_int_equal(run_program(obj, inst, "true_number"), BPF_FUNC_csum_diff);
	close_with_maps(obj, inst);
}

static void a_map_can_be_asked(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("asks", &inst);
	char *err;

	assert_int_equal(run_program(obj, inst, "of_a_map"), 7 * 100 + 2 * 10 + 1);
	assert_null(ebpf_object__load_program(obj, "operations_of_a_map", NULL, &err));
	assert_sentence(err, sample_path("asks"), "invalid read of map_ptr");
	close_with_maps(obj, inst);
}

static void configuration_has_values(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("externs", &inst);
	size_t size;
	char *err;

	assert_map(obj, "externs.kconfig", BPF_MAP_TYPE_ARRAY, 4, 58, 1, BPF_F_RDONLY_PROG);
	assert_int_equal(*(bool *)ebpf_object__variable(obj, "CONFIG_BPF", &size, &err), true);
	assert_int_equal(size, 1);
	*(uint32_t *)ebpf_object__variable(obj, "CONFIG_SET_BY_USER", &size, &err) = 5;
	assert_int_equal(run_program(obj, inst, "version"), 6 << 16 | 12 << 8);
	assert_int_equal(run_program(obj, inst, "numbers"), EBPF_HZ + 1 + 'y' + 1 + 0 + 0);
	assert_int_equal(run_program(obj, inst, "set_by_user"), 5);
	assert_null(ebpf_object__variable(obj, "CONFIG_BPF", &size, &err));
	assert_sentence(err, sample_path("externs"), "variable CONFIG_BPF is constant");
	close_with_maps(obj, inst);
}

static void missing_kernel_functions_are_not_called(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("externs", &inst);
	char *err;

	assert_int_equal(run_program(obj, inst, "asks_first"), XDP_PASS);
	assert_int_equal(run_program(obj, inst, "asks_for_kfuncs"), 1);
	assert_null(ebpf_object__load_program(obj, "calls_the_kernel", NULL, &err));
	assert_sentence(err, sample_path("externs"), "bpf_task_release");
	assert_null(ebpf_object__load_program(obj, "does_not_ask", NULL, &err));
	assert_sentence(err, sample_path("externs"), "unknown#2002000000");
	close_with_maps(obj, inst);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weak_undefined_is_zero),
		cmocka_unit_test(configuration_has_values),
		cmocka_unit_test(missing_kernel_functions_are_not_called),
		cmocka_unit_test(core_values_come_from_types),
		cmocka_unit_test(what_exists_is_what_is_implemented),
		cmocka_unit_test(a_map_can_be_asked),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
