/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-iter.c -- iterators, a few bytes of the program's stack; inlined, they stay in registers.
 *
 *	bpf_iter_num     the numbers from start up to end
 *	bpf_iter_bits    the numbers of the bits that are set in some words
 *
 * The kernel copies the words at first. Here one is copied, more are read when they are come to, as
 * memory that may be anything: what the program changes meanwhile counts.
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
		return (uint32_t)-RT_EINVAL;
	if ((int64_t)end - start > RT_MAX_LOOPS)
		return (uint32_t)-RT_E2BIG;
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

#define BITS_MAX_WORDS 511

struct iter_bits {
	uint64_t words; /* the word if it is one, else their address */
	int32_t n, at;  /* at: the bit that was found last */
};

rt_inline bool bits__word(
	struct ebpf_env *env, const struct iter_bits *it, int32_t i, uint64_t *word)
{
	if (it->n > 64)
		return !helper_probe_read_kernel(
			env, word, sizeof(*word), it->words + (uint64_t)i * sizeof(*word));
	*word = it->words;
	return true;
}

/* Are all of the words there? */
static uint64_t bits__check(struct ebpf_env *env, uint64_t address, uint32_t n)
{
	uint64_t word, err = 0;

	for (uint32_t i = 0; i < n && !err; i++)
		err = helper_probe_read_kernel(
			env, &word, sizeof(word), address + (uint64_t)i * sizeof(word));
	return err;
}

rt_hot uint64_t helper_iter_bits_new(
	struct ebpf_env *env, void *iter, uint64_t address, uint64_t n_words)
{
	struct iter_bits *it = iter;
	uint32_t n = (uint32_t)n_words;
	uint64_t word, err;

	*it = (struct iter_bits){.at = -1};
	if (!address || !n)
		return (uint32_t)-RT_EINVAL;
	if (n > BITS_MAX_WORDS)
		return (uint32_t)-RT_E2BIG;
	if (n == 1)
		err = helper_probe_read_kernel(env, &word, sizeof(word), address)
			      ? (uint32_t)-RT_EFAULT
			      : 0;
	else
		err = bits__check(env, address, n);
	if (err)
		return (uint32_t)err;
	it->words = n == 1 ? word : address;
	it->n = (int32_t)n * 64;
	return 0;
}

rt_hot void *helper_iter_bits_next(struct ebpf_env *env, void *iter)
{
	struct iter_bits *it = iter;
	uint64_t word;

	for (int32_t bit = it->at + 1; bit < it->n; bit = (bit | 63) + 1) {
		if (!bits__word(env, it, bit / 64, &word))
			break;
		word >>= bit % 64;
		if (word) {
			it->at = bit + __builtin_ctzll(word);
			return &it->at;
		}
	}
	it->at = it->n;
	return NULL;
}

rt_hot uint64_t helper_iter_bits_destroy(struct ebpf_env *env, void *iter)
{
	return 0;
}
