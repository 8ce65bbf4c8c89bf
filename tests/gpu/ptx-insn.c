/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ptx-insn.c -- one instruction of the text: its name taken apart by the dots, its operands.
 */
#include <stdlib.h>
#include <string.h>

#include "ptx-parse.h"

static const struct form {
	const char *name;
	enum ptx_op op;
	uint8_t n_args;
} forms[] = {
	{"add", PTX_ADD, 2},
	{"and", PTX_AND, 2},
	{"atom", PTX_ATOM, 1},
	{"bfe", PTX_BFE, 3},
	{"bfi", PTX_BFI, 4},
	{"bra", PTX_BRA, 0},
	{"call", PTX_CALL, 0},
	{"clz", PTX_CLZ, 1},
	{"cvt", PTX_CVT, 1},
	{"cvta", PTX_CVTA, 1},
	{"div", PTX_DIV, 2},
	{"isspacep", PTX_ISSPACEP, 1},
	{"ld", PTX_LD, 1},
	{"mad", PTX_MAD, 3},
	{"max", PTX_MAX, 2},
	{"min", PTX_MIN, 2},
	{"mov", PTX_MOV, 1},
	{"mul", PTX_MUL, 2},
	{"neg", PTX_NEG, 1},
	{"not", PTX_NOT, 1},
	{"or", PTX_OR, 2},
	{"popc", PTX_POPC, 1},
	{"prmt", PTX_PRMT, 3},
	{"rem", PTX_REM, 2},
	{"ret", PTX_RET, 0},
	{"selp", PTX_SELP, 3},
	{"setp", PTX_SETP, 2},
	{"shf", PTX_SHF, 3},
	{"shl", PTX_SHL, 2},
	{"shr", PTX_SHR, 2},
	{"st", PTX_ST, 1},
	{"sub", PTX_SUB, 2},
	{"xor", PTX_XOR, 2},
};

static const struct {
	const char *name;
	enum ptx_how how;
} hows[] = {
	{"lo", PTX_LO},
	{"hi", PTX_HI},
	{"wide", PTX_WIDE},
	{"l", PTX_LEFT},
	{"r", PTX_RIGHT},
	{"eq", PTX_EQ},
	{"ne", PTX_NE},
	{"lt", PTX_LT},
	{"le", PTX_LE},
	{"gt", PTX_GT},
	{"ge", PTX_GE},
	{"add", PTX_ATOM_ADD},
	{"and", PTX_ATOM_AND},
	{"or", PTX_ATOM_OR},
	{"xor", PTX_ATOM_XOR},
	{"exch", PTX_ATOM_EXCH},
	{"cas", PTX_ATOM_CAS},
	{"param", PTX_PARAM},
};

/* Parts of names that say nothing here: all memory is of one kind. */
static bool says_nothing(const char *part)
{
	static const char *const parts[] = {"to", "uni", "global", "local", "wrap", "v2", "v4"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(part, parts[i]) == 0)
			return true;
	return false;
}

static struct ptx_type type_of(const char *part)
{
	if (strcmp(part, "pred") == 0)
		return (struct ptx_type){.bits = 1};
	if (!strchr("usb", part[0]) || atoi(part + 1) < 8)
		return (struct ptx_type){0};
	return (struct ptx_type){.bits = (uint8_t)atoi(part + 1), .is_signed = part[0] == 's'};
}

static void take_part(struct parser *p, struct ptx_insn *in, const char *part)
{
	struct ptx_type type = type_of(part);

	if (says_nothing(part))
		return;
	if (type.bits && !in->type.bits) {
		in->type = type;
		return;
	}
	if (type.bits && !in->from.bits) {
		in->from = type;
		return;
	}
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		if (strcmp(part, hows[i].name) == 0) {
			in->how = hows[i].how;
			return;
		}
	}
	parser__fail(p, ".%s is not known", part);
}

static const struct form *take_name(struct parser *p, struct ptx_insn *in)
{
	char name[PTX_NAME], *rest = name, *first;

	parser__name(p, name);
	first = strsep(&rest, ".");
	while (rest)
		take_part(p, in, strsep(&rest, "."));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(first, forms[i].name) == 0)
			return &forms[i];
	parser__fail(p, "%s is not known", first);
	return NULL;
}

/* --- operands ------------------------------------------------------------------------------ */

static bool take_register(struct parser *p, uint32_t *reg)
{
	const struct ptx_function *f = p->function;

	for (uint32_t i = 0; i < f->n_classes; i++) {
		const struct ptx_class *c = &f->class[i];
		size_t len = strlen(c->name);
		uint32_t n = (uint32_t)atoi(p->token + (strlen(p->token) < len ? 0 : len));

		if (strncmp(p->token, c->name, len) || n >= c->n ||
			p->token[len + strspn(p->token + len, "0123456789")])
			continue;
		*reg = c->first + n;
		parser__next(p);
		return true;
	}
	return false;
}

