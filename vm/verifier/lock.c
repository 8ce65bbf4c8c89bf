/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lock.c -- the spin lock in a map's value: one at a time, unlocked where it was locked, and
 * touched by nothing else.
 *
 * Which lock a pointer leads to is told by its map and its id: every lookup gives another id, and
 * the address of a map's only value has none.
 */
#include <linux/bpf.h>

#include "internal.h"

#define LOCK_SIZE 4

/* From the value's beginning; negative: there is no lock. */
static int64_t lock_offset(const struct verifier *v, const struct reg *r)
{
	if (r->type != REG_MAP_VALUE)
		return -1;
	return (int64_t)v->view->maps[r->map].geo.lock_off - 1;
}

bool lock__is_in(const struct verifier *v, const struct reg *r)
{
	return lock_offset(v, r) >= 0;
}

int lock__check_access(struct verifier *v, uint32_t regno, int32_t off, uint32_t size)
{
	const struct reg *r = reg_at(v, regno);
	int64_t lock = lock_offset(v, r), base = (int64_t)r->off + off;

	if (lock < 0 || base + r->var.w64.smin >= lock + LOCK_SIZE ||
		base + (int64_t)r->var.w64.umax + size <= lock)
		return 0;
	return reject(v, "bpf_spin_lock cannot be accessed directly by load/store");
}

/* The register points to a lock. */
static int check_lock(struct verifier *v, uint32_t regno)
{
	const struct reg *r = reg_at(v, regno);
	int64_t lock = lock_offset(v, r), at = r->off + (int64_t)r->var.bits.value;

	if (r->type != REG_MAP_VALUE || r->maybe_null)
		return reject(v, "R%u type=%s expected=map_value", regno, reg_type__name(r));
	if (!range__is_const(&r->var))
		return reject(v,
			"R%u doesn't have constant offset. bpf_spin_lock has to be at the constant "
			"offset",
			regno);
	if (lock < 0)
		return reject(v, "map '%s' has no valid bpf_spin_lock", v->view->maps[r->map].name);
	if (at != lock)
		return reject(v, "off %lld doesn't point to 'struct bpf_spin_lock' that is at %lld",
			(long long)at, (long long)lock);
	return 0;
}

int lock__check_call(struct verifier *v, uint32_t func)
{
	static const uint32_t allowed[] = {BPF_FUNC_spin_unlock, KFUNC_iter_num_new,
		KFUNC_iter_num_next, KFUNC_iter_num_destroy};

	if (!v->cur->lock.held)
		return 0;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (allowed[i] == func)
			return 0;
	return reject(v, "function calls are not allowed while holding a lock");
}

int lock__change(struct verifier *v, uint32_t regno, bool lock)
{
	const struct reg *r = reg_at(v, regno);
	struct lock *held = &v->cur->lock;
	int err = check_lock(v, regno);

	if (err)
		return err;
	if (lock) { /* no second one: lock__check_call() saw to it */
		*held = (struct lock){.held = true, .map = r->map, .id = r->id};
		return 0;
	}
	if (!held->held)
		return reject(v, "bpf_spin_unlock without taking a lock");
	if (held->map != r->map || held->id != r->id)
		return reject(v, "bpf_spin_unlock of different lock");
	*held = (struct lock){0};
	return 0;
}
