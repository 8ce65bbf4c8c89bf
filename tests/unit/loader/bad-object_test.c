/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bad-object_test.c -- objects that are damaged, foreign or ask for too much: one sentence,
 * never a crash (run under sanitizers too).
 */
#include <stdio.h>

#include <linux/bpf.h>

#include "fixture.h"

#include <btf-ext.h>

#define R_BPF_UNKNOWN 77

/* Opening must fail with `part` in the sentence. Frees the image. */
static void refuse_open(struct image img, const char *part)
{
	char *err;
	struct ebpf_object *obj = ebpf_object__open_mem("bad.o", img.bytes, img.size, &err);

	free(img.bytes);
	assert_null(obj);
	assert_sentence(err, "bad.o: ", part);
}

static void not_an_object_file(void **state)
{
	char *err;

	assert_null(ebpf_object__open("/nowhere/prog.o", &err));
	assert_sentence(err, "/nowhere/prog.o: ", strerror(ENOENT));
	assert_null(ebpf_object__open("/", &err));
	assert_sentence(err, "/: ", strerror(EISDIR));
	assert_null(ebpf_object__open("/dev/null", &err));
	assert_sentence(err, "/dev/null: ", NULL);
}

static void not_an_elf_file(void **state)
{
	struct image img = {calloc(1, 5000), 5000};

	refuse_open(img, "not an ELF file");
	img = (struct image){(uint8_t *)strdup("#include <linux/bpf.h>"), 22};
	refuse_open(img, "not an ELF file");
	img = (struct image){calloc(1, 1), 0};
	refuse_open(img, "not an ELF file");
}

static void other_kinds_of_elf(void **state)
{
	struct image img = load_image("features.v1");

	img.bytes[EI_CLASS] = ELFCLASS32;
	refuse_open(img, "32-bit");
	img = load_image("features.v1");
	((Elf64_Ehdr *)img.bytes)->e_machine = EM_X86_64;
	refuse_open(img, "machine 62, not for BPF");
	img = load_image("features.v1");
	((Elf64_Ehdr *)img.bytes)->e_type = ET_EXEC;
	refuse_open(img, "not a relocatable object");
	img = load_image("features.v1");
	((Elf64_Ehdr *)img.bytes)->e_shnum = 0;
	refuse_open(img, "no sections");
	refuse_open(load_image("features.big-endian"), "big-endian");
}

static void cut_at_every_64th_byte(void **state)
{
	struct image img = load_image("features.v1");

	for (size_t size = 0; size < img.size; size += 64) {
		/* a copy of that size, so that a sanitizer sees what lies behind it */
		struct image cut = {malloc(size + 1), size};

		assert_non_null(cut.bytes);
		memcpy(cut.bytes, img.bytes, size);
		cut.bytes = realloc(cut.bytes, size ? size : 1);
		refuse_open(cut, size < SELFMAG ? "not an ELF" : "truncated");
	}
	free(img.bytes);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* All that can be done with an object; each step works or says why not, in one sentence. */
static bool try_everything(const struct image *img)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_object *obj;
	bool good = true;
	char *err;

	obj = ebpf_object__open_mem("bad.o", img->bytes, img->size, &err);
	if (!obj || ebpf_object__create_maps(obj, inst, &err)) {
		assert_sentence(err, "bad.o: ", NULL);
		good = false;
	}
	for (size_t i = 0; good && i < ebpf_object__n_programs(obj); i++) {
		const char *name = ebpf_object__program(obj, i)->name;
		const struct ebpf_program_spec *spec = ebpf_object__program_spec(obj, name, &err);

		if (spec)
			assert_linked(spec);
		else
			assert_sentence(err, "bad.o: ", NULL);
		good &= spec != NULL;
	}
	close_with_maps(obj, inst);
	return good;
}

