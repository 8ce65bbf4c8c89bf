/* SPDX-License-Identifier: BSD-3-Clause
 *
 * geometry.c -- which maps can be, and where everything lies in their memory.
 *
 * The rules and errno values are those of the kernel's map_alloc_check of each type. The
 * layout is a function of the geometry alone, so that it is constant in compiled programs.
 */
#include "map-types.h"
#include "map-hash.h"
#include "map-lpm.h"
#include "words.h"

#define PERCPU_VALUE_MAX   (32 << 10)       /* PCPU_MIN_UNIT_SIZE */
#define HASH_ELEM_MAX      ((4 << 20) - 48) /* KMALLOC_MAX_SIZE less struct htab_elem */
#define CPUMAP_ENTRIES_MAX 8192             /* the greatest NR_CPUS */
#define LPM_VALUE_MAX      ((4 << 20) - RT_LPM_DATA_MAX - 24) /* less struct lpm_trie_node */
#define LPM_ENTRIES_MAX    (UINT32_C(1) << 28)                /* a node's number has 30 bits */
#define KEYLESS_VALUE_MAX  (4 << 20)                          /* KMALLOC_MAX_SIZE */
#define BLOOM_BITS_MAX     (UINT64_C(1) << 32)
#define BLOOM_HASHES       5
#define BLOOM_EXTRA        UINT64_C(0xf) /* of map_extra: the number of hashes */
#define RING_PAGE          4096
#define MAP_BYTES_MAX      (UINT64_C(1) << 47)

#define ACCESS_FLAGS (RT_F_RDONLY | RT_F_WRONLY | RT_F_RDONLY_PROG | RT_F_WRONLY_PROG)
#define ARRAY_FLAGS  (RT_F_NUMA_NODE | RT_F_MMAPABLE | RT_F_INNER_MAP | ACCESS_FLAGS)
#define HASH_FLAGS   (RT_F_NO_PREALLOC | RT_F_NUMA_NODE | RT_F_ZERO_SEED | ACCESS_FLAGS)
#define HOST_FLAGS   (RT_F_NUMA_NODE | RT_F_RDONLY | RT_F_WRONLY)
#define LPM_FLAGS    (RT_F_NO_PREALLOC | RT_F_NUMA_NODE | ACCESS_FLAGS)
#define QUEUE_FLAGS  (RT_F_NUMA_NODE | ACCESS_FLAGS)
#define BLOOM_FLAGS  (QUEUE_FLAGS | RT_F_ZERO_SEED)
#define PERF_FLAGS   (RT_F_NUMA_NODE | RT_F_RDONLY | RT_F_WRONLY | RT_F_PRESERVE_ELEMS)
#define SHARED_FLAGS (RT_F_NUMA_NODE | RT_F_MMAPABLE | RT_F_INNER_MAP) /* not for per-CPU maps */

static bool flags_ok(const struct rt_geometry *geo, uint32_t allowed)
{
	const uint32_t no_syscall = RT_F_RDONLY | RT_F_WRONLY;
	const uint32_t no_program = RT_F_RDONLY_PROG | RT_F_WRONLY_PROG;

	return !(geo->flags & ~allowed) && (geo->flags & no_syscall) != no_syscall &&
	       (geo->flags & no_program) != no_program;
}

static int array_init(struct rt_geometry *geo)
{
	if (!flags_ok(geo, ARRAY_FLAGS & ~(rt_is_percpu(geo) ? SHARED_FLAGS : 0)) ||
		geo->key_size != 4 || !geo->value_size || !geo->max_entries)
		return -RT_EINVAL;
	if (geo->value_size > INT32_MAX)
		return -RT_E2BIG;
	geo->value_stride = (uint32_t)rt_round_up(geo->value_size, 8);
	if (rt_is_percpu(geo)) {
		if (geo->value_stride > PERCPU_VALUE_MAX)
			return -RT_E2BIG;
		geo->value_set =
			rt_round_up((uint64_t)geo->max_entries * geo->value_stride, RT_CACHE_LINE);
	} else {
		geo->fixed = (uint64_t)geo->max_entries * geo->value_stride;
	}
	return 0;
}

