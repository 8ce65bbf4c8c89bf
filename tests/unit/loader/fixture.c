/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "fixture.h"

const char *sample_folder;

const char *sample_path(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s.o", sample_folder, name);
	return path;
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "re");
	uint8_t *bytes = NULL;
	size_t room = 0;

	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	*size = 0;
	do {
		room += 1 << 16;
		bytes = realloc(bytes, room);
		assert_non_null(bytes);
		*size += fread(bytes + *size, 1, room - *size, f);
	} while (*size == room);
	fclose(f);
	return bytes;
}

struct ebpf_object *open_sample(const char *name)
{
	char *err;
	struct ebpf_object *obj = ebpf_object__open(sample_path(name), &err);

	if (!obj)
		fail_msg("%s", err);
	return obj;
}

struct ebpf_instance *make_instance(void)
{
	char *err;
	struct ebpf_instance *inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = 2, .map_memory = 1ull << 30}, &err);

	if (!inst)
		fail_msg("%s", err);
	return inst;
}

struct ebpf_object *open_with_maps(const char *name, struct ebpf_instance **inst)
{
	struct ebpf_object *obj = open_sample(name);
	char *err;

	*inst = make_instance();
	if (ebpf_object__create_maps(obj, *inst, &err))
		fail_msg("%s", err);
	return obj;
}

void close_with_maps(struct ebpf_object *obj, struct ebpf_instance *inst)
{
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
}

struct image load_image(const char *name)
{
	struct image img;

	img.bytes = read_file(sample_path(name), &img.size);
	return img;
}

Elf64_Shdr *image_section(const struct image *img, const char *name)
{
	Elf64_Ehdr *h = (Elf64_Ehdr *)img->bytes;
	Elf64_Shdr *s = (Elf64_Shdr *)(img->bytes + h->e_shoff);
	const char *names = (const char *)img->bytes + s[h->e_shstrndx].sh_offset;

	for (uint32_t i = 0; i < h->e_shnum; i++) {
		if (strcmp(names + s[i].sh_name, name) == 0)
			return &s[i];
	}
	fail_msg("no section %s", name);
	return NULL;
}

Elf64_Sym *image_symbol(const struct image *img, const char *name)
{
	Elf64_Ehdr *h = (Elf64_Ehdr *)img->bytes;
	Elf64_Shdr *table = image_section(img, ".symtab");
	Elf64_Shdr *s = (Elf64_Shdr *)(img->bytes + h->e_shoff);
	const char *names = (const char *)img->bytes + s[table->sh_link].sh_offset;
	Elf64_Sym *sym = (Elf64_Sym *)(img->bytes + table->sh_offset);

	for (size_t i = 0; i < table->sh_size / sizeof(*sym); i++) {
		if (strcmp(names + sym[i].st_name, name) == 0)
			return &sym[i];
	}
	fail_msg("no symbol %s", name);
	return NULL;
}

void assert_sentence(char *errmsg, const char *path, const char *part)
{
	assert_non_null(errmsg);
	if (strncmp(errmsg, path, strlen(path)) != 0 || strchr(errmsg, '\n'))
		fail_msg("not one line about %s: %s", path, errmsg);
	if (part && !strstr(errmsg, part))
		fail_msg("expected '%s' in: %s", part, errmsg);
	free(errmsg);
}

static void assert_function_begins(const struct ebpf_program_spec *spec, int64_t insn)
{
	for (uint32_t i = 0; i < spec->n_funcs; i++) {
		if (spec->funcs[i].insn == insn)
			return;
	}
	fail_msg("%s: no function begins at %ld", spec->name, (long)insn);
}

static void assert_order(const struct ebpf_program_spec *spec)
{
	assert_int_equal(spec->funcs[0].insn, 0);
	assert_string_equal(spec->funcs[0].name, spec->name);
	for (uint32_t i = 1; i < spec->n_funcs; i++)
		assert_true(spec->funcs[i].insn > spec->funcs[i - 1].insn);
	for (uint32_t i = 0; i < spec->n_lines; i++) {
		assert_true(spec->lines[i].insn < spec->n_insns);
		assert_true(i == 0 || spec->lines[i].insn > spec->lines[i - 1].insn);
	}
}

void assert_linked(const struct ebpf_program_spec *spec)
{
	assert_order(spec);
	for (uint32_t i = 0; i < spec->n_insns; i++) {
		const struct ebpf_insn *insn = &spec->insns[i];
		bool lddw = insn->opcode == 0x18;

		if (insn->opcode == 0x85 && insn->src == 1)
			assert_function_begins(spec, (int64_t)i + 1 + insn->imm);
		if (lddw && insn->src == 4)
			assert_function_begins(spec, (int64_t)i + 1 + insn->imm);
		if (lddw && insn->src >= 5)
			assert_true((uint32_t)insn->imm < spec->n_maps);
		if (lddw && insn->src == 6)
			assert_true((uint32_t)insn[1].imm <
				    ebpf_map__opts(spec->maps[insn->imm])->value_size);
		assert_false(lddw && insn->src >= 1 && insn->src <= 3);
		i += lddw;
	}
}

const struct ebpf_map_opts *map_opts(const struct ebpf_object *obj, const char *name)
{
	for (size_t i = 0; i < ebpf_object__n_maps(obj); i++) {
		if (strcmp(ebpf_object__map_opts(obj, i)->name, name) == 0)
			return ebpf_object__map_opts(obj, i);
	}
	fail_msg("no map %s", name);
	return NULL;
}

void assert_map(const struct ebpf_object *obj, const char *name, uint32_t type, uint32_t key,
	uint32_t value, uint32_t entries, uint32_t flags)
{
	const struct ebpf_map_opts *o = map_opts(obj, name);

	assert_int_equal(o->type, type);
	assert_int_equal(o->key_size, key);
	assert_int_equal(o->value_size, value);
	assert_int_equal(o->max_entries, entries);
	assert_int_equal(o->flags, flags);
}

uint64_t run_program(struct ebpf_object *obj, struct ebpf_instance *inst, const char *name)
{
	uint8_t buf[EBPF_XDP_FRAME_SIZE] = {0}, *data = buf + EBPF_XDP_HEADROOM;
	struct ebpf_xdp_ctx ctx = {
		.data = data,
		.data_end = data + 64,
		.data_meta = data,
		.buf = buf,
		.buf_end = buf + sizeof(buf),
		.head_limit = buf + EBPF_XDP_FRAME_HEADER,
		.tail_limit = buf + sizeof(buf) - EBPF_XDP_TAIL_RESERVE,
	};
	struct ebpf_program *prog;
	struct ebpf_env env;
	uint64_t verdict;
	char *err;

	prog = ebpf_object__load_program(obj, name, NULL, &err);
	if (!prog)
		fail_msg("%s", err);
	ebpf_env__init(&env, inst, 0);
	verdict = ebpf_program__run(prog, &env, &ctx);
	ebpf_program__unref(prog);
	return verdict;
}
