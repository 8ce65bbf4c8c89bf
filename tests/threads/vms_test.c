/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vms_test.c -- eight threads that create, load, compile, run and destroy, on every backend of the
 * build: VMs and XDP programs of their own, images that all of them have, and one VM that all of
 * them run first.
 *
 * Images are made by a build with LLVM. It leaves them in the folder XDPK_THREAD_IMAGES, where one
 * without, for ThreadSanitizer, finds them.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crowd.h"
#include "ebpf-image.h"
#include "ebpf-vm.h"

#define N_USERS 8

static const char *const backends[] = {
	"interp",
#ifdef HAVE_LLVM
	"llvm",
#endif
#ifdef HAVE_RTE
	"rte",
#endif
};
#define N_BACKENDS (sizeof(backends) / sizeof(backends[0]))

static atomic_uint wrong;
static atomic_ulong rounds;

/* What is not so is counted, and told where it is. */
static bool is_so(bool so, const char *what)
{
	if (!so && !wrong++)
		fprintf(stderr, "not so: %s\n", what);
	return so;
}
#define SO(condition) is_so(condition, #condition)

static uint64_t plus(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return a + b;
}

/* r0 = r1's 64-bit word + n, which librte_bpf can do, too. */
static void make_sum(struct ebpf_insn code[3], uint32_t n)
{
	code[0] = (struct ebpf_insn){.opcode = 0x79, .dst = 0, .src = 1};
	code[1] = (struct ebpf_insn){.opcode = 0x07, .dst = 0, .imm = (int32_t)n};
	code[2] = (struct ebpf_insn){.opcode = 0x95};
}

static void run_sum(struct ebpf_vm *vm, uint64_t n)
{
	uint64_t word = 1000, result;
	struct ebpf_fault f;

	SO(!ebpf_exec(vm, &word, sizeof(word), &result) && result == word + n);
	SO(ebpf_last_fault(vm, &f) == -ENOENT);
	SO(ebpf_exec(vm, &word, sizeof(word) - 1, &result) == -EFAULT);
	SO(!ebpf_last_fault(vm, &f) && f.reason == EBPF_FAULT_ACCESS && f.insn == 0);
}

static void compile_sum(struct ebpf_vm *vm, uint64_t n)
{
	char *why = NULL;
	ebpf_jit_fn fn = ebpf_compile(vm, &why);
	uint64_t word = 5;

	if (strcmp(ebpf_get_vm_name(vm), "interp") != 0)
		SO(fn && fn(&word, sizeof(word)) == word + n);
	else
		SO(!fn && why);
	free(why);
}

/* r0 = helper 1 of (n, n) */
static void call_helper(struct ebpf_vm *vm, uint32_t n)
{
	const struct ebpf_insn code[] = {{.opcode = 0xb7, .dst = 1, .imm = (int32_t)n},
		{.opcode = 0xbf, .dst = 2, .src = 1}, {.opcode = 0x85, .imm = 1}, {.opcode = 0x95}};
	bool can = strcmp(ebpf_get_vm_name(vm), "rte") != 0;
	uint64_t result;

	SO(!ebpf_load(vm, code, sizeof(code), NULL));
	if (can)
		SO(!ebpf_exec(vm, NULL, 0, &result) && result == 2 * n);
	else
		SO(ebpf_exec(vm, NULL, 0, &result) == -ENOTSUP);
	ebpf_unload_code(vm);
}

/* Another VM, without a compiler, runs what this one compiles. */
static void hand_over(struct ebpf_vm *vm, uint64_t n)
{
	struct ebpf_vm *other = ebpf_create("interp");
	uint8_t *elf = NULL;
	size_t size;

	SO(other && !ebpf_register(other, 1, "plus", plus));
	if (SO(other && !ebpf_aot_compile(vm, NULL, &elf, &size)) &&
		SO(!ebpf_aot_load(other, elf, size, NULL)))
		run_sum(other, n);
	free(elf);
	ebpf_destroy(other);
}

static void use_vm(struct thread *t)
{
	const char *backend = backends[below(t, N_BACKENDS)];
	struct ebpf_vm *vm = ebpf_create(backend);
	uint32_t n = below(t, 100000);
	struct ebpf_insn code[3];
	char *why = NULL;

	if (!SO(vm))
		return;
	make_sum(code, n);
	SO(!ebpf_set_pointer_secret(vm, below(t, 2) * UINT64_C(0x9e3779b97f4a7c15)));
	SO(!ebpf_register(vm, 1, "plus", plus));
	SO(ebpf_load(vm, code, 13, &why) == -EINVAL && why);
	free(why);
	SO(!ebpf_load(vm, code, sizeof(code), NULL));
	if (below(t, 2))
		compile_sum(vm, n);
	run_sum(vm, n);
	if (!strcmp(backend, "llvm") && below(t, 2))
		hand_over(vm, n);
	ebpf_unload_code(vm);
	call_helper(vm, n);
	ebpf_destroy(vm);
}

