/* SPDX-License-Identifier: BSD-3-Clause
 *
 * image_test.c -- images of raw programs: what they compute, and what is said of those that do not
 * fit, are damaged, or bear no signature that is accepted.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ebpf-image.h"
#include "image/image.h"
#include "isa/isa.h"
#include "native/elf-object.h"
#include "native/native.h"

static const char sum_of_bytes[] = "mov %r0, 0\n"
				   "again: jeq %r2, 0, done\n"
				   "ldxb %r3, [%r1]\n"
				   "add %r0, %r3\n"
				   "add %r1, 1\n"
				   "sub %r2, 1\n"
				   "ja again\n"
				   "done: call 7\n"
				   "exit\n";

static uint64_t answer(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	return 42;
}

struct image {
	uint8_t *bytes;
	size_t size;
};

static struct ebpf_vm *create(const char *backend)
{
	struct ebpf_vm *vm = ebpf_create(backend);

	assert_non_null(vm);
	assert_int_equal(ebpf_register(vm, 7, "answer", answer), 0);
	return vm;
}

static void load_text(struct ebpf_vm *vm)
{
	struct ebpf_insn *insns;
	uint32_t n;

	assert_int_equal(isa__assemble(sum_of_bytes, &insns, &n, NULL), 0);
	assert_int_equal(ebpf_load(vm, insns, n * sizeof(*insns), NULL), 0);
	free(insns);
}

/* Destroys the VM. */
static struct image make_in(
	struct ebpf_vm *vm, const char *cpu, const struct ebpf_image_signer *signer)
{
	struct ebpf_aot_options opts = {.size = sizeof(opts), .cpu = cpu, .signer = signer};
	struct image img;

	load_text(vm);
	assert_int_equal(ebpf_aot_compile(vm, &opts, &img.bytes, &img.size), 0);
	ebpf_destroy(vm);
	return img;
}

static struct image make(const char *cpu)
{
	return make_in(create("llvm"), cpu, NULL);
}

static void assert_refused_by(
	struct ebpf_vm *vm, const struct image *img, size_t size, int err, const char *words)
{
	char *why;

	assert_int_equal(ebpf_aot_load(vm, img->bytes, size, &why), err);
	assert_non_null(why);
	if (!strstr(why, words))
		fail_msg("\"%s\" does not say \"%s\"", why, words);
	free(why);
}

static void assert_refused(const struct image *img, size_t size, int err, const char *words)
{
	struct ebpf_vm *vm = create("interp");

	assert_refused_by(vm, img, size, err, words);
	ebpf_destroy(vm);
}

static struct image_header *header_of(const struct image *img)
{
	return (void *)(img->bytes + sizeof(Elf64_Ehdr));
}

/* As who damages an image on purpose would. */
static void sum_again(struct image *img)
{
	header_of(img)->checksum = image__checksum(img->bytes, header_of(img)->size);
}

static void *section(const struct image *img, const char *prefix)
{
	struct elf_object obj;

	assert_int_equal(elf_object__open(&obj, img->bytes, img->size, NULL), 0);
	for (uint32_t i = 0; i < obj.n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(&obj, i);

		if (!strncmp(elf_object__section_name(&obj, &sh), prefix, strlen(prefix)))
			return img->bytes + sh.sh_offset;
	}
	fail_msg("there is no section %s", prefix);
	return NULL;
}

/* --- */

static uint64_t run_image(const char *backend, const struct image *img)
{
	uint8_t bytes[] = {1, 2, 3, 4};
	struct ebpf_vm *vm = create(backend);
	uint64_t result = 0;
	ebpf_jit_fn jit;

	assert_int_equal(ebpf_aot_load(vm, img->bytes, img->size, NULL), 0);
	assert_int_equal(ebpf_exec(vm, bytes, sizeof(bytes), &result), 0);
	jit = ebpf_compile(vm, NULL);
	assert_non_null(jit);
	assert_int_equal(jit(bytes, sizeof(bytes)), result);
	ebpf_destroy(vm);
	return result;
}

static void runs_on_every_backend(void **state)
{
	static const char *const cpus[] = {"native", "x86-64", "x86-64-v2"};

	for (size_t i = 0; i < 3; i++) {
		struct image img = make(cpus[i]);

		assert_int_equal(run_image("interp", &img), 42);
		assert_int_equal(run_image("llvm", &img), 42);
		free(img.bytes);
	}
}