static void random_byte_flips(void **state)
{
	const uint64_t seed = 0x9e3779b97f4a7c15;
	const struct image img = load_image("features.v1");
	uint64_t random = seed;
	int refused = 0;

	for (int i = 0; i < 500; i++) {
		size_t at = next_random(&random) % img.size;
		uint8_t flip = 1 + next_random(&random) % 255;

		img.bytes[at] ^= flip;
		refused += !try_everything(&img);
		img.bytes[at] ^= flip;
	}
	print_message("seed %#llx: 500 flips, %d refused\n", (unsigned long long)seed, refused);
	assert_true(refused > 0 && refused < 500);
	assert_true(try_everything(&img));
	free(img.bytes);
}

/* The same where it hurts: headers, symbols, relocations, types. */
static void random_flips_of_tables(void **state)
{
	static const char *const names[] = {
		".symtab", ".strtab", ".relxdp", ".rel.text", ".BTF", ".BTF.ext", ".maps"};
	const uint64_t seed = 0xd1b54a32d192ed03;
	const struct image img = load_image("features.v1");
	uint64_t random = seed;
	int refused = 0;

	for (int i = 0; i < 700; i++) {
		Elf64_Shdr *s = image_section(&img, names[i % 7]);
		uint8_t *at = img.bytes + s->sh_offset + next_random(&random) % s->sh_size;
		uint8_t old = *at;

		*at = next_random(&random);
		refused += !try_everything(&img);
		*at = old;
	}
	for (int i = 0; i < 500; i++) {
		Elf64_Ehdr *h = (Elf64_Ehdr *)img.bytes;
		size_t n = h->e_shnum * sizeof(Elf64_Shdr);
		uint8_t *at = img.bytes + h->e_shoff + next_random(&random) % n;
		uint8_t old = *at;

		*at = next_random(&random);
		refused += !try_everything(&img);
		*at = old;
	}
	print_message("seed %#llx: 1200 flips, %d refused\n", (unsigned long long)seed, refused);
	assert_true(refused > 0 && refused < 1200);
	free(img.bytes);
}

static void impossible_symbols(void **state)
{
	struct image img = load_image("features.v1");

	image_symbol(&img, "constant")->st_size += 8;
	refuse_open(img, "overlap in section xdp");
	img = load_image("features.v1");
	image_symbol(&img, "constant")->st_value += 4;
	refuse_open(img, "not whole instructions");
	img = load_image("features.v1");
	image_symbol(&img, "loops")->st_size += 8;
	refuse_open(img, "symbol loops");
	img = load_image("features.v1");
	image_symbol(&img, "flows")->st_name = 0;
	refuse_open(img, "map 'flows' has types but no symbol");
	img = load_image("features.v1");
	image_symbol(&img, "counts")->st_value = image_symbol(&img, "flows")->st_value;
	refuse_open(img, "overlap in section .maps");
}

static void absurd_sizes(void **state)
{
	struct image img = load_image("features.v1");

	image_section(&img, ".bss")->sh_size = 1ull << 60;
	refuse_open(img, "absurd size");
	img = load_image("features.v1");
	image_section(&img, ".bss")->sh_size = 1ull << 33;
	refuse_open(img, "section .bss has an absurd size");
	img = load_image("features.v1");
	image_section(&img, "xdp")->sh_offset = UINT64_MAX - 7;
	refuse_open(img, "does not fit in the file");
}

/* The map memory limit of the instance is 1 GiB. */
static void too_much_map_memory(void **state)
{
	struct image img = load_image("features.v1");
	struct ebpf_instance *inst = make_instance();
	struct ebpf_object *obj;
	char *err;

	image_section(&img, ".bss")->sh_size = 2047u << 20;
	obj = ebpf_object__open_mem("bad.o", img.bytes, img.size, &err);
	assert_non_null(obj);
	assert_int_not_equal(ebpf_object__create_maps(obj, inst, &err), 0);
	assert_sentence(err, "bad.o: map bad.bss ", NULL);
	close_with_maps(obj, inst);
	free(img.bytes);
}

