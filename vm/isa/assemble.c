/* SPDX-License-Identifier: BSD-3-Clause
 *
 * assemble.c -- text to instructions, in the syntax of the bpf_conformance vectors.
 *
 * A line is `[label:] [mnemonic operands] [# comment]`. The mnemonic selects rows of the
 * table; the first whose template fits the operands is the instruction. A jump target is
 * `+N` or `-N` from the next instruction, or a label; labels are resolved when all lines have
 * been read. The label `exit`, where nobody defines it, is the first exit instruction.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "table.h"

struct label {
	const char *name;
	int len;
	uint32_t pos;
};

struct fixup { /* a jump to a label */
	const char *name;
	int len;
	uint32_t pos, line;
	bool in_imm;
};

struct assembler {
	struct ebpf_insn *insns;
	uint32_t n_insns, room;
	struct label *labels;
	uint32_t n_labels, labels_room;
	struct fixup *fixups;
	uint32_t n_fixups, fixups_room;
	uint32_t line;
};

/* One instruction on its way from text. */
struct parsed {
	struct ebpf_insn words[2];
	const char *label; /* the jump target, if it is a label */
	int label_len;
	bool label_in_imm;
	const char *range; /* a number that fits the syntax but not the field */
	int range_len;
};

static const struct {
	const char *alias, *mnemonic;
} aliases[] = {
	{"swap16", "bswap16"},
	{"swap32", "bswap32"},
	{"swap64", "bswap64"},
	{"gotol", "ja32"},
	{"call helper", "call"},
	{"call runtime", "call kfunc"},
	{"callx", "call"},
};

/* Room for one more element in an array of elements of `size` bytes. */
static bool array__grow(void **array, uint32_t used, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 64;
	void *p;

	if (used < *room)
		return true;
	if (more <= *room)
		return false;
	p = reallocarray(*array, more, size);
	if (!p)
		return false;
	*array = p;
	*room = more;
	return true;
}

static const char *skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static bool at_end(const char *p)
{
	return *p == '\0' || *p == '\n' || *p == '#';
}

/* The rest of the line after `words`, or NULL if it does not begin with them. */
static const char *match_words(const char *p, const char *words)
{
	for (; *words; words++) {
		if (*words == ' ') {
			if (*p != ' ' && *p != '\t')
				return NULL;
			p = skip_space(p);
		} else if (*p++ != *words) {
			return NULL;
		}
	}
	return is_word(*p) ? NULL : skip_space(p);
}

/* The operands of an instruction that is called `mnemonic` or one of its aliases. */
static const char *match_mnemonic(const char *p, const char *mnemonic)
{
	const char *operands;
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strcmp(aliases[i].mnemonic, mnemonic) != 0)
			continue;
		operands = match_words(p, aliases[i].alias);
		if (operands)
			return operands;
	}
	return match_words(p, mnemonic);
}

/* A number in [min, max]; max may be that of an unsigned field. */
static const char *parse_number(
	struct parsed *out, const char *p, int64_t min, uint64_t max, uint64_t *value)
{
	bool negative = *p == '-';
	const char *digits = *p == '-' || *p == '+' ? skip_space(p + 1) : p;
	unsigned long long v;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return NULL;
	errno = 0;
	v = strtoull(digits, &end, digits[0] == '0' && tolower(digits[1]) == 'x' ? 16 : 10);
	if (is_word(*end))
		return NULL;
	if (errno || (negative ? v > 0 - (uint64_t)min : v > max)) {
		out->range = p;
		out->range_len = (int)(end - p);
	}
	*value = negative ? 0 - v : v;
	return end;
}

static const char *parse_register(const char *p, unsigned *reg)
{
	char *end;
	unsigned long v;

	if (p[0] != '%' || p[1] != 'r' || !isdigit((unsigned char)p[2]))
		return NULL;
	v = strtoul(p + 2, &end, 10);
	if (v >= EBPF_N_REGS || is_word(*end))
		return NULL;
	*reg = v;
	return end;
}

