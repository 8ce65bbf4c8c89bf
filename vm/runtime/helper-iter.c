/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-iter.c -- bpf_iter_num_new, _next, _destroy: the numbers from start up to end. The
 * iterator is 8 bytes of the program's stack; inlined, they stay in registers.
 */
#include "helpers.h"
#include "uapi.h"

struct iter_num {
	int32_t at, end; /* at is one less than what comes next */
};

rt_hot uint64_t helper_iter_num_new(struct ebpf_env *env, void *iter, uint64_t from, uint64_t to)
{
	int32_t start = (int32_t)from, end = (int32_t)to;
	struct iter_num *it = iter;

	it->at = it->end = 0;
	if (start > end)
		return (uint64_t)-RT_EINVAL;
	if ((int64_t)end - start > RT_MAX_LOOPS)
		return (uint64_t)-RT_E2BIG;
	it->at = (int32_t)((uint32_t)start - 1);
	it->end = end;
	return 0;
}

rt_hot void *helper_iter_num_next(struct ebpf_env *env, void *iter)
{
	struct iter_num *it = iter;
	int32_t next = (int32_t)((uint32_t)it->at + 1);

	if (next >= it->end) {
		it->at = it->end = 0;
		return NULL;
	}
	it->at = next;
	return &it->at;
}

rt_hot uint64_t helper_iter_num_destroy(struct ebpf_env *env, void *iter)
{
	struct iter_num *it = iter;

	it->at = it->end = 0;
	return 0;
}
