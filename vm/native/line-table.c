/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "line-table.h"

#define VERSION   4
#define MAX_FILES 1024 /* of a unit, and folders */

/* The numbers are DWARF's. */
enum {
	LNS_EXTENDED,
	LNS_COPY,
	LNS_ADVANCE_PC,
	LNS_ADVANCE_LINE,
	LNS_SET_FILE,
	LNS_SET_COLUMN,
	LNS_NEGATE_STMT,
	LNS_SET_BASIC_BLOCK,
	LNS_CONST_ADD_PC,
	LNS_FIXED_ADVANCE_PC,
};
enum { LNE_END_SEQUENCE = 1, LNE_SET_ADDRESS = 2 };

/* Reads nothing beyond the end: zeroes from there on. */
struct reader {
	const uint8_t *at, *end;
};

struct unit {
	struct line_table *table;
	struct reader r;
	uint8_t min_length, line_range, opcode_base;
	int8_t line_base;
	uint8_t n_args[256]; /* by opcode */
	const char *folders[MAX_FILES];
	struct {
		const char *name;
		uint64_t folder;
	} files[MAX_FILES];
	uint32_t n_folders, n_files; /* both count from 1 */

	struct line_row row; /* the state machine's */
	uint64_t file;
};

static uint64_t read_bytes(struct reader *r, unsigned n)
{
	uint64_t value = 0;

	if (n > (size_t)(r->end - r->at)) {
		r->at = r->end;
		return 0;
	}
	memcpy(&value, r->at, n);
	r->at += n;
	return value;
}

static uint64_t read_uleb(struct reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; r->at < r->end; shift += 7) {
		uint8_t byte = *r->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

static int64_t read_sleb(struct reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; r->at < r->end;) {
		uint8_t byte = *r->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if ((byte & 0x40) && shift < 64)
			value |= ~0ull << shift;
		break;
	}
	return (int64_t)value;
}

static const char *read_string(struct reader *r)
{
	const char *text = (const char *)r->at;
	const uint8_t *nul = r->at < r->end ? memchr(r->at, 0, (size_t)(r->end - r->at)) : NULL;

	r->at = nul ? nul + 1 : r->end;
	return nul ? text : "";
}

static bool add_row(struct unit *u)
{
	struct line_table *t = u->table;

	if (t->n_rows == t->room) {
		uint32_t room = t->room * 2 + 64;
		struct line_row *rows = realloc(t->rows, room * sizeof(*rows));

		if (!rows)
			return false;
		t->rows = rows;
		t->room = room;
	}
	u->row.folder = u->row.file = "";
	if (u->file && u->file <= u->n_files) {
		uint64_t folder = u->files[u->file - 1].folder;

		u->row.file = u->files[u->file - 1].name;
		u->row.folder = folder && folder <= u->n_folders ? u->folders[folder - 1] : "";
	}
	t->rows[t->n_rows++] = u->row;
	return true;
}

static void begin_sequence(struct unit *u)
{
	u->row = (struct line_row){.line = 1};
	u->file = 1;
}

static void advance(struct unit *u, uint64_t operations)
{
	u->row.address += operations * u->min_length;
}

static bool run_extended(struct unit *u)
{
	uint64_t size = read_uleb(&u->r);
	struct reader args = u->r;
	bool done = true;

	if (size > (size_t)(u->r.end - u->r.at))
		size = (size_t)(u->r.end - u->r.at);
	u->r.at += size;
	args.end = u->r.at;
	switch (read_bytes(&args, 1)) {
	case LNE_END_SEQUENCE:
		u->row.line = 0;
		done = add_row(u);
		begin_sequence(u);
		break;
	case LNE_SET_ADDRESS: u->row.address = read_bytes(&args, 8); break;
	}
	return done;
}

static bool run_special(struct unit *u, uint8_t opcode)
{
	uint8_t step = opcode - u->opcode_base;

	advance(u, step / u->line_range);
	u->row.line += (uint32_t)(u->line_base + step % u->line_range);
	return add_row(u);
}

static bool run_opcode(struct unit *u)
{
	uint8_t opcode = (uint8_t)read_bytes(&u->r, 1);

	if (opcode >= u->opcode_base)
		return run_special(u, opcode);
	switch (opcode) {
	case LNS_EXTENDED: return run_extended(u);
	case LNS_COPY: return add_row(u);
	case LNS_ADVANCE_PC: advance(u, read_uleb(&u->r)); break;
	case LNS_ADVANCE_LINE: u->row.line += (uint32_t)read_sleb(&u->r); break;
	case LNS_SET_FILE: u->file = read_uleb(&u->r); break;
	case LNS_CONST_ADD_PC: advance(u, (255 - u->opcode_base) / u->line_range); break;
	case LNS_FIXED_ADVANCE_PC: u->row.address += read_bytes(&u->r, 2); break;
	default: /* says nothing of lines */
		for (unsigned i = 0; i < u->n_args[opcode]; i++)
			read_uleb(&u->r);
	}
	return true;
}