static const char *parse_target(struct parsed *out, const char *p, bool in_imm)
{
	const char *end = p;
	uint64_t v;

	if (*p == '+' || *p == '-') {
		end = in_imm ? parse_number(out, p, INT32_MIN, INT32_MAX, &v)
			     : parse_number(out, p, INT16_MIN, INT16_MAX, &v);
		if (end && in_imm)
			out->words[0].imm = (int32_t)v;
		else if (end)
			out->words[0].off = (int16_t)v;
		return end;
	}
	while (is_word(*end))
		end++;
	if (end == p)
		return NULL;
	out->label = p;
	out->label_len = (int)(end - p);
	out->label_in_imm = in_imm;
	return end;
}

/* The text after an operand, or NULL if it is none of this kind. */
static const char *parse_operand(struct parsed *out, char kind, const char *p)
{
	struct ebpf_insn *w = out->words;
	uint64_t v = 0;
	unsigned reg = 0;

	switch (kind) {
	case 'd':
		p = parse_register(p, &reg);
		w[0].dst = reg;
		return p;
	case 's':
		p = parse_register(p, &reg);
		w[0].src = reg;
		return p;
	case 'i':
		p = parse_number(out, p, INT32_MIN, UINT32_MAX, &v);
		w[0].imm = (int32_t)v;
		return p;
	case 'I':
		p = parse_number(out, p, INT64_MIN, UINT64_MAX, &v);
		w[0].imm = (int32_t)v;
		w[1].imm = (int32_t)(v >> 32);
		return p;
	case 'n':
		if (*p != '+' && *p != '-')
			return p;
		p = parse_number(out, p, INT32_MIN, UINT32_MAX, &v);
		w[1].imm = (int32_t)v;
		return p;
	case 'o':
		if (*p != '+' && *p != '-')
			return p;
		p = parse_number(out, p, INT16_MIN, INT16_MAX, &v);
		w[0].off = (int16_t)v;
		return p;
	case 'j': return parse_target(out, p, false);
	case 'J': return parse_target(out, p, true);
	}
	return NULL;
}

/* Do the operands at p fit the row's template, to the end of the line? */
static bool parse_operands(struct parsed *out, const struct isa_row *row, const char *p)
{
	const char *t;

	*out = (struct parsed){
		.words[0] = {.opcode = row->opcode,
			.src = row->src,
			.off = row->off,
			.imm = row->imm},
	};
	for (t = isa_forms[row->form].template; *t; t++) {
		p = skip_space(p);
		if (*t == ' ')
			continue;
		if (*t == '$')
			p = parse_operand(out, *++t, p);
		else if (*p++ != *t)
			return false;
		if (!p)
			return false;
	}
	return at_end(skip_space(p));
}

static int parse_instruction(struct assembler *a, const char *p, struct parsed *out,
	const struct isa_row **found, char **errmsg)
{
	bool known = false;
	size_t i;

	for (i = 0; i < isa_n_rows; i++) {
		const struct isa_row *row = &isa_rows[i];
		const char *operands = match_mnemonic(p, row->mnemonic);

		if (!operands)
			continue;
		known = true;
		if (!parse_operands(out, row, operands))
			continue;
		if (out->range)
			return error__set(errmsg, -EINVAL, "line %u: %.*s is out of range", a->line,
				out->range_len, out->range);
		*found = row;
		return 0;
	}
	if (known)
		return error__set(errmsg, -EINVAL,
			"line %u: operands do not fit the instruction: %.*s", a->line,
			(int)strcspn(p, "#\r\n"), p);
	return error__set(errmsg, -EINVAL, "line %u: unknown instruction: %.*s", a->line,
		(int)strcspn(p, " \t#\r\n"), p);
}

static int add_label(struct assembler *a, const char *name, int len, char **errmsg)
{
	uint32_t i;

	for (i = 0; i < a->n_labels; i++) {
		if (a->labels[i].len == len && !memcmp(a->labels[i].name, name, len))
			return error__set(errmsg, -EINVAL, "line %u: label %.*s is defined twice",
				a->line, len, name);
	}
	if (!array__grow((void **)&a->labels, a->n_labels, &a->labels_room, sizeof(*a->labels)))
		return error__set(errmsg, -ENOMEM, "line %u: out of memory", a->line);
	a->labels[a->n_labels++] = (struct label){name, len, a->n_insns};
	return 0;
}

