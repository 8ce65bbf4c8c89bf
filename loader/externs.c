/* SPDX-License-Identifier: BSD-3-Clause
 *
 * externs.c -- variables that the kernel would provide from its configuration (__kconfig). They
 * become one read-only map, .kconfig, as libbpf makes it, in libbpf's order: by falling
 * alignment, then size, then name.
 *
 * Values are written as in a .config file; a variable takes one in the form of its type: a
 * bool, enum libbpf_tristate, a char, an integer, a string. One without a value is 0 if it is
 * weak; otherwise a program that refers to it is refused, unless the user has set it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "object-internal.h"

#define SECTION    ".kconfig"
#define MAX_STRING 256

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

/* What this machine says of itself: Linux 6.12 with what XDP programs need. */
static const struct {
	const char *name, *value;
} known[] = {
	{"LINUX_KERNEL_VERSION", "396288"}, /* 6 << 16 | 12 << 8 */
	{"CONFIG_HZ", TEXT(EBPF_HZ)},
	{"CONFIG_PAGE_SHIFT", "12"},
	{"CONFIG_64BIT", "y"},
#if defined(__x86_64__)
	{"CONFIG_X86_64", "y"},
#elif defined(__aarch64__)
	{"CONFIG_ARM64", "y"},
#endif
	{"CONFIG_SMP", "y"},
	{"CONFIG_NET", "y"},
	{"CONFIG_INET", "y"},
	{"CONFIG_IPV6", "y"},
	{"CONFIG_VLAN_8021Q", "y"},
	{"CONFIG_BPF", "y"},
	{"CONFIG_BPF_SYSCALL", "y"},
	{"CONFIG_BPF_JIT", "y"},
	{"CONFIG_XDP_SOCKETS", "y"},
};

static const char *find_value(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0)
			return known[i].value;
	}
	return NULL;
}

/* "n", "y" or "m" as in enum libbpf_tristate: 0, 1, 2; -1 if it is none of them. */
static int tristate(const char *value)
{
	const char *at = value[0] && !value[1] ? strchr("nym", value[0]) : NULL;

	return at ? at - "nym" : -1;
}

/* Writes the value in the form of the variable's type. False: it has no such form. */
static bool write_value(const struct btf *btf, const struct btf_type *t, const char *value,
	uint8_t *to, size_t size)
{
	int state = tristate(value);
	uint64_t number;
	char *end;

	if (btf_is_array(t)) {
		if (strlen(value) >= size)
			return false;
		memcpy(to, value, strlen(value));
		return true;
	}
	if (size > sizeof(number))
		return false;
	if (btf_is_any_enum(t) && state >= 0 &&
		strcmp(btf_types__string(btf, t->name_off), "libbpf_tristate") == 0)
		number = state;
	else if (btf_is_int(t) && (btf_int_encoding(t) & BTF_INT_BOOL) &&
		 (state == 0 || state == 1))
		number = state;
	else if (btf_is_int(t) && size == 1 && state >= 0)
		number = value[0];
	else if (btf_is_int(t) && state < 0) {
		number = strtoull(value, &end, 0);
		if (*end || (size < 8 && number >> (size * 8)))
			return false;
	} else
		return false;
	memcpy(to, &number, size); /* little-endian, as BPF here */
	return true;
}

static int compare_externs(const void *a, const void *b)
{
	const struct object_extern *x = a, *y = b;

	if (x->align != y->align)
		return x->align > y->align ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return strcmp(x->name, y->name);
}

static const struct elf_symbol *find_undefined(const struct elf_file *elf, const char *name)
{
	for (uint32_t i = 1; i < elf->n_symbols; i++) {
		if (elf->symbols[i].section == SHN_UNDEF && strcmp(elf->symbols[i].name, name) == 0)
			return &elf->symbols[i];
	}
	return NULL;
}

static int read_extern(struct ebpf_object *obj, uint32_t var_id, char **errmsg)
{
	const struct btf_type *var = btf__type_by_id(obj->btf, var_id), *t, *element;
	struct object_extern *e = &obj->externs[obj->n_externs];
	const struct elf_symbol *symbol;
	int64_t size;

	if (!var || !btf_is_var(var))
		return error__set(
			errmsg, -EINVAL, "section .kconfig: type %u is no variable", var_id);
	e->name = btf_types__string(obj->btf, var->name_off);
	symbol = find_undefined(&obj->elf, e->name);
	if (!symbol) /* not used */
		return 0;
	t = btf_types__resolve(obj->btf, var->type);
	size = btf__resolve_size(obj->btf, var->type);
	element = t && btf_is_array(t) ? btf_types__resolve(obj->btf, btf_array(t)->type) : t;
	if (!element || (!btf_is_int(element) && !btf_is_any_enum(element)) || size <= 0 ||
		size > MAX_STRING)
		return error__set(
			errmsg, -EINVAL, "extern %s: its type is no configuration value", e->name);
	e->type = t;
	e->size = size;
	e->align = element->size < 8 ? element->size : 8;
	e->is_known = symbol->bind == STB_WEAK;
	obj->n_externs++;
	return 0;
}

/* Places and values, in the order of the array. */
static int fill_kconfig(struct ebpf_object *obj, uint32_t *total, char **errmsg)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < obj->n_externs; i++) {
		struct object_extern *e = &obj->externs[i];

		e->offset = (end + e->align - 1) / e->align * e->align;
		end = e->offset + e->size;
	}
	obj->kconfig = calloc(1, end);
	if (!obj->kconfig)
		return error__set(errmsg, -ENOMEM, "no memory for its configuration");
	for (uint32_t i = 0; i < obj->n_externs; i++) {
		struct object_extern *e = &obj->externs[i];
		const char *value = find_value(e->name);

		if (value)
			e->is_known = write_value(
				obj->btf, e->type, value, obj->kconfig + e->offset, e->size);
	}
	*total = end;
	return 0;
}

int ebpf_object__add_externs(struct ebpf_object *obj, char **errmsg)
{
	const struct btf_type *sec = obj->btf ? btf_types__datasec(obj->btf, SECTION) : NULL;
	uint32_t size = 0;
	int err = 0;

	if (!sec)
		return 0;
	obj->externs = calloc(btf_vlen(sec) + 1u, sizeof(*obj->externs));
	if (!obj->externs)
		return error__set(errmsg, -ENOMEM, "no memory for its externs");
	for (uint32_t i = 0; i < btf_vlen(sec) && !err; i++)
		err = read_extern(obj, btf_var_secinfos(sec)[i].type, errmsg);
	if (err || !obj->n_externs)
		return err;
	qsort(obj->externs, obj->n_externs, sizeof(*obj->externs), compare_externs);
	err = fill_kconfig(obj, &size, errmsg);
	return err ? err : ebpf_object__add_data_map(obj, SECTION, 0, obj->kconfig, size, errmsg);
}

struct object_extern *ebpf_object__find_extern(const struct ebpf_object *obj, const char *name)
{
	for (uint32_t i = 0; i < obj->n_externs; i++) {
		if (strcmp(obj->externs[i].name, name) == 0)
			return &obj->externs[i];
	}
	return NULL;
}
