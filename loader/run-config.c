/* SPDX-License-Identifier: BSD-3-Clause
 *
 * run-config.c -- a program's place among others on a port, as libxdp reads it: section
 * .xdp_run_config has a variable named _PROGRAM whose members are numbers, as in the definition of
 * a map.
 *
 *	struct {
 *		__uint(priority, 10);
 *		__uint(XDP_PASS, 1);    the next program is called after XDP_PASS
 *		__uint(XDP_DROP, 1);
 *	} XDP_RUN_CONFIG(my_program);
 */
#include <errno.h>
#include <string.h>

#include "../vm/core/error.h"
#include "object-internal.h"

static const char *const actions[] = {
	[XDP_ABORTED] = "XDP_ABORTED",
	[XDP_DROP] = "XDP_DROP",
	[XDP_PASS] = "XDP_PASS",
	[XDP_TX] = "XDP_TX",
	[XDP_REDIRECT] = "XDP_REDIRECT",
};

static bool set_action(struct ebpf_object_run_config *c, const char *name, uint64_t value)
{
	for (unsigned a = 0; a < sizeof(actions) / sizeof(actions[0]); a++) {
		if (strcmp(name, actions[a]) != 0)
			continue;
		c->call_on &= (uint8_t) ~(1u << a);
		c->call_on |= (uint8_t)((value != 0) << a);
		return true;
	}
	return false;
}

static int read_member(const struct btf *btf, const struct btf_member *m,
	struct ebpf_object_run_config *c, char **errmsg)
{
	const struct btf_type *t = btf_types__resolve(btf, m->type);
	const char *name = btf_types__string(btf, m->name_off);
	uint64_t value;

	if (!t || !btf_types__number(btf, t, &value))
		return error__set(errmsg, -EINVAL, "%s is no number", name);
	if (strcmp(name, "priority") != 0)
		return set_action(c, name, value)
			       ? 0
			       : error__set(errmsg, -EINVAL, "%s is no action", name);
	if (value > INT32_MAX)
		return error__set(
			errmsg, -EINVAL, "priority %llu is too great", (unsigned long long)value);
	c->priority = (uint32_t)value;
	return 0;
}

/* The struct behind the variable of that program, NULL if there is none. */
static const struct btf_type *find_config(const struct btf *btf, const char *program)
{
	const struct btf_type *section = btf ? btf_types__datasec(btf, ".xdp_run_config") : NULL;

	for (uint32_t i = 0; section && i < btf_vlen(section); i++) {
		const struct btf_type *var =
			btf__type_by_id(btf, btf_var_secinfos(section)[i].type);
		const char *name = var ? btf_types__string(btf, var->name_off) : "";

		if (name[0] == '_' && strcmp(name + 1, program) == 0)
			return btf_types__resolve(btf, var->type);
	}
	return NULL;
}

int ebpf_object__run_config(const struct ebpf_object *obj, const char *program,
	struct ebpf_object_run_config *c, char **errmsg)
{
	const struct btf_type *t = find_config(obj->btf, program);
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	*c = (struct ebpf_object_run_config){.priority = 50, .call_on = 1u << XDP_PASS};
	if (t && !btf_is_struct(t))
		err = error__set(errmsg, -EINVAL, "it is no struct");
	for (uint32_t i = 0; t && !err && i < btf_vlen(t); i++)
		err = read_member(obj->btf, &btf_members(t)[i], c, errmsg);
	if (err) {
		error__prefix(errmsg, "the run config of program %s", program);
		ebpf_object__fail(obj, errmsg);
	}
	return err;
}
