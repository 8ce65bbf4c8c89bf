/* SPDX-License-Identifier: BSD-3-Clause
 *
 * elf-object.c -- libFuzzer target: any bytes as a BPF object. Whatever they are, the loader
 * opens them or refuses them in one line; maps that fit in a small instance are created, and
 * every program is linked.
 */
#include <stdlib.h>
#include <string.h>

#include <object.h>

#define MAP_MEMORY (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sentence(char *err)
{
	if (!err || strncmp(err, "fuzz.o: ", 8) != 0 || strchr(err, '\n'))
		abort();
	free(err);
}

static void check_insn(const struct ebpf_program_spec *spec, const struct ebpf_insn *insn)
{
	if (insn->opcode != 0x18 || insn->src < 5)
		return;
	if ((uint32_t)insn->imm >= spec->n_maps)
		abort();
	if (insn->src == 6 &&
		(uint32_t)insn[1].imm >= ebpf_map__opts(spec->maps[insn->imm])->value_size)
		abort();
}

static void link_program(struct ebpf_object *obj, const char *name)
{
	char *err;
	const struct ebpf_program_spec *spec = ebpf_object__program_spec(obj, name, &err);

	if (!spec) {
		check_sentence(err);
		return;
	}
	for (uint32_t i = 0; i < spec->n_insns; i++) {
		check_insn(spec, &spec->insns[i]);
		i += spec->insns[i].opcode == 0x18;
	}
	for (uint32_t i = 0; i < spec->n_funcs; i++) {
		if (spec->funcs[i].insn >= spec->n_insns || spec->funcs[i].n_args > 6)
			abort();
	}
	for (uint32_t i = 0; i < spec->n_lines; i++) {
		if (spec->lines[i].insn >= spec->n_insns || !spec->lines[i].text)
			abort();
	}
}

/* Sizes that are open, and what maps of maps and programs hold. */
static void look_at_map(struct ebpf_object *obj, size_t i)
{
	const struct ebpf_map_opts *o = ebpf_object__map_opts(obj, i);
	struct ebpf_object_entry e;
	char *err;

	if (o->max_entries == 0 && ebpf_object__set_max_entries(obj, o->name, 4, &err))
		check_sentence(err);
	for (size_t k = 0; ebpf_object__map_entry(obj, i, k, &e); k++) {
		if (!e.name || !*e.name)
			abort();
	}
}

static void use_object(struct ebpf_object *obj, struct ebpf_instance *inst)
{
	static const char *const variables[] = {
		"verdict", "small", "initialised", "zeroed", "CONFIG_HZ"};
	char *err;

	if (!ebpf_object__find_program(obj, NULL, &err))
		check_sentence(err);
	for (size_t i = 0; i < ebpf_object__n_maps(obj); i++)
		look_at_map(obj, i);
	if (ebpf_object__create_maps(obj, inst, &err)) {
		check_sentence(err);
		return;
	}
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		size_t n;
		uint8_t *value = ebpf_object__variable(obj, variables[i], &n, &err);

		if (value)
			memset(value, 0xa5, n);
		else
			check_sentence(err);
	}
	for (size_t i = 0; i < ebpf_object__n_programs(obj); i++)
		link_program(obj, ebpf_object__program(obj, i)->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ebpf_instance *inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = 1, .map_memory = MAP_MEMORY}, NULL);
	char *err;
	struct ebpf_object *obj = ebpf_object__open_mem("fuzz.o", data, size, &err);

	if (!inst)
		abort();
	if (obj)
		use_object(obj, inst);
	else
		check_sentence(err);
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
	return 0;
}
