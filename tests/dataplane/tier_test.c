/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tier_test.c -- programs begin to run at once, are compiled one after the other, and stay where
 * they are if the compiler fails.
 *
 * Compilers are shell scripts around the right one, the test's argument: $REAL.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "assembled.h"
#include "dataplane.h"
#include "mbuf-driver.h"

#define WAIT_FOR_IT "until [ -e $SIGN ]; do sleep 0.01; done; exec \"$REAL\" \"$@\""

static char folder[] = "/tmp/tier-test.XXXXXX", script[64], sign[64], cache[64];

static int set_up(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(script, sizeof(script), "%s/compiler", folder);
	snprintf(sign, sizeof(sign), "%s/sign", folder);
	snprintf(cache, sizeof(cache), "%s/cache", folder);
	setenv("SIGN", sign, 1);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

struct test {
	struct ebpf_instance *inst;
	struct tiers *tiers;
	struct ebpf_program *prog[4];
	struct tier *tier[4];
	unsigned n;
};

/* Programs 0, 1, ... return 0, 1, ... */
static struct test open_test(const char *lines, unsigned n, const char *cache_dir)
{
	struct ebpf_compiler compiler = {.path = script};
	struct ebpf_instance_opts opts = {.compiler = &compiler, .cache_dir = cache_dir};
	struct test t = {.n = n};
	FILE *f = fopen(script, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", lines);
	fclose(f);
	assert_int_equal(chmod(script, 0755), 0);
	unlink(sign);
	t.inst = ebpf_instance__create(&opts, NULL);
	assert_non_null(t.inst);
	t.tiers = tiers__create(t.inst);
	assert_non_null(t.tiers);
	for (unsigned i = 0; i < n; i++) {
		char text[64];

		snprintf(text, sizeof(text), "mov %%r0, %u\nexit\n", i);
		t.prog[i] = assembled__load(t.inst, text, NULL);
	}
	return t;
}

static void start(struct test *t, enum tier_engine engine)
{
	char *err = NULL;

	for (unsigned i = 0; i < t->n; i++) {
		t->tier[i] = tier__start(t->tiers, t->prog[i], mbuf_driver(), engine, &err);
		if (!t->tier[i])
			fail_msg("%s", err);
	}
}

static void close_test(struct test *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		tier__release(t->tier[i]);
		ebpf_program__unref(t->prog[i]);
	}
	tiers__destroy(t->tiers);
	ebpf_instance__destroy(t->inst);
}

static void give_sign(void)
{
	close(open(sign, O_CREAT | O_WRONLY, 0600));
}

/* The program is in this state, and runs right in this engine. words: of the reason, or NULL. */
static void assert_is(
	struct test *t, unsigned i, enum tier_state state, const char *engine, const char *words)
{
	struct tier_status s = tier__status(t->tier[i]);
	const struct ebpf_code *code = ebpf_program__code(t->prog[i]);
	struct ebpf_xdp_ctx ctx = {0};
	struct ebpf_env env;

	assert_string_equal(tier_state__text(s.state), tier_state__text(state));
	assert_string_equal(code->backend, engine);
	assert_non_null(code->driver);
	ebpf_env__init(&env, t->inst, 0);
	assert_int_equal(ebpf_program__run(t->prog[i], &env, &ctx), i);
	if (!words)
		assert_null(s.why);
	else if (!s.why || !strstr(s.why, words))
		fail_msg("no \"%s\" in: %s", words, s.why ? s.why : "(nothing)");
	free(s.why);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void programs_run_while_they_are_compiled(void **state)
{
	struct test t = open_test(WAIT_FOR_IT, 4, NULL);

	start(&t, TIER_AUTO);
	for (unsigned i = 0; i < t.n; i++)
		assert_is(&t, i, TIER_COMPILING, "interp", NULL);
	give_sign();
	for (unsigned i = 0; i < t.n; i++) {
		tier__wait(t.tier[i]);
		assert_is(&t, i, TIER_COMPILED, "llvm", NULL);
		assert_true(tier__status(t.tier[i]).ns > 1000000);
		assert_false(tier__status(t.tier[i]).from_cache);
	}
	close_test(&t);
}

static void some_are_not_to_be_compiled(void **state)
{
	struct test t = open_test("kill -9 $$", 1, NULL);

	start(&t, TIER_INTERP);
	tier__wait(t.tier[0]);
	assert_is(&t, 0, TIER_INTERPRETED, "interp", NULL);
	close_test(&t);
}

static void some_are_compiled_first(void **state)
{
	struct test t = open_test("exec \"$REAL\" \"$@\"", 1, NULL);

	start(&t, TIER_LLVM);
	assert_is(&t, 0, TIER_COMPILED, "llvm", NULL);
	close_test(&t);
}

static void or_not_at_all(void **state)
{
	struct test t = open_test("kill -9 $$", 1, NULL);
	char *err = NULL;

	assert_null(tier__start(t.tiers, t.prog[0], mbuf_driver(), TIER_LLVM, &err));
	assert_non_null(strstr(err, "died of signal 9"));
	assert_string_equal(ebpf_program__code(t.prog[0])->backend, "interp");
	free(err);
	close_test(&t);
}

/* The first dies, the others work. */
static void a_failure_costs_one_compilation(void **state)
{
	struct test t = open_test("[ -e $SIGN ] || { touch $SIGN; kill -9 $$; }\n"
				  "exec \"$REAL\" \"$@\"",
		3, NULL);

	start(&t, TIER_AUTO);
	for (unsigned i = 0; i < t.n; i++)
		tier__wait(t.tier[i]);
	assert_is(&t, 0, TIER_FAILED, "interp", "test: the compiler");
	assert_is(&t, 0, TIER_FAILED, "interp", "died of signal 9, Killed");
	assert_is(&t, 1, TIER_COMPILED, "llvm", NULL);
	assert_is(&t, 2, TIER_COMPILED, "llvm", NULL);
	close_test(&t);
}

static void what_was_compiled_before_starts_compiled(void **state)
{
	struct test t = open_test("exec \"$REAL\" \"$@\"", 2, cache);

	start(&t, TIER_AUTO);
	for (unsigned i = 0; i < t.n; i++) {
		tier__wait(t.tier[i]);
		assert_is(&t, i, TIER_COMPILED, "llvm", NULL);
	}
	close_test(&t);
	t = open_test("kill -9 $$", 3, cache);
	start(&t, TIER_AUTO);
	assert_is(&t, 0, TIER_COMPILED, "llvm", NULL);
	assert_is(&t, 1, TIER_COMPILED, "llvm", NULL);
	assert_true(tier__status(t.tier[1]).from_cache);
	tier__wait(t.tier[2]);
	assert_is(&t, 2, TIER_FAILED, "interp", "died");
	close_test(&t);
}

/* An owner may let go of a program that is being compiled, and of one that waits for that. */
static void nobody_waits_for_what_nobody_wants(void **state)
{
	struct test t = open_test(WAIT_FOR_IT, 4, NULL);
	int64_t since = now_ms();

	start(&t, TIER_AUTO);
	usleep(100000);
	for (unsigned i = 0; i < 3; i++) {
		tier__release(t.tier[i]);
		ebpf_program__unref(t.prog[i]);
		t.tier[i] = NULL;
		t.prog[i] = NULL;
	}
	assert_in_range(now_ms() - since, 0, 5000);
	give_sign();
	tier__wait(t.tier[3]);
	assert_is(&t, 3, TIER_COMPILED, "llvm", NULL);
	close_test(&t);
}

static void a_stop_does_not_wait(void **state)
{
	struct test t = open_test("exec sleep 1000", 4, NULL);
	int64_t since;

	start(&t, TIER_AUTO);
	usleep(100000);
	since = now_ms();
	tiers__stop(t.tiers);
	assert_in_range(now_ms() - since, 0, 5000);
	for (unsigned i = 0; i < t.n; i++)
		assert_is(&t, i, TIER_INTERPRETED, "interp", NULL);
	tier__release(t.tier[0]);
	t.tier[0] = tier__start(t.tiers, t.prog[0], mbuf_driver(), TIER_AUTO, NULL);
	assert_non_null(t.tier[0]);
	assert_is(&t, 0, TIER_INTERPRETED, "interp", NULL);
	tiers__stop(t.tiers);
	close_test(&t);
}

/* An interpreted program that is put where a compiled one redirects to. */
static void programs_that_are_put_into_maps_follow(void **state)
{
	static const struct ebpf_map_opts opts = {.name = "ports",
		.type = BPF_MAP_TYPE_DEVMAP,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 4};
	static const struct ebpf_insn passing[] = {
		{.opcode = 0xb7, .imm = XDP_PASS}, {.opcode = 0x95}};
	static const struct ebpf_program_spec spec = {
		.name = "there", .type = EBPF_PROGRAM_XDP_DEVMAP, .insns = passing, .n_insns = 2};
	struct test t = open_test("exec \"$REAL\" \"$@\"", 0, NULL);
	struct ebpf_map *map = ebpf_map__create(t.inst, &opts, NULL);
	struct ebpf_program *there = ebpf_program__load(t.inst, &spec, NULL, NULL);
	int64_t end = now_ms() + 20000;

	t.prog[0] = assembled__load(
		t.inst, "lddw %r1, map_by_idx(0)\nmov %r2, 0\nmov %r3, 0\ncall 51\nexit\n", map);
	t.n = 1;
	start(&t, TIER_AUTO);
	tier__wait(t.tier[0]);
	assert_int_equal(ebpf_map__set_target(map, 0, 2, there, BPF_ANY), 0);
	assert_string_equal(ebpf_program__code(there)->backend, "interp");
	tier__revisit(t.tier[0]);
	while (strcmp(ebpf_program__code(there)->backend, "llvm") && now_ms() < end)
		sched_yield();
	assert_string_equal(ebpf_program__code(there)->backend, "llvm");
	assert_non_null(ebpf_program__code(there)->driver);
	ebpf_map__unref(map);
	ebpf_program__unref(there);
	close_test(&t);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_run_while_they_are_compiled),
		cmocka_unit_test(some_are_not_to_be_compiled),
		cmocka_unit_test(some_are_compiled_first),
		cmocka_unit_test(or_not_at_all),
		cmocka_unit_test(a_failure_costs_one_compilation),
		cmocka_unit_test(what_was_compiled_before_starts_compiled),
		cmocka_unit_test(nobody_waits_for_what_nobody_wants),
		cmocka_unit_test(a_stop_does_not_wait),
		cmocka_unit_test(programs_that_are_put_into_maps_follow),
	};

	if (argc != 2)
		return 2;
	setenv("REAL", argv[1], 1);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