static double microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static bool resolve(void *user, const char *symbol, uint64_t *address)
{
	if (!native_symbols__find(symbol, address))
		*address = (uintptr_t)answer;
	return true;
}

/* What of that takes the object alone, mapped and relocated. */
static double load_object(const struct image *file)
{
	struct ebpf_image *img = ebpf_image__open(file->bytes, file->size, NULL, NULL);
	const struct image_part *part;
	struct native_image *loaded;
	double start, us;

	assert_non_null(img);
	part = &img->parts[0];
	start = microseconds();
	loaded = native_image__load("sum", part->object, part->is.size, resolve, NULL, NULL);
	us = microseconds() - start;
	assert_non_null(loaded);
	native_image__unload(loaded);
	ebpf_image__unref(img);
	return us;
}

static void loads_at_once(void **state)
{
	struct image img = make("native");
	struct ebpf_vm *vm = create("interp");
	double best = 1e9, best_object = 1e9, start, us;

	for (int i = 0; i < 100; i++) {
		start = microseconds();
		assert_int_equal(ebpf_aot_load(vm, img.bytes, img.size, NULL), 0);
		us = microseconds() - start;
		best = us < best ? us : best;
		ebpf_unload_code(vm);
		us = load_object(&img);
		best_object = us < best_object ? us : best_object;
	}
	printf("an image of %zu bytes is opened, verified, mapped and bound in %.1f us, of which "
	       "mapping and relocating its object are %.1f\n",
		img.size, best, best_object);
	ebpf_destroy(vm);
	free(img.bytes);
}

static void what_is_cut_off_or_damaged_is_refused(void **state)
{
	struct image img = make("native");

	assert_refused(&img, 20, -EINVAL, "no image");
	assert_refused(&img, 80, -EINVAL, "cut off");
	assert_refused(&img, img.size - 1, -EINVAL, "cut off: it has");
	for (size_t at = 144; at < img.size; at += 97) {
		img.bytes[at] ^= 0x40;
		assert_refused(&img, img.size, -EINVAL, "checksum");
		img.bytes[at] ^= 0x40;
	}
	header_of(&img)->format = 9;
	assert_refused(&img, img.size, -ENOEXEC, "format 9");
	free(img.bytes);
}

/* Whatever stands in it where the sum is right: refused, or run as before. */
static void what_is_forged_is_no_crash(void **state)
{
	struct image img = make("native");
	uint8_t *table = img.bytes + ((Elf64_Ehdr *)img.bytes)->e_shoff;
	unsigned refused = 0;

	for (size_t i = 0; i < ((Elf64_Ehdr *)img.bytes)->e_shnum * sizeof(Elf64_Shdr); i++) {
		struct ebpf_vm *vm = create("interp");

		table[i] ^= 0xff;
		sum_again(&img);
		refused += ebpf_aot_load(vm, img.bytes, img.size, NULL) != 0;
		table[i] ^= 0xff;
		ebpf_destroy(vm);
	}
	assert_true(refused > 50);
	free(img.bytes);
}

static void other_machines_are_named(void **state)
{
	struct image img = make("native");
	struct image_identity *identity = section(&img, IMAGE_SECTION_REQUEST);

	strcpy(header_of(&img)->version, "0.0.9");
	sum_again(&img);
	assert_refused(&img, img.size, -ENOEXEC, "made by version 0.0.9, this is");
	strcpy(header_of(&img)->version, XDPK_VERSION);
	header_of(&img)->layout ^= 1;
	sum_again(&img);
	assert_refused(&img, img.size, -ENOEXEC, "another build of version");
	header_of(&img)->layout ^= 1;
	identity->cpu.words[0] ^= 1;
	sum_again(&img);
	assert_refused(&img, img.size, -ENOEXEC, "the CPU that made it, and this is another");
	free(img.bytes);
}

static void other_options_are_named(void **state)
{
	static const struct ebpf_limits stack = {.stack_size = 256}, frames = {.frames = 4},
					budget = {.budget = 1000};
	struct image img = make("native");
	struct ebpf_vm *vm = create("interp");

	ebpf_toggle_bounds_check(vm, false);
	assert_refused_by(vm, &img, img.size, -ENOEXEC, "bounds checks");
	ebpf_toggle_bounds_check(vm, true);
	assert_int_equal(ebpf_set_limits(vm, &stack), 0);
	assert_refused_by(vm, &img, img.size, -ENOEXEC, "frames have 512 bytes");
	ebpf_destroy(vm);
	vm = create("interp");
	assert_int_equal(ebpf_set_limits(vm, &frames), 0);
	assert_refused_by(vm, &img, img.size, -ENOEXEC, "frames are allowed");
	ebpf_destroy(vm);
	vm = create("interp");
	assert_int_equal(ebpf_set_limits(vm, &budget), 0);
	assert_refused_by(vm, &img, img.size, -ENOEXEC, "budget");
	ebpf_destroy(vm);
	free(img.bytes);
}

