/* SPDX-License-Identifier: BSD-3-Clause
 *
 * subject.c -- opens an object up to the point where engines part.
 */
#include <errno.h>
#include <stdio.h>

#include "control.h"
#include "core/error.h"
#include "subject.h"

static void print_trace(void *user, const char *text, size_t len)
{
	fprintf(stderr, "trace: %.*s%s", (int)len, text, len && text[len - 1] == '\n' ? "" : "\n");
}

int subject__open(struct subject *s, const struct engine_opts *opts, char **errmsg)
{
	const struct ebpf_instance_opts inst = {
		.workers = 1, .trace = opts->trace ? print_trace : NULL};
	int err;

	*s = (struct subject){0};
	s->inst = ebpf_instance__create(&inst, errmsg);
	s->obj = s->inst ? object__open(opts->object, errmsg) : NULL;
	err = s->obj ? control__set_up_object(s->obj, s->inst, opts->init, errmsg) : -EINVAL;
	if (!err) {
		s->spec = object__program_spec(s->obj, opts->program, errmsg);
		if (!s->spec)
			err = -EINVAL;
	}
	if (err)
		subject__close(s);
	return err;
}

void subject__close(struct subject *s)
{
	object__close(s->obj);
	if (s->inst)
		ebpf_instance__destroy(s->inst);
	*s = (struct subject){0};
}
