/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_xdp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "pair.h"

static uint8_t ours_value[MAX_VALUES], theirs_value[MAX_VALUES];

uint32_t operations_wanted(void)
{
	const char *wanted = getenv("XDPK_OPERATIONS");

	return wanted ? (uint32_t)strtoul(wanted, NULL, 0) : 20000;
}

uint32_t pair__worker(void)
{
	cpu_set_t cpus;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	return (uint32_t)cpu;
}

struct ebpf_instance *pair__instance(void)
{
	struct ebpf_instance *inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = (uint32_t)libbpf_num_possible_cpus()},
		NULL);

	assert_non_null(inst);
	return inst;
}

static bool is_percpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool holds_maps(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* --- things that maps hold ------------------------------------------------------------------ */

static struct ebpf_map_opts opts_of(const struct shape *s, const struct ebpf_map_opts *inner)
{
	return (struct ebpf_map_opts){.name = "pair",
		.type = s->type,
		.key_size = s->key_size,
		.value_size = s->value_size,
		.max_entries = s->max_entries,
		.flags = s->flags,
		.inner = inner};
}

const struct shape inner_shape = {BPF_MAP_TYPE_HASH, 4, 8, 8, 0};

static struct thing make_inner(struct ebpf_instance *inst, uint32_t value_size)
{
	struct shape shape = inner_shape;
	struct ebpf_map_opts opts;
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	struct thing t = {0};

	shape.value_size = value_size;
	opts = opts_of(&shape, NULL);
	t.map = ebpf_map__create(inst, &opts, NULL);
	t.fd = kernel__create_map(shape.type, shape.key_size, value_size, shape.max_entries, 0);
	assert_true(t.map && t.fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(t.fd, &info, &size), 0);
	t.our_id = ebpf_map__id(t.map);
	t.their_id = info.id;
	return t;
}

/* An AF_XDP socket with a ring is all that the kernel's map wants. Here an entry is a port. */
static struct thing make_socket(uint32_t port)
{
	int entries = 64;
	struct thing t = {.our_id = port, .fd = socket(AF_XDP, SOCK_RAW, 0)};

	assert_true(t.fd >= 0);
	assert_int_equal(setsockopt(t.fd, SOL_XDP, XDP_RX_RING, &entries, sizeof(entries)), 0);
	return t;
}

struct thing thing__of_program(struct ebpf_program *prog, int fd)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	assert_true(prog && fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return (struct thing){
		.prog = prog, .fd = fd, .our_id = ebpf_program__id(prog), .their_id = info.id};
}

void thing__drop(struct thing *t)
{
	ebpf_program__unref(t->prog);
	ebpf_map__unref(t->map);
	close(t->fd);
}

static void make_things(struct pair *p)
{
	p->n_things = 0;
	if (holds_maps(p->shape.type))
		for (; p->n_things < MAX_THINGS; p->n_things++)
			p->things[p->n_things] =
				make_inner(p->inst, p->n_things == MAX_THINGS - 1 ? 16 : 8);
	if (p->shape.type == BPF_MAP_TYPE_XSKMAP)
		for (; p->n_things < MAX_THINGS - 1; p->n_things++)
			p->things[p->n_things] = make_socket(p->n_things + 1);
}

void pair__set_programs(struct pair *p, const struct thing *things, uint32_t n)
{
	memcpy(p->things, things, n * sizeof(*things));
	p->n_things = n;
}

/* --- both maps ------------------------------------------------------------------------------- */

static const struct kind *kind_of(uint32_t type)
{
	for (uint32_t i = 0; i < n_kinds; i++)
		if (kinds[i].type == type)
			return &kinds[i];
	fail_msg("type %u is nobody's", type);
	return NULL;
}

static void create_both(struct pair *p)
{
	LIBBPF_OPTS(bpf_map_create_opts, theirs, .map_flags = p->shape.flags,
		.inner_map_fd = holds_maps(p->shape.type) ? (uint32_t)p->things[0].fd : 0);
	struct ebpf_map_opts inner = opts_of(&inner_shape, NULL);
	struct ebpf_map_opts ours = opts_of(&p->shape, holds_maps(p->shape.type) ? &inner : NULL);
	char *err = NULL;

	p->ours = ebpf_map__create(p->inst, &ours, &err);
	if (!p->ours)
		fail_msg("%s", err);
	p->theirs = bpf_map_create((enum bpf_map_type)p->shape.type, "pair", p->shape.key_size,
		p->shape.value_size, p->shape.max_entries, &theirs);
	if (p->theirs < 0)
		fail_msg("the kernel has no %s of %u, %u bytes: %s", p->kind->name,
			p->shape.key_size, p->shape.value_size, strerror(errno));
}

void pair__open(struct pair *p, struct ebpf_instance *inst, const struct shape *shape)
{
	*p = (struct pair){.shape = *shape, .inst = inst, .kind = kind_of(shape->type)};
	make_things(p);
	create_both(p);
	p->slots = is_percpu(shape->type) ? (uint32_t)libbpf_num_possible_cpus() + 1 : 1;
	if (shape->type == BPF_MAP_TYPE_BLOOM_FILTER)
		p->pushed = calloc(2, shape->max_entries);
	assert_true(shape->key_size <= MAX_KEY);
	assert_true(ebpf_map__value_bytes(p->ours) <= MAX_VALUES);
}

void pair__close(struct pair *p)
{
	ebpf_map__unref(p->ours);
	close(p->theirs);
	for (uint32_t i = 0; i < p->n_things; i++) {
		if (!p->things[i].prog)
			thing__drop(&p->things[i]);
	}
	free(p->pushed);
}

/* --- values ---------------------------------------------------------------------------------- */

/* Which of the two ids of a thing a value is, as a number that means the same on both sides. */
static uint32_t thing_at(const struct pair *p, const uint8_t *value, bool ours)
{
	uint32_t id;

	memcpy(&id, value, sizeof(id));
	for (uint32_t i = 0; i < p->n_things; i++)
		if (id == (ours ? p->things[i].our_id : p->things[i].their_id))
			return i;
	fail_msg("%s: id %u is nobody's", p->kind->name, id);
	return 0;
}

static void compare_values(const struct pair *p, const char *what)
{
	uint32_t stride = (p->shape.value_size + 7) & ~7u, n = p->slots > 1 ? p->slots - 1 : 1;

	if (p->n_things) {
		assert_int_equal(thing_at(p, ours_value, true), thing_at(p, theirs_value, false));
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		if (memcmp(ours_value + i * stride, theirs_value + i * stride, p->shape.value_size))
			fail_msg("%s of %u, %u bytes: %s gives another value", p->kind->name,
				p->shape.key_size, p->shape.value_size, what);
}

static void compare(const struct pair *p, const char *what, int ours, int theirs)
{
	if (ours != theirs)
		fail_msg("%s of %u, %u bytes, %u entries, flags 0x%x: %s gives %d, the kernel: %d",
			p->kind->name, p->shape.key_size, p->shape.value_size, p->shape.max_entries,
			p->shape.flags, what, ours, theirs);
}

static uint32_t pushed_number(const struct pair *p, const void *value)
{
	uint32_t n = 0;

	memcpy(&n, value, p->shape.value_size < 4 ? p->shape.value_size : 4);
	return n;
}

bool pair__was_pushed(const struct pair *p, const void *value)
{
	return p->pushed[pushed_number(p, value)];
}

void pair__note_pushed(struct pair *p, const void *value)
{
	p->pushed[pushed_number(p, value)] = 1;
}

/* --- operations ------------------------------------------------------------------------------ */

uint64_t random_flags(void)
{
	static const uint64_t flags[] = {BPF_ANY, BPF_ANY, BPF_NOEXIST, BPF_EXIST};

	return below(10) < 7 ? flags[below(4)] : below(3) ? below(8) : random64();
}

void pair__random_key(const struct pair *p, uint8_t *key)
{
	if (p->kind->key)
		p->kind->key(p, key);
}

static int our_update(struct pair *p, const uint8_t *key, const uint8_t *value, uint64_t flags)
{
	uint32_t number, index;

	memcpy(&number, value, sizeof(number));
	if (p->kind->type == BPF_MAP_TYPE_XSKMAP || number >= p->n_things)
		return ebpf_map__update(p->ours, key, value, flags);
	if (p->things[number].map)
		return ebpf_map__set_inner(p->ours, key, p->things[number].map, flags);
	if (flags != BPF_ANY) /* which ebpf_map__set_program() has none of */
		return ebpf_map__update(p->ours, key, value, flags);
	memcpy(&index, key, sizeof(index));
	return ebpf_map__set_program(p->ours, index, p->things[number].prog);
}

static void step_update(struct pair *p, const uint8_t *key)
{
	uint64_t flags = random_flags();
	int ours, theirs;

	p->kind->value(p, ours_value, theirs_value);
	ours = our_update(p, key, ours_value, flags);
	theirs = kernel__result(bpf_map_update_elem(p->theirs, key, theirs_value, flags));
	compare(p, "update", ours, theirs);
	if (!ours && p->pushed)
		pair__note_pushed(p, ours_value);
}

static void step_lookup(struct pair *p, const uint8_t *key)
{
	int ours, theirs;

	if (p->kind->unreadable)
		return;
	if (p->pushed) { /* the value is the question */
		p->kind->value(p, ours_value, theirs_value);
		if (!pair__was_pushed(p, ours_value))
			return;
	}
	ours = ebpf_map__lookup(p->ours, key, ours_value);
	theirs = kernel__result(bpf_map_lookup_elem(p->theirs, key, theirs_value));
	compare(p, "lookup", ours, theirs);
	if (!ours)
		compare_values(p, "lookup");
}

static void step_take(struct pair *p, const uint8_t *key)
{
	int ours = ebpf_map__lookup_and_delete(p->ours, key, ours_value);
	int theirs = kernel__result(bpf_map_lookup_and_delete_elem(p->theirs, key, theirs_value));

	compare(p, "lookup_and_delete", ours, theirs);
	if (!ours)
		compare_values(p, "lookup_and_delete");
}

static void step_delete(struct pair *p, const uint8_t *key)
{
	compare(p, "delete", ebpf_map__delete(p->ours, key),
		kernel__result(bpf_map_delete_elem(p->theirs, key)));
}

/* Where the order is the map's own, the last key of one is not the other's: what comes then
 * must be a key that is there. */
static void step_next_key(struct pair *p, const uint8_t *key)
{
	uint8_t a[MAX_KEY] = {0}, b[MAX_KEY] = {0};
	int ours = ebpf_map__next_key(p->ours, key, a);
	int theirs = kernel__result(bpf_map_get_next_key(p->theirs, key, b));

	if (ours && ours != -ENOENT)
		compare(p, "next_key", ours, theirs);
	if (p->kind->in_order || !key) {
		compare(p, "next_key", ours, theirs);
		if (!ours && p->kind->in_order)
			assert_memory_equal(a, b, p->shape.key_size);
	}
	if (!ours && !p->kind->in_order)
		compare(p, "lookup of the next key", 0,
			kernel__result(bpf_map_lookup_elem(p->theirs, a, theirs_value)));
}

/* A key too few or too many. */
static void step_bad_key(struct pair *p)
{
	static uint8_t key[MAX_KEY];
	const uint8_t *bad = p->shape.key_size ? NULL : key;

	p->kind->value(p, ours_value, theirs_value);
	compare(p, "update with such a key", ebpf_map__update(p->ours, bad, ours_value, 0),
		kernel__result(bpf_map_update_elem(p->theirs, bad, theirs_value, 0)));
	if (!p->kind->unreadable)
		compare(p, "lookup of such a key", ebpf_map__lookup(p->ours, bad, ours_value),
			kernel__result(bpf_map_lookup_elem(p->theirs, bad, theirs_value)));
	compare(p, "delete of such a key", ebpf_map__delete(p->ours, bad),
		kernel__result(bpf_map_delete_elem(p->theirs, bad)));
}

void pair__fill(struct pair *p)
{
	uint8_t key[MAX_KEY];

	for (uint32_t i = 0; i < 32; i++) {
		uint32_t number = i % (p->n_things - 1);

		pair__random_key(p, key);
		compare(p, "update", our_update(p, key, (uint8_t *)&number, BPF_ANY),
			kernel__result(bpf_map_update_elem(
				p->theirs, key, &p->things[number].fd, BPF_ANY)));
	}
}

void pair__step(struct pair *p)
{
	uint8_t buffer[MAX_KEY], *key = p->kind->key ? buffer : NULL;
	uint32_t what = below(100);

	if (p->kind->slow && what < 55 && below(p->kind->slow))
		what = 55 + below(45);
	pair__random_key(p, buffer);
	if (what < 40)
		step_update(p, key);
	else if (what < 55)
		step_delete(p, key);
	else if (what < 62)
		step_take(p, key);
	else if (what < 70)
		step_next_key(p, below(8) ? key : NULL);
	else if (what < 71)
		step_bad_key(p);
	step_lookup(p, key);
}

/* --- contents -------------------------------------------------------------------------------- */

static uint32_t sorted_key_size;

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sorted_key_size);
}

