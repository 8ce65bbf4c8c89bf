/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "isa/isa.h"
#include "vector.h"

#define MAX_FILE (1 << 20)

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = f ? malloc(MAX_FILE) : NULL;
	size_t n;

	if (text) {
		n = fread(text, 1, MAX_FILE - 1, f);
		text[n] = '\0';
	}
	if (f)
		fclose(f);
	return text;
}

/* A copy of the section's lines, NULL if there is no such section. */
static char *section(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *p, *end;

	for (p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, "-- ", 3) || strncmp(p + 3, name, len) ||
			!strchr("\r\n", p[3 + len]))
			continue;
		p += strcspn(p, "\n");
		end = strstr(p, "\n-- ");
		return end ? strndup(p, end - p) : strdup(p);
	}
	return NULL;
}

static void strip_comments(char *text)
{
	while ((text = strchr(text, '#')))
		memset(text, ' ', strcspn(text, "\n"));
}

/* Numbers in base 16, each at most `max`; *words is malloc'ed. */
static int read_words(char *text, uint64_t max, uint64_t **words, size_t *n, char **errmsg)
{
	char *p = text, *end;

	strip_comments(text);
	*words = malloc((strlen(text) + 1) * sizeof(**words));
	if (!*words)
		return error__set(errmsg, -ENOMEM, "out of memory");
	for (*n = 0;; ++*n, p = end) {
		p += strspn(p, " \t\r\n");
		if (!*p)
			return 0;
		errno = 0;
		(*words)[*n] = strtoull(p, &end, 16);
		if (end == p || errno || (*words)[*n] > max || !strchr(" \t\r\n", *end))
			return error__set(errmsg, -EINVAL, "not a hex number: %.16s", p);
	}
}

static int read_program(const char *text, struct vector *v, char **errmsg)
{
	char *assembly = section(text, "asm"), *raw = section(text, "raw");
	uint64_t *words = NULL;
	size_t n = 0;
	int err = 0;

	if (!assembly && !raw)
		err = error__set(errmsg, -EINVAL, "no section asm or raw");
	if (!err && assembly)
		err = isa__assemble(assembly, &v->insns, &v->n_insns, errmsg);
	if (!err && raw)
		err = read_words(raw, UINT64_MAX, &words, &n, errmsg);
	if (!err && raw && assembly &&
		(n != v->n_insns || memcmp(words, v->insns, n * sizeof(*words))))
		err = error__set(errmsg, -EINVAL, "asm does not assemble to raw");
	if (!err && !assembly) {
		v->insns = (struct ebpf_insn *)words;
		v->n_insns = n;
		words = NULL;
	}
	free(words);
	free(assembly);
	free(raw);
	return err;
}

static int read_memory(const char *text, struct vector *v, char **errmsg)
{
	char *mem = section(text, "mem");
	uint64_t *bytes = NULL;
	size_t i;
	int err = mem ? read_words(mem, UINT8_MAX, &bytes, &v->mem_len, errmsg) : 0;

	if (!err && v->mem_len) {
		v->mem = malloc(v->mem_len);
		if (!v->mem)
			err = error__set(errmsg, -ENOMEM, "out of memory");
		for (i = 0; v->mem && i < v->mem_len; i++)
			v->mem[i] = bytes[i];
	}
	free(bytes);
	free(mem);
	return err;
}

static int read_result(const char *text, struct vector *v, char **errmsg)
{
	char *result = section(text, "result");
	uint64_t *words = NULL;
	size_t n = 0;
	int err;

	if (!result)
		return error__set(errmsg, -EINVAL, "no section result");
	err = read_words(result, UINT64_MAX, &words, &n, errmsg);
	if (!err && n != 1)
		err = error__set(errmsg, -EINVAL, "the result is not one number");
	if (!err)
		v->result = words[0];
	free(words);
	free(result);
	return err;
}

int vector__read(const char *path, struct vector *v, char **errmsg)
{
	char *text = read_text(path);
	int err;

	memset(v, 0, sizeof(*v));
	if (!text)
		return error__set(errmsg, -errno, "cannot be read: %s", strerror(errno));
	err = read_program(text, v, errmsg);
	if (!err)
		err = read_memory(text, v, errmsg);
	if (!err)
		err = read_result(text, v, errmsg);
	free(text);
	if (err)
		vector__release(v);
	return err;
}

void vector__release(struct vector *v)
{
	free(v->insns);
	free(v->mem);
	memset(v, 0, sizeof(*v));
}
