/* SPDX-License-Identifier: BSD-3-Clause
 *
 * log.c -- the verifier's text, in the form of the kernel's: registers, source lines,
 * instructions, and the reason of a rejection.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_LOG (64u << 20)

static void log_buf__vadd(struct log_buf *b, const char *fmt, va_list args)
{
	va_list again;
	int need;

	va_copy(again, args);
	need = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (need < 0 || b->len + (size_t)need > MAX_LOG)
		return;
	if (b->len + (size_t)need + 1 > b->size) {
		size_t size = (b->len + (size_t)need + 1) * 2;
		char *text = realloc(b->text, size);

		if (!text)
			return;
		b->text = text;
		b->size = size;
	}
	vsnprintf(b->text + b->len, b->size - b->len, fmt, args);
	b->len += (size_t)need;
}

void log__add(struct verifier *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_buf__vadd(&v->log, fmt, args);
	va_end(args);
}

const char *reg_type__name(const struct reg *r)
{
	static const char *const names[] = {
		[REG_UNSET] = "unset",
		[REG_SCALAR] = "scalar",
		[REG_CTX] = "ctx",
		[REG_PACKET] = "pkt",
		[REG_PACKET_META] = "pkt_meta",
		[REG_PACKET_END] = "pkt_end",
		[REG_STACK] = "fp",
		[REG_MAP] = "map_ptr",
		[REG_MAP_VALUE] = "map_value",
		[REG_FUNC] = "func",
		[REG_MEM] = "mem",
		[REG_SOCK] = "sock",
		[REG_SOCK_COMMON] = "sock_common",
		[REG_XDP_SOCK] = "xdp_sock",
		[REG_OBJECT] = "kernel_ptr",
		[REG_DYNPTR] = "dynptr",
		[REG_ITER] = "iter",
	};
	static const char *const or_null[] = {
		[REG_MAP] = "map_ptr_or_null",
		[REG_MAP_VALUE] = "map_value_or_null",
		[REG_MEM] = "mem_or_null",
		[REG_SOCK] = "sock_or_null",
		[REG_OBJECT] = "kernel_ptr_or_null",
		[REG_SOCK_COMMON] = "sock_common_or_null",
		[REG_XDP_SOCK] = "xdp_sock_or_null",
	};

	return r->maybe_null ? or_null[r->type] : names[r->type];
}

static void log__field(struct verifier *v, const char **comma, const char *name, bool differs,
	int64_t value, bool is_signed)
{
	if (!differs)
		return;
	log__add(v, "%s%s=", *comma, name);
	log__add(v, is_signed ? "%" PRId64 : "%" PRIu64, value);
	*comma = ",";
}

/* What differs from nothing known, each after a *comma. */
static void log__range(struct verifier *v, const struct range *r, const char *comma)
{
	struct range any = range__unknown();
	const struct span *q = &r->w64, *d = &r->w32;

	log__field(v, &comma, "smin", q->smin != any.w64.smin, q->smin, true);
	log__field(v, &comma, "smax", q->smax != any.w64.smax, q->smax, true);
	log__field(v, &comma, "umin", q->umin != any.w64.umin, (int64_t)q->umin, false);
	log__field(v, &comma, "umax", q->umax != any.w64.umax, (int64_t)q->umax, false);
	log__field(
		v, &comma, "smin32", d->smin != any.w32.smin && d->smin != q->smin, d->smin, true);
	log__field(
		v, &comma, "smax32", d->smax != any.w32.smax && d->smax != q->smax, d->smax, true);
	log__field(v, &comma, "umin32", d->umin != any.w32.umin && d->umin != q->umin,
		(int64_t)d->umin, false);
	log__field(v, &comma, "umax32", d->umax != any.w32.umax && d->umax != q->umax,
		(int64_t)d->umax, false);
	if (~r->bits.mask)
		log__add(v, "%svar_off=(0x%" PRIx64 "; 0x%" PRIx64 ")", comma, r->bits.value,
			r->bits.mask);
}

static void log__pointer(struct verifier *v, const struct reg *r)
{
	log__add(v, "%s(", reg_type__name(r));
	if (r->type == REG_MAP || r->type == REG_MAP_VALUE)
		log__add(v, "map=%s,", v->view->maps[r->map].name);
	if (r->id)
		log__add(v, "id=%u,", r->id);
	if (r->ref)
		log__add(v, "ref=%u,", r->ref);
	if (r->dynptr)
		log__add(v, "dynptr=%u,", r->dynptr);
	if (r->type == REG_MEM)
		log__add(v, "sz=%u,", r->size);
	log__add(v, "off=%d", r->off);
	if (reg__is_packet(r))
		log__add(v, ",r=%d", r->reach);
	if (!range__is_const(&r->var))
		log__range(v, &r->var, ",");
	log__add(v, ")");
}