#define SUM_OF_IMAGE 7

/* Empty: there is none. */
static struct image {
	const char *file;
	uint8_t *bytes;
	size_t size;
} sum_image = {.file = "sum.image.o"}, counter_image = {.file = "counter.image.o"};
static struct ebpf_image *counter; /* the second, opened */

static void use_image(struct thread *t)
{
	struct ebpf_vm *vm = ebpf_create("interp");

	if (SO(vm) && SO(!ebpf_aot_load(vm, sum_image.bytes, sum_image.size, NULL)))
		run_sum(vm, SUM_OF_IMAGE);
	ebpf_destroy(vm);
}

/* An XDP program that counts in an array, in an instance of the thread's own. */
static struct ebpf_program *load_counter(
	struct ebpf_instance *own, struct ebpf_map *counts, struct ebpf_image *image)
{
	const struct ebpf_insn code[] = {
		{.opcode = 0x18, .dst = 1, .src = BPF_PSEUDO_MAP_IDX_VALUE},
		{0}, /* r1 = value */
		{.opcode = 0xb7, .dst = 0, .imm = XDP_DROP},
		{.opcode = 0xdb, .dst = 1, .src = 0}, /* lock *(u64 *)r1 += r0 */
		{.opcode = 0x95},
	};
	struct ebpf_program_spec spec = {.name = "counter",
		.type = EBPF_PROGRAM_XDP,
		.insns = code,
		.n_insns = sizeof(code) / sizeof(code[0]),
		.maps = &counts,
		.n_maps = 1,
		.image = image};

	return ebpf_program__load(own, &spec, NULL, NULL);
}

static void run_counter(struct ebpf_instance *own, struct ebpf_program *prog)
{
	uint8_t packet[64] = {0};
	struct ebpf_xdp_ctx ctx = {
		.data = packet, .data_meta = packet, .data_end = packet + sizeof(packet)};
	struct ebpf_env env;

	ebpf_env__init(&env, own, 0);
	SO(ebpf_program__run(prog, &env, &ctx) == XDP_DROP);
}

static struct ebpf_map *make_counts(struct ebpf_instance *own)
{
	struct ebpf_map_opts opts = {.name = "counts",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1};

	return ebpf_map__create(own, &opts, NULL);
}

/* What an image has code for is not compiled. */
static bool has_code(struct thread *t, const struct ebpf_image *image)
{
#ifdef HAVE_LLVM
	return image || !below(t, 4);
#else
	return image;
#endif
}

static void use_program(struct thread *t)
{
	struct ebpf_image *image = below(t, 2) ? counter : NULL;
	struct ebpf_instance *own =
		ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, NULL);
	struct ebpf_map *counts = own ? make_counts(own) : NULL;
	struct ebpf_program *prog = counts ? load_counter(own, counts, image) : NULL;
	uint64_t expected = 0, found;
	uint32_t key = 0;

	if (SO(prog)) {
		run_counter(own, prog);
		expected = XDP_DROP;
		if (has_code(t, image)) {
			const struct ebpf_code *code =
				ebpf_program__compile(prog, "llvm", NULL, NULL);

			if (SO(code))
				ebpf_program__install(prog, code);
			run_counter(own, prog);
			expected += XDP_DROP;
		}
		SO(!ebpf_map__lookup(counts, &key, &found) && found == expected);
	}
	ebpf_program__unref(prog);
	ebpf_map__unref(counts);
	ebpf_instance__destroy(own);
}

static void *user(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		if (below(t, 2))
			use_program(t);
		else if (sum_image.bytes && below(t, 2))
			use_image(t);
		else
			use_vm(t);
		rounds++;
	}
	return NULL;
}

static void crowd_of_users(void *(*role)(void *), void (*meanwhile)(void))
{
	struct thread users[N_USERS];

	time_is_up = false;
	wrong = 0;
	rounds = 0;
	for (uint32_t n = 0; n < N_USERS; n++) {
		users[n] = (struct thread){.number = n, .random = 88172645463325252u + n * 7919};
		assert_int_equal(pthread_create(&users[n].id, NULL, role, &users[n]), 0);
	}
	meanwhile();
	for (uint32_t n = 0; n < N_USERS; n++)
		pthread_join(users[n].id, NULL);
	assert_int_equal(wrong, 0);
	assert_true(rounds >= N_USERS);
	printf("%lu rounds\n", (unsigned long)rounds);
}

static void wait_and_stop(void)
{
	wait_for_the_end();
	time_is_up = true;
}

static void vms_of_their_own(void **state)
{
	crowd_of_users(user, wait_and_stop);
}

static struct ebpf_vm *shared;
static pthread_barrier_t ready, done;

