/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Stands in for libbpf's <bpf/bpf_helpers.h> when a BPF program is compiled as C for this
 * machine: helpers are the runtime's own functions, inlined, and a map's geometry is a constant
 * from its definition. Only what the benchmarked programs use is here.
 */
#ifndef XDPK_BENCH_NATIVE_BPF_HELPERS_H
#define XDPK_BENCH_NATIVE_BPF_HELPERS_H

#define SEC(name) __attribute__((unused))
#undef __always_inline
#define __always_inline     inline __attribute__((always_inline))
#define __uint(name, value) int(*name)[value]
/* A map's memory is at its `value`, which bind() sets: it would be NULL otherwise. */
#define __type(name, type) __typeof__(type) *name

#define native_uint(map, name) (sizeof(*(map)->name) / sizeof(int))

#define bpf_map_lookup_elem(map, key_)                                                     \
	native__lookup(native_uint(map, type), sizeof(*(map)->key), sizeof(*(map)->value), \
		native_uint(map, max_entries), (map)->value, key_)

static struct ebpf_env *native_env;

/* Never called and nowhere defined: linking fails if a geometry is not a constant. */
void geometry_is_not_constant(void);

static __always_inline void *native__lookup(uint32_t type, uint32_t key_size, uint32_t value_size,
	uint32_t max_entries, void *mem, const void *key)
{
	struct rt_map map = {.mem = mem};

	rt_geometry__init(&map.geo, type, key_size, value_size, max_entries, 0);
	if (!__builtin_constant_p(map.geo.n_buckets + map.geo.value_stride))
		geometry_is_not_constant();
	return helper_map_lookup_elem(native_env, &map, key);
}

#endif
