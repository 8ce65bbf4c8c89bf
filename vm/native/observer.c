/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/log.h"
#include "observer.h"

static struct {
	bool gdb, perf_map, jitdump;
} wanted;

static void read_environment(void)
{
	const char *gdb = secure_getenv("XDPK_GDB"), *perf = secure_getenv("XDPK_PERF");

	wanted.gdb = gdb && strcmp(gdb, "1") == 0;
	wanted.perf_map = perf && strcmp(perf, "map") == 0;
	wanted.jitdump = perf && strcmp(perf, "jitdump") == 0;
	if (gdb && *gdb && !wanted.gdb && strcmp(gdb, "0") != 0)
		fprintf(stderr, "xdpk: XDPK_GDB=%s: neither 0 nor 1\n", gdb);
	if (perf && *perf && !wanted.perf_map && !wanted.jitdump)
		fprintf(stderr, "xdpk: XDPK_PERF=%s: neither map nor jitdump\n", perf);
}

static void ask(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_environment);
}

bool observer__wants_lines(void)
{
	ask();
	return wanted.gdb || wanted.jitdump;
}

bool observer__wants_anonymous(void)
{
	ask();
	return wanted.perf_map;
}

struct gdb_entry *observer__loaded(const struct link *l)
{
	ask();
	if (wanted.perf_map)
		perf_map__add(l);
	if (wanted.jitdump)
		jitdump__add(l);
	return wanted.gdb ? gdb__show(l) : NULL;
}

void observer__unloaded(struct gdb_entry *entry)
{
	if (entry)
		gdb__hide(entry);
}

void observer__made(const char *program, const char *backend, const void *code, size_t size)
{
	struct image_function f = {.address = (uintptr_t)code, .size = size};

	ask();
	snprintf(f.name, sizeof(f.name), "%s:%s", program, backend);
	if (wanted.perf_map)
		perf_map__add_function(&f);
	if (wanted.jitdump)
		jitdump__add_function(&f);
}

/* Symbols are the compiler's: the doors of an image, "bpf.INSN.FUNCTION" and the runtime's. */
static void name_function(const struct link *l, const char *symbol, char name[256])
{
	static const struct {
		const char *symbol, *what;
	} doors[] = {{"ebpf_entry", ""}, {"ebpf_driver", ":burst"}, {"ebpf_jit", ":jit"}};
	int skip = 0;

	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		if (strcmp(symbol, doors[i].symbol) == 0) {
			snprintf(name, 256, "%s%s", l->name, doors[i].what);
			return;
		}
	}
	if (sscanf(symbol, "bpf.%*u.%n", &skip) == 0)
		symbol += skip;
	snprintf(name, 256, "%s:%s", l->name, symbol);
}

bool observer__next_function(const struct link *l, uint32_t *i, struct image_function *function)
{
	for (; *i < l->obj.n_symbols; ++*i) {
		Elf64_Sym sym = elf_object__symbol(&l->obj, *i);
		Elf64_Shdr sh;

		if (ELF64_ST_TYPE(sym.st_info) != STT_FUNC || link__is_undefined(&sym) ||
			sym.st_shndx >= l->obj.n_sections ||
			l->section_at[sym.st_shndx] == LINK_NOWHERE)
			continue;
		sh = elf_object__section(&l->obj, sym.st_shndx);
		if (!(sh.sh_flags & SHF_EXECINSTR) || sym.st_value > sh.sh_size ||
			sym.st_size > sh.sh_size - sym.st_value)
			continue;
		function->address = l->base + l->section_at[sym.st_shndx] + sym.st_value;
		function->size = sym.st_size;
		function->section = sym.st_shndx;
		name_function(l, elf_object__symbol_name(&l->obj, (*i)++), function->name);
		return true;
	}
	return false;
}