static void read_names(struct unit *u, struct reader r)
{
	const char *name;

	while (*(name = read_string(&r)) && u->n_folders < MAX_FILES)
		u->folders[u->n_folders++] = name;
	while (*(name = read_string(&r)) && u->n_files < MAX_FILES) {
		u->files[u->n_files].name = name;
		u->files[u->n_files++].folder = read_uleb(&r);
		read_uleb(&r); /* time */
		read_uleb(&r); /* size */
	}
}

/* Leaves u->r at the program of the unit; false for what cannot be read. */
static bool read_header(struct unit *u)
{
	uint64_t version = read_bytes(&u->r, 2), size = read_bytes(&u->r, 4);
	struct reader header = u->r;

	if (version != VERSION || size > (size_t)(u->r.end - u->r.at))
		return false;
	u->r.at += size;
	header.end = u->r.at;
	u->min_length = (uint8_t)read_bytes(&header, 1);
	read_bytes(&header, 2); /* operations of an instruction; is_stmt */
	u->line_base = (int8_t)read_bytes(&header, 1);
	u->line_range = (uint8_t)read_bytes(&header, 1);
	u->opcode_base = (uint8_t)read_bytes(&header, 1);
	if (!u->line_range || !u->opcode_base)
		return false;
	for (unsigned i = 1; i < u->opcode_base; i++)
		u->n_args[i] = (uint8_t)read_bytes(&header, 1);
	read_names(u, header);
	begin_sequence(u);
	return true;
}

static bool read_unit(struct line_table *t, struct reader r)
{
	struct unit *u = calloc(1, sizeof(*u));
	bool done = u != NULL;

	if (!u)
		return false;
	u->table = t;
	u->r = r;
	if (read_header(u))
		while (done && u->r.at < u->r.end)
			done = run_opcode(u);
	free(u);
	return done;
}

/* Addresses of code, which are all that the section needs. */
static void relocate(const struct link *l, uint32_t section, uint8_t *bytes, uint64_t size)
{
	for (uint32_t i = 0; i < l->obj.n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(&l->obj, i);

		if (sh.sh_type != SHT_RELA || sh.sh_info != section)
			continue;
		for (uint64_t k = 0; k < sh.sh_size / sizeof(Elf64_Rela); k++) {
			Elf64_Rela rela = elf_object__rela(&l->obj, &sh, k);
			uint32_t symbol = ELF64_R_SYM(rela.r_info);
			Elf64_Sym sym;
			uint64_t address;

			if (ELF64_R_TYPE(rela.r_info) != R_X86_64_64 || size < 8 ||
				rela.r_offset > size - 8 || symbol >= l->obj.n_symbols)
				continue;
			sym = elf_object__symbol(&l->obj, symbol);
			if (sym.st_shndx >= l->obj.n_sections ||
				l->section_at[sym.st_shndx] == LINK_NOWHERE)
				continue;
			address = l->base + l->section_at[sym.st_shndx] + sym.st_value +
				  (uint64_t)rela.r_addend;
			memcpy(bytes + rela.r_offset, &address, sizeof(address));
		}
	}
}

static bool read_section(
	struct line_table *t, const struct link *l, uint32_t section, const Elf64_Shdr *sh)
{
	struct reader r;
	bool done = true;

	t->bytes = malloc(sh->sh_size + 1);
	if (!t->bytes)
		return false;
	memcpy(t->bytes, l->obj.bytes + sh->sh_offset, sh->sh_size);
	relocate(l, section, t->bytes, sh->sh_size);
	r = (struct reader){t->bytes, t->bytes + sh->sh_size};
	while (done && r.at < r.end) {
		uint64_t size = read_bytes(&r, 4);
		struct reader unit = r;

		if (size > (size_t)(r.end - r.at))
			break;
		r.at += size;
		unit.end = r.at;
		done = read_unit(t, unit);
	}
	return done;
}

bool line_table__read(struct line_table *t, const struct link *l)
{
	*t = (struct line_table){0};
	for (uint32_t i = 0; i < l->obj.n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(&l->obj, i);

		if (sh.sh_type != SHT_PROGBITS ||
			strcmp(elf_object__section_name(&l->obj, &sh), ".debug_line") != 0)
			continue;
		if (read_section(t, l, i, &sh))
			return true;
		line_table__release(t);
		return false;
	}
	return true;
}

void line_table__release(struct line_table *t)
{
	free(t->rows);
	free(t->bytes);
	*t = (struct line_table){0};
}