static void refuse_program(
	struct image img, const char *name, const char *program, const char *part)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_object *obj;
	char *err;

	obj = ebpf_object__open_mem(name, img.bytes, img.size, &err);
	if (!obj || ebpf_object__create_maps(obj, inst, &err))
		fail_msg("%s", err);
	assert_null(ebpf_object__program_spec(obj, program, &err));
	assert_sentence(err, name, part);
	close_with_maps(obj, inst);
	free(img.bytes);
}

static Elf64_Rel *relocation(const struct image *img, const char *name)
{
	return (Elf64_Rel *)(img->bytes + image_section(img, name)->sh_offset);
}

static void impossible_relocations(void **state)
{
	struct image img = load_image("features.v1");
	Elf64_Rel *r = relocation(&img, ".relxdp");

	r->r_info = ELF64_R_INFO(ELF64_R_SYM(r->r_info), R_BPF_UNKNOWN);
	refuse_program(img, "bad.o", "constant",
		"section xdp, offset 0: unknown relocation type 77 of verdict");
	img = load_image("features.v1");
	r = relocation(&img, ".relxdp");
	r->r_info = ELF64_R_INFO(100000, ELF64_R_TYPE(r->r_info));
	refuse_open(img, "symbol 100000");
	img = load_image("features.v1");
	relocation(&img, ".relxdp")->r_offset = 1 << 20;
	refuse_open(img, "points outside");
	img = load_image("features.v1");
	relocation(&img, ".relxdp")->r_offset += 8;
	refuse_program(img, "bad.o", "constant", "middle of an instruction");
	img = load_image("features.v1");
	relocation(&img, ".relxdp")->r_offset += 16;
	refuse_program(img, "bad.o", "constant", "not of LDDW");
	img = load_image("features.v1");
	image_symbol(&img, "verdict")->st_size = 1;
	image_symbol(&img, "verdict")->st_value = image_section(&img, ".rodata")->sh_size - 1;
	((int32_t *)(img.bytes + image_section(&img, "xdp")->sh_offset))[1] = 1;
	refuse_program(img, "bad.o", "constant", "outside");
}

static void impossible_initialisers(void **state)
{
	struct image img = load_image("nested");
	Elf64_Rel *r = relocation(&img, ".rel.maps");

	r->r_offset += 4;
	refuse_open(img, "section .maps, offset 0x");
	img = load_image("nested");
	r = relocation(&img, ".rel.maps");
	r->r_info = ELF64_R_INFO(ELF64_R_SYM(r->r_info), R_BPF_UNKNOWN);
	refuse_open(img, "a relocation of type 77 that is no value of a map");
	img = load_image("nested");
	r = relocation(&img, ".rel.maps") + 1;
	r->r_info = ELF64_R_INFO(0, ELF64_R_TYPE(r->r_info));
	refuse_open(img, "value 6 of map array is no map");
	img = load_image("nested");
	image_symbol(&img, "leave")->st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	refuse_open(img, "value 3 of map jumps is no program");
	img = load_image("nested");
	image_symbol(&img, "array")->st_size = 0;
	refuse_open(img, "a relocation of type 2 that is no value of a map");
}