/* The image's program calls helper 7, and could call helper 9. */
static void other_helpers_are_named(void **state)
{
	static const struct ebpf_helper_type type = {.arg[0].check = EBPF_CHECK_STRING};
	struct ebpf_vm *vm = create("llvm");
	struct image img;

	assert_int_equal(ebpf_register(vm, 9, "ninth", answer), 0);
	img = make_in(vm, NULL, NULL);
	vm = create("interp");
	assert_refused_by(vm, &img, img.size, -ENOEXEC,
		"helper 9 (ninth) was registered where the image was made, and is not here");
	assert_int_equal(ebpf_register(vm, 8, "another", answer), 0);
	assert_refused_by(vm, &img, img.size, -ENOEXEC, "helper 8 (another) was not registered");
	assert_int_equal(ebpf_unregister(vm, 8), 0);
	assert_int_equal(ebpf_register(vm, 9, "ninth", answer), 0);
	assert_int_equal(ebpf_aot_load(vm, img.bytes, img.size, NULL), 0);
	ebpf_unload_code(vm);
	assert_int_equal(ebpf_unregister(vm, 7), 0);
	assert_int_equal(ebpf_register(vm, 7, "thrice", answer), 0);
	assert_refused_by(vm, &img, img.size, -ENOEXEC, "is answer in the image and thrice here");
	assert_int_equal(ebpf_unregister(vm, 7), 0);
	assert_int_equal(ebpf_register_typed(vm, 7, "answer", answer, &type), 0);
	assert_refused_by(vm, &img, img.size, -ENOEXEC, "(answer) takes other arguments");
	ebpf_destroy(vm);
	free(img.bytes);
}

/* --- signatures */

static int sign(void *user, const void *bytes, size_t size, void *signature)
{
	uint64_t sum = *(uint64_t *)user;

	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + ((const uint8_t *)bytes)[i];
	memcpy(signature, &sum, sizeof(sum));
	return 0;
}

static int check(
	void *user, const void *bytes, size_t size, const void *signature, size_t signature_size)
{
	uint64_t sum;

	if (!signature || signature_size != sizeof(sum))
		return -EACCES;
	sign(user, bytes, size, &sum);
	return memcmp(&sum, signature, sizeof(sum)) ? -EACCES : 0;
}

static void signatures_are_asked_for(void **state)
{
	uint64_t key = 4711;
	struct ebpf_image_signer signer = {
		.signature_size = sizeof(key), .sign = sign, .user = &key};
	struct ebpf_image_check checker = {.check = check, .user = &key};
	struct image bare = make("native"), img = make_in(create("llvm"), "native", &signer);
	struct ebpf_vm *vm = create("interp");

	ebpf_set_aot_check(vm, &checker);
	assert_refused_by(vm, &bare, bare.size, -EACCES, "not signed");
	assert_int_equal(ebpf_aot_load(vm, img.bytes, img.size, NULL), 0);
	ebpf_unload_code(vm);
	img.bytes[img.size - 1] ^= 1;
	assert_refused_by(vm, &img, img.size, -EACCES, "signature is not accepted");
	img.bytes[img.size - 1] ^= 1;
	assert_refused_by(vm, &img, img.size - 1, -EINVAL, "beyond the end");
	key++;
	assert_refused_by(vm, &img, img.size, -EACCES, "signature is not accepted");
	ebpf_set_aot_check(vm, NULL);
	assert_int_equal(ebpf_aot_load(vm, img.bytes, img.size, NULL), 0);
	ebpf_destroy(vm);
	free(img.bytes);
	free(bare.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_on_every_backend),
		cmocka_unit_test(loads_at_once),
		cmocka_unit_test(what_is_cut_off_or_damaged_is_refused),
		cmocka_unit_test(what_is_forged_is_no_crash),
		cmocka_unit_test(other_machines_are_named),
		cmocka_unit_test(other_options_are_named),
		cmocka_unit_test(other_helpers_are_named),
		cmocka_unit_test(signatures_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