/* Whoever is first compiles. Regions come and go meanwhile. */
static void *first_runner(void *arg)
{
	uint64_t own[2];

	for (;;) {
		pthread_barrier_wait(&ready);
		if (!shared)
			return NULL;
		SO(!ebpf_add_region(shared, own, sizeof(own), true));
		run_sum(shared, 7);
		SO(!ebpf_remove_region(shared, own));
		rounds++;
		pthread_barrier_wait(&done);
	}
}

static void *stop_after_a_while(void *arg)
{
	wait_and_stop();
	return NULL;
}

static void make_shared(void)
{
	struct ebpf_insn code[3];
	pthread_t clock;

	make_sum(code, 7);
	assert_int_equal(pthread_create(&clock, NULL, stop_after_a_while, NULL), 0);
	for (unsigned i = 0; i < N_BACKENDS || !time_is_up; i++) {
		shared = ebpf_create(backends[i % N_BACKENDS]);
		assert_non_null(shared);
		assert_int_equal(ebpf_load(shared, code, sizeof(code), NULL), 0);
		pthread_barrier_wait(&ready);
		pthread_barrier_wait(&done);
		ebpf_destroy(shared);
	}
	shared = NULL;
	pthread_barrier_wait(&ready);
	pthread_join(clock, NULL);
}

static void one_vm_that_all_run_first(void **state)
{
	pthread_barrier_init(&ready, NULL, N_USERS + 1);
	pthread_barrier_init(&done, NULL, N_USERS + 1);
	crowd_of_users(first_runner, make_shared);
	pthread_barrier_destroy(&ready);
	pthread_barrier_destroy(&done);
}

/* --- images -------------------------------------------------------------------------------- */

#ifdef HAVE_LLVM
static void make_sum_image(void)
{
	struct ebpf_vm *vm = ebpf_create("llvm");
	struct ebpf_insn code[3];

	assert_non_null(vm);
	make_sum(code, SUM_OF_IMAGE);
	assert_int_equal(ebpf_load(vm, code, sizeof(code), NULL), 0);
	assert_int_equal(ebpf_aot_compile(vm, NULL, &sum_image.bytes, &sum_image.size), 0);
	ebpf_destroy(vm);
}

static void make_counter_image(void)
{
	const struct ebpf_image_source source = {
		.kind = EBPF_IMAGE_OBJECT, .name = "none.o", .bytes = "", .size = 0};
	struct ebpf_instance *own = ebpf_instance__create(NULL, NULL);
	struct ebpf_map *counts = make_counts(own);
	struct ebpf_program *prog = load_counter(own, counts, NULL);
	struct ebpf_image_writer *w = ebpf_image_writer__create(&source, NULL);

	assert_int_equal(ebpf_image_writer__add(w, prog, NULL, "native", NULL), 0);
	assert_int_equal(
		ebpf_image_writer__finish(w, NULL, &counter_image.bytes, &counter_image.size, NULL),
		0);
	ebpf_image_writer__destroy(w);
	ebpf_program__unref(prog);
	ebpf_map__unref(counts);
	ebpf_instance__destroy(own);
}
#endif

/* The file of it in that folder. */
static FILE *open_file(const char *folder, const struct image *img, const char *how)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, img->file);
	f = fopen(path, how);
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	return f;
}

#ifdef HAVE_LLVM
static void keep(const char *folder, const struct image *img)
{
	FILE *f = open_file(folder, img, "wb");

	assert_int_equal(fwrite(img->bytes, 1, img->size, f), img->size);
	assert_int_equal(fclose(f), 0);
}
#else
static void find(const char *folder, struct image *img)
{
	FILE *f = open_file(folder, img, "rb");

	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	img->size = (size_t)ftell(f);
	rewind(f);
	img->bytes = malloc(img->size);
	assert_non_null(img->bytes);
	assert_int_equal(fread(img->bytes, 1, img->size, f), img->size);
	fclose(f);
}
#endif

static int get_images(void **state)
{
	const char *folder = getenv("XDPK_THREAD_IMAGES");
	char *why = NULL;

#ifdef HAVE_LLVM
	make_sum_image();
	make_counter_image();
	if (folder) {
		keep(folder, &sum_image);
		keep(folder, &counter_image);
	}
#else
	if (!folder)
		return printf("without images: XDPK_THREAD_IMAGES names no folder\n") < 0;
	find(folder, &sum_image);
	find(folder, &counter_image);
#endif
	counter = ebpf_image__open(counter_image.bytes, counter_image.size, NULL, &why);
	if (!counter)
		fail_msg("%s", why);
	return 0;
}

static int drop_images(void **state)
{
	ebpf_image__unref(counter);
	free(counter_image.bytes);
	free(sum_image.bytes);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vms_of_their_own),
		cmocka_unit_test(one_vm_that_all_run_first),
	};

	return cmocka_run_group_tests(tests, get_images, drop_images);
}