static bool take_special(struct parser *p, struct ptx_operand *o)
{
	static const struct {
		const char *name;
		enum ptx_kind kind;
	} names[] = {{"%ctaid.x", PTX_BLOCK}, {"%ntid.x", PTX_THREADS}, {"%tid.x", PTX_THREAD}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (parser__accept(p, names[i].name)) {
			o->kind = names[i].kind;
			return true;
		}
	}
	return false;
}

static bool take_symbol(struct parser *p, struct ptx_operand *o)
{
	uint64_t bytes;
	void *memory = ptx_module__global(p->module, p->token, &bytes);

	if (*p->function->depot && parser__accept(p, p->function->depot)) {
		o->kind = PTX_DEPOT;
		return true;
	}
	if (!memory)
		return false;
	*o = (struct ptx_operand){.kind = PTX_IMM, .imm = (uintptr_t)memory};
	parser__next(p);
	return true;
}

static void take_operand(struct parser *p, struct ptx_operand *o)
{
	if (take_special(p, o) || take_symbol(p, o))
		return;
	if (take_register(p, &o->reg))
		o->kind = PTX_REG;
	else
		*o = (struct ptx_operand){.kind = PTX_IMM, .imm = parser__number(p)};
}

/* X, or {X, Y, ...} */
static uint8_t take_vector(struct parser *p, struct ptx_operand *to)
{
	uint8_t n = 0;

	if (!parser__accept(p, "{")) {
		take_operand(p, to);
		return 1;
	}
	do {
		if (n == PTX_VECTOR)
			parser__fail(p, "a vector of more than %d", PTX_VECTOR);
		else
			take_operand(p, &to[n++]);
	} while (parser__accept(p, ","));
	parser__expect(p, "}");
	return n;
}

/* [X+N] */
static void take_address(struct parser *p, struct ptx_insn *in)
{
	parser__expect(p, "[");
	if (in->how == PTX_PARAM)
		in->param = parser__param(p);
	else
		take_operand(p, &in->arg[0]);
	in->n_args = 1;
	if (parser__accept(p, "+"))
		in->offset = parser__number(p);
	if (in->how == PTX_PARAM && in->offset)
		parser__fail(p, "a part of a parameter");
	parser__expect(p, "]");
}

/* (RETURNED), NAME, (PASSED, PASSED) */
static void take_call(struct parser *p, struct ptx_insn *in)
{
	in->returned = UINT32_MAX;
	if (parser__accept(p, "(")) {
		in->returned = parser__param(p);
		parser__expect(p, ")");
		parser__expect(p, ",");
	}
	parser__name(p, in->label);
	if (!parser__accept(p, ","))
		return;
	parser__expect(p, "(");
	while (!parser__is(p, ")") && !p->failed) {
		if (in->n_passed == PTX_PARAMS)
			parser__fail(p, "too many parameters");
		else
			in->passed[in->n_passed++] = parser__param(p);
		parser__accept(p, ",");
	}
	parser__expect(p, ")");
}

static void take_operands(struct parser *p, struct ptx_insn *in, uint8_t n_args)
{
	switch (in->op) {
	case PTX_RET: return;
	case PTX_BRA: parser__name(p, in->label); return;
	case PTX_CALL: take_call(p, in); return;
	case PTX_ST:
		take_address(p, in);
		parser__expect(p, ",");
		in->n_data = take_vector(p, in->data);
		return;
	case PTX_LD:
	case PTX_ATOM:
		in->n_data = take_vector(p, in->data);
		parser__expect(p, ",");
		take_address(p, in);
		while (in->op == PTX_ATOM && in->n_args < 3 && parser__accept(p, ","))
			take_operand(p, &in->arg[in->n_args++]);
		return;
	default: break;
	}
	in->n_data = take_vector(p, in->data);
	for (uint8_t i = 0; i < n_args; i++) {
		parser__expect(p, ",");
		if (in->op == PTX_MOV)
			in->n_args = take_vector(p, in->arg);
		else
			take_operand(p, &in->arg[in->n_args++]);
	}
}

void parser__instruction(struct parser *p)
{
	struct ptx_function *f = p->function;
	struct ptx_insn *all = parser__grow(p, f->insn, f->n_insns, sizeof(*all)), *in;
	const struct form *form;

	if (!all)
		return;
	f->insn = all;
	in = &all[f->n_insns++];
	in->line = p->line;
	if (parser__accept(p, "@")) {
		in->guarded = true;
		in->unless = parser__accept(p, "!");
		if (!take_register(p, &in->guard))
			parser__fail(p, "%s is no register", p->token);
	}
	form = take_name(p, in);
	if (!form)
		return;
	in->op = form->op;
	take_operands(p, in, form->n_args);
	parser__expect(p, ";");
}
