/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Stands in for libbpf's <bpf/bpf_helpers.h> when a BPF program is compiled as C for this
 * machine: helpers are the runtime's own functions, inlined, and a map's geometry is a constant
 * from its definition. Only what the benchmarked programs use is here.
 *
 * A map's definition has nothing but pointers. Whoever opens the module writes the address of the
 * map's memory into the first of them, which is `type`.
 */
#ifndef XDPK_BENCH_NATIVE_BPF_HELPERS_H
#define XDPK_BENCH_NATIVE_BPF_HELPERS_H

#define SEC(name) __attribute__((visibility("default"), unused))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
/* Said to the BPF compiler, so that there is a function to call; C decides for itself. */
#undef __noinline
#define __noinline

/* Said to the verifier. */
#define barrier_var(var)

#define __uint(name, value)  int(*name)[value]
#define __type(name, type)   __typeof__(type) *name
#define __array(name, value) __typeof__(value) *name[]

#define native_uint(map, name) (sizeof(*(map)->name) / sizeof(int))

/* Distinct objects: which one `map` is, is known to the compiler. */
#ifdef RESIZED
#define native_entries(map) \
	((void *)(map) == (void *)&RESIZED ? ENTRIES : native_uint(map, max_entries))
#else
#define native_entries(map) native_uint(map, max_entries)
#endif

/* Of a map in the program's source. */
#define native_map(map)                                                                 \
	(&(struct rt_map){native__geometry(native_uint(map, type), sizeof(*(map)->key), \
				  sizeof(*(map)->value), native_entries(map)),          \
		*(uint8_t **)(map)})

#define bpf_map_lookup_elem(map, key) helper_map_lookup_elem(native_env, native_map(map), key)
#define bpf_map_update_elem(map, key, value, flags) \
	helper_map_update_elem(native_env, native_map(map), key, value, flags)
#define bpf_csum_diff(from, from_size, to, to_size, seed) \
	(int64_t) helper_csum_diff(native_env, from, from_size, to, to_size, seed)
#define bpf_xdp_adjust_head(ctx, delta) (int64_t) helper_xdp_adjust_head(native_env, ctx, delta)
#define bpf_redirect(ifindex, flags)    (int64_t) helper_redirect(native_env, ifindex, flags)

/* C's own way to go on in another function. */
#define bpf_tail_call(ctx, map, index)                                               \
	do {                                                                         \
		if ((index) < native_uint(map, max_entries) && (map)->values[index]) \
			return (map)->values[index](ctx);                            \
	} while (0)

static struct ebpf_env *native_env;

/* Never called and nowhere defined: linking fails if a geometry is not a constant. */
void geometry_is_not_constant(void);

static __always_inline struct rt_geometry native__geometry(
	uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries)
{
	/* The only type that must have flags. */
	uint32_t flags = type == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0;
	struct rt_geometry geo;

	rt_geometry__init(&geo, type, key_size, value_size, max_entries, flags);
	if (!__builtin_constant_p(geo.n_buckets + geo.value_stride))
		geometry_is_not_constant();
	return geo;
}

#endif