/* Small elements lie within one cache line. */
static uint32_t elem_stride(uint32_t bytes)
{
	uint32_t stride = 8;

	if (bytes > RT_CACHE_LINE)
		return bytes;
	while (stride < bytes)
		stride *= 2;
	return stride;
}

static int hash_layout(struct rt_geometry *geo)
{
	uint64_t at;

	geo->value_stride = (uint32_t)rt_round_up(rt_stored_size(geo), 8);
	if (rt_is_percpu(geo) && geo->value_stride > PERCPU_VALUE_MAX)
		return -RT_E2BIG;
	geo->elem_value = (uint32_t)rt_round_up(geo->key_size, 8);
	geo->elem_stride =
		elem_stride(geo->elem_value + (rt_is_percpu(geo) ? 0 : geo->value_stride));
	geo->n_elems = 1 + geo->max_entries + RT_HASH_SPARES;
	geo->n_buckets = 1;
	while ((uint64_t)geo->n_buckets * RT_HASH_LOAD < geo->max_entries)
		geo->n_buckets *= 2;

	geo->index = sizeof(struct rt_hash_head);
	geo->links = geo->index + (uint64_t)geo->n_buckets * sizeof(struct rt_hash_bucket);
	at = geo->links + 2 * (uint64_t)geo->n_elems * sizeof(uint32_t);
	geo->elems = rt_round_up(at, RT_CACHE_LINE);
	at = geo->elems + (uint64_t)geo->n_elems * geo->elem_stride;
	geo->values = geo->fixed = rt_round_up(at, RT_CACHE_LINE);
	if (rt_is_percpu(geo))
		geo->value_set =
			rt_round_up((uint64_t)geo->n_elems * geo->value_stride, RT_CACHE_LINE);
	return 0;
}

static int hash_init(struct rt_geometry *geo)
{
	bool has_node = geo->flags & RT_F_NUMA_NODE, lru = rt_is_lru(geo);

	if (!flags_ok(geo, HASH_FLAGS | (lru ? RT_F_NO_COMMON_LRU : 0)))
		return -RT_EINVAL;
	if (lru && geo->flags & RT_F_NO_PREALLOC)
		return -RT_ENOTSUPP;
	if (has_node && (rt_is_percpu(geo) || geo->flags & RT_F_NO_COMMON_LRU))
		return -RT_EINVAL;
	if (!geo->key_size || !geo->value_size || !geo->max_entries)
		return -RT_EINVAL;
	if ((uint64_t)geo->key_size + geo->value_size >= HASH_ELEM_MAX ||
		geo->max_entries > UINT32_C(1) << 31)
		return -RT_E2BIG;
	return hash_layout(geo);
}

/* Redirect targets: an interface, queue length or port, and perhaps a program beside it. */
static int target_init(struct rt_geometry *geo)
{
	bool bare = geo->type == RT_MAP_XSKMAP;

	if (!flags_ok(geo, geo->type == RT_MAP_CPUMAP ? RT_F_NUMA_NODE : HOST_FLAGS) ||
		geo->key_size != 4 || !geo->max_entries ||
		(geo->value_size != 4 && (geo->value_size != 8 || bare)))
		return -RT_EINVAL;
	if (geo->type == RT_MAP_DEVMAP_HASH)
		return geo->max_entries > UINT32_C(1) << 31 ? -RT_EINVAL : hash_layout(geo);
	if (geo->type == RT_MAP_CPUMAP && geo->max_entries > CPUMAP_ENTRIES_MAX)
		return -RT_E2BIG;
	geo->value_stride = 8;
	geo->values = geo->fixed = (uint64_t)geo->max_entries * geo->value_stride;
	if (rt_targets_run(geo))
		geo->fixed += (uint64_t)geo->max_entries * sizeof(void *);
	return 0;
}

/* Whole bytes: groups begin at the next. */
static uint32_t lpm_bits(uint32_t max_entries, uint32_t data_size)
{
	bool ipv4 = data_size == sizeof(uint32_t);
	uint32_t bits = 8;

	if (max_entries >= RT_LPM_ROUTES_16)
		bits = 16;
	if (max_entries >= (ipv4 ? RT_LPM_ROUTES_24_IPV4 : RT_LPM_ROUTES_24))
		bits = 24;
	return rt_min(bits, data_size * 8);
}

