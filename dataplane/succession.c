/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "dataplane.h"
#include "mbuf-driver.h"
#include "succession.h"

static int compile(struct dataplane *dp, struct ebpf_program *prog, char **errmsg)
{
	struct tier *tier = tier__start(dp->tiers, prog, mbuf_driver(), TIER_LLVM, errmsg);

	tier__release(tier);
	return tier ? 0 : -ENOTSUP;
}

int succession__prepare(struct succession *s, struct dataplane *dp, struct ebpf_object *object,
	struct ebpf_object *before, enum tier_engine engine, char **errmsg)
{
	int err;

	*s = (struct succession){0};
	if (!object || !before)
		return 0;
	err = ebpf_object__find_heirs(object, before, &s->heirs, &s->n, errmsg);
	for (size_t i = 0; i < s->n && !err && engine == TIER_LLVM; i++)
		err = compile(dp, s->heirs[i].is, errmsg);
	if (err)
		succession__drop(s);
	else
		s->object = object;
	return err;
}

void succession__put_heirs(const struct succession *s)
{
	if (s->object)
		ebpf_object__succeed(s->object, s->heirs, s->n);
}

void succession__drop(struct succession *s)
{
	free(s->heirs);
	*s = (struct succession){0};
}

const struct ebpf_program *succession__of(
	const struct succession *s, const struct ebpf_program *prog)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->heirs[i].was == prog)
			return s->heirs[i].is;
	return prog;
}
