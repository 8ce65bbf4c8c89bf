/* SPDX-License-Identifier: BSD-3-Clause
 *
 * image_fit_test.c -- an image of an XDP program is for that program with those maps: for the same
 * its code is used, and of every other a sentence says what is not the same.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assembled.h"
#include "ebpf-image.h"
#include "isa/isa.h"

/* What is not as where the image was made; all 0 is the same. */
struct change {
	uint32_t value_size, entries; /* more than there */
	uint64_t constant, layout;
	bool not_frozen, swapped, hash, locked, third_map, frags, code;
	const char *says;
};

struct place {
	struct ebpf_instance *inst;
	struct ebpf_map *maps[3];
	struct ebpf_program *prog;
	struct ebpf_driver driver;
};

/* The verdict is a constant in map 0. */
#define THE_VERDICT "lddw %r1, map_val(map_by_idx(0))\nldxdw %r0, [%r1]\n"
#define THE_END     "lddw %r1, map_by_idx(1)\nexit\n"

static struct ebpf_map *make_map(struct place *p, const char *name, struct ebpf_map_opts opts)
{
	struct ebpf_map *map;
	char *why = NULL;

	opts.name = name;
	opts.key_size = 4;
	map = ebpf_map__create(p->inst, &opts, &why);
	if (!map)
		fail_msg("%s", why);
	return map;
}

static void make_maps(struct place *p, const struct change *c)
{
	const struct ebpf_map_opts limits = {.type = BPF_MAP_TYPE_ARRAY,
		.flags = BPF_F_RDONLY_PROG,
		.value_size = 8,
		.max_entries = 1};
	const struct ebpf_map_opts counts = {
		.type = c->hash ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY,
		.value_size = 8 + c->value_size,
		.max_entries = 1 + c->entries,
		.lock_off = c->locked};
	uint64_t verdict = XDP_TX + c->constant;
	uint32_t zero = 0;

	p->maps[0] = make_map(p, c->swapped ? "counts" : "limits", limits);
	p->maps[1] = make_map(p, c->swapped ? "limits" : "counts", counts);
	p->maps[2] = make_map(p, "third", counts);
	assert_int_equal(ebpf_map__update(p->maps[0], &zero, &verdict, BPF_ANY), 0);
	if (!c->not_frozen)
		assert_int_equal(ebpf_map__freeze(p->maps[0]), 0);
}

static struct place open_place(const struct change *c, struct ebpf_image *img)
{
	struct place p = {.driver = assembled__driver()};
	struct ebpf_program_spec spec = {.name = "fitting",
		.type = EBPF_PROGRAM_XDP,
		.has_frags = c->frags,
		.maps = p.maps,
		.n_maps = c->third_map ? 3 : 2,
		.image = img};
	struct ebpf_insn *insns;
	char *why = NULL;

	p.driver.layout = 1 + c->layout;
	p.inst = ebpf_instance__create(NULL, NULL);
	assert_non_null(p.inst);
	make_maps(&p, c);
	assert_int_equal(
		isa__assemble(c->code ? THE_VERDICT THE_VERDICT THE_END : THE_VERDICT THE_END,
			&insns, &spec.n_insns, NULL),
		0);
	spec.insns = insns;
	p.prog = ebpf_program__load(p.inst, &spec, NULL, &why);
	if (!p.prog)
		fail_msg("%s", why);
	free(insns);
	return p;
}

static void close_place(struct place *p)
{
	ebpf_program__unref(p->prog);
	for (unsigned i = 0; i < 3; i++)
		ebpf_map__unref(p->maps[i]);
	ebpf_instance__destroy(p->inst);
}

static struct ebpf_image *make_image(void)
{
	struct ebpf_image_source source = {
		.kind = EBPF_IMAGE_OBJECT, .name = "none.o", .bytes = "", .size = 0};
	struct place p = open_place(&(struct change){0}, NULL);
	struct ebpf_image_writer *w = ebpf_image_writer__create(&source, NULL);
	struct ebpf_image *img;
	uint8_t *elf;
	size_t size;

	assert_non_null(w);
	assert_int_equal(ebpf_image_writer__add(w, p.prog, &p.driver, "native", NULL), 0);
	assert_int_equal(ebpf_image_writer__finish(w, NULL, &elf, &size, NULL), 0);
	img = ebpf_image__open(elf, size, NULL, NULL);
	assert_non_null(img);
	ebpf_image_writer__destroy(w);
	close_place(&p);
	free(elf);
	return img;
}

static void assert_fits(struct place *p, char *why, const struct ebpf_code *code)
{
	struct ebpf_xdp_ctx ctx = {0};
	struct ebpf_env env;

	if (!code)
		fail_msg("%s", why);
	ebpf_program__install(p->prog, code);
	ebpf_env__init(&env, p->inst, 0);
	assert_int_equal(ebpf_program__run(p->prog, &env, &ctx), XDP_TX);
}

static void every_difference_has_its_sentence(void **state)
{
	static const struct change changes[] = {
		{.says = NULL},
		{.swapped = true, .says = "the image has map limits where map counts is here"},
		{.constant = 1, .says = "constants in map limits have other values"},
		{.not_frozen = true, .says = "constants in map limits have other values"},
		{.value_size = 8, .says = "map counts has value_size 8 in the image and 16 here"},
		{.entries = 2, .says = "map counts has max_entries 1 in the image and 3 here"},
		{.hash = true, .says = "map counts is of type array in the image and hash here"},
		{.locked = true, .says = "map counts lies in memory otherwise"},
		{.third_map = true, .says = "the image has it with 2 maps, here it has 3"},
		{.frags = true, .says = "a program for another place"},
		{.code = true, .says = "with other instructions"},
		{.layout = 1, .says = "driver test has packets of another layout"},
	};
	struct ebpf_image *img = make_image();

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct place p = open_place(&changes[i], img);
		char *why = NULL;
		const struct ebpf_code *code =
			ebpf_program__compile(p.prog, "llvm", &p.driver, &why);

		if (!changes[i].says)
			assert_fits(&p, why, code);
		else if (code || !why || !strstr(why, changes[i].says))
			fail_msg("\"%s\" does not say \"%s\"", why ? why : "it fits",
				changes[i].says);
		free(why);
		close_place(&p);
	}
	ebpf_image__unref(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_difference_has_its_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