static void what_only_one_program_needs(void **state)
{
	static const char *const cases[][2] = {
		{"undefined_data",
			"refers to not_here, which neither the object nor this machine has"},
		{"undefined_call",
			"calls not_here_either, which neither the object nor this machine has"},
		{"undefined_config", "refers to extern CONFIG_MADE_UP, which has no value"},
		{"wrong_config", "refers to extern CONFIG_BPF, which has no value of its type"},
		{"strange_data", "refers to strange+0, which is neither map nor data"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse_program(load_image("refused"), "refused.o", cases[i][0], cases[i][1]);
}

/* Damages the first CO-RE record of program `types`, which asks if struct outer exists. */
static void refuse_core(uint32_t word, uint32_t value, const char *part)
{
	struct image img = load_image("core");
	struct ext_record *r;
	struct btf_ext_info ext;
	struct elf_file elf;
	uint8_t *at;
	char *err;

	assert_int_equal(elf_file__open(&elf, img.bytes, img.size, &err), 0);
	assert_int_equal(btf_ext_info__open(&elf, &ext, &err), 0);
	for (r = ext.cores.records; r->word[2] != BPF_CORE_TYPE_EXISTS; r++)
		assert_true(r < ext.cores.records + ext.cores.n);
	at = memmem(img.bytes, img.size, r->word, sizeof(r->word));
	assert_non_null(at);
	memcpy(at + 4 * word, &value, 4);
	btf_ext_info__close(&ext);
	elf_file__close(&elf);
	refuse_program(img, "core.o", "types", part);
}

static void impossible_core_relocations(void **state)
{
	refuse_core(0, 12345, "of kind 8 to (unnamed), access 0: there is no such type");
	refuse_core(2, 99, "of kind 99 to outer, access 0: unknown kind 99");
	refuse_core(2, BPF_CORE_ENUMVAL_VALUE, "there is no such enumerator");
	refuse_core(2, BPF_CORE_FIELD_LSHIFT_U64, "a field of 1344 bits cannot be shifted");
}

static void unknown_programs(void **state)
{
	struct ebpf_object *obj = open_sample("only-tc");
	char *err;

	assert_null(ebpf_object__find_program(obj, NULL, &err));
	assert_sentence(err, sample_path("only-tc"),
		"no XDP program; the object has ingress (section tc), egress (section tc)");
	assert_null(ebpf_object__find_program(obj, "absent", &err));
	assert_sentence(err, sample_path("only-tc"), "no program absent; the object has ingress");
	assert_non_null(ebpf_object__find_program(obj, "egress", &err));
	ebpf_object__close(obj);
}

static void maps_of_other_objects(void **state)
{
	refuse_open(load_image("unlinked"), "map elsewhere is in another object (extern)");
}

static void unsupported_map_type(void **state)
{
	struct ebpf_object *obj = open_sample("unsupported-map");
	struct ebpf_instance *inst = make_instance();
	struct ebpf_program *prog;
	char *err;

	assert_int_equal(ebpf_object__create_maps(obj, inst, &err), 0);
	prog = ebpf_object__load_program(obj, "pass", NULL, &err);
	assert_non_null(prog);
	ebpf_program__unref(prog);
	assert_null(ebpf_object__load_program(obj, "use", NULL, &err));
	assert_sentence(err, sample_path("unsupported-map"),
		"map groups: type cgroup_array is not supported");
	assert_null(ebpf_object__load_program(obj, "wait", NULL, &err));
	assert_sentence(err, sample_path("unsupported-map"),
		"map timers: a value with bpf_timer is not supported");
	close_with_maps(obj, inst);
}

static void maps_come_before_programs(void **state)
{
	struct ebpf_object *obj = open_sample("features.v1");
	size_t size;
	char *err;

	assert_null(ebpf_object__program_spec(obj, "calls", &err));
	assert_sentence(err, sample_path("features.v1"), "not created yet");
	assert_null(ebpf_object__variable(obj, "verdict", &size, &err));
	assert_sentence(err, sample_path("features.v1"), "not created yet");
	assert_null(ebpf_object__variable(obj, "absent", &size, &err));
	assert_sentence(err, sample_path("features.v1"), "no variable absent");
	ebpf_object__close(obj);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_an_object_file),
		cmocka_unit_test(not_an_elf_file),
		cmocka_unit_test(other_kinds_of_elf),
		cmocka_unit_test(cut_at_every_64th_byte),
		cmocka_unit_test(random_byte_flips),
		cmocka_unit_test(random_flips_of_tables),
		cmocka_unit_test(impossible_symbols),
		cmocka_unit_test(absurd_sizes),
		cmocka_unit_test(too_much_map_memory),
		cmocka_unit_test(impossible_relocations),
		cmocka_unit_test(impossible_initialisers),
		cmocka_unit_test(what_only_one_program_needs),
		cmocka_unit_test(impossible_core_relocations),
		cmocka_unit_test(unknown_programs),
		cmocka_unit_test(maps_of_other_objects),
		cmocka_unit_test(unsupported_map_type),
		cmocka_unit_test(maps_come_before_programs),
	};

	sample_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