static int add_instruction(struct assembler *a, const char *p, char **errmsg)
{
	const struct isa_row *row = NULL;
	struct parsed out;
	int i, words, err = parse_instruction(a, p, &out, &row, errmsg);

	if (err)
		return err;
	if (out.label) {
		if (!array__grow(
			    (void **)&a->fixups, a->n_fixups, &a->fixups_room, sizeof(*a->fixups)))
			return error__set(errmsg, -ENOMEM, "line %u: out of memory", a->line);
		a->fixups[a->n_fixups++] = (struct fixup){
			out.label, out.label_len, a->n_insns, a->line, out.label_in_imm};
	}
	words = row->op == ISA_LDDW ? 2 : 1;
	for (i = 0; i < words; i++) {
		if (!array__grow((void **)&a->insns, a->n_insns, &a->room, sizeof(*a->insns)))
			return error__set(errmsg, -ENOMEM, "line %u: out of memory", a->line);
		a->insns[a->n_insns++] = out.words[i];
	}
	return 0;
}

static int assemble_line(struct assembler *a, const char *p, char **errmsg)
{
	const char *end;
	int err;

	p = skip_space(p);
	for (end = p; is_word(*end); end++)
		;
	if (end > p && *end == ':') {
		err = add_label(a, p, (int)(end - p), errmsg);
		if (err)
			return err;
		p = skip_space(end + 1);
	}
	return at_end(p) ? 0 : add_instruction(a, p, errmsg);
}

static bool find_label(const struct assembler *a, const struct fixup *f, uint32_t *pos)
{
	uint32_t i;
	const char *why;

	for (i = 0; i < a->n_labels; i++) {
		if (a->labels[i].len == f->len && !memcmp(a->labels[i].name, f->name, f->len)) {
			*pos = a->labels[i].pos;
			return true;
		}
	}
	if (f->len != 4 || memcmp(f->name, "exit", 4))
		return false;
	for (i = 0; i < a->n_insns; i++) {
		const struct isa_row *row = isa_row__of(&a->insns[i], a->n_insns - i, &why);

		if (row && row->op == ISA_EXIT) {
			*pos = i;
			return true;
		}
		if (row && row->op == ISA_LDDW)
			i++;
	}
	return false;
}

static int resolve(struct assembler *a, const struct fixup *f, char **errmsg)
{
	uint32_t pos;
	int64_t distance;

	if (!find_label(a, f, &pos))
		return error__set(
			errmsg, -EINVAL, "line %u: no label %.*s", f->line, f->len, f->name);
	distance = (int64_t)pos - f->pos - 1;
	if (f->in_imm) {
		a->insns[f->pos].imm = (int32_t)distance;
		return 0;
	}
	if (distance < INT16_MIN || distance > INT16_MAX)
		return error__set(errmsg, -EINVAL,
			"line %u: label %.*s is too far for a 16-bit offset: use ja32", f->line,
			f->len, f->name);
	a->insns[f->pos].off = (int16_t)distance;
	return 0;
}

int isa__assemble(const char *text, struct ebpf_insn **insns, uint32_t *n_insns, char **errmsg)
{
	struct assembler a = {.line = 1};
	const char *p = text;
	int err = 0;
	uint32_t i;

	while (!err && *p) {
		err = assemble_line(&a, p, errmsg);
		p += strcspn(p, "\n");
		if (*p == '\n')
			p++;
		a.line++;
	}
	for (i = 0; !err && i < a.n_fixups; i++)
		err = resolve(&a, &a.fixups[i], errmsg);
	if (!err && !a.n_insns)
		err = error__set(errmsg, -EINVAL, "the text has no instructions");
	free(a.labels);
	free(a.fixups);
	if (err) {
		free(a.insns);
		return err;
	}
	*insns = a.insns;
	*n_insns = a.n_insns;
	return 0;
}
