/* SPDX-License-Identifier: BSD-3-Clause
 *
 * functions_test.c -- programs and subprograms: found, put together, and run.
 */
#include <linux/bpf.h>

#include "fixture.h"

static void programs_are_found(void **state)
{
	static const char *const names[][2] = {{"constant", "xdp"}, {"calls", "xdp"},
		{"variables", "xdp"}, {"lookups", "xdp.frags"}, {"loops", "xdp"},
		{"classify", "tc"}};
	struct ebpf_object *obj = open_sample(*state);
	char *err;

	assert_int_equal(ebpf_object__n_programs(obj), sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct ebpf_object_program *p =
			ebpf_object__find_program(obj, names[i][0], &err);

		assert_non_null(p);
		assert_string_equal(p->section, names[i][1]);
		assert_true(p->n_insns >= 2);
		assert_true(p->is_xdp == (strncmp(names[i][1], "xdp", 3) == 0));
	}
	assert_string_equal(ebpf_object__find_program(obj, NULL, &err)->name, "constant");
	assert_null(ebpf_object__program(obj, ebpf_object__n_programs(obj)));
	ebpf_object__close(obj);
}

/* Linux attaches no program for entries of maps to a port. */
static void the_first_program_is_one_for_ports(void **state)
{
	struct ebpf_object *obj = open_sample("places");
	char *err;

	assert_string_equal(ebpf_object__program(obj, 0)->name, "at_devmap");
	assert_string_equal(ebpf_object__find_program(obj, NULL, &err)->name, "at_port");
	ebpf_object__close(obj);
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
	struct ebpf_object *obj = open_with_maps(*state, &inst);
	const struct ebpf_program_spec *spec;
	char *err;

	spec = ebpf_object__program_spec(obj, "calls", &err);
	assert_non_null(spec);
	assert_linked(spec);
	assert_int_equal(spec->n_funcs, 4);
	assert_true(has_function(spec, "calls", true));
	assert_true(has_function(spec, "nested", false));
	assert_true(has_function(spec, "local_sub", false));
	assert_true(has_function(spec, "global_sub", true));
	assert_int_equal(spec->n_maps, 3); /* .rodata, .bss, .data */
	assert_ptr_equal(ebpf_object__program_spec(obj, "calls", &err), spec);

	spec = ebpf_object__program_spec(obj, "loops", &err);
	assert_non_null(spec);
	assert_linked(spec);
	assert_int_equal(spec->n_funcs, 2);
	assert_true(has_function(spec, "callback", false));

	spec = ebpf_object__program_spec(obj, "lookups", &err);
	assert_non_null(spec);
	assert_linked(spec);
	assert_int_equal(spec->n_funcs, 1);
	assert_ptr_equal(spec->maps[0], ebpf_object__map_by_name(obj, "flows"));
	assert_ptr_equal(spec->maps[1], ebpf_object__map_by_name(obj, "counts"));
	assert_ptr_equal(spec->maps[2], ebpf_object__map_by_name(obj, "own"));
	close_with_maps(obj, inst);
}

