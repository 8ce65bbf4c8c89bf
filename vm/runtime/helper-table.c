/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-table.c -- helpers by number: prototype, uniform call, name. Generated from
 * helpers.def; the names of helpers that xdpk does not have come from the kernel's own list.
 * Native only, and so the place where uapi.h is held against the kernel's headers.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <time.h>

#include "helpers.h"
#include "uapi.h"

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #theirs)
SAME(RT_MAP_HASH, BPF_MAP_TYPE_HASH);
SAME(RT_MAP_ARRAY, BPF_MAP_TYPE_ARRAY);
SAME(RT_MAP_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_HASH);
SAME(RT_MAP_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY);
SAME(RT_MAP_PROG_ARRAY, BPF_MAP_TYPE_PROG_ARRAY);
SAME(RT_MAP_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
SAME(RT_MAP_ARRAY_OF_MAPS, BPF_MAP_TYPE_ARRAY_OF_MAPS);
SAME(RT_MAP_HASH_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS);
SAME(RT_MAP_DEVMAP, BPF_MAP_TYPE_DEVMAP);
SAME(RT_MAP_CPUMAP, BPF_MAP_TYPE_CPUMAP);
SAME(RT_MAP_XSKMAP, BPF_MAP_TYPE_XSKMAP);
SAME(RT_MAP_DEVMAP_HASH, BPF_MAP_TYPE_DEVMAP_HASH);
SAME(RT_MAP_LRU_HASH, BPF_MAP_TYPE_LRU_HASH);
SAME(RT_MAP_LRU_PERCPU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH);
SAME(RT_MAP_LPM_TRIE, BPF_MAP_TYPE_LPM_TRIE);
SAME(RT_MAP_QUEUE, BPF_MAP_TYPE_QUEUE);
SAME(RT_MAP_STACK, BPF_MAP_TYPE_STACK);
SAME(RT_MAP_RINGBUF, BPF_MAP_TYPE_RINGBUF);
SAME(RT_MAP_BLOOM_FILTER, BPF_MAP_TYPE_BLOOM_FILTER);
SAME(RT_F_NO_PREALLOC, BPF_F_NO_PREALLOC);
SAME(RT_F_NO_COMMON_LRU, BPF_F_NO_COMMON_LRU);
SAME(RT_F_NUMA_NODE, BPF_F_NUMA_NODE);
SAME(RT_F_RDONLY, BPF_F_RDONLY);
SAME(RT_F_WRONLY, BPF_F_WRONLY);
SAME(RT_F_ZERO_SEED, BPF_F_ZERO_SEED);
SAME(RT_F_RDONLY_PROG, BPF_F_RDONLY_PROG);
SAME(RT_F_WRONLY_PROG, BPF_F_WRONLY_PROG);
SAME(RT_F_MMAPABLE, BPF_F_MMAPABLE);
SAME(RT_F_PRESERVE_ELEMS, BPF_F_PRESERVE_ELEMS);
SAME(RT_F_INNER_MAP, BPF_F_INNER_MAP);
SAME(RT_ANY, BPF_ANY);
SAME(RT_NOEXIST, BPF_NOEXIST);
SAME(RT_EXIST, BPF_EXIST);
SAME(RT_F_LOCK, BPF_F_LOCK);
SAME(RT_F_BROADCAST, BPF_F_BROADCAST);
SAME(RT_F_EXCLUDE_INGRESS, BPF_F_EXCLUDE_INGRESS);
SAME(RT_RB_NO_WAKEUP, BPF_RB_NO_WAKEUP);
SAME(RT_RB_FORCE_WAKEUP, BPF_RB_FORCE_WAKEUP);
SAME(RT_RB_AVAIL_DATA, BPF_RB_AVAIL_DATA);
SAME(RT_RB_RING_SIZE, BPF_RB_RING_SIZE);
SAME(RT_RB_CONS_POS, BPF_RB_CONS_POS);
SAME(RT_RB_PROD_POS, BPF_RB_PROD_POS);
_Static_assert(RT_F_INDEX_MASK == BPF_F_INDEX_MASK && RT_F_CURRENT_CPU == BPF_F_CURRENT_CPU &&
		       RT_F_CTXLEN_MASK == BPF_F_CTXLEN_MASK,
	"flags of bpf_perf_event_output()");
SAME(RT_XDP_ABORTED, XDP_ABORTED);
SAME(RT_XDP_REDIRECT, XDP_REDIRECT);
SAME(RT_ENOENT, ENOENT);
SAME(RT_E2BIG, E2BIG);
SAME(RT_EBADF, EBADF);
SAME(RT_EAGAIN, EAGAIN);
SAME(RT_ENOMEM, ENOMEM);
SAME(RT_EACCES, EACCES);
SAME(RT_EFAULT, EFAULT);
SAME(RT_EEXIST, EEXIST);
SAME(RT_CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC_COARSE);
SAME(RT_CLOCK_BOOTTIME, CLOCK_BOOTTIME);
SAME(RT_CLOCK_TAI, CLOCK_TAI);
SAME(RT_ENODEV, ENODEV);
SAME(RT_EINVAL, EINVAL);
SAME(RT_ERANGE, ERANGE);
SAME(RT_ENODATA, ENODATA);
SAME(RT_ENONET, ENONET);
SAME(RT_EPROTO, EPROTO);
SAME(RT_EOVERFLOW, EOVERFLOW);
SAME(RT_EAFNOSUPPORT, EAFNOSUPPORT);
SAME(RT_ENOSPC, ENOSPC);
SAME(RT_ENOTSUP, ENOTSUP);

#define A(kind, r) , (helper_arg_##kind##_t)r
#define CALL(name, ...)                                                                          \
	static uint64_t call_##name(struct ebpf_env *env, uint64_t r1, uint64_t r2, uint64_t r3, \
		uint64_t r4, uint64_t r5)                                                        \
	{                                                                                        \
		return (uint64_t)helper_##name(env __VA_ARGS__);                                 \
	}
