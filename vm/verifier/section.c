/* SPDX-License-Identifier: BSD-3-Clause
 *
 * section.c -- parts of a program that kernel functions begin and end: without preemption, under
 * RCU's protection. Neither means anything here, but a program that leaves one open is wrong.
 */
#include "internal.h"

static const struct section_kind {
	uint32_t begin, end;
	const char *name;
	bool nests;
} kinds[N_SECTIONS] = {
	[SECTION_RCU] = {KFUNC_rcu_read_lock, KFUNC_rcu_read_unlock, "rcu_read_lock", false},
	[SECTION_NO_PREEMPT] = {KFUNC_preempt_disable, KFUNC_preempt_enable, "preempt_disable",
		true},
};

int section__check_call(struct verifier *v, uint32_t func)
{
	for (uint32_t i = 0; i < N_SECTIONS; i++) {
		uint32_t *open = &v->cur->sections[i];

		if (func == kinds[i].begin) {
			if (*open && !kinds[i].nests)
				return reject(v, "nested %s", kinds[i].name);
			++*open;
		} else if (func == kinds[i].end) {
			if (!*open)
				return reject(v, "the end of a section without its begin, %s",
					kinds[i].name);
			--*open;
		}
	}
	return 0;
}

int section__check_none(struct verifier *v, const char *where)
{
	for (uint32_t i = 0; i < N_SECTIONS; i++)
		if (v->cur->sections[i])
			return reject(
				v, "%s inside of a section that %s began", where, kinds[i].name);
	return 0;
}