static int lpm_init(struct rt_geometry *geo)
{
	uint32_t data_size = geo->key_size - (uint32_t)sizeof(uint32_t);
	uint64_t at, groups;

	if (!flags_ok(geo, LPM_FLAGS) || !(geo->flags & RT_F_NO_PREALLOC) || !geo->max_entries ||
		geo->key_size <= sizeof(uint32_t) || data_size > RT_LPM_DATA_MAX ||
		!geo->value_size || geo->value_size > LPM_VALUE_MAX)
		return -RT_EINVAL;
	if (geo->max_entries > LPM_ENTRIES_MAX)
		return -RT_ENOMEM;
	geo->value_stride = (uint32_t)rt_round_up(geo->value_size, 8);
	geo->elem_stride = elem_stride(
		(uint32_t)sizeof(struct rt_lpm_node) + (uint32_t)rt_round_up(data_size, 8));
	geo->n_elems = 1 + geo->max_entries + RT_LPM_SPARES;
	geo->n_buckets = UINT32_C(1) << lpm_bits(geo->max_entries, data_size);

	groups = rt_lpm__groups(geo);
	geo->index = sizeof(struct rt_lpm_head);
	geo->links = geo->index + (geo->n_buckets + groups * RT_LPM_GROUP_WORDS) * sizeof(uint32_t);
	at = geo->links + (3 * (uint64_t)geo->n_elems + groups) * sizeof(uint32_t);
	geo->elems = rt_round_up(at, RT_CACHE_LINE);
	at = geo->elems + 2 * (uint64_t)geo->n_elems * geo->elem_stride;
	geo->values = rt_round_up(at, RT_CACHE_LINE);
	geo->fixed = geo->values + (uint64_t)geo->n_elems * geo->value_stride;
	return 0;
}

static int handles_init(struct rt_geometry *geo)
{
	if (!flags_ok(geo, HOST_FLAGS) || geo->key_size != 4 || geo->value_size != 4 ||
		!geo->max_entries)
		return -RT_EINVAL;
	geo->value_stride = 8;
	geo->fixed = (uint64_t)geo->max_entries * geo->value_stride;
	return 0;
}

static int queue_init(struct rt_geometry *geo)
{
	if (!flags_ok(geo, QUEUE_FLAGS) || geo->key_size || !geo->value_size || !geo->max_entries)
		return -RT_EINVAL;
	if (geo->value_size > KEYLESS_VALUE_MAX)
		return -RT_E2BIG;
	geo->value_stride = (uint32_t)rt_round_up(geo->value_size, 8);
	geo->values = RT_QUEUE_HEAD;
	geo->fixed = geo->values + (uint64_t)geo->max_entries * geo->value_stride;
	return 0;
}

static int ringbuf_init(struct rt_geometry *geo)
{
	if (!flags_ok(geo, RT_F_NUMA_NODE) || geo->key_size || geo->value_size ||
		!geo->max_entries || geo->max_entries & (geo->max_entries - 1) ||
		geo->max_entries % RING_PAGE)
		return -RT_EINVAL;
	geo->fixed = RT_RING_HEAD + 2 * (uint64_t)geo->max_entries;
	return 0;
}

static int perf_init(struct rt_geometry *geo)
{
	if (!flags_ok(geo, PERF_FLAGS) || geo->key_size != 4 || geo->value_size != 4 ||
		!geo->max_entries)
		return -RT_EINVAL;
	geo->values = geo->fixed = RT_PERF_HEAD;
	geo->value_set =
		rt_round_up(RT_RING_HEAD + RT_PERF_RING_SIZE + rt_record__bytes(RT_PERF_EVENT_MAX),
			RT_CACHE_LINE);
	return 0;
}

static int bloom_init(struct rt_geometry *geo)
{

	if (geo->value_size > KEYLESS_VALUE_MAX)
		return -RT_E2BIG;
	if (!flags_ok(geo, BLOOM_FLAGS) || geo->key_size || !geo->value_size || !geo->max_entries)
		return -RT_EINVAL;
	geo->value_stride = (uint32_t)rt_round_up(geo->value_size, 8);
	geo->index = RT_BLOOM_HEAD;
	return rt_geometry__set_extra(geo, 0);
}

/* Seven bits a value for five hashes, rounded up to a power of two; what the kernel's 32 bits
 * cannot count is the greatest that it has. */
