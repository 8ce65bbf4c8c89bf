/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel_test.c -- a program as a kernel does what the interpreter does with it: verdicts, bytes,
 * targets of redirects, maps.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"
#include "launch.h"
#include "object.h"
#include "packets.h"

#define ROUNDS 40

/* A program with maps of its own. */
struct subject {
	struct ebpf_instance *inst;
	struct ebpf_object *obj;
	struct ebpf_program *prog;
	struct ebpf_env env;
};

static void subject__open(struct subject *s, const char *name, const char *init)
{
	char path[512], init_path[512], *err = NULL;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", SAMPLES, name);
	snprintf(init_path, sizeof(init_path), "%s/%s", CONFIGS, init ? init : "");
	s->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 2}, &err);
	assert_non_null(s->inst);
	s->obj = ebpf_object__open(path, &err);
	if (!s->obj || ebpf_object__set_up(s->obj, s->inst, init ? init_path : NULL, &err))
		fail_msg("%s", err);
	s->prog = ebpf_object__load_program(
		s->obj, ebpf_object__find_program(s->obj, NULL, &err)->name, NULL, &err);
	if (!s->prog)
		fail_msg("%s", err);
	ebpf_env__init(&s->env, s->inst, 0);
}

static void subject__close(struct subject *s)
{
	ebpf_program__unref(s->prog);
	ebpf_object__close(s->obj);
	ebpf_instance__destroy(s->inst);
}

static void expect_same_map(struct ebpf_map *a, struct ebpf_map *b)
{
	const struct ebpf_map_opts *opts = ebpf_map__opts(a);
	size_t size = ebpf_map__value_bytes(a);
	uint8_t *key = malloc(opts->key_size), *va = malloc(size), *vb = malloc(size);

	assert_true(key && va && vb);
	assert_int_equal(ebpf_map__count(a), ebpf_map__count(b));
	for (int err = ebpf_map__next_key(a, NULL, key); !err;
		err = ebpf_map__next_key(a, key, key)) {
		int found = ebpf_map__lookup(a, key, va);

		assert_int_equal(ebpf_map__lookup(b, key, vb), found);
		if (!found && memcmp(va, vb, size))
			fail_msg("map %s differs", opts->name);
	}
	free(key);
	free(va);
	free(vb);
}

static void expect_same_maps(const struct subject *a, const struct subject *b)
{
	for (size_t i = 0; i < ebpf_object__n_maps(a->obj); i++)
		expect_same_map(ebpf_object__map(a->obj, i), ebpf_object__map(b->obj, i));
}

static void expect_same_packet(const struct launch_packet *a, const struct launch_packet *b)
{
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->len, b->len);
	assert_int_equal(a->data - a->buf, b->data - b->buf);
	assert_memory_equal(a->data, b->data, a->len);
	assert_int_equal(a->redirect.kind, b->redirect.kind);
	if (a->redirect.kind)
		assert_int_equal(a->redirect.target, b->redirect.target);
}

static uint32_t make_packets(struct launch_packet *packets, uint32_t round)
{
	static struct packet made;
	uint32_t n = 0;

	for (const struct packet_kind *k = packet_kinds; k->name && n < LAUNCH_BATCH; k++) {
		memset(&made, 0, sizeof(made));
		k->build(&made, round, 16);
		if (made.len >= 14 && made.len <= 2048)
			launch_packet__fill(&packets[n++], made.data, made.len);
	}
	return n;
}

/* What a kernel must have judged itself, in hundredths of all. */
struct sample {
	const char *name, *init;
	uint32_t judged;
};

static void test_sample(void **state)
{
	static struct launch_packet ours[LAUNCH_BATCH], theirs[LAUNCH_BATCH];
	const struct sample *sample = *state;
	uint32_t all = 0, judged = 0;
	struct subject kernel, interp;
	struct launcher l;
	char *err = NULL;

	subject__open(&kernel, sample->name, sample->init);
	subject__open(&interp, sample->name, sample->init);
	if (!launcher__open(&l, kernel.inst, kernel.prog, &err))
		fail_msg("%s", err);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t n = make_packets(ours, round);

		make_packets(theirs, round);
		launcher__refresh(&l);
		launcher__run(&l, ours, n, l.info->window);
		for (uint32_t i = 0; i < n; i++) {
			launch__on_cpu(interp.prog, &interp.env, &theirs[i]);
			expect_same_packet(&ours[i], &theirs[i]);
			judged += !ours[i].again;
		}
		all += n;
		expect_same_maps(&kernel, &interp);
	}
	if (judged * 100 < all * sample->judged)
		fail_msg("the kernel judged only %u of %u packets", judged, all);
	launcher__close(&l);
	subject__close(&kernel);
	subject__close(&interp);
}

int main(void)
{
	static const struct sample samples[] = {
		{"mac-swap", NULL, 100},
		{"encap", NULL, 100},
		{"route", "route.init", 100},
		{"decap", "decap.init", 100},
		{"checksum", NULL, 100},
		{"firewall", "firewall.init", 100},
		{"count", NULL, 60},
		{"redirect", "redirect.init", 100},
		{"scan", NULL, 100},
		{"mix", NULL, 100},
		{"too-big", "too-big.init", 50},
		{"mss-clamp", "mss-clamp.init", 50},
	};
	struct CMUnitTest tests[sizeof(samples) / sizeof(samples[0])];
	size_t n = sizeof(samples) / sizeof(samples[0]);

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){.name = samples[i].name,
			.test_func = test_sample,
			.initial_state = (void *)&samples[i]};
	return _cmocka_run_group_tests(
		"kernels do what the interpreter does", tests, n, NULL, NULL);
}