static void log__reg(struct verifier *v, const struct reg *r)
{
	if (reg__is_const(r)) {
		log__add(v, "%" PRId64, (int64_t)r->var.bits.value);
	} else if (r->type == REG_SCALAR) {
		log__add(v, "scalar(");
		if (r->id)
			log__add(v, "id=%u", r->id & ~ID_PLUS_OFF);
		if (r->id & ID_PLUS_OFF)
			log__add(v, "%+d", r->off);
		log__range(v, &r->var, r->id ? "," : "");
		log__add(v, ")");
	} else if (r->type == REG_CTX && !r->off) {
		log__add(v, "ctx()");
	} else if (r->type == REG_PACKET_END && !r->off) {
		log__add(v, "pkt_end()");
	} else if (r->type == REG_STACK && range__is_const(&r->var)) {
		log__add(v, r->off ? "fp%+d" : "fp0", r->off);
	} else {
		log__pointer(v, r);
	}
}

static void log__slot(struct verifier *v, const struct slot *s, uint32_t index)
{
	static const char letters[] = {[BYTE_UNSET] = '?',
		[BYTE_MISC] = 'm',
		[BYTE_ZERO] = '0',
		[BYTE_SPILL] = 'r',
		[BYTE_DYNPTR] = 'd',
		[BYTE_ITER] = 'i'};
	bool unset = true;

	for (int i = 0; i < 8; i++)
		unset &= s->bytes[i] == BYTE_UNSET;
	if (unset)
		return;
	log__add(v, " fp-%u=", (index + 1) * 8);
	if (slot__spill_size(s) == 8) {
		log__reg(v, &s->spilled);
		return;
	}
	for (int i = 7; i >= 0; i--)
		log__add(v, "%c", letters[s->bytes[i]]);
}

void log__state(struct verifier *v, const struct state *s)
{
	const struct frame *f = state__top(s);

	if (s->top)
		log__add(v, " frame%u:", s->top);
	for (uint32_t i = 0; i < EBPF_N_REGS; i++) {
		if (f->regs[i].type == REG_UNSET)
			continue;
		log__add(v, " R%u=", i);
		log__reg(v, &f->regs[i]);
	}
	for (uint32_t i = 0; i < f->n_slots; i++)
		log__slot(v, &f->slots[i], i);
	for (uint32_t i = 0; i < s->n_refs; i++)
		log__add(v, i ? ",%u" : " refs=%u", s->refs[i].id);
	log__add(v, "\n");
}

/* Compilers store whole paths; the last part of one is what the kernel prints. */
static const char *file_of(const struct ebpf_line *line)
{
	const char *file = line->file ? line->file : "?", *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

void log__source(struct verifier *v, uint32_t insn)
{
	const struct ebpf_line *line = program_view__line(v->view, insn);

	if (line && line->text && line->line != v->logged_line) {
		log__add(v, "; %s @ %s:%u\n", line->text + strspn(line->text, " \t"), file_of(line),
			line->line);
		v->logged_line = line->line;
	}
}

void log__insn(struct verifier *v, uint32_t insn)
{
	char text[128];

	isa__disassemble(&v->view->insns[insn], v->view->n_insns - insn, insn, text, sizeof(text));
	log__add(v, "%u: %s", insn, text);
}

void log__effect(struct verifier *v, uint32_t insn)
{
	const struct frame *f = state__top(v->cur);
	uint16_t reads, writes;
	const char *before = "\t; ";

	insn__uses(&v->prog, insn, &reads, &writes);
	for (uint32_t i = 0; i < EBPF_N_REGS; i++) {
		if (!((reads | writes) >> i & 1) || f->regs[i].type == REG_UNSET)
			continue;
		log__add(v, "%sR%u=", before, i);
		log__reg(v, &f->regs[i]);
		before = " ";
	}
	log__add(v, "\n");
}

int fail(struct verifier *v, int err, const char *fmt, ...)
{
	const struct ebpf_line *line = program_view__line(v->view, v->insn);
	char place[96] = "";
	va_list args;
	char text[512];

	if (line)
		snprintf(place, sizeof(place), " (%.64s:%u)", file_of(line), line->line);
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	free(v->reason);
	if (asprintf(&v->reason, "insn %u%s: %s", v->insn, place, text) < 0)
		v->reason = NULL;
	return err;
}
