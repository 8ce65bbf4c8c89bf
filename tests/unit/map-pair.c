/* SPDX-License-Identifier: BSD-3-Clause */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "map-pair.h"
#include "runtime/map.h"

static uint64_t random_state = 88172645463325252u;

uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1du;
}

uint32_t below(uint32_t n)
{
	return (uint32_t)(random64() >> 32) % n;
}

void fill_random(void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)p)[i] = (uint8_t)(random64() >> 24);
}

struct ebpf_instance *instance_like_kernel(void)
{
	int cpus = libbpf_num_possible_cpus();
	struct ebpf_instance *inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = cpus > 2 ? (uint32_t)cpus - 1 : 1}, NULL);

	assert_non_null(inst);
	return inst;
}

struct ebpf_map *create(struct ebpf_instance *inst, uint32_t type, uint32_t key_size,
	uint32_t value_size, uint32_t max_entries, uint32_t flags)
{
	struct ebpf_map_opts opts = {"test", type, key_size, value_size, max_entries, flags};
	char *err = NULL;
	struct ebpf_map *map = ebpf_map__create(inst, &opts, &err);

	if (!map)
		fail_msg("%s", err);
	return map;
}

int kernel_result(int rc)
{
	return rc < 0 ? -errno : 0;
}

void numbered_key(const struct pair *p, uint8_t *key)
{
	uint32_t n = below(p->max_entries * 2 + 1);

	memset(key, 0xa5, p->key_size);
	memcpy(key, &n, p->key_size < 4 ? p->key_size : 4);
	if (p->key_size > 8) /* differ in the last bytes only */
		for (uint32_t i = 0; i < 4; i++) {
			key[p->key_size - 1 - i] = key[i];
			key[i] = 0;
		}
}

static void compare_values(const struct pair *p, const uint8_t *a, const uint8_t *b)
{
	for (uint32_t i = 0; i < p->n_values; i++)
		assert_memory_equal(a + i * p->stride, b + i * p->stride, p->value_size);
}

static void compare_lookup(const struct pair *p, const uint8_t *key)
{
	static uint8_t a[MAX_BYTES], b[MAX_BYTES];
	int err = ebpf_map__lookup(p->ours, key, a);

	assert_int_equal(err, kernel_result(bpf_map_lookup_elem(p->theirs, key, b)));
	if (!err)
		compare_values(p, a, b);
}

static void compare_take(const struct pair *p, const uint8_t *key)
{
	static uint8_t a[MAX_BYTES], b[MAX_BYTES];
	int err = ebpf_map__lookup_and_delete(p->ours, key, a);

	assert_int_equal(err, kernel_result(bpf_map_lookup_and_delete_elem(p->theirs, key, b)));
	if (!err)
		compare_values(p, a, b);
}

static void compare_operation(const struct pair *p)
{
	static const uint64_t flags[] = {BPF_ANY, BPF_ANY, BPF_ANY, BPF_NOEXIST, BPF_EXIST};
	static uint8_t key[MAX_BYTES], value[MAX_BYTES];
	uint64_t flag = below(50) ? flags[below(5)] : below(2) ? below(16) : random64();
	uint32_t what = below(10);

	p->random_key(p, key);
	if (what < 4) {
		fill_random(value, p->stride * p->n_values);
		assert_int_equal(ebpf_map__update(p->ours, key, value, flag),
			kernel_result(bpf_map_update_elem(p->theirs, key, value, flag)));
	} else if (what < 6) {
		assert_int_equal(ebpf_map__delete(p->ours, key),
			kernel_result(bpf_map_delete_elem(p->theirs, key)));
	}
	if (!below(20))
		compare_take(p, key);
	compare_lookup(p, key);
}

/* Every key of our walk is in both maps, and there are as many as the kernel's walk has. */
static void compare_contents(const struct pair *p)
{
	uint8_t a[MAX_BYTES], b[MAX_BYTES];
	uint32_t ours = 0, theirs = 0;
	int err;

	for (err = ebpf_map__next_key(p->ours, NULL, a); !err;
		err = ebpf_map__next_key(p->ours, a, a), ours++)
		compare_lookup(p, a);
	assert_int_equal(err, -ENOENT);
	for (err = bpf_map_get_next_key(p->theirs, NULL, b); !err;
		err = bpf_map_get_next_key(p->theirs, b, b))
		theirs++;
	assert_int_equal(ours, theirs);
}

void compare_type(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
	uint32_t flags, int operations, void (*random_key)(const struct pair *p, uint8_t *key))
{
	struct ebpf_instance *inst = instance_like_kernel();
	bool percpu = type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH;
	struct pair p = {
		.ours = create(inst, type, key_size, value_size, max_entries, flags),
		.theirs = kernel__create_map(type, key_size, value_size, max_entries, flags),
		.key_size = key_size,
		.value_size = value_size,
		.stride = (value_size + 7) & ~7u,
		.n_values = percpu ? (uint32_t)libbpf_num_possible_cpus() : 1,
		.max_entries = max_entries,
		.random_key = random_key,
	};

	assert_true(p.theirs >= 0);
	assert_true(p.stride * p.n_values <= MAX_BYTES && key_size <= MAX_BYTES);
	for (int i = 0; i < operations; i++) {
		compare_operation(&p);
		if (i % (operations / 8) == 0)
			compare_contents(&p);
	}
	compare_contents(&p);
	close(p.theirs);
	ebpf_map__unref(p.ours);
	ebpf_instance__destroy(inst);
}

void require_kernel(void)
{
	if (!kernel__permitted())
		skip();
}

void compare_creation(
	uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries, uint32_t flags)
{
	struct rt_geometry geo;
	int ours = rt_geometry__init(&geo, type, key_size, value_size, max_entries, flags);
	int theirs = kernel__create_map(type, key_size, value_size, max_entries, flags);

	if (theirs >= 0) {
		close(theirs);
		theirs = 0;
	}
	if (theirs == -ENOMEM) /* possible, but not here */
		theirs = 0;
	if (ours != theirs)
		fail_msg("type %u key %u value %u entries %u flags 0x%x: %d, the kernel: %d", type,
			key_size, value_size, max_entries, flags, ours, theirs);
}