/* All keys of one side, sorted. */
static uint8_t *walk(const struct pair *p, bool ours, uint32_t *n)
{
	uint32_t size = p->shape.key_size, max = p->shape.max_entries + 1;
	uint8_t *keys = calloc(max + 1, size), *last = NULL;
	int err = 0;

	assert_non_null(keys);
	for (*n = 0; *n < max; last = keys + (*n)++ * size) {
		uint8_t *next = keys + *n * size;

		err = ours ? ebpf_map__next_key(p->ours, last, next)
			   : kernel__result(bpf_map_get_next_key(p->theirs, last, next));
		if (err)
			break;
	}
	assert_int_equal(err, *n || err == -ENOENT ? -ENOENT : -EPERM);
	sorted_key_size = size;
	qsort(keys, *n, size, compare_keys);
	return keys;
}

static void compare_walks(struct pair *p)
{
	uint32_t n, their_n;
	uint8_t *keys = walk(p, true, &n), *their_keys = walk(p, false, &their_n);

	if (n != their_n || memcmp(keys, their_keys, (size_t)n * p->shape.key_size))
		fail_msg("%s of %u, %u bytes: a walk meets %u keys, the kernel's %u, or others",
			p->kind->name, p->shape.key_size, p->shape.value_size, n, their_n);
	for (uint32_t i = 0; i < n; i++)
		step_lookup(p, keys + (size_t)i * p->shape.key_size);
	free(keys);
	free(their_keys);
}

void pair__compare_contents(struct pair *p)
{
	if (p->kind->key) {
		compare_walks(p);
		return;
	}
	for (uint32_t i = 0; i <= p->shape.max_entries; i++) {
		step_lookup(p, NULL);
		step_take(p, NULL);
	}
}
