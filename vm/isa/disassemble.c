/* SPDX-License-Identifier: BSD-3-Clause
 *
 * disassemble.c -- an instruction as text: its mnemonic, and its form's template filled in.
 *
 * What isn't an instruction is written as ".word", which the assembler does not take.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

/* Text that may be longer than the buffer, as snprintf() treats it. */
struct text {
	char *buf;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void text__add(struct text *t, const char *fmt, ...)
{
	size_t at = t->len < t->size ? t->len : t->size;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->size ? t->buf + at : NULL, t->size - at, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += n;
}

/* Small numbers are counts and offsets, large ones masks and addresses. */
static void text__add_imm(struct text *t, int32_t imm)
{
	if (imm > -4096 && imm < 4096)
		text__add(t, "%" PRId32, imm);
	else
		text__add(t, "0x%" PRIx32, imm);
}

static void text__add_operand(struct text *t, char kind, const struct ebpf_insn *p)
{
	switch (kind) {
	case 'd': text__add(t, "%%r%u", p->dst); break;
	case 's': text__add(t, "%%r%u", p->src); break;
	case 'i': text__add_imm(t, p->imm); break;
	case 'I':
		text__add(t, "0x%" PRIx64, (uint64_t)(uint32_t)p[1].imm << 32 | (uint32_t)p->imm);
		break;
	case 'n':
		if (p[1].imm)
			text__add(t, "%+" PRId32, p[1].imm);
		break;
	case 'o':
		if (p->off)
			text__add(t, "%+d", p->off);
		break;
	case 'j': text__add(t, "%+d", p->off); break;
	case 'J': text__add(t, "%+" PRId32, p->imm); break;
	}
}

static void text__add_target(
	struct text *t, const char *template, const struct ebpf_insn *p, uint32_t pos)
{
	if (strstr(template, "$j"))
		text__add(t, "  # to %" PRId64, (int64_t)pos + 1 + p->off);
	else if (strstr(template, "$J"))
		text__add(t, "  # to %" PRId64, (int64_t)pos + 1 + p->imm);
}

int isa__disassemble(const struct ebpf_insn *p, size_t n, uint32_t pos, char *buf, size_t size)
{
	struct text t = {buf, size, 0};
	const struct isa_row *row;
	const char *c, *why;

	if (size)
		buf[0] = '\0';
	row = isa_row__of(p, n, &why);
	if (!row) {
		text__add(&t, ".word 0x%02x, %u, %u, %d, 0x%" PRIx32 "  # %s", p->opcode, p->dst,
			p->src, p->off, p->imm, why);
		return (int)t.len;
	}
	text__add(&t, "%s", row->mnemonic);
	for (c = isa_forms[row->form].template; *c; c++) {
		if (c == isa_forms[row->form].template)
			text__add(&t, " ");
		if (*c == '$')
			text__add_operand(&t, *++c, p);
		else
			text__add(&t, "%c", *c);
	}
	text__add_target(&t, isa_forms[row->form].template, p, pos);
	return (int)t.len;
}
