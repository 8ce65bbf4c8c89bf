/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ptx-parse.h -- what the two parts of the parser share. `token` is the word that comes next; it is
 * empty at the end and after a failure.
 */
#ifndef TESTS_GPU_PTX_PARSE_H
#define TESTS_GPU_PTX_PARSE_H

#include "ptx-code.h"

struct parser {
	const char *at; /* behind the token */
	char token[PTX_NAME];
	uint32_t line;
	bool failed;
	char *why;
	struct ptx_module *module;
	struct ptx_function *function; /* the one that is being read */
};

__attribute__((format(printf, 2, 3))) void parser__fail(struct parser *p, const char *fmt, ...);
void parser__next(struct parser *p);
bool parser__is(const struct parser *p, const char *token);
/* Goes on behind the token, if it is this one. */
bool parser__accept(struct parser *p, const char *token);
void parser__expect(struct parser *p, const char *token);
void parser__name(struct parser *p, char name[PTX_NAME]);
uint64_t parser__number(struct parser *p);
/* The number, in the function, of the parameter that the token names: new where it is new. */
uint32_t parser__param(struct parser *p);
/* Room for element n, zeroed; NULL after a failure, and the array is what it was. */
void *parser__grow(struct parser *p, void *array, uint32_t n, size_t size);

/* ptx-insn.c: one with its semicolon. */
void parser__instruction(struct parser *p);

#endif
