/* SPDX-License-Identifier: BSD-3-Clause
 *
 * func-types.c -- what a function's type says of its arguments. A global function is verified
 * on its own, so this is all that is known of them; Linux reads the type in the same way:
 *
 *	int, enum                      a number
 *	struct xdp_md *, or void *     the context
 *	  tagged "arg:ctx"
 *	struct bpf_dynptr *            a dynptr
 *	T *                            sizeof(T) bytes or NULL; never NULL if tagged "arg:nonnull"
 *
 * Tags are BTF_KIND_DECL_TAG of the function, one for each argument they belong to.
 */
#include <errno.h>
#include <string.h>

#include "../vm/core/error.h"
#include "object-internal.h"

#define CONTEXT_TYPE        "xdp_md"
#define KERNEL_CONTEXT_TYPE "xdp_buff"
#define EXCEPTION_TAG       "exception_callback:"

enum { TAG_CTX = 1, TAG_NONNULL = 2, TAG_UNKNOWN = 4 };

static unsigned tag_of(const char *name)
{
	if (strncmp(name, "arg:", 4) != 0)
		return 0;
	if (strcmp(name + 4, "ctx") == 0)
		return TAG_CTX;
	return strcmp(name + 4, "nonnull") == 0 ? TAG_NONNULL : TAG_UNKNOWN;
}

static bool is_struct(const struct btf *btf, const struct btf_type *t, const char *name)
{
	return t && btf_is_struct(t) && strcmp(btf_types__string(btf, t->name_off), name) == 0;
}

/* Linux's own context may stand for the program's, but not where a tag says what it is. */
static bool is_context(const struct btf *btf, const struct btf_type *to, unsigned tags)
{
	if (tags & TAG_CTX)
		return to && (btf_is_void(to) || is_struct(btf, to, CONTEXT_TYPE));
	return is_struct(btf, to, CONTEXT_TYPE) || is_struct(btf, to, KERNEL_CONTEXT_TYPE);
}

static struct ebpf_func_arg describe(const struct btf *btf, uint32_t type, unsigned tags)
{
	const struct btf_type *t = btf_types__resolve(btf, type), *to;
	int64_t size;

	if (t && !btf_is_ptr(t)) {
		bool number = btf_is_int(t) || btf_is_any_enum(t);

		return (struct ebpf_func_arg){
			.kind = number && !tags ? EBPF_ARG_SCALAR : EBPF_ARG_OTHER};
	}
	if (!t || (tags & TAG_UNKNOWN))
		return (struct ebpf_func_arg){.kind = EBPF_ARG_OTHER};
	to = btf_types__resolve(btf, t->type);
	if (is_context(btf, to, tags))
		return (struct ebpf_func_arg){
			.kind = tags & TAG_NONNULL ? EBPF_ARG_OTHER : EBPF_ARG_CTX};
	if (tags & TAG_CTX)
		return (struct ebpf_func_arg){.kind = EBPF_ARG_OTHER};
	if (is_struct(btf, to, "bpf_dynptr"))
		return (struct ebpf_func_arg){.kind = tags ? EBPF_ARG_OTHER : EBPF_ARG_DYNPTR};
	size = btf__resolve_size(btf, t->type);
	if (size < 0 || size > UINT32_MAX)
		return (struct ebpf_func_arg){.kind = EBPF_ARG_OTHER};
	return (struct ebpf_func_arg){
		.kind = EBPF_ARG_MEM, .size = size, .nullable = !(tags & TAG_NONNULL)};
}

/* The tags of all arguments, in one walk over the types. */
static void find_tags(const struct btf *btf, uint32_t func, unsigned tags[5])
{
	for (uint32_t i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		int arg;

		if (!btf_is_decl_tag(t) || t->type != func)
			continue;
		arg = btf_decl_tag(t)->component_idx;
		if (arg >= 0 && arg < 5)
			tags[arg] |= tag_of(btf_types__string(btf, t->name_off));
	}
}

void ebpf_object__describe_function(
	const struct ebpf_object *obj, const struct object_function *from, struct ebpf_func *f)
{
	const struct btf_type *func, *proto, *result;
	unsigned tags[5] = {0};

	func = obj->btf && from->type ? btf__type_by_id(obj->btf, from->type) : NULL;
	proto = func ? btf__type_by_id(obj->btf, func->type) : NULL;
	if (!proto || !btf_is_func_proto(proto))
		return;
	find_tags(obj->btf, from->type, tags);
	result = btf_types__resolve(obj->btf, proto->type);
	f->typed = true;
	f->returns_scalar = result && (btf_is_int(result) || btf_is_any_enum(result));
	f->n_args = btf_vlen(proto) < 6 ? btf_vlen(proto) : 6;
	for (uint32_t i = 0; i < f->n_args && i < 5; i++)
		f->args[i] = describe(obj->btf, btf_params(proto)[i].type, tags[i]);
}

int ebpf_object__check_tags(
	const struct ebpf_object *obj, const struct object_function *f, char **errmsg)
{
	for (uint32_t i = 1; obj->btf && f->type && i < btf__type_cnt(obj->btf); i++) {
		const struct btf_type *t = btf__type_by_id(obj->btf, i);
		const char *tag;

		if (!btf_is_decl_tag(t) || t->type != f->type)
			continue;
		tag = btf_types__string(obj->btf, t->name_off);
		if (strncmp(tag, EXCEPTION_TAG, strlen(EXCEPTION_TAG)) == 0)
			return error__set(errmsg, -ENOTSUP,
				"program %s: exception callbacks, as %s, are not supported",
				f->program.name, tag + strlen(EXCEPTION_TAG));
	}
	return 0;
}
