/* SPDX-License-Identifier: BSD-3-Clause
 *
 * gdb.c -- gdb's JIT interface ("JIT Compilation Interface" in its manual): a list of objects in
 * memory, and a function at which gdb has a breakpoint and reads the list.
 *
 * An entry is a copy of the object as it was compiled, with the addresses at which its sections
 * lie. gdb applies the relocations of its DWARF itself.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../core/log.h"
#include "observer.h"

/* Both, and the names of all four, are gdb's. */
struct gdb_entry {
	struct gdb_entry *next, *prev;
	const uint8_t *object;
	uint64_t size;
};

struct gdb_list {
	uint32_t version;
	uint32_t action;
	struct gdb_entry *about;
	struct gdb_entry *first;
};

enum { GDB_NOTHING, GDB_ADDED, GDB_REMOVED };

#define SEEN_BY_GDB __attribute__((visibility("default"), used))

void __jit_debug_register_code(void);
extern struct gdb_list __jit_debug_descriptor;

SEEN_BY_GDB struct gdb_list __jit_debug_descriptor = {.version = 1};

SEEN_BY_GDB __attribute__((noinline)) void __jit_debug_register_code(void)
{
	__asm__ volatile("" ::: "memory");
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void tell(struct gdb_entry *entry, uint32_t action)
{
	__jit_debug_descriptor.about = entry;
	__jit_debug_descriptor.action = action;
	__jit_debug_register_code();
	__jit_debug_descriptor.about = NULL;
	__jit_debug_descriptor.action = GDB_NOTHING;
}

static void set_addresses(const struct link *l, uint8_t *object)
{
	for (uint32_t i = 0; i < l->obj.n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(&l->obj, i);

		if (l->section_at[i] == LINK_NOWHERE)
			continue;
		sh.sh_addr = l->base + l->section_at[i];
		memcpy(object + l->obj.sections + i * sizeof(sh), &sh, sizeof(sh));
	}
}

/* One allocation: the entry, then the object. */
struct gdb_entry *gdb__show(const struct link *l)
{
	struct gdb_entry *entry = malloc(sizeof(*entry) + l->obj.size);
	uint8_t *object = (uint8_t *)(entry + 1);

	if (!entry) {
		log__write(LOG_LEVEL_WARNING, "%s: no memory to show it to gdb", l->name);
		return NULL;
	}
	memcpy(object, l->obj.bytes, l->obj.size);
	set_addresses(l, object);
	*entry = (struct gdb_entry){.object = object, .size = l->obj.size};
	pthread_mutex_lock(&lock);
	entry->next = __jit_debug_descriptor.first;
	if (entry->next)
		entry->next->prev = entry;
	__jit_debug_descriptor.first = entry;
	tell(entry, GDB_ADDED);
	pthread_mutex_unlock(&lock);
	return entry;
}

void gdb__hide(struct gdb_entry *entry)
{
	pthread_mutex_lock(&lock);
	if (entry->next)
		entry->next->prev = entry->prev;
	if (entry->prev)
		entry->prev->next = entry->next;
	else
		__jit_debug_descriptor.first = entry->next;
	tell(entry, GDB_REMOVED);
	pthread_mutex_unlock(&lock);
	free(entry);
}