static void lines_name_their_source(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps(*state, &inst);
	const struct ebpf_program_spec *spec;
	bool found = false;
	char *err;

	spec = ebpf_object__program_spec(obj, "calls", &err);
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

static void programs_run(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps(*state, &inst);
	struct flow {
		uint32_t src, dst;
		uint16_t ports[2];
		uint8_t proto, pad[3];
	} flow = {.src = 1, .proto = 17};
	uint64_t hits = XDP_DROP;
	size_t size;
	char *err;

	*(uint32_t *)ebpf_object__variable(obj, "verdict", &size, &err) = 1;
	assert_int_equal(run_program(obj, inst, "constant"), 1);
	assert_int_equal(run_program(obj, inst, "calls"), 1); /* queue + 1 + 7 - 7, + queue */
	assert_int_equal(*(uint64_t *)ebpf_object__variable(obj, "zeroed", &size, &err), 1);
	assert_int_equal(run_program(obj, inst, "variables"), 7 + 1 + 0x1234);
	assert_int_equal(run_program(obj, inst, "lookups"), 0);
	assert_int_equal(
		ebpf_map__update(ebpf_object__map_by_name(obj, "flows"), &flow, &hits, BPF_ANY), 0);
	assert_int_equal(run_program(obj, inst, "lookups"), XDP_DROP);
	close_with_maps(obj, inst);
}

static void untyped_symbols_are_functions(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("untyped", &inst);
	const struct ebpf_program_spec *spec;
	char *err;

	assert_int_equal(ebpf_object__n_programs(obj), 2);
	spec = ebpf_object__program_spec(obj, "old_pass", &err);
	assert_non_null(spec);
	assert_int_equal(spec->n_insns, 3);
	spec = ebpf_object__program_spec(obj, "old_drop", &err);
	assert_non_null(spec);
	assert_int_equal(spec->n_insns, 2);
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
	struct ebpf_object *obj = open_with_maps("globals", &inst);
	const struct ebpf_program_spec *spec;
	const struct ebpf_func *f;
	char *err;

	spec = ebpf_object__program_spec(obj, "calls", &err);
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

static void places_tell_what_may_be_asked(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("places", &inst);
	char *err;

	assert_int_equal(run_program(obj, inst, "at_devmap"), 0);
	assert_int_equal(run_program(obj, inst, "at_devmap_frags"), 0);
	assert_null(ebpf_object__load_program(obj, "at_port", NULL, &err));
	assert_sentence(
		err, sample_path("places"), "invalid read of the xdp context, off=20 size=4");
	assert_null(ebpf_object__load_program(obj, "at_cpumap", NULL, &err));
	assert_sentence(err, sample_path("places"),
		"invalid read of the xdp/cpumap context, off=20 size=4");
	close_with_maps(obj, inst);
}

static bool is_loaded(const struct ebpf_object *obj, const char *name)
{
	for (size_t i = 0; i < ebpf_object__n_programs(obj); i++) {
		if (strcmp(ebpf_object__program(obj, i)->name, name) == 0)
			return ebpf_object__loaded_program(obj, i) != NULL;
	}
	fail_msg("no program %s", name);
	return false;
}

static void arrays_of_programs_are_filled(void **state)
{
	struct ebpf_instance *inst;
	struct ebpf_object *obj = open_with_maps("tails", &inst);
	size_t size;
	char *err;

	assert_int_equal(run_program(obj, inst, "start"), XDP_TX);
	assert_int_equal(*(uint32_t *)ebpf_object__variable(obj, "steps", &size, &err), 222);
	assert_true(is_loaded(obj, "start") && is_loaded(obj, "middle") && is_loaded(obj, "end"));
	assert_false(is_loaded(obj, "other") || is_loaded(obj, "bad"));

	assert_null(ebpf_object__load_program(obj, "other", NULL, &err));
	assert_sentence(err, sample_path("tails"), "tails.o: program bad: insn ");
	assert_null(ebpf_object__load_program(obj, "other", NULL, &err));
	assert_sentence(err, sample_path("tails"), "tails.o: program bad: insn ");
	close_with_maps(obj, inst);
}

static void run_configs_are_read(void **state)
{
	static const struct {
		const char *program;
		struct ebpf_object_run_config config;
	} expected[] = {
		{"early", {10, 1 << XDP_PASS | 1 << XDP_DROP}},
		{"last", {1000, 0}},
		{"silent", {50, 1 << XDP_PASS}},
	};
	struct ebpf_object *obj = open_sample("run-config");
	struct ebpf_object_run_config c;
	char *err;

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(ebpf_object__run_config(obj, expected[i].program, &c, &err), 0);
		assert_int_equal(c.priority, expected[i].config.priority);
		assert_int_equal(c.call_on, expected[i].config.call_on);
	}
	assert_int_equal(ebpf_object__run_config(obj, "wrong", &c, &err), -EINVAL);
	assert_sentence(err, sample_path("run-config"), "XDP_TELEPORT");
	ebpf_object__close(obj);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		FEATURES(programs_are_found),
		cmocka_unit_test(the_first_program_is_one_for_ports),
		FEATURES(subprograms_follow_their_callers),
		FEATURES(lines_name_their_source),
		FEATURES(programs_run),
		cmocka_unit_test(untyped_symbols_are_functions),
		cmocka_unit_test(types_tell_the_arguments_of_functions),
		cmocka_unit_test(arrays_of_programs_are_filled),
		cmocka_unit_test(places_tell_what_may_be_asked),
		cmocka_unit_test(run_configs_are_read),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