int rt_geometry__set_extra(struct rt_geometry *geo, uint64_t extra)
{
	uint64_t least = (uint64_t)geo->max_entries * (extra ? extra : BLOOM_HASHES), bits = 64;

	if (extra & ~BLOOM_EXTRA || (extra && geo->type != RT_MAP_BLOOM_FILTER))
		return -RT_EINVAL;
	if (geo->type != RT_MAP_BLOOM_FILTER)
		return 0;
	least = least > UINT32_MAX ? BLOOM_BITS_MAX : least / 5 * 7;
	while (bits < least && bits < BLOOM_BITS_MAX)
		bits *= 2;
	geo->hashes = (uint32_t)(extra ? extra : BLOOM_HASHES);
	geo->n_buckets = (uint32_t)(bits / 64);
	geo->fixed = geo->index + bits / 8;
	return 0;
}

int rt_geometry__set_lock(struct rt_geometry *geo, uint32_t lock_off)
{
	uint32_t off = lock_off - 1;

	geo->lock_off = lock_off;
	if (!lock_off)
		return 0;
	if (off % 4 || geo->value_size < 4 || off > geo->value_size - 4)
		return -RT_EINVAL;
	if (geo->flags & (RT_F_RDONLY_PROG | RT_F_WRONLY_PROG))
		return -RT_EACCES;
	return geo->type == RT_MAP_ARRAY || geo->type == RT_MAP_HASH ? 0 : -RT_ENOTSUP;
}

int rt_geometry__init(struct rt_geometry *geo, uint32_t type, uint32_t key_size,
	uint32_t value_size, uint32_t max_entries, uint32_t flags)
{
	*geo = (struct rt_geometry){
		.type = type,
		.key_size = key_size,
		.value_size = value_size,
		.max_entries = max_entries,
		.flags = flags,
	};
	switch (type) {
	case RT_MAP_ARRAY:
	case RT_MAP_PERCPU_ARRAY: return array_init(geo);
	case RT_MAP_HASH:
	case RT_MAP_PERCPU_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH: return hash_init(geo);
	case RT_MAP_PROG_ARRAY:
	case RT_MAP_ARRAY_OF_MAPS: return handles_init(geo);
	case RT_MAP_HASH_OF_MAPS: return geo->value_size == 4 ? hash_init(geo) : -RT_EINVAL;
	case RT_MAP_DEVMAP:
	case RT_MAP_DEVMAP_HASH:
	case RT_MAP_CPUMAP:
	case RT_MAP_XSKMAP: return target_init(geo);
	case RT_MAP_LPM_TRIE: return lpm_init(geo);
	case RT_MAP_QUEUE:
	case RT_MAP_STACK: return queue_init(geo);
	case RT_MAP_BLOOM_FILTER: return bloom_init(geo);
	case RT_MAP_RINGBUF: return ringbuf_init(geo);
	case RT_MAP_PERF_EVENT_ARRAY: return perf_init(geo);
	default: return -RT_ENOTSUP;
	}
}

uint64_t rt_map__bytes(const struct rt_geometry *geo, uint32_t slots)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(geo->value_set, slots, &bytes) ||
		__builtin_add_overflow(bytes, geo->fixed, &bytes))
		return 0;
	return bytes <= MAP_BYTES_MAX ? bytes : 0;
}

/* Linux gives programs the very entry that it redirects by. */
bool rt_geometry__writable(const struct rt_geometry *geo)
{
	return !(geo->flags & RT_F_RDONLY_PROG) && !rt_is_target_array(geo) &&
	       geo->type != RT_MAP_DEVMAP_HASH;
}

bool rt_geometry__readable(const struct rt_geometry *geo)
{
	return !(geo->flags & RT_F_WRONLY_PROG);
}

bool rt_geometry__like(const struct rt_geometry *template, const struct rt_geometry *inner)
{
	bool same_entries = template->type == RT_MAP_XSKMAP ||
			    (template->type == RT_MAP_ARRAY && !(template->flags & RT_F_INNER_MAP));

	return template->type == inner->type && template->key_size == inner->key_size &&
	       template->value_size == inner->value_size && template->flags == inner->flags &&
	       template->lock_off == inner->lock_off &&
	       (!same_entries || template->max_entries == inner->max_entries);
}
