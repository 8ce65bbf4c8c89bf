/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ptx-parse.c -- the text of a module: tokens, declarations, functions. Instructions are in
 * ptx-insn.c.
 *
 * The first thing that is not understood stops everything: from then on there are no more tokens.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptx-parse.h"

#define MAX_GLOBAL (UINT64_C(1) << 32)

void parser__fail(struct parser *p, const char *fmt, ...)
{
	va_list args;
	int n;

	if (p->failed)
		return;
	p->failed = true;
	p->token[0] = '\0';
	n = snprintf(p->why, PTX_WHY, "line %u: ", p->line);
	va_start(args, fmt);
	vsnprintf(p->why + n, PTX_WHY - (size_t)n, fmt, args);
	va_end(args);
}

/* --- tokens -------------------------------------------------------------------------------- */

static void skip_space(struct parser *p)
{
	for (; *p->at; p->at++) {
		if (p->at[0] == '/' && p->at[1] == '/')
			p->at += strcspn(p->at, "\n");
		if (*p->at == '\n')
			p->line++;
		if (!isspace((unsigned char)*p->at))
			break;
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_$%.", c);
}

void parser__next(struct parser *p)
{
	size_t n = 0;

	p->token[0] = '\0';
	if (p->failed)
		return;
	skip_space(p);
	if (*p->at == '"')
		n = strcspn(p->at + 1, "\"") + 2;
	else if (*p->at == '-')
		n = 1;
	while (*p->at != '"' && p->at[n] && is_word(p->at[n]))
		n++;
	if (!n && *p->at)
		n = 1;
	if (n >= sizeof(p->token)) {
		parser__fail(p, "a word of %zu characters", n);
		return;
	}
	memcpy(p->token, p->at, n);
	p->token[n] = '\0';
	p->at += n;
}

bool parser__is(const struct parser *p, const char *token)
{
	return strcmp(p->token, token) == 0;
}

bool parser__accept(struct parser *p, const char *token)
{
	bool is = parser__is(p, token);

	if (is)
		parser__next(p);
	return is;
}

void parser__expect(struct parser *p, const char *token)
{
	if (!parser__accept(p, token))
		parser__fail(p, "%s instead of %s", p->token, token);
}

void parser__name(struct parser *p, char name[PTX_NAME])
{
	snprintf(name, PTX_NAME, "%.*s", PTX_NAME - 1, p->token);
	parser__next(p);
}

uint64_t parser__number(struct parser *p)
{
	char *end;
	uint64_t n = p->token[0] == '-' ? (uint64_t)strtoll(p->token, &end, 10)
					: strtoull(p->token, &end, 0);

	if (end == p->token || *end)
		parser__fail(p, "%s is no number", p->token);
	parser__next(p);
	return n;
}

/* ".b64": 64 */
static uint8_t bits_of(struct parser *p)
{
	uint8_t bits = parser__is(p, ".pred") ? 1 : (uint8_t)atoi(p->token + 2);

	parser__next(p);
	return bits;
}

void *parser__grow(struct parser *p, void *array, uint32_t n, size_t size)
{
	void *grown = n & (n - 1) ? array : realloc(array, (n ? 2 * (size_t)n : 1) * size);

	if (!grown) {
		parser__fail(p, "no memory");
		return NULL;
	}
	memset((uint8_t *)grown + n * size, 0, size);
	return grown;
}

/* --- declarations -------------------------------------------------------------------------- */

static void parse_initialiser(struct parser *p, struct ptx_global *g)
{
	uint64_t i = 0;

	for (parser__expect(p, "{"); i < g->bytes && !p->failed; parser__accept(p, ","))
		g->memory[i++] = (uint8_t)parser__number(p);
	parser__expect(p, "}");
}

/* .align 64 .b8 NAME[BYTES] = {...}; */
static void parse_global(struct parser *p)
{
	struct ptx_global *all = parser__grow(
				  p, p->module->global, p->module->n_globals, sizeof(*all)),
			  *g;

	if (!all)
		return;
	p->module->global = all;
	g = &all[p->module->n_globals];
	parser__expect(p, ".align");
	parser__number(p);
	if (bits_of(p) != 8)
		parser__fail(p, "a global of what is no bytes");
	parser__name(p, g->name);
	parser__expect(p, "[");
	g->bytes = parser__number(p);
	parser__expect(p, "]");
	if (p->failed || !g->bytes || g->bytes > MAX_GLOBAL) {
		parser__fail(p, "a global of %llu bytes", (unsigned long long)g->bytes);
		return;
	}
	g->memory = aligned_alloc(256, (g->bytes + 255) & ~UINT64_C(255));
	if (!g->memory) {
		parser__fail(p, "no memory");
		return;
	}
	p->module->n_globals++;
	memset(g->memory, 0, g->bytes);
	if (parser__accept(p, "="))
		parse_initialiser(p, g);
	parser__expect(p, ";");
}

uint32_t parser__param(struct parser *p)
{
	struct ptx_function *f = p->function;
	uint32_t i;

	for (i = 0; i < f->n_all_params; i++)
		if (parser__is(p, f->param[i]))
			break;
	if (i == PTX_PARAMS) {
		parser__fail(p, "too many parameters");
		return 0;
	}
	if (i == f->n_all_params)
		strcpy(f->param[f->n_all_params++], p->token);
	parser__next(p);
	return i;
}

/* Their names are the words without a dot: (.param .u64 NAME, .param .u64 NAME) */
static void parse_params(struct parser *p)
{
	for (parser__expect(p, "("); !parser__is(p, ")") && !p->failed;) {
		if (strchr(".,0123456789", p->token[0]))
			parser__next(p);
		else
			parser__param(p);
	}
	parser__expect(p, ")");
}

/* Blocks in braces have registers of their own; one that was declared before in another serves
 * again. */
static bool is_declared(const struct ptx_function *f, const struct ptx_class *c)
{
	for (uint32_t i = 0; i < f->n_classes; i++)
		if (strcmp(f->class[i].name, c->name) == 0 && f->class[i].bits == c->bits)
			return true;
	return false;
}

static void parse_registers(struct parser *p)
{
	struct ptx_function *f = p->function;
	struct ptx_class *c = &f->class[f->n_classes];

	if (f->n_classes == PTX_CLASSES) {
		parser__fail(p, "too many kinds of registers");
		return;
	}
	*c = (struct ptx_class){.first = f->n_regs, .n = 1, .bits = bits_of(p)};
	snprintf(c->name, sizeof(c->name), "%.15s", p->token);
	parser__next(p);
	if (is_declared(f, c)) {
		parser__expect(p, ";");
		return;
	}
	f->n_classes++;
	if (parser__accept(p, "<")) {
		c->n = (uint32_t)parser__number(p);
		parser__expect(p, ">");
	}
	f->n_regs += c->n;
	parser__expect(p, ";");
}

static void parse_depot(struct parser *p)
{
	struct ptx_function *f = p->function;

	parser__expect(p, ".align");
	parser__number(p);
	bits_of(p);
	parser__name(p, f->depot);
	parser__expect(p, "[");
	f->depot_bytes = parser__number(p);
	parser__expect(p, "]");
	parser__expect(p, ";");
}

/* --- functions ----------------------------------------------------------------------------- */

static void add_label(struct parser *p, const char *name)
{
	struct ptx_function *f = p->function;
	struct ptx_label *all = parser__grow(p, f->label, f->n_labels, sizeof(*all));

	if (!all)
		return;
	f->label = all;
	all[f->n_labels].insn = f->n_insns;
	memcpy(all[f->n_labels++].name, name, PTX_NAME);
}

static void skip_statement(struct parser *p)
{
	while (!parser__is(p, ";") && p->token[0])
		parser__next(p);
	parser__expect(p, ";");
}

static void parse_statement(struct parser *p)
{
	struct parser here = *p;
	char name[PTX_NAME];

	if (parser__accept(p, ".reg")) {
		parse_registers(p);
	} else if (parser__accept(p, ".local")) {
		parse_depot(p);
	} else if (parser__is(p, ".param") || parser__is(p, ".pragma")) {
		skip_statement(p);
	} else {
		parser__name(p, name);
		if (parser__accept(p, ":")) {
			add_label(p, name);
			return;
		}
		*p = here;
		parser__instruction(p);
	}
}

static void resolve_labels(struct parser *p)
{
	struct ptx_function *f = p->function;

	for (uint32_t i = 0; i < f->n_insns; i++) {
		struct ptx_insn *in = &f->insn[i];
		uint32_t k;

		if (in->op != PTX_BRA)
			continue;
		for (k = 0; k < f->n_labels; k++)
			if (strcmp(in->label, f->label[k].name) == 0)
				break;
		if (k == f->n_labels)
			parser__fail(p, "no label %s", in->label);
		else
			in->target = f->label[k].insn;
	}
}

static void parse_body(struct parser *p)
{
	uint32_t depth = 1;

	parser__expect(p, "{");
	while (depth && !p->failed) {
		if (parser__accept(p, "{"))
			depth++;
		else if (parser__is(p, "}") && depth-- == 1)
			break;
		else if (!parser__accept(p, "}"))
			parse_statement(p);
	}
	parser__expect(p, "}");
	resolve_labels(p);
}

/* What returns nothing has its first parenthesis behind its name; what it returns is a parameter
 * behind its own. */
static void parse_function(struct parser *p)
{
	struct ptx_module *m = p->module;
	struct ptx_function *all = parser__grow(p, m->function, m->n_functions, sizeof(*all)), *f;
	char returned[PTX_NAME] = "";

	if (!all)
		return;
	m->function = all;
	f = p->function = &all[m->n_functions++];
	if (parser__is(p, "(")) {
		parse_params(p);
		memcpy(returned, f->param[0], PTX_NAME);
		f->returns = true;
		f->n_all_params = 0;
	}
	parser__name(p, f->name);
	if (parser__is(p, "("))
		parse_params(p);
	f->n_params = f->n_all_params;
	if (f->returns)
		memcpy(f->param[f->n_all_params++], returned, PTX_NAME);
	if (parser__accept(p, ";")) /* only told of: the function comes later */
		m->n_functions--;
	else
		parse_body(p);
}

static void parse_module(struct parser *p)
{
	parser__next(p);
	while (p->token[0] && !p->failed) {
		if (parser__accept(p, ".version") || parser__accept(p, ".target") ||
			parser__accept(p, ".address_size"))
			parser__next(p);
		else if (parser__accept(p, ".global"))
			parse_global(p);
		else if (parser__accept(p, ".entry") || parser__accept(p, ".func"))
			parse_function(p);
		else if (!parser__accept(p, ".visible"))
			parser__fail(p, "%s is not known", p->token);
	}
}

struct ptx_module *ptx_module__load(const char *text, char why[PTX_WHY])
{
	struct parser p = {.at = text, .line = 1, .why = why};

	p.module = calloc(1, sizeof(*p.module));
	if (!p.module)
		return NULL;
	parse_module(&p);
	if (!p.failed)
		return p.module;
	ptx_module__unload(p.module);
	return NULL;
}

void ptx_module__unload(struct ptx_module *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n_functions; i++) {
		free(m->function[i].insn);
		free(m->function[i].label);
	}
	for (uint32_t i = 0; i < m->n_globals; i++)
		free(m->global[i].memory);
	free(m->function);
	free(m->global);
	free(m);
}

void *ptx_module__global(const struct ptx_module *m, const char *name, uint64_t *bytes)
{
	for (uint32_t i = 0; i < m->n_globals; i++) {
		if (strcmp(m->global[i].name, name) == 0) {
			*bytes = m->global[i].bytes;
			return m->global[i].memory;
		}
	}
	return NULL;
}

const struct ptx_function *ptx_module__function(const struct ptx_module *m, const char *name)
{
	for (uint32_t i = 0; i < m->n_functions; i++)
		if (strcmp(m->function[i].name, name) == 0)
			return &m->function[i];
	return NULL;
}