#define HELPER0(id, name, ret, flags)             CALL(name)
#define HELPER1(id, name, ret, a, flags)          CALL(name, A(a, r1))
#define HELPER2(id, name, ret, a, b, flags)       CALL(name, A(a, r1) A(b, r2))
#define HELPER3(id, name, ret, a, b, c, flags)    CALL(name, A(a, r1) A(b, r2) A(c, r3))
#define HELPER4(id, name, ret, a, b, c, d, flags) CALL(name, A(a, r1) A(b, r2) A(c, r3) A(d, r4))
#define HELPER5(id, name, ret, a, b, c, d, e, flags) \
	CALL(name, A(a, r1) A(b, r2) A(c, r3) A(d, r4) A(e, r5))
#include "helpers.def"

struct entry {
	struct helper_proto proto;
	helper_call_fn call;
};

/* Kernel functions come after the helpers. */
#define FIRST_KFUNC 256
#define SLOT(id)    ((id) < KFUNC_BASE ? (id) : FIRST_KFUNC + (id)-KFUNC_BASE)

#define ENTRY(id, name, ret, flags, n, ...) \
	[SLOT(id)] = {{id, "bpf_" #name, RET_##ret, {__VA_ARGS__}, n, flags}, call_##name},
static const struct entry entries[] = {
#define HELPER0(id, name, ret, f)          ENTRY(id, name, ret, f, 0, ARG_NONE)
#define HELPER1(id, name, ret, a, f)       ENTRY(id, name, ret, f, 1, ARG_##a)
#define HELPER2(id, name, ret, a, b, f)    ENTRY(id, name, ret, f, 2, ARG_##a, ARG_##b)
#define HELPER3(id, name, ret, a, b, c, f) ENTRY(id, name, ret, f, 3, ARG_##a, ARG_##b, ARG_##c)
#define HELPER4(id, name, ret, a, b, c, d, f) \
	ENTRY(id, name, ret, f, 4, ARG_##a, ARG_##b, ARG_##c, ARG_##d)
#define HELPER5(id, name, ret, a, b, c, d, e, f) \
	ENTRY(id, name, ret, f, 5, ARG_##a, ARG_##b, ARG_##c, ARG_##d, ARG_##e)
#include "helpers.def"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct entry *find_entry(uint32_t id)
{
	const struct entry *e = &entries[SLOT(id) % COUNT(entries)];

	return e->call && e->proto.id == id ? e : NULL;
}

const struct helper_proto *helper__find(uint32_t id)
{
	const struct entry *e = find_entry(id);

	return e ? &e->proto : NULL;
}

helper_call_fn helper__call(uint32_t id)
{
	const struct entry *e = find_entry(id);

	return e ? e->call : NULL;
}

static const struct {
	uint32_t id;
	const char *name, *reason;
} refused[] =
	{
#define REFUSED(id, name, reason) {id, "bpf_" #name, reason},
#include "refused.def"
},
  known_kfuncs[] = {
#define KNOWN_KFUNC(id, name, reason) {id, "bpf_" #name, reason},
#include "kfuncs.def"
};

const char *helper__reason(uint32_t id)
{
	for (size_t i = 0; i < COUNT(refused); i++)
		if (refused[i].id == id)
			return refused[i].reason;
	for (size_t i = 0; i < COUNT(known_kfuncs); i++)
		if (known_kfuncs[i].id == id)
			return known_kfuncs[i].reason;
	return NULL;
}

uint32_t kfunc__find(const char *name)
{
	for (size_t i = FIRST_KFUNC; i < COUNT(entries); i++)
		if (entries[i].call && strcmp(entries[i].proto.name, name) == 0)
			return entries[i].proto.id;
	for (size_t i = 0; i < COUNT(known_kfuncs); i++)
		if (strcmp(known_kfuncs[i].name, name) == 0)
			return known_kfuncs[i].id;
	return 0;
}

static const char *kfunc_name(uint32_t id)
{
	const struct helper_proto *proto = helper__find(id);

	for (size_t i = 0; !proto && i < COUNT(known_kfuncs); i++)
		if (known_kfuncs[i].id == id)
			return known_kfuncs[i].name;
	return proto ? proto->name : NULL;
}

const char *helper__name(uint32_t id)
{
#define FN(name) [BPF_FUNC_##name] = "bpf_" #name
	static const char *const names[] = {
		__BPF_FUNC_MAPPER(FN)
/* Helpers younger than the Linux 6.1 headers; newer headers have this macro and list them. */
#ifndef ___BPF_FUNC_MAPPER
			[210] = "bpf_cgrp_storage_get",
		[211] = "bpf_cgrp_storage_delete",
#endif
	};
#undef FN

	if (id >= KFUNC_BASE)
		return kfunc_name(id);
	return id < COUNT(names) ? names[id] : NULL;
}
